"""SQLite's locks on the library stay held while the program opens it again and again.

POSIX drops every lock that a process holds on a file when the process closes any descriptor of
it. A process without its locks loses the write-ahead log to the next one that closes the library.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gramophone.core.errors import StorageError
from gramophone.library.export_request import ExportRequest
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.backup import back_up
from storage.maintenance.compaction import compact
from storage.maintenance.gc import examine, reclaim
from storage.maintenance.retention import Limits, due
from storage.maintenance.verify import verify
from storage.recording.recorder import Recorder
from storage.recording.recovery import recover
from storage.sessions import edits
from storage.sessions.deletion import delete_sessions
from storage.sqlite.database import connect, open_library
from tests.support.builders import session_started, spoken_exchange
from tests.support.posix_locks import shared_lock_holder
from tests.support.programs import Gramophone, environment
from tests.support.recordings import SESSION_ID, record

OTHER = "0ddba11"
LATER = datetime(2027, 1, 1, tzinfo=UTC)


async def open_library_again(home: Home) -> None:
    open_library(home).close()


async def connect_again(home: Home) -> None:
    database = connect(home)
    database.execute("SELECT count(*) FROM session").fetchone()
    database.close()


async def use_the_library(home: Home) -> None:
    async with await StoredLibrary.open(home.root) as library:
        await library.sessions(search="gramophone")
        await library.events(SESSION_ID)
        await library.statistics()
        await library.verify()


async def record_beside(home: Home) -> None:
    async with Recorder.open(home.root) as recorder:
        recorder.emit(session_started("beef"))


async def collect_garbage(home: Home) -> None:
    reclaim(home, examine(home, LATER))


async def keep_in_order(home: Home) -> None:
    edits.rename(home, SESSION_ID, "Renamed")
    edits.tag(home, [SESSION_ID], ["tagged"], [])
    edits.mark(home, [SESSION_ID], "pinned", True)
    edits.discard(home, [SESSION_ID], LATER)
    edits.restore(home, [SESSION_ID])


async def repair(home: Home) -> None:
    database = open_library(home)
    recover(home, database)
    database.close()


async def check(home: Home) -> None:
    assert verify(home) == []


async def make_a_backup(home: Home) -> None:
    back_up(home, home.root.parent / "backup")
    back_up(home, home.root.parent / "backup", force=True)


async def compact_sound(home: Home) -> None:
    assert compact(home, LATER).turns


async def bundle_and_import(home: Home) -> None:
    path = home.root.parent / "it.gramophone"
    async with await StoredLibrary.open(home.root) as library:
        await library.export([SESSION_ID], ExportRequest("bundle", path))
        await library.import_bundle(path, new_id="abcd")


async def apply_limits(home: Home) -> None:
    due(home, Limits(1, 1.0), LATER)


async def delete(home: Home) -> None:
    delete_sessions(home, [SESSION_ID])


async def refuse_its_own_files(home: Home) -> None:
    async with await StoredLibrary.open(home.root) as library:
        for path in (home.database, home.write_ahead_log):
            with pytest.raises(StorageError, match="library itself"):
                await library.import_bundle(path)
            with pytest.raises(StorageError, match="library itself"):
                await library.import_chats(path)


OPENINGS: list[Callable[[Home], Awaitable[None]]] = [
    open_library_again, connect_again, use_the_library, record_beside, collect_garbage,
    keep_in_order, repair, check, make_a_backup, compact_sound, bundle_and_import, apply_limits,
    delete, refuse_its_own_files,
]  # fmt: skip


@pytest.mark.parametrize("opening", OPENINGS, ids=lambda opening: opening.__name__)
async def test_every_kind_of_opening_leaves_the_locks_held(
    opening: Callable[[Home], Awaitable[None]], tmp_path: Path
) -> None:
    home = Home.at(tmp_path / "home")
    await record(home.root)
    async with Recorder.open(home.root) as recorder:
        recorder.emit(session_started(OTHER))
        await recorder.flush()
        assert shared_lock_holder(home.database) == os.getpid()
        await opening(home)
        assert shared_lock_holder(home.database) == os.getpid()
        assert home.write_ahead_log.exists()


TALKER = """
import asyncio, sys
from pathlib import Path
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.builders import session_started, spoken_exchange

async def main(home):
    async with Recorder.open(home) as recorder, await StoredLibrary.open(home) as library:
        recorder.emit(session_started("0ddba11"))
        for turn in (0, 2, 4):
            for event in spoken_exchange(f"Question {turn}?", "Answer.", first_turn=turn):
                recorder.emit(event)
            await recorder.flush()
            await library.sessions()
            print(turn, flush=True)
            sys.stdin.readline()

asyncio.run(main(Path(sys.argv[1])))
"""


def test_what_is_said_after_another_program_looked_survives_a_kill(tmp_path: Path) -> None:
    gramophone = Gramophone(tmp_path / "home")
    with subprocess.Popen(
        [sys.executable, "-c", TALKER, str(gramophone.home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as talker:  # fmt: skip
        assert talker.stdin is not None
        assert talker.stdout is not None
        for turn in (0, 2, 4):
            assert talker.stdout.readline() == f"{turn}\n"
            if turn == 0:
                assert OTHER in gramophone("sessions").stdout
            if turn < 4:
                talker.stdin.write("\n")
                talker.stdin.flush()
        talker.send_signal(signal.SIGKILL)
    transcript = gramophone("show", OTHER).stdout
    assert [f"Question {turn}?" in transcript for turn in (0, 2, 4)] == [True, True, True]
    assert gramophone("verify").returncode == 0


WATCHED = """
import os, sys
from pathlib import Path

def watch(event, arguments):
    if event != "open" or not isinstance(arguments[0], (str, bytes, os.PathLike)):
        return
    path, _, flags = arguments
    place = Path(os.fsdecode(path))
    # A backup under way (".backup.xyz") syncs its copy before anybody connects to that.
    if place.name.startswith("library.db") and not place.parent.name.startswith("."):
        made = flags & os.O_CREAT and flags & os.O_EXCL
        seen = flags & getattr(os, "O_PATH", 0)
        if not (made or seen):
            print("opened", os.fsdecode(path), oct(flags), file=sys.stderr)

sys.addaudithook(watch)
from gramophone.cli import main
for line in sys.stdin.read().splitlines():
    sys.argv = ["gramophone", *line.split()]
    try:
        main()
    except SystemExit as done:
        print("exit", done.code, line)
"""


async def test_no_command_opens_a_file_of_the_database_beside_sqlite(tmp_path: Path) -> None:
    home = tmp_path / "home"
    gramophone = Gramophone(home)
    await record(home)
    await record(home, [session_started(OTHER), *spoken_exchange()])
    out = tmp_path / "out"
    out.mkdir()
    commands = [
        "sessions", "show last --json", "stats", "verify", "doctor --json", "gc --json",
        f"export last -o {out}/a.gramophone", f"export last -o {out}/a.md",
        f"import {out}/a.gramophone --as-new", f"import {home}/library.db",
        f"bundle verify {home}/library.db", f"backup {out}/backup", f"backup {out}/backup --force",
        "compact --older-than 0d", f"tag {OTHER} +kept", f"rename {OTHER} Kept", f"pin {OTHER}",
        "verify", "gc --yes", f"delete {OTHER} --yes", "sessions",
    ]  # fmt: skip
    completed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", WATCHED],
        input="\n".join(commands), capture_output=True, text=True, check=True,
        env=environment(gramophone.home),
    )  # fmt: skip
    assert [line for line in completed.stderr.splitlines() if line.startswith("opened")] == []
    assert completed.stdout.count("exit") == len(commands)
