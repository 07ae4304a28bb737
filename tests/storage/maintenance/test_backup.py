"""A backup is a library that is whole, whatever happens while it is made."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gramophone.core.errors import StorageError
from gramophone.core.timeline import AudioReceived, SessionEnded
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.backup import back_up
from storage.maintenance.compaction import compact
from storage.maintenance.verify import verify
from tests.support.builders import session_started, spoken_exchange
from tests.support.recordings import NOON, SESSION_ID, opened, record
from tests.support.sound_card import wait_until

# Records for ever, as fast as it can: half of it lies between a row and its file at any moment.
RECORDING = """
import asyncio, sys
from pathlib import Path
from gramophone.core.timeline import *
from storage.recording.recorder import Recorder
from tests.support.builders import session_started

async def main():
    recorder = Recorder.open(Path(sys.argv[1]))
    recorder.emit(session_started("11fe"))
    turn, at = 0, 0
    while True:
        recorder.emit(TurnStarted(at_us=at, turn=turn, role="assistant"))
        offset = 0
        for number in range(50):
            pcm = bytes([turn % 256, number]) * 501 + b"x"
            recorder.emit(AudioReceived(at_us=at, turn=turn, connection=0, offset_bytes=offset,
                                        size_bytes=len(pcm), pcm=pcm))
            recorder.emit(DeltaReceived(at_us=at, turn=turn, text=f"word{number} "))
            offset += len(pcm)
            at += 1000
            await recorder.flush()
            if turn == 2 and number == 25:
                print("going", flush=True)
        recorder.emit(TurnCompleted(at_us=at, turn=turn, role="assistant", text="words",
                                    finish_reason="stop"))
        turn += 1

asyncio.run(main())
"""


@contextmanager
def recording(home: Path) -> Generator[None]:
    """Another process records while the block runs, and is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", RECORDING, str(home)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"going\n"
        try:
            yield
        finally:
            assert child.poll() is None
            child.kill()


async def two_sessions(home: Path) -> None:
    for session_id in (SESSION_ID, "bb"):
        frames = (b"\x01\x02" * 40_000, b"\x01\x03" * 40_000)
        entries = [session_started(session_id), *spoken_exchange(frames=frames)]
        await record(home, [*entries, SessionEnded(at_us=9_000_000)])


def whole(path: Path) -> None:
    """Nothing is wrong with it, before it is opened (which mends) and after."""
    assert verify(Home.at(path)) == []

    async def opened_whole() -> None:
        async with await StoredLibrary.open(path) as library:
            assert await library.verify() == []

    asyncio.run(opened_whole())


def modes(path: Path) -> set[int]:
    return {file.stat().st_mode & 0o777 for file in path.rglob("*") if file.is_file()}


def test_a_copy_has_all_of_it_and_is_ones_own(tmp_path: Path) -> None:
    home, path = tmp_path / "home", tmp_path / "copy"
    asyncio.run(two_sessions(home))
    (home / "config.toml").write_text("[sound]\nmuted = true\n")
    backup = back_up(Home.at(home), path)
    assert (backup.sessions, backup.missing) == (2, 0)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["copy", "home"]
    for name in ("redaction.key", "config.toml", f"audio/{SESSION_ID}/1.wav", "audio/bb/1.wav"):
        assert (path / name).read_bytes() == (home / name).read_bytes()
    assert modes(path) == {0o600}
    assert path.stat().st_mode & 0o777 == 0o700
    whole(path)

    async def same() -> None:
        async with await StoredLibrary.open(home) as here, await StoredLibrary.open(path) as there:
            for session_id in (SESSION_ID, "bb"):
                assert await here.events(session_id) == await there.events(session_id)
            assert await here.sessions(search="gramophone") == await there.sessions(
                search="gramophone"
            )

    asyncio.run(same())


def test_copies_made_while_another_process_records_are_whole(tmp_path: Path) -> None:
    home = tmp_path / "home"
    asyncio.run(two_sessions(home))
    with recording(home):
        for number in range(6):
            back_up(Home.at(home), tmp_path / str(number))
    lengths: list[int] = []
    for number in range(6):
        path = tmp_path / str(number)
        with opened(path) as database:
            assert database.execute("SELECT ended FROM session WHERE id = '11fe'").fetchone() == (
                0,
            )
        whole(path)
        lengths.append(asyncio.run(sound_frames(path)))
    assert lengths == sorted(lengths)
    assert lengths[0] > 100


async def sound_frames(path: Path) -> int:
    """How many frames a copy has of the session that was recorded; each as it was emitted."""
    async with await StoredLibrary.open(path) as library:
        frames = [e for e in await library.events("11fe") if isinstance(e, AudioReceived)]
        record = await library.session("11fe")
    for index, frame in enumerate(frames):
        turn, number = divmod(index, 50)
        assert frame.pcm == bytes([turn % 256, number]) * 501 + b"x"
    assert record.summary.recovered
    return len(frames)


def after_the_snapshot(action: Callable[[], None]) -> Callable[[int, int], None]:
    """A `tell` that does something when the rows are copied and no sound is."""
    calls = 0

    def tell(done: int, _total: int) -> None:
        nonlocal calls
        calls += done > 30_000
        if calls == 1:
            action()
            calls += 1

    return tell


