"""Alignment: which text stands at which sample."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.recordings import load
from gramophone.alignment.word_timing import GUESS_US_PER_CHAR, WordTiming
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    FlushAnswered,
    FlushSent,
    SessionStarted,
    SpeechDisconnected,
    TextSpoken,
)
from tests.support.builders import session_started

RATE_HZ = 1000
TURN = 1


def started(encoding: str = "linear16") -> SessionStarted:
    return session_started(sample_rate_hz=RATE_HZ, encoding=encoding)


def spoken(chunk: int, start: int, end: int, text: str = "") -> TextSpoken:
    content = text or "x" * (end - start)
    return TextSpoken(
        at_us=0, turn=TURN, chunk=chunk, text=content, source_start=start, source_end=end
    )


def flushed(flush: int, last_chunk: int) -> FlushSent:
    return FlushSent(at_us=0, turn=TURN, flush=flush, last_chunk=last_chunk)


def answered(flush: int, end_samples: int) -> FlushAnswered:
    return FlushAnswered(at_us=0, turn=TURN, flush=flush, end_samples=end_samples)


def sound(offset_bytes: int, size_bytes: int, *, stale: bool = False) -> AudioReceived:
    return AudioReceived(
        at_us=0,
        turn=TURN,
        connection=0,
        offset_bytes=offset_bytes,
        size_bytes=size_bytes,
        stale=stale,
    )


def aligned(*events: Event) -> WordTiming:
    alignment = WordTiming()
    for event in (started(), *events):
        alignment.emit(event)
    return alignment


TWO_FLUSHES = (
    spoken(0, 0, 10),
    flushed(0, 0),
    spoken(1, 10, 20),
    spoken(2, 25, 35),
    flushed(1, 2),
    answered(0, 1000),
    answered(1, 3000),
)


class TestHeardEnd:
    def test_nothing_is_known_of_another_turn(self) -> None:
        assert aligned(*TWO_FLUSHES).heard_end(7, 500) == 0

    @pytest.mark.parametrize(
        ("position_samples", "expected"),
        [(0, 0), (500, 5), (1000, 10), (1500, 15), (2000, 25), (2500, 30), (3000, 35), (9999, 35)],
    )
    def test_goes_evenly_between_the_edges_of_a_flush(
        self, position_samples: int, expected: int
    ) -> None:
        assert aligned(*TWO_FLUSHES).heard_end(TURN, position_samples) == expected

    def test_before_the_answer_a_pace_is_guessed(self) -> None:
        alignment = aligned(spoken(0, 0, 100), flushed(0, 0))
        second = RATE_HZ
        assert alignment.heard_end(TURN, second) == 1_000_000 // GUESS_US_PER_CHAR

    def test_the_pace_is_learnt_from_what_was_answered(self) -> None:
        alignment = aligned(
            spoken(0, 0, 50), flushed(0, 0), answered(0, 5000), spoken(1, 50, 100), flushed(1, 1)
        )
        assert alignment.heard_end(TURN, 7500) == 75

    def test_sound_longer_than_the_guess_stretches_it(self) -> None:
        alignment = aligned(spoken(0, 0, 10), flushed(0, 0), sound(0, 4000))
        assert alignment.heard_end(TURN, 1000) == 5

    def test_stale_sound_does_not_count(self) -> None:
        alignment = aligned(spoken(0, 0, 10), flushed(0, 0), sound(0, 9000, stale=True))
        assert alignment.heard_end(TURN, 620) == 10

    def test_text_spoken_otherwise_than_written_is_measured_by_its_own_length(self) -> None:
        alignment = aligned(
            spoken(0, 0, 10, "one hundred percents"), flushed(0, 0), answered(0, 2000)
        )
        assert alignment.heard_end(TURN, 1000) == 5


class TestPositionOf:
    @pytest.mark.parametrize(
        ("character", "samples"), [(0, 0), (5, 500), (10, 1000), (24, 2000), (30, 2500)]
    )
    def test_is_the_way_back(self, character: int, samples: int) -> None:
        assert aligned(*TWO_FLUSHES).position_of(TURN, character) == samples

    def test_what_was_not_spoken_goes_to_the_next_that_was(self) -> None:
        assert aligned(*TWO_FLUSHES).position_of(TURN, 22) == 2000

    def test_behind_the_last_word_there_is_nothing(self) -> None:
        assert aligned(*TWO_FLUSHES).position_of(TURN, 35) is None
        assert aligned().position_of(TURN, 0) is None


def test_after_a_lost_connection_text_stands_where_it_was_said_last() -> None:
    alignment = aligned(
        spoken(0, 0, 20),
        flushed(0, 0),
        sound(0, 2000),
        SpeechDisconnected(at_us=0, connection=0, code=1006, reason=""),
        spoken(1, 10, 20),
        flushed(1, 1),
        answered(1, 2000),
    )
    assert alignment.heard_end(TURN, 1000) == 10
    assert alignment.position_of(TURN, 10) == 1000
    assert alignment.heard_end(TURN, 1500) == 15
    assert alignment.heard_end(TURN, 2000) == 20


def test_eight_bit_sound_has_one_byte_a_sample() -> None:
    alignment = WordTiming()
    for event in (started("mulaw"), spoken(0, 0, 10), flushed(0, 0), sound(0, 2000)):
        alignment.emit(event)
    assert alignment.heard_end(TURN, 1000) == 5


@given(
    st.lists(
        st.tuples(st.integers(1, 40), st.integers(0, 5), st.integers(0, 4000)),
        min_size=1,
        max_size=12,
    )
)
def test_hearing_never_goes_back(flushes: list[tuple[int, int, int]]) -> None:
    alignment = aligned()
    at = end = 0
    for number, (length, gap, samples) in enumerate(flushes):
        alignment.emit(spoken(number, at, at + length))
        alignment.emit(flushed(number, number))
        at, end = at + length + gap, end + samples
        if number < len(flushes) - 1:
            alignment.emit(answered(number, end))
    ends = [alignment.heard_end(TURN, position) for position in range(0, end + 1000, 50)]
    assert ends == sorted(ends)
    positions = [alignment.position_of(TURN, character) for character in range(at)]
    reached = [position for position in positions if position is not None]
    assert reached == sorted(reached)


def test_a_real_answer_is_heard_from_its_first_to_its_last_word() -> None:
    alignment = WordTiming()
    text, samples = "", 0
    for event in load("short-answer"):
        alignment.emit(event)
        if isinstance(event, DeltaReceived):
            text += event.text
        if isinstance(event, AudioReceived):
            samples += event.size_bytes // 2
    assert alignment.heard_end(1, 0) == 0
    assert text[: alignment.heard_end(1, samples)].rstrip() == text.rstrip()
    middle = alignment.heard_end(1, samples // 2)
    assert len(text) * 0.3 < middle < len(text) * 0.7
    assert alignment.position_of(1, middle) == pytest.approx(samples // 2, abs=samples // 50)


def test_a_highlight_covers_the_word_of_a_markdown_source() -> None:
    """Every word of the recording whose answer is Markdown: what is lit while it is spoken is the
    word itself, among its marks."""
    alignment = WordTiming()
    text = ""
    for event in load("long-markdown"):
        alignment.emit(event)
        if isinstance(event, DeltaReceived):
            text += event.text
    words = [word for span in alignment.spans(1) for word in span.words(text)]
    assert len(words) > 100
    for word in words:
        bare = re.sub(r"[^\w⅓]", "", word.text)
        assert bare in re.sub(r"[^\w⅓]", "", text[word.source_start : word.source_end])
        middle = (word.start_samples + word.end_samples) // 2
        assert word.source_start <= alignment.heard_end(1, middle) <= word.source_end


class TestWordsThatWereHeard:
    """What of a stopped answer counts: whole words, by the times that the screen shows."""

    TEXT = "One two three four. Five six."
    TIMED = (
        DeltaReceived(at_us=0, turn=TURN, text=TEXT),
        spoken(0, 0, 19, TEXT[:19]),
        spoken(1, 20, 29, TEXT[20:]),
        flushed(0, 1),
        sound(0, 2 * 2_800),
        answered(0, 2_800),
    )

    @given(st.integers(0, 4_000))
    def test_the_word_that_sounds_is_not_among_them(self, position_samples: int) -> None:
        alignment = aligned(*self.TIMED)
        words = alignment.heard_words(TURN, position_samples)
        reached = alignment.heard_end(TURN, position_samples)
        assert self.TEXT.startswith(words)
        assert len(words) <= reached
        assert not words or self.TEXT[len(words) :][:1].strip() == "", "it ends with a word"
        assert len(self.TEXT[len(words) : reached].split()) <= 1, "and with the last whole one"

    def test_before_and_after_all_of_it(self) -> None:
        alignment = aligned(*self.TIMED)
        assert alignment.heard_words(TURN, 0) == alignment.heard_words(7, 500) == ""
        assert alignment.heard_words(TURN, 2_800) == self.TEXT
        assert alignment.heard_words(TURN, 9_999) == self.TEXT

    @given(st.lists(st.integers(0, 4_000)))
    def test_they_only_grow(self, positions: list[int]) -> None:
        alignment = aligned(*self.TIMED)
        texts = [alignment.heard_words(TURN, position) for position in sorted(positions)]
        assert texts == sorted(texts, key=len)

    def test_what_the_voice_leaves_out_counts_with_what_comes_after(self) -> None:
        text = "See *this* now.\n```\ncode\n```\nThen that."
        start = text.index("Then")
        alignment = aligned(
            DeltaReceived(at_us=0, turn=TURN, text=text),
            spoken(0, 0, 15, "See this now."),
            spoken(1, start, len(text), "Then that."),
            flushed(0, 1),
            answered(0, 2_300),
        )
        assert alignment.heard_words(TURN, 2_300) == text
        assert "code" not in alignment.heard_words(TURN, 900)

    def test_of_a_flush_that_is_not_answered_a_guess_is_made(self) -> None:
        text = "One two three four five six seven eight nine ten."
        alignment = aligned(
            DeltaReceived(at_us=0, turn=TURN, text=text),
            spoken(0, 0, len(text), text),
            flushed(0, 0),
            sound(0, 2 * RATE_HZ),
        )
        words = alignment.heard_words(TURN, RATE_HZ)
        assert words.startswith("One two")
        assert len(words) < len(text) // 2


class TestStreamedText:
    """One flush of many chunks of a few words, as a service gets that takes text as it comes."""

    TEXT = "One two three, four five. Six seven\nEight nine ten."

    def timing(self, *, streamed: bool) -> WordTiming:
        pattern = r"\S+" if streamed else r"[^.\n]+[.]?"
        words = [match for match in re.finditer(pattern, self.TEXT) if match[0].strip()]
        return aligned(
            started(),
            DeltaReceived(at_us=0, turn=TURN, text=self.TEXT),
            *(
                spoken(chunk, word.end() - len(word[0].lstrip()), word.end(), word[0].lstrip())
                for chunk, word in enumerate(words)
            ),
            flushed(0, len(words) - 1),
            sound(0, 10_000),
            answered(0, 5000),
        )

    def test_words_are_heard_as_in_whole_sentences(self) -> None:
        # Behind "five." and "seven", where a sentence and a line end.
        silences = [(2300, 2500), (3300, 3450)]
        starts = [
            {
                word.text: word.start_samples
                for chunk in self.timing(streamed=streamed).spans(TURN, silences)
                for word in chunk.words(self.TEXT)
            }
            for streamed in (True, False)
        ]
        assert starts[0].keys() == starts[1].keys()
        assert starts[0]["Six"] == starts[1]["Six"] == 2500
        assert starts[0]["Eight"] == starts[1]["Eight"] == 3450
        # Spaces between chunks have no length of their own.
        assert all(abs(starts[0][word] - starts[1][word]) < 100 for word in starts[0])
