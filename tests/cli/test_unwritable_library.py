"""Full disks and read-only file systems: what is there can be read, and room can be made.

The kernel refuses the calls by a seccomp filter; see `tests/support/refusing_kernel.py`.
"""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gramophone.core.timeline import Event, SessionEnded
from storage.maintenance.gc import size_of
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.library_programs import KILLED, SEVERAL
from tests.support.programs import environment
from tests.support.recordings import SESSION_ID, everything_in, record


def run_refused(refusal_kind: str, home: Path, *commands: str) -> list[tuple[int, str, str]]:
    """Exit code, output and errors of commands whose system calls are refused."""
    refusal = f"quota:0:{home}" if refusal_kind == "full" else refusal_kind
    completed = subprocess.run(
        [sys.executable, "-m", "tests.support.refusing_kernel", refusal, "-c", SEVERAL],
        input=json.dumps([command.split() for command in commands]),
        capture_output=True, text=True, check=True, env=environment(home),
    )  # fmt: skip
    outputs = re.split(r"^# .*\n", completed.stdout, flags=re.MULTILINE)[1:]
    errors = re.split(r"^# .*\n", completed.stderr, flags=re.MULTILINE)[1:]
    assert len(outputs) == len(errors) == len(commands), completed.stdout + completed.stderr
    results: list[tuple[int, str, str]] = []
    for output, error in zip(outputs, errors, strict=True):
        stdout, _, code = output.rpartition("exit ")
        results.append((int(code), stdout, error))
    return results


def kept_in(home: Path) -> dict[Path, bytes]:
    """What must not change: not the locks, nor SQLite's shared memory and empty log."""
    passing = ("library.db-shm", ".lock")
    return {
        path: content
        for path, content in everything_in(home).items()
        if not path.name.endswith(passing) and (content or path.suffix != ".db-wal")
    }


def long_session() -> list[Event]:
    """Twenty questions, and two megabytes of soft noise, of which a codec takes a half."""
    noise = bytearray(48_000)
    noise[::2] = random.Random(1).randbytes(24_000)
    frames = (bytes(noise), bytes(noise))
    exchanges = [
        event
        for turn in range(0, 40, 2)
        for event in spoken_exchange(f"Question {turn}?", first_turn=turn, frames=frames)
    ]
    return [session_started(SESSION_ID), *exchanges, SessionEnded(at_us=60_000_000)]


MATTERS = {"full": "There is no room left in", "read-only": "its file system is read-only"}


@pytest.mark.parametrize("refusal_kind", MATTERS)
async def test_everything_can_be_read(refusal_kind: str, tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir()
    await record(home)
    before = kept_in(home)
    commands = ["sessions", "sessions --search gramophone", "show last", "show last --json",
                "verify", "stats", "replay last --mute --json", "gc"]  # fmt: skip
    if refusal_kind == "full":
        forms = ("md", "wav", "html", "gramophone")
        commands += [f"export last -o {out}/talk.{form}" for form in forms]
        commands += [f"backup {out}/backup"]
    results = run_refused(refusal_kind, home, *commands)
    assert [(code, command) for (code, _, _), command in zip(results, commands, strict=True)] == [
        (0, command) for command in commands
    ]
    assert SESSION_ID in results[0][1]
    assert SESSION_ID in results[1][1]
    assert "A gramophone plays records." in results[2][1]
    assert "All is well" in results[4][1]
    assert '"SessionEnded"' in results[6][1]
    assert all(MATTERS[refusal_kind] in error and str(home) in error for _, _, error in results)
    assert kept_in(home) == before
    assert len(list(out.iterdir())) == (5 if refusal_kind == "full" else 0)


@pytest.mark.parametrize("refusal_kind", MATTERS)
def test_what_stands_in_the_log_of_a_killed_process_can_be_read(
    refusal_kind: str, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(home)], check=False)
    assert killed.returncode == -signal.SIGKILL
    # After a restart of the machine nobody has the file of shared memory.
    (home / "library.db-shm").unlink()
    assert (home / "library.db-wal").stat().st_size > 0
    before = kept_in(home)
    (session, verified) = run_refused(refusal_kind, home, "show last", "verify")
    if refusal_kind == "full":
        assert (session[0], verified[0]) == (0, 0)
        assert "Is it in the log?" in session[1]
    else:
        # Nothing can be written anywhere: there is no place for a copy of database and log.
        assert session[0] == 1
    assert MATTERS[refusal_kind] in session[2]
    assert kept_in(home) == before