def test_a_session_that_is_deleted_meanwhile_is_not_in_it(tmp_path: Path) -> None:
    home, path = tmp_path / "home", tmp_path / "copy"
    asyncio.run(two_sessions(home))

    async def delete() -> None:
        async with await StoredLibrary.open(home) as library:
            await library.delete("bb")

    backup = back_up(
        Home.at(home), path, progress=after_the_snapshot(lambda: asyncio.run(delete()))
    )
    assert (backup.sessions, backup.missing) == (1, 0)
    assert not (path / "audio/bb").exists()
    whole(path)


def test_a_session_that_is_compacted_meanwhile_has_its_flac(tmp_path: Path) -> None:
    home, path = tmp_path / "home", tmp_path / "copy"
    asyncio.run(two_sessions(home))
    later = NOON.replace(year=2027)
    backup = back_up(
        Home.at(home),
        path,
        progress=after_the_snapshot(lambda: void(compact(Home.at(home), later))),
    )
    assert (backup.sessions, backup.missing) == (2, 0)
    assert sorted(file.name for file in path.glob("audio/*/*")) == ["1.flac", "1.flac"]
    whole(path)


def void(_: object) -> None:
    """A result that nobody needs."""


def test_sound_that_was_missing_before_is_told(tmp_path: Path) -> None:
    home, path = tmp_path / "home", tmp_path / "copy"
    asyncio.run(two_sessions(home))
    (home / "audio/bb/1.wav").unlink()
    backup = back_up(Home.at(home), path)
    assert (backup.sessions, backup.missing) == (2, 1)
    assert len(verify(Home.at(path))) == 1


# --- the place ----------------------------------------------------------------------------------


def test_a_place_that_is_taken_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    asyncio.run(two_sessions(home))
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    refused = [
        (tmp_path / "full", False, "is not empty"),
        (tmp_path / "full", True, "holds no earlier backup"),
        (tmp_path / "file", True, "is not a directory"),
        (tmp_path / "link", True, "is not a directory"),
        (home, True, "in the library itself"),
        (home / "audio/x", True, "in the library itself"),
        (tmp_path, True, "or around it"),
        (tmp_path / "none/x", False, "There is no directory"),
    ]
    for path, force, words in refused:
        with pytest.raises(StorageError, match=words):
            back_up(Home.at(home), path, force=force)
    assert (tmp_path / "full/mine.txt").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["file", "full", "home", "link"]


def test_an_empty_place_is_taken_and_an_earlier_backup_replaced(tmp_path: Path) -> None:
    home, path = tmp_path / "home", tmp_path / "copy"
    asyncio.run(two_sessions(home))
    path.mkdir()
    back_up(Home.at(home), path)
    with pytest.raises(StorageError, match="--force to replace an earlier backup"):
        back_up(Home.at(home), path)
    asyncio.run(record(home, [session_started("cc"), SessionEnded(at_us=1)]))
    assert back_up(Home.at(home), path, force=True).sessions == 3
    assert sorted(os.listdir(tmp_path)) == ["copy", "home"]
    whole(path)


class Stopped(Exception):
    """Raised where a test wants the work to end."""


@pytest.mark.parametrize("at_bytes", [0, 1, 30_000, 200_000])
def test_what_is_stopped_leaves_nothing(tmp_path: Path, at_bytes: int) -> None:
    home, path = tmp_path / "home", tmp_path / "copy"
    asyncio.run(two_sessions(home))

    def tell(done: int, _total: int) -> None:
        if done >= at_bytes:
            raise Stopped

    with pytest.raises(Stopped):
        back_up(Home.at(home), path, progress=tell)
    assert os.listdir(tmp_path) == ["home"]


FULL = """
import resource, signal, sys
from pathlib import Path
from storage.maintenance.backup import back_up
from storage.home import Home
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    back_up(Home.at(Path(sys.argv[1]) / "home"), Path(sys.argv[1]) / "copy")
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize("most_bytes", [20_000, 130_000])
def test_a_disk_that_fills_up_is_told_and_nothing_is_left(tmp_path: Path, most_bytes: int) -> None:
    asyncio.run(two_sessions(tmp_path / "home"))
    child = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), str(most_bytes)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.startswith(
        f"StorageError The backup {tmp_path}/copy cannot be written ("
    ), child
    assert os.listdir(tmp_path) == ["home"]


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    asyncio.run(two_sessions(home))
    # Large enough to be met in the middle: the sound is holes, and is read as zeros.
    os.truncate(home / "audio/bb/1.wav", 3_000_000_000)
    child = subprocess.Popen(
        [sys.executable, "-m", "gramophone.cli", "backup", str(tmp_path / "copy")],
        env=os.environ | {"GRAMOPHONE_HOME": str(home)},
        stderr=subprocess.PIPE,
        # Whatever runs the tests may ignore it, and children ignore what their parents do.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with child:
        wait_until(lambda: any(tmp_path.glob(".copy.*/audio/bb/1.wav")), "a copy under way")
        assert child.poll() is None
        child.send_signal(signal.SIGINT)
        _, output = child.communicate()
    assert child.returncode == 130, output
    assert os.listdir(tmp_path) == ["home"]
