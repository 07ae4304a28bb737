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
    """The chunk in pieces with at most so many characters of text or thought; the first has the
    raw chunk, the last all that is neither. Thoughts come before text."""
    if len(chunk.text) + len(chunk.thought) <= largest_characters:
        yield chunk
        return
    pieces = [ModelChunk(raw="", thought=t) for t in _cut(chunk.thought, largest_characters)]
    pieces += [ModelChunk(raw="", text=t) for t in _cut(chunk.text, largest_characters)]
    pieces[0] = replace(pieces[0], raw=chunk.raw, retracts=chunk.retracts)
    last = pieces.pop()
    yield from pieces
    yield replace(chunk, raw="", retracts=False, text=last.text, thought=last.thought)


def _cut(text: str, largest_characters: int) -> list[str]:
    starts = range(0, len(text), largest_characters)
    return [text[start : start + largest_characters] for start in starts]
