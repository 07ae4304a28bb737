"""Deepgram Listen v1: messages, and servers that answer by rule or from a recording.

Begin with `messages`, then `connection`.
"""
