"""Compacting: WAV becomes FLAC, bit for bit, and nothing is ever without a whole file."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from gramophone.core.errors import StorageError
from gramophone.core.timeline import Entry, SessionEnded
from gramophone.library.export_request import ExportRequest
from storage.audio.turn_audio import TurnSound
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance import compaction
from storage.maintenance.compaction import compact
from storage.recording.recorder import Recorder
from storage.sqlite.locks import SessionLock
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import NOON, SESSION_ID, opened, record, record_unended

LATER = NOON + timedelta(days=100)
TONE = (np.sin(np.arange(9_600) / 20) * 9_000).astype("<i2").tobytes()


def two_answers(session_id: str = SESSION_ID, **changes: object) -> list[Entry]:
    return [
        session_started(session_id, **changes),
        *spoken_exchange(frames=(TONE, TONE[:4_000])),
        *spoken_exchange(first_turn=2, start_us=5_000_000, frames=(TONE[::-1] + TONE,)),
        SessionEnded(at_us=9_000_000),
    ]


def files(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home / "audio")) for path in home.glob("audio/*/*"))


def hashes(home: Path) -> dict[tuple[str, int], tuple[str, str]]:
    """By turn, what its row says its sound is, and what its sound is."""
    stored = Home.at(home)
    with opened(home) as database:
        rows = database.execute(
            "SELECT id, turn, audio_file, sha256 FROM turn "
            "JOIN session ON session.number = turn.session WHERE audio_file IS NOT NULL"
        ).fetchall()
    held: dict[tuple[str, int], tuple[str, str]] = {}
    for session_id, turn, audio_file, sha256 in rows:
        with TurnSound(stored.sound(session_id, turn, audio_file)) as sound:
            held[session_id, turn] = (sha256, sound.sha256())
    return held


async def checked(home: Path) -> bytes:
    """Open the library, which mends it; nothing is wrong then, and the bundle is the bundle."""
    async with await StoredLibrary.open(home) as library:
        assert await library.verify() == []
        order = ExportRequest("bundle", home.parent / "1.gramophone", replace=True)
        await library.export([SESSION_ID], order)
    return (home.parent / "1.gramophone").read_bytes()


async def test_it_packs_and_says_what_it_saved(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home, two_answers())
    before = await checked(home)
    wav_bytes = sum(path.stat().st_size for path in home.glob("audio/*/*"))
    reports: list[tuple[int, int]] = []
    result = compact(Home.at(home), LATER, progress=lambda at, of: reports.append((at, of)))
    assert files(home) == [f"{SESSION_ID}/1.flac", f"{SESSION_ID}/3.flac"]
    assert (result.sessions, result.turns, result.wav_bytes) == (1, 2, wav_bytes)
    assert result.flac_bytes == sum(path.stat().st_size for path in home.glob("audio/*/*"))
    assert 0 < result.flac_bytes < wav_bytes / 2
    assert (result.left, result.busy, result.stay_wav) == ([], 0, 0)
    assert reports == sorted(reports)
    assert reports[-1][1] == wav_bytes
    assert {path.stat().st_mode & 0o777 for path in home.glob("audio/*/*")} == {0o600}
    assert list((home / "locks").iterdir()) == []
    assert await checked(home) == before
    assert compact(Home.at(home), LATER).turns == 0


def looked_at(home: Path) -> dict[tuple[str, int], int]:
    """When each file was written, by its name and size."""
    stats = {path: path.stat() for path in home.rglob("*")}
    return {(str(path), stat.st_size): stat.st_mtime_ns for path, stat in stats.items()}


async def test_a_dry_run_touches_nothing(tmp_path: Path) -> None:
    await record(tmp_path, two_answers())
    before = looked_at(tmp_path)
    result = compact(Home.at(tmp_path), LATER, dry_run=True)
    assert (result.sessions, result.turns, result.flac_bytes) == (1, 2, 0)
    assert result.wav_bytes == sum(size for name, size in before if name.endswith(".wav"))
    assert looked_at(tmp_path) == before


async def test_what_is_young_unfinished_or_discarded_is_left_alone(tmp_path: Path) -> None:
    await record(tmp_path, two_answers())
    await record(tmp_path, two_answers("aa"))
    with opened(tmp_path) as database:
        database.execute("UPDATE session SET discarded_at = 'now' WHERE id = 'aa'")
    await record_unended(tmp_path, "bb")
    assert compact(Home.at(tmp_path), NOON).sessions == 0
    assert compact(Home.at(tmp_path), LATER).sessions == 1
    assert [name for name in files(tmp_path) if name.endswith("flac")] == [
        f"{SESSION_ID}/1.flac",
        f"{SESSION_ID}/3.flac",
    ]


async def test_a_session_that_is_recorded_or_held_is_left_alone(tmp_path: Path) -> None:
    await record(tmp_path, two_answers())
    async with Recorder.open(tmp_path, wall_clock=lambda: NOON) as recorder:
        for entry in two_answers("cc")[:-1]:
            recorder.emit(entry)
        await recorder.flush()
        lock = SessionLock.take(Home.at(tmp_path), SESSION_ID)
        assert lock is not None
        result = compact(Home.at(tmp_path), LATER)
        lock.release()
        assert (result.sessions, result.busy) == (0, 1)
        assert compact(Home.at(tmp_path), LATER).sessions == 1
        recorder.emit(SessionEnded(at_us=9_000_000))
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []


@pytest.mark.parametrize(
    ("changes", "frames"),
    [
        ({"encoding": "mulaw", "sample_rate_hz": 8_000}, (TONE,)),
        ({"encoding": "alaw", "sample_rate_hz": 8_000}, (TONE,)),
        ({}, (TONE + b"\1",)),
        ({}, (b"",)),
        # Noise has no pattern: FLAC of a little of it is larger.
        ({}, (np.random.default_rng(1).bytes(600),)),
    ],
)
async def test_sound_that_flac_does_not_fit_stays_wav(
    tmp_path: Path, changes: dict[str, object], frames: tuple[bytes, ...]
) -> None:
    await record(
        tmp_path,
        [
            session_started(SESSION_ID, **changes),
            *spoken_exchange(frames=frames),
            SessionEnded(at_us=1),
        ],
    )
    before = files(tmp_path)
    assert compact(Home.at(tmp_path), LATER).turns == 0
    assert files(tmp_path) == before
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []


async def test_sound_that_is_not_what_was_recorded_is_left_and_told(tmp_path: Path) -> None:
    await record(tmp_path, two_answers())
    path = tmp_path / f"audio/{SESSION_ID}/1.wav"
    held = bytearray(path.read_bytes())
    held[100] ^= 1
    path.write_bytes(held)
    result = compact(Home.at(tmp_path), LATER)
    assert result.left == [f"{path} is not what was recorded; run `gramophone verify`."]
    assert path.read_bytes() == held
    assert files(tmp_path) == [f"{SESSION_ID}/1.wav", f"{SESSION_ID}/3.flac"]


class Stopped(Exception):
    """Raised where a test wants the work to end."""


@pytest.mark.parametrize("calls", [1, 2])
async def test_what_is_stopped_leaves_the_session_as_it_was(tmp_path: Path, calls: int) -> None:
    await record(tmp_path, two_answers())
    before = files(tmp_path)
    calls_left = calls

    def tell(done: int, total: int) -> None:
        nonlocal calls_left
        calls_left -= 1
        if not calls_left:
            raise Stopped

    with pytest.raises(Stopped):
        compact(Home.at(tmp_path), LATER, progress=tell)
    assert files(tmp_path) == before
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []


async def test_rows_that_cannot_be_written_leave_the_wavs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(tmp_path, two_answers())
    before = files(tmp_path)
    with opened(tmp_path) as database:
        database.execute(
            "CREATE TRIGGER no BEFORE UPDATE OF audio_file ON turn "
            "BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(StorageError, match="could not be used"):
        compact(Home.at(tmp_path), LATER)
    assert files(tmp_path) == before
    monkeypatch.setattr(compaction, "_FREE_BESIDES_BYTES", 1 << 60)
    with pytest.raises(StorageError, match="There is no room"):
        compact(Home.at(tmp_path), LATER)
    assert files(tmp_path) == before


def test_two_at_once_do_all_of_it_once(tmp_path: Path) -> None:
    names = [f"{number:02x}" for number in range(12)]
    for name in names:
        asyncio.run(record(tmp_path, two_answers(name)))

    async def both() -> list[compaction.Compacted]:
        return list(
            await asyncio.gather(
                *(asyncio.to_thread(compact, Home.at(tmp_path), LATER) for _ in range(2))
            )
        )

    results = asyncio.run(both())
    assert sum(result.turns for result in results) == 24
    assert files(tmp_path) == [f"{name}/{turn}.flac" for name in names for turn in (1, 3)]
    asyncio.run(verified(tmp_path))


async def verified(home: Path) -> None:
    async with await StoredLibrary.open(home) as library:
        assert await library.verify() == []


# --- killed ---------------------------------------------------------------------------------------


def killed_at(home: Path, line: int) -> bool:
    """Compact in a process that ends itself before the so-manieth line of the module; whether it
    came so far."""
    child = os.fork()
    if not child:
        lines_left = line

        def trace(frame: FrameType, event: str, _argument: Any) -> Any:
            nonlocal lines_left
            if frame.f_code.co_filename != compaction.__file__:
                return None
            if frame.f_code.co_name in ONLY_LOOKING:
                return None
            if event == "line":
                lines_left -= 1
                if not lines_left:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        try:
            compact(Home.at(home), LATER)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status == signal.SIGKILL


ONLY_LOOKING = frozenset({"<genexpr>", "<listcomp>", "_chosen", "_turns", "_size", "part", "add"})
"""What changes nothing on the disk: to be killed in there is to be killed before or after it."""

OF_EACH_STATE = 6
"""So often what lies there is opened and compacted again; its sound is looked at every time."""


def test_killed_at_any_line_each_turn_has_its_whole_sound(tmp_path: Path) -> None:
    template = tmp_path / "template"
    asyncio.run(record(template, two_answers()))
    before = asyncio.run(checked(template))
    compact(Home.at(tmp_path / "template"), datetime(2000, 1, 1, tzinfo=UTC))
    states: dict[tuple[str, ...], int] = {}
    line, home = 0, tmp_path / "home"
    while True:
        line += 1
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(template, home)
        killed = killed_at(home, line)
        state = tuple(name.partition("/")[2] for name in files(home))
        for turn, (recorded, held) in hashes(home).items():
            assert held == recorded, (line, turn)
        states[state] = states.get(state, 0) + 1
        if killed and states[state] > OF_EACH_STATE:
            continue
        assert asyncio.run(checked(home)) == before, line
        if not killed:
            break
        names = [name.partition("/")[2] for name in files(home)]
        assert len(names) == 2, (line, names)
        compact(Home.at(home), LATER)
        assert files(home) == [f"{SESSION_ID}/1.flac", f"{SESSION_ID}/3.flac"], line
        assert list((home / "locks").iterdir()) == []
    assert {
        ("1.wav", "3.wav"),
        ("1.part.flac", "1.wav", "3.part.flac", "3.wav"),
        ("1.flac", "1.wav", "3.flac", "3.wav"),
        ("1.flac", "3.flac", "3.wav"),
        ("1.flac", "3.flac"),
    } <= states.keys()


async def test_a_flac_that_lies_beside_its_wav_and_is_bad_goes(tmp_path: Path) -> None:
    await record(tmp_path, two_answers())
    (tmp_path / f"audio/{SESSION_ID}/1.flac").write_bytes(b"torn by the power cut")
    with opened(tmp_path) as database:
        database.execute("UPDATE turn SET audio_file = '1.flac' WHERE turn = 1")
    (tmp_path / f"locks/{SESSION_ID}.lock").touch()
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []
    assert files(tmp_path) == [f"{SESSION_ID}/1.wav", f"{SESSION_ID}/3.wav"]
