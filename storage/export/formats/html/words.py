"""Times at which the shown words are heard.

What is spoken is not quite what is shown: marks are left out, numbers of lists are read. Words are
paired within the stretch of the turn's text that a passage was made of, so that a word which
comes again lights up where it is said.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Final

from gramophone.core.frozen import frozen
from storage.export.formats.html.text import ShownWord

if TYPE_CHECKING:
    from storage.export.excerpt import SpokenSentence, TimedWord

_SLACK_CHARACTERS: Final = 16
_LONGEST: Final = 1_000
"""Words of a passage beyond which they are paired by place alone: pairing takes its square."""


@frozen
class WordTimes:
    """Time at which a shown word is reached, and the end of its sound; 0 if it is not spoken
    itself."""

    from_us: int
    to_us: int = 0


def heard(
    shown_words: Sequence[ShownWord], passages: Sequence[SpokenSentence], start_us: int
) -> tuple[WordTimes, ...]:
    """For each shown word of a turn that begins at `start_us`. What is not spoken is reached with
    the end of what is spoken before it."""
    sources = [word.source for word in shown_words]
    spoken_words: dict[int, TimedWord] = {}
    first_word = 0
    for passage in passages:
        words = passage.words
        if not words:
            continue
        first = bisect_left(sources, words[0].source_start - _SLACK_CHARACTERS, first_word)
        last = bisect_left(sources, words[-1].source_end + _SLACK_CHARACTERS, first)
        for index, word in _paired(shown_words, first, last, words):
            spoken_words.setdefault(index, word)
            first_word = max(first_word, index + 1)
    return tuple(_in_order(len(shown_words), spoken_words, start_us))


def _in_order(
    count: int, spoken_words: dict[int, TimedWord], start_us: int
) -> Generator[WordTimes]:
    reached_us = start_us
    for index in range(count):
        word = spoken_words.get(index)
        if word is None:
            yield WordTimes(reached_us)
        else:
            yield WordTimes(word.start_us, word.end_us)
            reached_us = max(reached_us, word.end_us)


def _paired(
    shown_words: Sequence[ShownWord], first: int, last: int, words: Sequence[TimedWord]
) -> Generator[tuple[int, TimedWord]]:
    if max(last - first, len(words)) > _LONGEST:
        yield from _by_place(shown_words, range(first, last), words)
        return
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(
        None,
        [_bare(word.text) for word in words],
        [_bare(shown_words[index].text) for index in range(first, last)],
        autojunk=False,
    )
    for kind, spoken_start, spoken_end, shown_start, shown_end in matcher.get_opcodes():
        if kind == "equal":
            for number in range(spoken_end - spoken_start):
                yield first + shown_start + number, words[spoken_start + number]
        elif kind == "replace":
            places = range(first + shown_start, first + shown_end)
            yield from _by_place(shown_words, places, words[spoken_start:spoken_end])


def _by_place(
    shown_words: Sequence[ShownWord], places: range, words: Sequence[TimedWord]
) -> Generator[tuple[int, TimedWord]]:
    """Pairs of words that are spoken otherwise than shown: one by one where the counts agree, else
    by their places in the text."""
    ends = [word.source_end for word in words]
    for index in places:
        source = shown_words[index].source
        if shown_words[index].text and words[0].source_start <= source < ends[-1]:
            one_by_one = len(places) == len(words)
            number = index - places.start if one_by_one else bisect_left(ends, source + 1)
            yield index, words[number]


def _bare(text: str) -> str:
    letters = "".join(filter(str.isalnum, text.casefold()))
    return letters or text
