"""Opening: newer, damaged, foreign and unwritable libraries each get one clear sentence."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gramophone.core.errors import LibraryCorrupt, LibraryTooNew, StorageError
from storage.home import Home
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from storage.sqlite.database import open_library
from storage.sqlite.schema import SCHEMA_VERSION
from tests.support.recordings import everything_in, opened, record


def test_a_library_is_made_where_there_is_none(tmp_path: Path) -> None:
    open_library(Home.at(tmp_path / "deep" / "down")).close()
    assert (tmp_path / "deep" / "down" / "library.db").exists()


def test_commits_are_cheap_by_default_and_the_log_is_written_ahead(tmp_path: Path) -> None:
    database = open_library(Home.at(tmp_path))
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA synchronous").fetchone() == (1,)
    database.close()


async def test_a_newer_library_is_refused_and_left_alone(tmp_path: Path) -> None:
    await record(tmp_path)
    with opened(tmp_path) as database:
        database.execute("PRAGMA user_version = 999")
    before = everything_in(tmp_path)
    with pytest.raises(LibraryTooNew, match=r"newer Gramophone.*Upgrade"):
        Recorder.open(tmp_path)
    with pytest.raises(LibraryTooNew):
        await StoredLibrary.open(tmp_path)
    assert everything_in(tmp_path) == before


@pytest.mark.parametrize("damage", ["truncated", "random bytes", "text", "header overwritten"])
async def test_a_damaged_library_is_named_and_left_alone(damage: str, tmp_path: Path) -> None:
    await record(tmp_path)
    path = tmp_path / "library.db"
    content = path.read_bytes()
    path.write_bytes(
        {
            "truncated": content[: len(content) // 2],
            "random bytes": random.Random(1).randbytes(len(content)),
            "text": b"Dear diary, today I recorded nothing at all.\n" * 100,
            "header overwritten": bytes(100) + content[100:],
        }[damage]
    )
    before = everything_in(tmp_path)
    with pytest.raises(LibraryCorrupt, match=r"damaged.*gramophone verify.*GRAMOPHONE_HOME"):
        Recorder.open(tmp_path)
    with pytest.raises(LibraryCorrupt):
        await StoredLibrary.open(tmp_path)
    assert everything_in(tmp_path) == before


async def test_damage_within_is_named_when_it_is_met(tmp_path: Path) -> None:
    await record(tmp_path)
    with opened(tmp_path) as database:
        page = database.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'session'"
        ).fetchone()[0]
    with (tmp_path / "library.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    with pytest.raises(LibraryCorrupt, match="damaged"):
        async with await StoredLibrary.open(tmp_path) as library:
            await library.sessions()


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    foreign = sqlite3.connect(tmp_path / "library.db")
    foreign.execute("CREATE TABLE recipes (name)")
    foreign.close()
    with pytest.raises(LibraryCorrupt, match="not a library of Gramophone"):
        Recorder.open(tmp_path)


def test_a_log_without_its_database_is_never_thrown_away(tmp_path: Path) -> None:
    # SQLite deletes such a log when it opens the database anew.
    (tmp_path / "library.db-wal").write_bytes(b"a recording may be in here")
    with pytest.raises(LibraryCorrupt, match="missing or empty"):
        Recorder.open(tmp_path)
    assert (tmp_path / "library.db-wal").read_bytes() == b"a recording may be in here"


def test_a_path_that_is_no_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="GRAMOPHONE_HOME"):
        Recorder.open(tmp_path / "file" / "home")


# Imports what asyncio would import late: the other user may not be allowed to read Python's files.
UNPRIVILEGED = """
import asyncio, concurrent.futures.thread, os, sys
from pathlib import Path
from gramophone.core.errors import StorageError
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
if os.geteuid() == 0:
    os.seteuid(65534)
home = Path(sys.argv[1])
for opening in (lambda: Recorder.open(home), lambda: asyncio.run(StoredLibrary.open(home))):
    try:
        opening()
    except StorageError as error:
        print(error)
"""


@pytest.mark.parametrize("name", ["", "below"], ids=["itself", "its parent"])
def test_a_directory_without_the_right_to_write_is_named(name: str) -> None:
    # Not in tmp_path: the child may be another user, who cannot look into that.
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o555)
        home = Path(directory) / name
        child = subprocess.run(
            [sys.executable, "-c", UNPRIVILEGED, str(home)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        os.chmod(directory, 0o700)
    sentences = child.stdout.splitlines()
    assert len(sentences) == 2
    assert all(f"{home} cannot be written" in sentence for sentence in sentences)
    assert all("GRAMOPHONE_HOME" in sentence for sentence in sentences)


OPENERS = """
import sys
from pathlib import Path
from storage.sqlite.database import open_library
from storage.home import Home
from storage.sqlite.schema import SCHEMA_VERSION
sys.stdin.read(1)
open_library(Home.at(Path(sys.argv[1]))).close()
"""


def test_programs_that_start_at_once_make_one_library(tmp_path: Path) -> None:
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPENERS, str(tmp_path / "home")], stdin=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(b"!")
        child.stdin.close()
    assert [child.wait() for child in children] == [0, 0, 0, 0]
    with opened(tmp_path / "home") as database:
        assert database.execute("SELECT count(*) FROM migration").fetchone() == (SCHEMA_VERSION,)
