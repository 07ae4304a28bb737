"""The sound of an answer as it comes: which turn, how much of it, and the span it is shown in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gramophone.audio.pcm import mulaw_encode
from gramophone.core.timeline import AudioReceived, Entry
from gramophone.ports.backend import AudibleSpan
from tests.support.builders import session_started
from tests.support.speech_like import sound
from tui.playback.answer_sound import SHORTEST_US, AnswerSound, span_us
from tui.playback.waveform import Waveform
from tui.transcript.playback_fold import SoundState, SoundView

SPEAKING = SoundView(SoundState.SPEAKING, turn=1)


def folded(*entries: Entry) -> AnswerSound:
    answer = AnswerSound()
    for entry in (session_started(), *entries):
        answer.emit(entry)
    return answer


def test_the_peaks_of_what_has_come() -> None:
    waveform = folded(sound(1, b"\x08\x80"), sound(1, b"\xff")).waveform(SPEAKING)
    assert waveform.peaks == {1: b"\x08\x80\xff"}
    assert waveform.passages == (AudibleSpan(1, 0, 150_000, 0),)
    assert waveform.duration_us == SHORTEST_US


def test_it_is_the_same_object_until_more_comes() -> None:
    answer = folded(sound(1, b"\x08"))
    waveform = answer.waveform(SPEAKING)
    assert answer.waveform(SPEAKING) is waveform
    answer.emit(sound(1, b"\x10"))
    assert answer.waveform(SPEAKING) is not waveform


def test_an_answer_that_is_over_fills_the_strip() -> None:
    answer = folded(sound(1, bytes(100)))
    assert answer.waveform(replace(SPEAKING, state=SoundState.IDLE)).duration_us == 5_000_000


def test_sound_that_is_not_heard_is_left_out() -> None:
    assert folded(replace(sound(1, b"\xff"), stale=True)).waveform(SPEAKING) == Waveform()


def test_the_next_answer_may_come_before_it_is_heard() -> None:
    answer = folded(sound(1, b"\x08"), sound(3, b"\x10"))
    assert answer.waveform(SPEAKING).peaks == {1: b"\x08"}
    assert answer.waveform(replace(SPEAKING, turn=3)).peaks == {3: b"\x10"}
    answer.emit(sound(5, b"\x20"))
    assert answer.waveform(SPEAKING) == Waveform(), "long past"


def test_companded_sound_is_measured_too() -> None:
    pcm = mulaw_encode(sound(1, b"\xff", rate_hz=8_000).pcm)
    frame = AudioReceived(
        at_us=1, turn=1, connection=0, offset_bytes=0, size_bytes=len(pcm), pcm=pcm
    )
    answer = AnswerSound()
    answer.emit(replace(session_started(), encoding="mulaw", sample_rate_hz=8_000))
    answer.emit(frame)
    assert answer.waveform(SPEAKING).peaks == {1: b"\xfa"}


def test_a_turn_may_have_a_rate_of_its_own() -> None:
    frame = replace(sound(1, bytes(40), rate_hz=24_000), sample_rate_hz=24_000)
    assert folded(frame).waveform(SPEAKING).passages == (AudibleSpan(1, 0, 2_000_000, 0),)


@pytest.mark.parametrize(
    ("known_s", "span_s"), [(0, 8), (8, 8), (8.1, 12), (12.1, 18), (60, 60.75)]
)
def test_the_span_grows_by_steps(known_s: float, span_s: float) -> None:
    assert span_us(round(known_s * 1_000_000)) == span_s * 1_000_000
