"""Recorded speech: which text brought which frames, read from a timeline."""

from __future__ import annotations

import pytest

from gramophone.core.errors import TimelineError
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    Event,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    SpeechDisconnected,
    TextSpoken,
)
from gramophone.standin.source.speech import RecordedSegment, recorded_speech
from gramophone.standin.voice import Break
from tests.support.builders import session_started


def text(chunk: int, words: str, at_us: int = 0) -> TextSpoken:
    return TextSpoken(
        at_us=at_us, turn=1, chunk=chunk, text=words, source_start=0, source_end=len(words)
    )


def flush(number: int, last_chunk: int, at_us: int = 0) -> FlushSent:
    return FlushSent(at_us=at_us, turn=1, flush=number, last_chunk=last_chunk)


def answered(number: int) -> FlushAnswered:
    return FlushAnswered(at_us=0, turn=1, flush=number, end_samples=0)


def frame(pcm: bytes, at_us: int = 0, *, stale: bool = False, turn: int = 1) -> AudioReceived:
    return AudioReceived(
        at_us=at_us,
        turn=turn,
        connection=0,
        offset_bytes=0,
        size_bytes=len(pcm),
        stale=stale,
        pcm=pcm,
    )


def segments(*events: Event) -> list[RecordedSegment]:
    return list(recorded_speech([session_started(), *events]).segments)


# --- from events ------------------------------------------------------------------------------


def test_frames_belong_to_the_flush_that_is_open() -> None:
    assert segments(
        text(0, "One, "),
        text(1, "two."),
        flush(0, last_chunk=1, at_us=100),
        text(2, "Three."),
        flush(1, last_chunk=2, at_us=150),
        frame(b"a", at_us=400),
        frame(b"b", at_us=500),
        answered(0),
        frame(b"c", at_us=600),
        answered(1),
    ) == [
        RecordedSegment("One, two.", ((300, b"a"), (400, b"b"))),
        RecordedSegment("Three.", ((450, b"c"),)),
    ]


def test_a_refused_flush_leaves_its_text_to_the_next() -> None:
    assert segments(
        text(0, "One."),
        flush(0, last_chunk=0),
        FlushRefused(at_us=0, turn=1, flush=0),
        text(1, "Two."),
        flush(1, last_chunk=1),
        frame(b"a"),
        answered(1),
    ) == [RecordedSegment("One.Two.", ((0, b"a"),))]


def test_frames_after_a_clear_stay_with_the_turn_they_came_for() -> None:
    assert segments(
        text(0, "One."),
        flush(0, last_chunk=0),
        frame(b"a"),
        ClearSent(at_us=0, turn=1),
        frame(b"b", stale=True),
    ) == [RecordedSegment("One.", ((0, b"a"), (0, b"b")), cleared=True)]


def test_a_frame_after_the_answer_is_not_lost() -> None:
    assert segments(text(0, "One."), flush(0, last_chunk=0), answered(0), frame(b"a")) == [
        RecordedSegment("One.", ((0, b"a"),))
    ]


def test_a_broken_connection_leaves_the_text_to_be_said_again() -> None:
    assert segments(
        text(0, "One."),
        flush(0, last_chunk=0),
        frame(b"a"),
        SpeechDisconnected(at_us=0, connection=0, code=1006, reason=""),
        text(0, "One."),
        flush(1, last_chunk=0),
        frame(b"b"),
        answered(1),
    ) == [
        RecordedSegment("One.", ((0, b"a"),), ends=Break(1006, "")),
        RecordedSegment("One.", ((0, b"b"),)),
    ]


def test_a_connection_that_broke_before_any_sound_breaks_again() -> None:
    assert segments(
        text(0, "One."),
        flush(0, last_chunk=0),
        SpeechDisconnected(at_us=0, connection=0, code=1011, reason="NET-0000"),
        text(1, "One."),
        flush(1, last_chunk=1),
        frame(b"b"),
        answered(1),
    ) == [
        RecordedSegment("One.", (), ends=Break(1011, "NET-0000")),
        RecordedSegment("One.", ((0, b"b"),)),
    ]


@pytest.mark.parametrize("code", [1000, 1006])
def test_the_end_of_a_talk_that_was_interrupted_is_no_break(code: int) -> None:
    assert segments(
        text(0, "One."),
        flush(0, last_chunk=0),
        frame(b"a"),
        ClearSent(at_us=0, turn=1),
        SpeechDisconnected(at_us=0, connection=0, code=code, reason=""),
    ) == [RecordedSegment("One.", ((0, b"a"),), cleared=True)]


def test_what_was_cleared_before_its_first_sound_was_said_all_the_same() -> None:
    assert segments(
        text(0, "One."),
        flush(0, last_chunk=0),
        ClearSent(at_us=0, turn=1),
        SpeechDisconnected(at_us=0, connection=0, code=1000, reason=""),
    ) == [RecordedSegment("One.", (), cleared=True)]


def test_a_recording_read_without_its_sound_is_an_error() -> None:
    mute = AudioReceived(at_us=0, turn=1, connection=0, offset_bytes=0, size_bytes=2)
    with pytest.raises(TimelineError, match="without its sound"):
        segments(text(0, "One."), flush(0, 0), mute)


def test_a_recording_without_a_beginning_is_an_error() -> None:
    with pytest.raises(TimelineError, match="no beginning"):
        recorded_speech([])
