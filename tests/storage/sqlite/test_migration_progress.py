"""An older library that is opened says how far its migration is, and leaving it loses nothing."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gramophone.core.clock import wall_clock
from gramophone.core.tasks import spawn
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.verify import verify
from storage.sqlite.database import APPLICATION_ID, connect
from storage.sqlite.migration_progress import Progress, showing
from storage.sqlite.schema import MIGRATIONS, SCHEMA_VERSION, migrate, schema_version

OLDER = 7


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A library of an older schema with a session in it."""
    home = Home.at(tmp_path / "home")
    home.create()
    with closing(connect(home)) as database:
        database.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        migrate(database, wall_clock, MIGRATIONS[:OLDER])
        database.execute(
            "INSERT INTO session (number, id, title, created_at, provider, model, voice, encoding, "
            "sample_rate_hz, system_prompt, format_version, ended, turns) VALUES (1, "
            "'00000000000000a1', 't', '2026-11-21', '', '', '', 'linear16', 48000, '', 1, 1, 1)"
        )
        database.execute(
            "INSERT INTO turn (number, session, turn, role, text, started_us) "
            "VALUES (1 << 20, 1, 0, 'user', '我的签证', 0)"
        )
    return home


def schema_of(home: Home) -> int:
    with closing(connect(home)) as database:
        return schema_version(database)


async def test_what_was_to_be_shown_is_shown_and_closed(home: Home) -> None:
    reports: list[tuple[int, int]] = []
    closed: list[bool] = []

    @contextmanager
    def bar() -> Generator[Progress]:
        yield lambda done, total: reports.append((done, total))
        closed.append(True)

    with showing(bar):
        async with await StoredLibrary.open(home.root) as library:
            assert closed == [True]
            assert [summary.snippet for summary in await library.sessions(search="签证")]
    steps = sum(len(migration.statements) for migration in MIGRATIONS[OLDER:])
    assert sorted(set(reports)) == [(done, steps) for done in range(steps)]
    assert not [finding for finding in verify(home) if "index" in finding.detail]


async def test_who_leaves_in_the_middle_finds_the_library_as_it_was(home: Home) -> None:
    begun, released = threading.Event(), threading.Event()

    @contextmanager
    def bar() -> Generator[Progress]:
        def tell(done: int, total: int) -> None:
            begun.set()
            released.wait()

        yield tell

    with showing(bar):
        opening = spawn(StoredLibrary.open(home.root), name="opening")
        await asyncio.to_thread(begun.wait)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    released.set()
    # The thread has the lock of a writer until it has put everything back.
    with closing(connect(home)) as database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("ROLLBACK")
    assert schema_of(home) == OLDER
    async with await StoredLibrary.open(home.root) as library:
        assert await library.sessions(search="签证")
    assert schema_of(home) == SCHEMA_VERSION
