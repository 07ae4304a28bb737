"""Spoken words as captions: cues of two short lines that stay long enough to be read.

The words of a turn are cut into cues at the cheapest places: the end of a sentence costs nothing,
that of a clause little, a place between any two words most. What a player of captions would take
for markup is a matter of the files (`storage.export.formats.srt_vtt`); here words are only made
harmless.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass

from gramophone.alignment.durations import sentence_ends
from gramophone.core.frozen import frozen
from gramophone.text.characters import (
    BARE_CLAUSE_MARKS,
    CLOSERS,
    DASHES,
    SPACED_CLAUSE_MARKS,
    STRAIGHT_QUOTES,
    splits_between,
)
from gramophone.text.graphemes import start_of
from gramophone.text.sanitize import plain_line
from storage.export.excerpt import Excerpt, ExcerptTurn

LINE_CHARS = 42
SHORTEST_US = 1_000_000
LONGEST_US = 7_000_000

_SILENCE_US = 1_500_000
"""A cue does not stand through a longer silence."""

_SENTENCE, _CLAUSE, _WORD = 0, 1, 2
_EDGE_COST = {_SENTENCE: 0, _CLAUSE: 12, _WORD: 40}
_CUE_COST = 8
_HASTE_COST = 60
_CLOSING = "".join(sorted(CLOSERS | STRAIGHT_QUOTES))
_CLAUSE_MARKS = SPACED_CLAUSE_MARKS | BARE_CLAUSE_MARKS | DASHES


@frozen
class CaptionWord:
    """A word, or as much of one as fits on a line."""

    start_us: int
    end_us: int
    text: str
    edge: int = _WORD
    glued: bool = False
    """Whether it goes on with the word before, without a space."""


@frozen
class CaptionCue:
    """One caption: one line or two, from one turn."""

    start_us: int
    end_us: int
    turn: int
    lines: tuple[tuple[CaptionWord, ...], ...]

    @property
    def text(self) -> str:
        """Its lines as they are read."""
        return "\n".join(line_text(line) for line in self.lines)


def line_text(words: Iterable[CaptionWord]) -> str:
    """Words of a line with the spaces between them."""
    parts: list[str] = []
    for word in words:
        if parts and not word.glued:
            parts.append(" ")
        parts.append(word.text)
    return "".join(parts)


def cues(excerpt: Excerpt) -> Generator[CaptionCue]:
    """The captions of an excerpt, in order; no two overlap, and none crosses turns."""
    before: CaptionCue | None = None
    for turn in excerpt.turns:
        for cue in _turn_cues(turn):
            if before is not None:
                yield _stretched(before, cue.start_us)
            before = cue
    if before is not None:
        yield _stretched(before, before.start_us + SHORTEST_US)


def _stretched(cue: CaptionCue, until_us: int) -> CaptionCue:
    """Stands long enough to be read, if nothing else wants its place, and not for ever."""
    end_us = max(cue.end_us, min(until_us, cue.start_us + SHORTEST_US))
    end_us = min(end_us, cue.start_us + LONGEST_US)
    return CaptionCue(cue.start_us, end_us, cue.turn, cue.lines)


def _turn_cues(turn: ExcerptTurn) -> Generator[CaptionCue]:
    words = list(_words(turn))
    for first, end in _cut(words):
        chosen = words[first:end]
        yield CaptionCue(chosen[0].start_us, chosen[-1].end_us, turn.record.turn, _lines(chosen))


# --- words --------------------------------------------------------------------------------------


def _words(turn: ExcerptTurn) -> Generator[CaptionWord]:
    for passage in turn.passages:
        ends = _sentence_ends(passage.text)
        at = 0
        for word in passage.words:
            at = passage.text.index(word.text, at) + len(word.text)
            if text := plain_line(word.text):
                edge = _SENTENCE if at in ends else _edge(text)
                # The pause at the end of a chunk is there to read on.
                end_us = passage.end_us if word is passage.words[-1] else word.end_us
                yield from _pieces(CaptionWord(word.start_us, end_us, text, edge))


def _sentence_ends(text: str) -> set[int]:
    """Ends of the sentences in a chunk, as offsets in characters; the chunk's own end counts unless
    only a clause ends there."""
    ends = sentence_ends(text)
    end = len(text.rstrip())
    if _edge(text[:end]) != _CLAUSE:
        ends.add(end)
    return ends


def _edge(text: str) -> int:
    return _CLAUSE if text.rstrip(_CLOSING)[-1:] in _CLAUSE_MARKS else _WORD


def _pieces(word: CaptionWord) -> Generator[CaptionWord]:
    """A word that is longer than a line, or lasts longer than a cue, in parts; so is writing
    without spaces."""
    length_us = word.end_us - word.start_us
    size = len(word.text)
    longest = LINE_CHARS
    if length_us > LONGEST_US:
        longest = min(longest, max(1, size * LONGEST_US // length_us))
    if size <= longest:
        yield word
        return
    start = 0
    while start < size:
        end = _breakable(word.text, start, min(size, start + longest))
        yield CaptionWord(
            start_us=word.start_us + length_us * start // size,
            end_us=word.start_us + length_us * end // size,
            text=word.text[start:end],
            edge=word.edge if end == size else _edge(word.text[start:end]),
            glued=word.glued or start > 0,
        )
        start = end


def _breakable(text: str, start: int, end: int) -> int:
    """The best place to break at or before `end`: between letters of writing without spaces, at
    the least not between a letter and a mark upon it."""
    if end == len(text):
        return end
    whole = [at for at in range(end, start, -1) if start_of(text, at) == at]
    fair = [at for at in whole if splits_between(text[at - 1], text[at])]
    if fair and fair[0] > start + (end - start) // 2:
        return fair[0]
    return whole[0] if whole else end


# --- cues ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Best:
    """The cheapest way to cut all words before a place."""

    cost: float
    previous: int


def _cut(words: Sequence[CaptionWord]) -> list[tuple[int, int]]:
    """Cues as ranges of words: the cheapest division that fits."""
    # Dynamic programming: `best[n]` is the cheapest division of the first n words, found from all
    # that could be the last cue. A cue has room for few words, so time grows with the text only.
    best = [_Best(0.0, 0)]
    for end in range(1, len(words) + 1):
        cheapest: _Best | None = None
        chars = 0
        for first in range(end - 1, -1, -1):
            chars += len(words[first].text) + 1
            if first < end - 1 and not _together(words, first, end, chars):
                break
            cost = best[first].cost + _cost(words, first, end)
            if cheapest is None or cost < cheapest.cost:
                cheapest = _Best(cost, first)
        assert cheapest is not None
        best.append(cheapest)
    edges: list[tuple[int, int]] = []
    end = len(words)
    while end:
        edges.append((best[end].previous, end))
        end = best[end].previous
    return edges[::-1]


def _together(words: Sequence[CaptionWord], first: int, end: int, chars: int) -> bool:
    if words[end - 1].end_us - words[first].start_us > LONGEST_US:
        return False
    if words[first + 1].start_us - words[first].end_us > _SILENCE_US:
        return False
    # Glued words need less; whether two lines hold them is looked at only when they might not.
    return chars <= LINE_CHARS or _break(words[first:end]) is not None


def _cost(words: Sequence[CaptionWord], first: int, end: int) -> float:
    cost = _CUE_COST + (_EDGE_COST[words[end - 1].edge] if end < len(words) else 0)
    shown_us = words[end - 1].end_us - words[first].start_us
    if shown_us < SHORTEST_US:
        cost += _HASTE_COST * (SHORTEST_US - shown_us) / SHORTEST_US
    # A sentence that ends in the midst of a cue had better end it.
    cost += sum(10 for word in words[first : end - 1] if word.edge == _SENTENCE)
    return cost


def _lines(words: Sequence[CaptionWord]) -> tuple[tuple[CaptionWord, ...], ...]:
    index = _break(words)
    assert index is not None
    return (tuple(words[:index]), tuple(words[index:])) if index else (tuple(words),)


def _break(words: Sequence[CaptionWord]) -> int | None:
    """Index of the first word of the second line: 0 if one line is enough, None if two are not.
    Lines of like length are read best, and lines that end with a clause."""
    total = len(line_text(words))
    if total <= LINE_CHARS:
        return 0
    best: tuple[float, int] | None = None
    upper = 0
    for index in range(1, len(words)):
        upper += len(words[index - 1].text) + (1 if index > 1 and not words[index - 1].glued else 0)
        lower = total - upper - (0 if words[index].glued else 1)
        if upper > LINE_CHARS:
            break
        if lower <= LINE_CHARS:
            cost = abs(upper - lower) + (0, 0, 12)[words[index - 1].edge]
            if best is None or cost < best[0]:
                best = (cost, index)
    return best[1] if best is not None else None
