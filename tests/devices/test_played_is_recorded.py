"""From the command line to the ear: what was played is what was recorded, bit by bit."""

from __future__ import annotations

import asyncio
import json
import sys
import wave
from array import array
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from gramophone.core.timeline import Underran
from gramophone.standin.voices.tone import ToneVoice
from storage.library import StoredLibrary
from tests.support.sound_card import RATE_HZ, SoundCard, trimmed
from tests.support.standins import running

TEXT = "Good morning. This is said aloud, in three sentences! Is every sample of it there?"


async def gramophone(env: dict[str, str], *arguments: str) -> tuple[bytes, bytes]:
    """Standard output and error of the command, which must succeed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gramophone.cli", *arguments, env=env, stdout=PIPE, stderr=PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out, err


async def last_session(env: dict[str, str]) -> dict[str, Any]:
    """The spoken turn of the newest session."""
    out, _ = await gramophone(env, "show", "last", "--json")
    (turn,) = [turn for turn in json.loads(out)["turns"] if turn["audio"]]
    return turn


async def underruns(home: Path) -> list[Underran]:
    """Gaps of the newest session, in their order."""
    async with await StoredLibrary.open(home) as library:
        events = await library.events(await library.resolve("last"), with_pcm=False)
        return [event for event in events if isinstance(event, Underran)]


def samples_of(turn: dict[str, Any]) -> array[int]:
    with wave.open(turn["audio"]["path"]) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getframerate() == RATE_HZ
        return array("h", file.readframes(file.getnframes()))


@pytest.mark.sound
@pytest.mark.parametrize("faults", [(), ("odd-frames",)])
async def test_what_is_said_is_played_and_kept(
    sound_card: SoundCard, tmp_path: Path, faults: tuple[str, ...]
) -> None:
    env = sound_card.env | {"GRAMOPHONE_HOME": str(tmp_path / "home")}
    voice = ToneVoice(character_ms=12, gap_ms=8)
    async with running(*faults, voice=voice) as url:
        _, err = await gramophone(env, "say", TEXT, "--speak-url", url)
    turn = await last_session(env)

    assert err.decode().startswith("session "), "and nothing else: no chatter of the sound system"
    recorded = samples_of(turn)
    assert len(recorded) == turn["audio"]["samples"] > RATE_HZ // 2
    # On a busy machine the service may be late. Then silence is played, and said to be.
    gaps = await underruns(tmp_path / "home")
    assert turn["metrics"]["underruns"] == len(gaps)
    expected = array("h", recorded)
    for gap in reversed(gaps):
        expected[gap.position_samples : gap.position_samples] = array(
            "h", bytes(2 * gap.missing_samples)
        )
    assert sound_card.played() == trimmed(expected.tobytes())


async def test_without_a_sound_card_it_is_kept_and_said_so(tmp_path: Path) -> None:
    empty = tmp_path / "asound.conf"
    empty.touch()
    env = {
        "ALSA_CONFIG_PATH": str(empty),
        "GRAMOPHONE_HOME": str(tmp_path / "home"),
        "PATH": "/usr/bin:/bin",
    }
    async with running() as url:
        _, err = await gramophone(env, "say", "Can you hear me?", "--speak-url", url)
    first, second = err.decode().splitlines()

    assert first.startswith("No sound device (")
    assert first.endswith("the answer is recorded, not heard.")
    assert second.startswith("session ")
    assert any(samples_of(await last_session(env)))
