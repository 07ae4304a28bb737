"""Protocols between the core and its edges: model, speech, speaker, backend, preferences.

Nothing is implemented here. Begin with `engine` (what a conversation needs) or `backend` (what a
screen needs).
"""
