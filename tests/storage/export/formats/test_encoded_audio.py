"""FLAC, Vorbis, Opus and MP3 as other programs read them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gramophone.core.errors import StorageError
from gramophone.core.timeline import SessionEnded
from gramophone.library.export_request import ExportRequest, Pauses
from storage.library import StoredLibrary
from tests.support.builders import session_started, spoken_exchange
from tests.support.export_talks import (
    ANSWERS,
    FIRST,
    OTHER_ID,
    SECOND,
    asked_aloud,
    exported,
    noise,
    one_file,
    talk,
)
from tests.support.readers import READERS, chapters, probed
from tests.support.recordings import SESSION_ID, record

ENCODED = ["flac", "ogg", "opus", "mp3"]
SOUNDS = ["wav", *ENCODED]


@pytest.mark.parametrize("reader", [name for name in READERS if name != "wave"])
async def test_flac_is_the_sound_that_came(reader: str, tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    path = await one_file(tmp_path, "flac", pauses=Pauses(given_us=500_000))
    assert READERS[reader](path) == FIRST + bytes(2 * 24_000) + SECOND


async def test_flac_in_stereo(tmp_path: Path) -> None:
    await record(tmp_path / "home", asked_aloud(FIRST, SECOND))
    both, _ = soundfile.read(await one_file(tmp_path, "flac", stereo=True), dtype="int16")
    assert both[: len(FIRST) // 2, 0].tobytes() == FIRST
    assert both[len(FIRST) // 2 :, 1].tobytes() == SECOND


async def recorded_sine(home: Path, rate_hz: int, session_id: str = SESSION_ID) -> None:
    """A second of 440 Hz."""
    times = np.arange(rate_hz) / rate_hz
    pcm = (10_000 * np.sin(2 * np.pi * 440 * times)).astype("<i2").tobytes()
    events = [
        session_started(session_id, sample_rate_hz=rate_hz),
        *spoken_exchange(frames=(pcm,)),
        SessionEnded(at_us=9_000_000),
    ]
    await record(home, events)


@pytest.mark.parametrize("form", ENCODED)
@pytest.mark.parametrize(("own_hz", "in_opus_hz"), [(48_000, 48_000), (22_050, 48_000)])
async def test_it_sounds_the_same_and_lasts_as_long(
    form: str, own_hz: int, in_opus_hz: int, tmp_path: Path
) -> None:
    await recorded_sine(tmp_path / "home", own_hz)
    path = await one_file(tmp_path, form)
    samples, rate_hz = soundfile.read(path, dtype="int16")
    assert (rate_hz, len(samples)) == ((in_opus_hz,) * 2 if form == "opus" else (own_hz,) * 2)
    expected = 10_000 * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)
    middle = slice(rate_hz // 10, -rate_hz // 10)
    error = np.sqrt(np.mean((samples[middle] - expected[middle]) ** 2))
    assert error < 10_000 / 2**0.5 / 30  # 30 dB below the tone


@pytest.mark.parametrize("form", ENCODED)
async def test_tags_and_a_chapter_for_each_turn(form: str, tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    path = await one_file(tmp_path, form, pauses=Pauses(given_us=500_000))
    second = (len(FIRST) // 2 + 24_000) / 48_000
    assert chapters(path) == [
        (0.0, f"1: {ANSWERS[0]}"),
        (pytest.approx(second, abs=0.001), f"3: {ANSWERS[1]}"),
    ]
    description = probed(path)
    tags = {**description["format"].get("tags", {}), **description["streams"][0].get("tags", {})}
    lower_tags = {name.lower(): text for name, text in tags.items()}
    assert lower_tags["title"] == "What is a gramophone?"
    assert lower_tags["artist"] == "aura-2-thalia-en"
    assert lower_tags["date"] == "2026-11-21"
    assert lower_tags["comment"] == "Session 5e551017a0000000; answers by smollm2"


@pytest.mark.parametrize("form", ENCODED)
async def test_the_same_session_gives_the_same_bytes(form: str, tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    first = (await one_file(tmp_path, form)).read_bytes()
    assert (await one_file(tmp_path, form)).read_bytes() == first


@pytest.mark.parametrize("form", ENCODED)
async def test_hundreds_of_chapters_and_the_sound_behind_them(form: str, tmp_path: Path) -> None:
    events = [session_started()]
    for turn in range(0, 600, 2):
        exchange = spoken_exchange(
            answer=f"Answer {turn}: " + "ü" * 90,
            first_turn=turn,
            start_us=1_000_000 + turn * 1_000_000,
            frames=(noise(turn, 480),),
        )
        events += exchange
    await record(tmp_path / "home", [*events, SessionEnded(at_us=900_000_000)])
    path = await one_file(tmp_path, form)
    assert [label[:12] for _, label in chapters(path)][:3] == [
        "1: Answer 0:",
        "3: Answer 2:",
        "5: Answer 4:",
    ]
    assert len(chapters(path)) == 300
    assert soundfile.info(path).frames == 300 * 480
    assert len(READERS["ffmpeg"](path)) > 2 * 290 * 480


@pytest.mark.parametrize(("form", "rates"), [("opus", "8,000, 12,000"), ("mp3", "8,000, 11,025")])
async def test_a_rate_that_a_form_cannot_have_is_refused(
    form: str, rates: str, tmp_path: Path
) -> None:
    await record(tmp_path / "home", talk())
    with pytest.raises(StorageError, match=f"{form} cannot have 96,000 Hz; .* {rates}"):
        await one_file(tmp_path, form, sample_rate_hz=96_000)


@pytest.mark.parametrize("form", SOUNDS)
async def test_without_sound_or_with_none_left_there_is_no_file(form: str, tmp_path: Path) -> None:
    await record(tmp_path / "home", [session_started(OTHER_ID), *spoken_exchange(frames=())])
    with pytest.raises(StorageError, match="no sound to export"):
        await one_file(tmp_path, form, OTHER_ID)
    await record(tmp_path / "home", talk())
    (tmp_path / f"home/audio/{SESSION_ID}/3.wav").unlink()
    with pytest.raises(StorageError, match=r"3\.wav is missing"):
        await one_file(tmp_path, form)
    assert os.listdir(tmp_path) == ["home"]


@pytest.mark.parametrize("form", SOUNDS)
async def test_one_that_is_cancelled_leaves_nothing(form: str, tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    begun, go_on = threading.Event(), threading.Event()

    def hold(done: int, total: int) -> None:
        if done:
            begun.set()
            go_on.wait()

    async with await StoredLibrary.open(tmp_path / "home") as library:
        order = ExportRequest(form, tmp_path / f"out.{form}")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(library.export([SESSION_ID], order, progress=hold))
            await asyncio.to_thread(begun.wait)
            task.cancel()
        go_on.set()
        await asyncio.get_running_loop().shutdown_default_executor()
    assert os.listdir(tmp_path) == ["home"]


# A limit on the size of files stands for a full disk, in a process of its own.
FILLED = """
import asyncio, resource, sys
from pathlib import Path
from gramophone.core.errors import StorageError
from gramophone.library.export_request import ExportRequest
from storage.library import StoredLibrary

