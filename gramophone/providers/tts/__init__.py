"""Voices: Deepgram over a websocket, and the embedded engine in a process of its own.

The protocol itself is in `wire.deepgram`. Begin with `deepgram`.
"""
