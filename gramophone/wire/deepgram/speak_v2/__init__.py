"""Deepgram Speak v2 (Flux): messages, parameters, turns, markup, servers.

Begin with `messages`, then `server`.
"""
