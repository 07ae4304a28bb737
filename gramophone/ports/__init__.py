"""Protocols between the core and its edges: model, speech, speaker, backend, preferences.

Nothing is implemented here. Begin with `language_model` (what a conversation needs) or `backend`
(what a screen needs).
"""
