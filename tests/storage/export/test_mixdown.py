"""Several sessions, two channels and other rates in one file of sound."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gramophone.core.errors import StorageError
from gramophone.core.timeline import SessionEnded
from gramophone.library.export_request import ExportRequest, Pauses, TurnSelection
from tests.support.builders import session_started, spoken_exchange
from tests.support.export_talks import (
    FIRST,
    OTHER_ID,
    SECOND,
    asked_aloud,
    exported,
    noise,
    one_file,
    talk,
)
from tests.support.readers import READERS
from tests.support.recordings import SESSION_ID, record

VOICE, ANSWER = noise(3, 4_800), noise(4, 2_880)


@pytest.mark.parametrize("reader", READERS)
async def test_the_users_own_voice_is_left_and_answers_are_right(
    reader: str, tmp_path: Path
) -> None:
    await record(tmp_path / "home", asked_aloud(VOICE, ANSWER))
    path = await one_file(tmp_path, "wav", stereo=True)
    both = np.frombuffer(READERS[reader](path), "<i2").reshape(-1, 2)
    assert both[:, 0].tobytes() == VOICE + bytes(len(ANSWER))
    assert both[:, 1].tobytes() == bytes(len(VOICE)) + ANSWER


async def test_with_the_real_pauses_they_lie_where_they_were(tmp_path: Path) -> None:
    await record(tmp_path / "home", asked_aloud(VOICE, ANSWER))
    path = await one_file(tmp_path, "wav", stereo=True, pauses=Pauses(real=True))
    both, rate_hz = soundfile.read(path, dtype="int16")
    # Heard at 0.5 s and at 2.44 s.
    assert rate_hz == 48_000
    start = (2_440 - 500) * 48
    assert both[: len(VOICE) // 2, 0].tobytes() == VOICE
    assert both[start:, 1].tobytes() == ANSWER
    assert not both[len(VOICE) // 2 : start].any()


async def test_without_ones_own_voice_left_is_silent_and_it_says_so(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    result = await exported(
        tmp_path / "home", ExportRequest("wav", tmp_path / "out.wav", stereo=True)
    )
    assert result.notes == (
        "Your own voice was not recorded there, so the left channel is silent.",
    )
    both, _ = soundfile.read(tmp_path / "out.wav", dtype="int16")
    assert not both[:, 0].any()
    assert both[:, 1].tobytes() == FIRST + SECOND


async def recorded_sine(home: Path, session_id: str, rate_hz: int) -> None:
    """A second of 440 Hz."""
    times = np.arange(rate_hz) / rate_hz
    pcm = (10_000 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes()
    await record(
        home,
        [
            session_started(session_id, sample_rate_hz=rate_hz),
            *spoken_exchange(frames=(pcm,)),
            SessionEnded(at_us=9_000_000),
        ],
    )


@pytest.mark.parametrize(("from_hz", "to_hz"), [(24_000, 48_000), (48_000, 22_050)])
async def test_another_rate_is_the_same_sound(from_hz: int, to_hz: int, tmp_path: Path) -> None:
    await recorded_sine(tmp_path / "home", SESSION_ID, from_hz)
    path = await one_file(tmp_path, "wav", sample_rate_hz=to_hz)
    samples, rate_hz = soundfile.read(path, dtype="int16")
    assert (rate_hz, len(samples)) == (to_hz, to_hz)
    expected = 10_000 * np.sin(2 * np.pi * 440 * np.arange(to_hz) / to_hz)
    edge = to_hz // 50
    assert np.abs(samples[edge:-edge] - expected[edge:-edge]).max() < 3
    first = path.read_bytes()
    assert (await one_file(tmp_path, "wav", sample_rate_hz=to_hz)).read_bytes() == first


async def test_the_rate_as_recorded_changes_no_sample(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    as_received = (await one_file(tmp_path, "wav")).read_bytes()
    path = await one_file(tmp_path, "wav", sample_rate_hz=48_000)
    assert path.read_bytes() == as_received


async def test_rates_that_differ_need_one_for_the_file(tmp_path: Path) -> None:
    await recorded_sine(tmp_path / "home", SESSION_ID, 24_000)
    await recorded_sine(tmp_path / "home", OTHER_ID, 48_000)
    both = (SESSION_ID, OTHER_ID)
    with pytest.raises(StorageError, match=r"24,000 and 48,000 Hz.* --rate 48000"):
        await one_file(tmp_path, "wav", *both)
    assert os.listdir(tmp_path) == ["home"]
    path = await one_file(tmp_path, "wav", *both, sample_rate_hz=48_000)
    assert soundfile.info(path).frames == 96_000


async def test_sessions_without_sound_are_left_out_of_several(tmp_path: Path) -> None:
    await record(tmp_path / "home", [session_started(OTHER_ID), *spoken_exchange(frames=())])
    await record(tmp_path / "home", talk())
    order = ExportRequest("wav", tmp_path / "out.wav")
    result = await exported(tmp_path / "home", order, OTHER_ID, SESSION_ID)
    assert result.notes == (f"Left out, because nothing was spoken in them: {OTHER_ID}.",)
    assert READERS["wave"](tmp_path / "out.wav") == FIRST + SECOND


async def test_a_part_is_that_part_sample_by_sample(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    # The first answer is heard from 1.44 s to 1.5 s, the second from 5.44 s on.
    cut = TurnSelection(from_us=1_460_000, to_us=5_450_000)
    path = await one_file(tmp_path, "wav", cut=cut)
    assert READERS["wave"](path) == FIRST[2 * 960 :] + SECOND[: 2 * 480]
    path = await one_file(tmp_path, "wav", cut=cut, pauses=Pauses(real=True))
    silence = bytes(2 * (5_440 - 1_500) * 48)
    assert READERS["wave"](path) == FIRST[2 * 960 :] + silence + SECOND[: 2 * 480]


async def test_each_turn_in_a_file_of_its_own(tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    order = ExportRequest("wav", tmp_path / "out.wav", each_turn=True)
    result = await exported(tmp_path / "home", order)
    assert [path.name for path in result.paths] == ["out-turn-1.wav", "out-turn-3.wav"]
    assert [READERS["wave"](path) for path in result.paths] == [FIRST, SECOND]
