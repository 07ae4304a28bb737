"""The schedule of one connection: which frames, and when; no socket, no clock."""

from __future__ import annotations

from gramophone.standin.delivery.pacing import FramePacer
from gramophone.standin.faults import Fault
from gramophone.standin.options import StandinOptions
from gramophone.standin.voice import VoiceSound
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters

AT_48_KHZ = SpeakParameters(sample_rate_hz=48_000)
TWENTY_MS = bytes(1_920)


def delivery(*faults: str, **options: float) -> FramePacer:
    settings = StandinOptions(
        faults=tuple(Fault.parse(fault) for fault in faults),
        **options,  # pyright: ignore[reportArgumentType]
    )
    return FramePacer(settings, AT_48_KHZ, connection=0)


def instants(line: FramePacer, *sounds: VoiceSound) -> list[int]:
    return [at_us for sound in sounds for _, at_us in line.frames(sound)]


def test_at_full_speed_only_the_first_byte_is_waited_for() -> None:
    line = delivery(first_byte_ms=150)
    line.begin(asked_us=1_000)
    assert instants(line, VoiceSound(TWENTY_MS * 3)) == [151_000] * 3


def test_at_a_pace_frames_leave_as_they_would_be_played() -> None:
    line = delivery(pace=2.0)
    line.begin(asked_us=1_000)
    assert instants(line, VoiceSound(TWENTY_MS), VoiceSound(TWENTY_MS * 2)) == [
        1_000,
        11_000,
        21_000,
    ]


def test_an_utterance_waits_for_the_one_before_it_unless_that_was_abandoned() -> None:
    line = delivery(pace=1.0, first_byte_ms=5)
    line.begin(asked_us=0)
    assert instants(line, VoiceSound(TWENTY_MS * 2)) == [5_000, 25_000]
    line.begin(asked_us=10_000)
    assert instants(line, VoiceSound(TWENTY_MS)) == [45_000]
    line.stop()
    line.begin(asked_us=20_000)
    assert instants(line, VoiceSound(TWENTY_MS)) == [25_000]


def test_recorded_frames_leave_when_they_are_due_and_as_they_are() -> None:
    line = delivery(pace=2.0)
    line.begin(asked_us=1_000)
    assert list(line.frames(VoiceSound(b"abc", due_us=300))) == [(b"abc", 1_150)]
    assert list(line.last_frames()) == []
    assert instants(delivery(), VoiceSound(b"abc", due_us=300)) == [0]


def test_faults_cut_recorded_frames_too() -> None:
    line = delivery("one-byte-frames", pace=1.0)
    line.begin(asked_us=0)
    assert list(line.frames(VoiceSound(b"ab", due_us=7))) == [(b"a", 7), (b"b", 7)]


def test_what_is_left_of_an_utterance_is_a_shorter_frame() -> None:
    line = delivery()
    line.begin(asked_us=0)
    assert instants(line, VoiceSound(TWENTY_MS + b"abc")) == [0]
    assert list(line.last_frames()) == [(b"abc", 0)]


def test_what_is_left_of_an_abandoned_utterance_is_forgotten() -> None:
    line = delivery()
    line.begin(asked_us=0)
    assert instants(line, VoiceSound(b"abc")) == []
    line.stop()
    line.begin(asked_us=0)
    assert list(line.last_frames()) == []


def test_frames_are_never_empty_and_never_a_mebibyte() -> None:
    for frame_ms, size in ((0, 2), (60_000, 2**20 - 2)):
        line = delivery(frame_ms=frame_ms)
        frame, _ = next(line.frames(VoiceSound(bytes(2**21))))
        assert len(frame) == size
    line = delivery("odd-frames", frame_ms=60_000)
    frame, _ = next(line.frames(VoiceSound(bytes(2**21))))
    assert len(frame) == 2**20 - 1
