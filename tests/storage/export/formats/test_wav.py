"""WAV export: all spoken turns joined, 16-bit PCM."""

from __future__ import annotations

import asyncio
import os
import threading
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gramophone.core.errors import StorageError
from gramophone.core.timeline import SessionEnded
from gramophone.library.export_request import ExportRequest
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import SESSION_ID, record


async def export(home: Path, path: Path) -> None:
    async with await StoredLibrary.open(home) as library:
        await library.export([SESSION_ID], ExportRequest("wav", path))


async def test_turns_are_joined_sample_by_sample(tmp_path: Path) -> None:
    first, second = b"\x01\x00" * 480, b"\x02\x00" * 960
    events = [
        session_started(),
        *spoken_exchange(frames=(first,)),
        *spoken_exchange(first_turn=2, start_us=2_000_000, frames=(second, second)),
        SessionEnded(at_us=9_000_000),
    ]
    await record(tmp_path / "home", events)
    await export(tmp_path / "home", tmp_path / "out.wav")
    with wave.open(str(tmp_path / "out.wav"), "rb") as sound:
        assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (48_000, 2, 1)
        assert sound.readframes(9999) == first + second + second


async def spoken_twice(home: Path) -> None:
    frame = b"\x01\x00" * 480
    events = [
        session_started(),
        *spoken_exchange(frames=(frame,)),
        *spoken_exchange(first_turn=2, start_us=2_000_000, frames=(frame,)),
        SessionEnded(at_us=9_000_000),
    ]
    await record(home, events)


async def test_it_tells_how_far_it_is(tmp_path: Path) -> None:
    await spoken_twice(tmp_path / "home")
    reports: list[tuple[int, int]] = []
    async with await StoredLibrary.open(tmp_path / "home") as library:

        def tell(done: int, total: int) -> None:
            reports.append((done, total))

        await library.export(
            [SESSION_ID], ExportRequest("wav", tmp_path / "out.wav"), progress=tell
        )
    assert reports == [(0, 1000), (500, 1000), (1000, 1000)]


async def test_one_that_is_cancelled_leaves_no_file(tmp_path: Path) -> None:
    await spoken_twice(tmp_path / "home")
    begun, go_on = threading.Event(), threading.Event()

    def hold(done: int, total: int) -> None:
        begun.set()
        go_on.wait()

    async with await StoredLibrary.open(tmp_path / "home") as library:
        export_wav = library.export(
            [SESSION_ID], ExportRequest("wav", tmp_path / "out.wav"), progress=hold
        )
        async with asyncio.TaskGroup() as group:
            task = group.create_task(export_wav)
            await asyncio.to_thread(begun.wait)
            task.cancel()
        go_on.set()
        await asyncio.get_running_loop().shutdown_default_executor()
    assert os.listdir(tmp_path) == ["home"]


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
async def test_companded_sound_is_decoded(encoding: str, tmp_path: Path) -> None:
    frame = bytes(range(256))
    events = [
        session_started(encoding=encoding, sample_rate_hz=8_000),
        *spoken_exchange(frames=(frame,)),
        SessionEnded(at_us=9_000_000),
    ]
    await record(tmp_path / "home", events)
    await export(tmp_path / "home", tmp_path / "out.wav")
    samples, rate_hz = soundfile.read(tmp_path / "out.wav", dtype="int16")
    assert soundfile.info(tmp_path / "out.wav").subtype == "PCM_16"
    assert (len(samples), rate_hz) == (256, 8_000)
    # Both codes are symmetric: the sign bit alone tells a value from its negative.
    assert np.array_equal(samples[:128], -samples[128:])
    assert abs(int(samples.max())) > 30_000


async def test_a_session_without_sound_is_refused(tmp_path: Path) -> None:
    await record(tmp_path / "home", [session_started(), *spoken_exchange(frames=())])
    with pytest.raises(StorageError, match="no sound to export"):
        await export(tmp_path / "home", tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


async def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    await record(tmp_path / "home")
    path = tmp_path / f"home/audio/{SESSION_ID}/1.wav"
    path.write_bytes(b"this is no sound")
    with pytest.raises(StorageError, match=r"1\.wav cannot be read"):
        await export(tmp_path / "home", tmp_path / "out.wav")
    path.unlink()
    with pytest.raises(StorageError, match=r"1\.wav is missing"):
        await export(tmp_path / "home", tmp_path / "out.wav")
    assert os.listdir(tmp_path) == ["home"]
