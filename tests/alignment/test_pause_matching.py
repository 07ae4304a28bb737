"""Pauses of a text, found again in the silences of its sound."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.alignment.durations import pauses, reached_ms
from gramophone.alignment.pause_matching import (
    BUCKETS_PER_SECOND,
    Silence,
    find_silences,
    match_pauses,
    sample_at,
)
from gramophone.alignment.word_timing import TimedChunk

RATE_HZ = 1000
TEXT = "One two three, four five six. Seven eight nine."


def starts(text: str, end: int, silences: list[Silence]) -> list[int]:
    anchors = match_pauses(pauses(text), reached_ms(text)[-1], 0, end, silences)
    span = TimedChunk(text, 0, end, 0, len(text), tuple(anchors))
    return [word.start_samples for word in span.words()]


def test_silences_are_long_and_quiet() -> None:
    loud, quiet = b"\xc8", b"\x01"
    shape = loud * 50 + quiet * 20 + loud * 30 + quiet * 5 + loud * 10 + quiet * 30
    assert BUCKETS_PER_SECOND == 100
    assert find_silences(shape, RATE_HZ) == [(500, 700), (1150, 1450)]
    assert find_silences(b"", RATE_HZ) == []
    assert find_silences(b"\x00" * 500, RATE_HZ) == []
    assert starts(TEXT, 4000, [(10, 3990)]) == starts(TEXT, 4000, [])


def test_a_word_after_a_mark_begins_where_the_silence_ends() -> None:
    silences = [(900, 1300), (2400, 2900), (3900, 4000)]
    words = starts(TEXT, 4000, silences)
    assert words[3] == 1300
    assert words[6] == 2900
    assert words[0] == 0


def test_a_silence_within_a_word_is_passed_over() -> None:
    with_stop = [(300, 380), (900, 1300), (1700, 1790), (2400, 2900), (3900, 4000)]
    words = starts(TEXT, 4000, with_stop)
    assert (words[3], words[6]) == (1300, 2900)


def test_a_mark_that_is_not_heard_is_passed_over() -> None:
    words = starts(TEXT, 4000, [(2300, 2900)])
    assert words[6] == 2900
    assert 800 < words[3] < 1500


def test_silence_before_the_first_word_is_not_it() -> None:
    assert starts(TEXT, 4000, [(0, 100)])[0] == 100
    assert starts(TEXT, 4000, [])[0] == 0


@settings(deadline=None)
@given(
    st.text(st.sampled_from("abc 1,.;\n"), max_size=80),
    st.integers(0, 5_000),
    st.lists(st.integers(0, 5_000), max_size=20, unique=True),
)
def test_words_stay_in_order_whatever_is_heard(text: str, end: int, edges: list[int]) -> None:
    edges.sort()
    silences = list(zip(edges[::2], edges[1::2], strict=False))
    anchors = match_pauses(pauses(text), reached_ms(text)[-1], 0, end, silences)
    assert anchors == sorted(anchors)
    assert all(0 <= sample <= end for _, sample in anchors)
    at = [sample_at(anchors, ms) for ms in reached_ms(text)]
    assert all(one <= other for one, other in pairwise(at))
    assert all(0 <= sample <= end for sample in at)
