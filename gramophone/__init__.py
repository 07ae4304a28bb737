"""Gramophone's engine: the timeline, the conversation, replay, and the edges they need.

Importing this package loads nothing else; `gramophone.cli` is the composition root.
"""

__version__ = "0.1.0"
