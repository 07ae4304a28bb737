"""Deepgram Speak v1: messages, parameters, client, server, and the HTTP form.

Begin with `messages`, then `client` (ours) or `server` (the stand-in's).
"""
