"""The text of one row: the word at a character, and the offset from which it came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.markdown.layout import TextRow
    from tui.markdown.paint import StyledText


def source_at(row: TextRow, character: int) -> int | None:
    """The offset in the turn's text of a character of the row, if it is text and no space."""
    for piece, start in _placed(row):
        at = character - start
        if 0 <= at < len(piece.text) and piece.source >= 0 and not piece.text[at].isspace():
            return piece.source + at
    return None


def word_at(row: TextRow, character: int) -> tuple[int, int]:
    """The characters of the row at which the word around `character` begins and ends."""
    text = "".join(piece.text for piece, _ in _placed(row))
    start = end = min(character, len(text))
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return start, end


def word_source_at(row: TextRow, character: int) -> int | None:
    """The offset in the turn's text of the word around `character`.

    That is the offset of its first letter where something is drawn before it that is not text.
    """
    if source_at(row, character) is None:
        return None
    start, _ = word_at(row, character)
    sources = (source_at(row, at) for at in range(start, character + 1))
    return next(source for source in sources if source is not None)


def _placed(row: TextRow) -> Iterator[tuple[StyledText, int]]:
    """The pieces of a row, each with its first character's number in the row."""
    # The first frame has no text: Markdown is imported when there is some.
    from tui.markdown.paint import pieces

    at = 0
    for piece in pieces(row):
        yield piece, at
        at += len(piece.text)
