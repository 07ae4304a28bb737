"""Cuts large pieces of a model's answer, so that each is handled in a few milliseconds. Pure.

Some servers send a whole answer as one delta. Handled at once it would hold the engine's loop for
as long as reading it takes, and with it Ctrl+C, keys and sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from gramophone.ports.language_model import ModelChunk

LARGEST_DELTA_CHARACTERS: Final = 4_000


def pieces_of(
    chunk: ModelChunk, largest_characters: int = LARGEST_DELTA_CHARACTERS
) -> Iterator[ModelChunk]:
    """The chunk in pieces of at most so many characters; the first has the raw chunk, the last
    usage and finish reason."""
    text = chunk.text
    if len(text) <= largest_characters:
        yield chunk
        return
    last = (len(text) - 1) // largest_characters * largest_characters
    for start in range(0, last, largest_characters):
        piece = text[start : start + largest_characters]
        yield ModelChunk(raw="" if start else chunk.raw, text=piece)
    yield replace(chunk, raw="", text=text[last:])
