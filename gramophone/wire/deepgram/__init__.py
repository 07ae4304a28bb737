"""Deepgram's protocols as state machines: Speak v1 and v2, Listen v1.

What they share stands here: frames of JSON, and the actions of a server. Begin with `speak_v1`.
"""
