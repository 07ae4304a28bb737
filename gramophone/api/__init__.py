"""Public Python interface: text that is spoken, and conversations, for other programs.

A front end like `cli`, which is built on it, without terminal and arguments; `docs/python.md` has
examples. Begin with `speech.speak` and `talk.converse`; both run on the caller's event loop.
"""

from __future__ import annotations

from gramophone.api.answer import Answer
from gramophone.api.speech import Speech, speak
from gramophone.api.talk import Talk, converse

__all__ = ["Answer", "Speech", "Talk", "converse", "speak"]
