"""The word of a turn that is heard now, or the last one that was before its sound was stopped.

Text and sound meet at offsets. Word timing says up to which character of the turn's text the sound
has been heard at a sample. That character lies anywhere in a word, and it is an estimate that may
be a few letters off, so the word around it is taken: back and forth to the nearest white space.
These are offsets in Markdown as it was written, where a word carries its asterisks along.

From there the way goes by offsets alone. Every piece of a row knows the offset of its first
character (`StyleRun.source`), so painting compares numbers: before the span is heard, in it is
lit, behind it is to come. A character that Markdown took away has no cell, and one that layout put
in, a bullet or an indent, has no offset; neither is ever lit. Cells come last, when a row is
painted, and a grapheme that begins in the span is lit as a whole.
"""

from __future__ import annotations

from tui.markdown.paint import SpokenSpan
from tui.transcript.turn_view import TurnView


def spoken_span(view: TurnView) -> SpokenSpan | None:
    """The span of the text that is lit; none while nothing of the turn is heard."""
    text = view.text
    if view.heard_chars is None:
        return _stopped(text, view.stopped_at or 0) if view.unheard_characters else None
    end = min(view.heard_chars, len(text))
    # Before its first sound, all of the turn is still to come: the empty span at its beginning.
    if not end:
        return SpokenSpan(0, 0)
    start = _word_start(text, end)
    while end < len(text) and not text[end].isspace():
        end += 1
    return SpokenSpan(start, end)


def _stopped(text: str, end: int) -> SpokenSpan:
    """The last word that was heard before the sound was stopped, without what is behind it."""
    while end > 0 and text[end - 1].isspace():
        end -= 1
    return SpokenSpan(_word_start(text, end), end)


def _word_start(text: str, end: int) -> int:
    while end > 0 and not text[end - 1].isspace():
        end -= 1
    return end
