"""Locks: one holder at a time, given back by death."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from storage.home import Home
from storage.sqlite.locks import SessionLock


def held(home: Home) -> SessionLock:
    lock = SessionLock.take(home, "a0")
    assert lock is not None
    return lock


def test_a_held_lock_is_not_given_twice(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    lock = held(home)
    assert SessionLock.take(home, "a0") is None
    lock.release()
    held(home).release()


def test_sessions_do_not_share_a_lock(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    lock = held(home)
    other = SessionLock.take(home, "a1")
    assert other is not None
    other.release()
    lock.release()


def test_nothing_is_left_behind_and_releasing_twice_is_harmless(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    lock = held(home)
    lock.release()
    lock.release()
    assert list(home.locks.iterdir()) == []


HOLDER = """
import sys
from pathlib import Path
from storage.home import Home
from storage.sqlite.locks import SessionLock
lock = SessionLock.take(Home.at(Path(sys.argv[1])), "a0")
print("held", flush=True)
sys.stdin.read()
"""


def test_another_process_holds_it_until_it_is_killed(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert SessionLock.take(home, "a0") is None
        child.kill()
    held(home).release()
