"""How long each character takes, and where in the source it stands."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gramophone.alignment.durations import reached_ms
from gramophone.alignment.source_map import source_map
from gramophone.alignment.word_timing import TimedChunk

TEXTS = st.text(st.one_of(st.sampled_from("ab 1,.0(\n%é世\u0301"), st.characters()), max_size=80)


def length_ms(text: str) -> int:
    return reached_ms(text)[-1]


@pytest.mark.parametrize(
    ("shorter", "longer"),
    [
        ("gramophone it", "gramophone, it"),
        ("It is 1887 now", "It is 1889787 now"),
        ("It is late", "It is 1887"),
        ("take the back", "tako tze bacm"),
        ("3,000", "3,333"),
        ("no", "世界"),
    ],
)
def test_what_is_longer_to_say_takes_longer(shorter: str, longer: str) -> None:
    assert length_ms(shorter) < length_ms(longer)


@pytest.mark.parametrize("text", ["3.14", "e.g.x", "horn.push()", "10:30", "1,000"])
def test_a_mark_within_is_no_pause(text: str) -> None:
    assert length_ms(f"{text} x") + 150 < length_ms(f"{text}, x")


@given(TEXTS)
def test_time_never_goes_back(text: str) -> None:
    reached = reached_ms(text)
    assert len(reached) == len(text) + 1
    assert list(reached) == sorted(reached)
    assert reached[0] == 0


def test_a_word_ends_before_its_pause() -> None:
    first, second, _ = TimedChunk("Yes, you may", 0, 1000, 0, 12).words()
    assert first.text == "Yes,"
    assert second.start_samples - first.end_samples > 300


MARKDOWN = (
    "## The **horn**\n\n1. A [needle](https://example.org/a) and `horn.push()` is *a* `b`,\n"
    '2. said **Dr. Berliner**: "it\'s ~~not~~ 33⅓".'
)
SPOKEN = 'The horn 1. A needle and horn.push() is a b, 2. said Dr. Berliner: "it\'s not 33⅓".'


def test_a_word_is_found_in_its_markdown() -> None:
    span = TimedChunk(SPOKEN, 0, 1000, 0, len(MARKDOWN))
    for word in span.words(MARKDOWN):
        source = MARKDOWN[word.source_start : word.source_end]
        assert word.text.strip(':,."') in source, word
        assert len(source) <= len(word.text) + 4, (word, source)


@given(TEXTS, TEXTS, st.integers(0, 5))
@example("0", "**0", 0)
def test_places_never_go_back(text: str, source: str, start: int) -> None:
    end = start + len(source)
    positions = source_map(text, "x" * start + source, start, end)
    assert len(positions) == len(text) + 1
    assert all(one <= other for one, other in pairwise(positions))
    if text:
        # The first character may stand behind marks that are not spoken: `**0**`.
        assert positions[0] >= start
        assert positions[-1] == end