async def test_writing_says_what_the_matter_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home)
    for refusal_kind, matter in (
        ("full", "no room left"),
        ("read-only", "file system is read-only"),
    ):
        for code, _, error in run_refused(
            refusal_kind, home, "rename last X", "pin last", "ask hello"
        ):
            assert code == 1
            assert matter in error.splitlines()[-1]
            assert "GRAMOPHONE_HOME" in error.splitlines()[-1]
            assert "Traceback" not in error


async def test_a_session_is_deleted_on_a_full_disk(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home)
    await record(home, short_session("a0"))
    held_bytes = size_of(home)
    commands = (f"delete {SESSION_ID} --yes", "sessions", "verify")
    # Not even the file of shared memory can be made; the reserve makes room.
    for result in run_refused(f"quota:{held_bytes}:{home}", home, *commands):
        assert result[0] == 0, result
    assert not (home / "audio" / SESSION_ID).exists()
    assert not (home / "library.reserve").exists()


async def test_without_a_reserve_the_room_of_the_sound_is_enough(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home, long_session())
    (home / "library.reserve").unlink()
    commands = (f"delete {SESSION_ID} --yes", "sessions", "verify")
    deleted, _, verified = run_refused(f"quota:{size_of(home)}:{home}", home, *commands)
    assert deleted[0] == 0, deleted
    assert verified[:2] == (0, "All is well: database, rows and sound files agree.\n")


async def test_compacting_that_finds_no_room_says_so(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home, long_session())
    before = kept_in(home)
    quota = f"quota:{size_of(home) + 200_000}:{home}"
    ((code, _, error),) = run_refused(quota, home, "compact --older-than 0d")
    assert code == 1
    assert "no room left" in error.splitlines()[-1]
    assert kept_in(home) == before


async def test_where_nothing_can_be_written_at_all_a_deletion_says_what_is_left(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    await record(home)
    (home / "library.reserve").unlink()
    ((code, _, error),) = run_refused("full", home, f"delete {SESSION_ID} --yes")
    assert code == 1
    assert f"The sound of the session {SESSION_ID} is removed" in error
    assert not (home / "audio" / SESSION_ID).exists()


async def test_garbage_is_collected_on_a_full_disk(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home)
    (home / "audio" / SESSION_ID / "7.part.flac").write_bytes(bytes(10_000))
    ((code, stdout, _),) = run_refused("full", home, "gc --yes")
    assert (code, "Freed" in stdout) == (0, True)
    assert not (home / "audio" / SESSION_ID / "7.part.flac").exists()


async def test_without_locks_the_library_is_refused_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home)
    before = everything_in(home)
    results = run_refused("no-locks", home, "sessions", "gc", "ask hello")
    for code, stdout, error in [*results, *run_refused("no-locks", home, "doctor")]:
        assert code == 1
        assert "has no locks" in stdout + error
        assert "GRAMOPHONE_HOME" in stdout + error
    assert everything_in(home) == before


async def test_without_shared_memory_there_is_a_rollback_journal(tmp_path: Path) -> None:
    home = tmp_path / "home"
    await record(home)
    sessions, again, doctor = run_refused(
        "no-shared-memory", home, "sessions", "sessions", "doctor"
    )
    assert SESSION_ID in sessions[1]
    assert "rollback journal" in sessions[2]
    assert again[2] == ""
    assert "rollback journal" in doctor[1]
    assert not (home / "library.db-wal").exists()
