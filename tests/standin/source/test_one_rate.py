"""A recording with sound of two rates is spoken at one."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from gramophone.core.timeline import AudioReceived, Event
from gramophone.standin.source.one_rate import at_one_rate
from tests.support.builders import session_started, spoken_exchange


def tone(rate_hz: int) -> bytes:
    return (np.sin(2 * np.pi * 440 / rate_hz * np.arange(rate_hz)) * 16_000).astype("<i2").tobytes()


def sound(events: list[Event], turn: int) -> bytes:
    frames = [e for e in events if isinstance(e, AudioReceived) and e.turn == turn]
    for before, frame in pairwise(frames):
        assert frame.offset_bytes == before.offset_bytes + before.size_bytes
    assert all(len(frame.pcm) == frame.size_bytes and not frame.sample_rate_hz for frame in frames)
    return b"".join(frame.pcm for frame in frames)


def test_turns_of_another_rate_are_resampled_to_that_of_the_session() -> None:
    own = tone(8_000)
    events = [
        session_started(sample_rate_hz=16_000),
        *spoken_exchange(frames=(tone(16_000),)),
        *(
            replace(event, sample_rate_hz=8_000) if isinstance(event, AudioReceived) else event
            for event in spoken_exchange(first_turn=2, frames=(own[:3_001], own[3_001:]))
        ),
    ]
    served = [*at_one_rate(events)]
    assert sound(served, 1) == tone(16_000)
    resampled = np.frombuffer(sound(served, 3), "<i2").astype(float)
    assert len(resampled) == 16_000
    assert np.abs(resampled - np.frombuffer(tone(16_000), "<i2"))[200:-200].max() < 40


def test_a_recording_of_one_rate_is_left_as_it_is() -> None:
    events = [session_started(), *spoken_exchange()]
    assert at_one_rate(events) is events