async def main(home, path, session):
    async with await StoredLibrary.open(home) as library:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        try:
            await library.export([session], ExportRequest(path.suffix[1:], path))
        except StorageError as error:
            print(error)

asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
"""


def filled(home: Path, path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", FILLED, home, path, SESSION_ID]
    return subprocess.run(command, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("form", SOUNDS)
async def test_a_full_disk_is_named_and_leaves_nothing(form: str, tmp_path: Path) -> None:
    events = [session_started(), *spoken_exchange(frames=(noise(1, 400_000),))]
    await record(tmp_path / "home", [*events, SessionEnded(at_us=9_000_000)])
    child = filled(tmp_path / "home", tmp_path / f"out.{form}")
    assert f"out.{form} cannot be written (File too large)" in child.stdout
    assert child.stderr == ""
    assert os.listdir(tmp_path) == ["home"]


@pytest.mark.parametrize("form", SOUNDS)
async def test_a_place_that_cannot_be_written_is_named(form: str, tmp_path: Path) -> None:
    await record(tmp_path / "home", talk())
    order = ExportRequest(form, tmp_path / "missing" / f"out.{form}")
    with pytest.raises(StorageError, match=r"missing/out\.\w+ cannot be written .* another place"):
        await exported(tmp_path / "home", order)
