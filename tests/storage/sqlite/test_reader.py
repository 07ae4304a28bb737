"""Reader: a question nobody waits for any more is stopped, and only that one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gramophone.core.errors import LibraryCorrupt, StorageError
from gramophone.core.tasks import cancel, spawn
from storage.home import Home
from storage.sqlite.database import open_library
from storage.sqlite.reader import ReadConnection

ENDLESS = (
    "WITH RECURSIVE counted (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM counted) "
    "SELECT count(*) FROM counted"
)


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[ReadConnection]:
    home = Home.at(tmp_path)
    open_library(home).close()
    opened = await ReadConnection.open(home)
    yield opened
    await opened.aclose()


async def test_an_endless_question_ends_when_it_is_cancelled(reader: ReadConnection) -> None:
    query = spawn(reader.fetch(ENDLESS), name="endless")
    await asyncio.sleep(0)
    await cancel(query)
    assert query.cancelled()
    assert await reader.fetch("SELECT 7") == [(7,)]


async def test_a_question_that_waits_its_turn_is_not_hit(reader: ReadConnection) -> None:
    endless = spawn(reader.fetch(ENDLESS), name="endless")
    await asyncio.sleep(0)
    waiting = spawn(reader.fetch("SELECT 8"), name="waiting")
    given_up = spawn(reader.fetch("SELECT 9"), name="given up")
    await asyncio.sleep(0)
    await cancel(given_up)
    await cancel(endless)
    assert await waiting == [(8,)]


async def test_errors_come_as_sentences(reader: ReadConnection) -> None:
    with pytest.raises(StorageError, match="could not be used"):
        await reader.fetch("SELECT * FROM nowhere")


async def test_a_reader_cannot_write(reader: ReadConnection) -> None:
    with pytest.raises(StorageError) as raised:
        await reader.fetch("DELETE FROM session")
    assert not isinstance(raised.value, LibraryCorrupt)
