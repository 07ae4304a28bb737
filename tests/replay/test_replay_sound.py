"""A replay on the virtual sound card: what was recorded is heard, from where it was sought."""

from __future__ import annotations

import asyncio
import json
import sys
from array import array
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gramophone.core.timeline import (
    AudioReceived,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    SessionEnded,
    TurnCompleted,
    TurnStarted,
)
from tests.support.builders import session_started
from tests.support.recordings import record
from tests.support.sound_card import RATE_HZ, SoundCard, trimmed

pytestmark = pytest.mark.sound


def session(sound: array[int]) -> list[Event]:
    """One answer whose sound begins a second after the turn."""
    pcm = sound.tobytes()
    frame = AudioReceived(
        at_us=250_000, turn=0, connection=0, offset_bytes=0, size_bytes=len(pcm), pcm=pcm
    )
    end_us = 1_000_000 + len(sound) * 1_000_000 // RATE_HZ
    return [
        session_started(),
        TurnStarted(at_us=0, turn=0, role="assistant"),
        frame,
        PlaybackStarted(at_us=1_000_000, turn=0, device="x"),
        PlaybackFinished(at_us=end_us, turn=0, played_samples=len(sound)),
        TurnCompleted(
            at_us=end_us, turn=0, role="assistant", text="It plays.", finish_reason="said"
        ),
        SessionEnded(at_us=end_us),
    ]


def ramp(samples: int) -> array[int]:
    return array("h", [1 + index % 30_000 for index in range(samples)])


def tone(frequency_hz: float, seconds: float) -> array[int]:
    time_s = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    return array("h", (12_000 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.int16))


async def run(card: SoundCard, home: Path, *arguments: str) -> list[dict[str, Any]]:
    """Run a module; what it told as JSON lines."""
    env = card.env | {"GRAMOPHONE_HOME": str(home)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, env=env, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    return [json.loads(line) for line in out.splitlines()]


async def test_it_is_what_was_recorded_bit_by_bit(sound_card: SoundCard, tmp_path: Path) -> None:
    sound = ramp(2 * RATE_HZ)
    await record(tmp_path / "home", session(sound))
    await run(sound_card, tmp_path / "home", "gramophone.cli", "replay", "last", "--json")
    assert sound_card.played() == sound


async def test_in_hand_it_is_the_same(sound_card: SoundCard, tmp_path: Path) -> None:
    sound = ramp(2 * RATE_HZ)
    await record(tmp_path / "home", session(sound))
    await run(sound_card, tmp_path / "home", "tests.support.replay_program", "through")
    assert sound_card.played() == sound


async def test_after_a_pause_and_a_seek_the_right_samples_come(
    sound_card: SoundCard, tmp_path: Path
) -> None:
    sound = ramp(3 * RATE_HZ)
    await record(tmp_path / "home", session(sound))
    lines = await run(sound_card, tmp_path / "home", "tests.support.replay_program", "sought")
    played = sound_card.played()
    # The turn begins promptly, so its sound stands where it stood: at one second.
    begun = (lines[0]["position"] - 1_000_000) * RATE_HZ // 1_000_000
    assert begun >= RATE_HZ // 4
    assert played[:begun] == sound[:begun]
    rest = sound[2 * RATE_HZ :]
    assert played[-len(rest) :] == rest
    between = trimmed(played[begun : -len(rest)].tobytes())
    assert len(between) <= RATE_HZ * 4 // 1000, "a short fade and nothing else"


async def test_twice_as_fast_it_takes_half_the_time_at_the_same_pitch(
    sound_card: SoundCard, tmp_path: Path
) -> None:
    await record(tmp_path / "home", session(tone(440, 4)))
    await run(
        sound_card,
        tmp_path / "home",
        *("gramophone.cli", "replay", "last", "--json", "--speed", "2"),
    )
    played = np.array(sound_card.played(), dtype=float)
    assert len(played) / RATE_HZ == pytest.approx(2.0, abs=0.01)
    spectrum = np.abs(np.fft.rfft(played * np.hanning(len(played))))
    assert np.argmax(spectrum) * RATE_HZ / len(played) == pytest.approx(440, rel=0.005)
