"""A reading connection whose work stops when it is no longer wanted.

Cancelling an await does not stop SQLite: the thread would read on, and the next question would
wait behind it. So a cancelled query is interrupted, and only then does the cancellation go on.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

import aiosqlite

from gramophone.core.tasks import spawn
from storage.home import Home
from storage.sqlite.error_messages import UNREADABLE, storage_error

_INTERRUPT_AGAIN_S = 0.005
_BUSY_S = 15.0


class DamagedText(str):
    """Text of a row that could not be read as it was written; the unreadable is `\ufffd`."""

    __slots__ = ()


def damaged_or_text(stored: bytes) -> str:
    """Text of a column; a DamagedText if it is not UTF-8."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return DamagedText(stored.decode(errors="replace"))


class ReadConnection:
    """One reading connection; questions are answered one after another."""

    def __init__(self, home: Home, connection: aiosqlite.Connection) -> None:
        """Use `ReadConnection.open`."""
        self._home = home
        self._connection = connection
        # An interruption hits whatever runs on the connection: it must be our own query.
        self._turn = asyncio.Lock()

    @classmethod
    async def open(cls, home: Home, address: str = "") -> ReadConnection:
        """Connect to a library that exists; by the URI `address`, if one is given.

        Raises:
            sqlite3.Error: it cannot be opened.
        """
        connection = await aiosqlite.connect(
            address or home.database, uri=bool(address), isolation_level=None, timeout=_BUSY_S
        )
        await connection.execute("PRAGMA query_only = ON")
        return cls(home, connection)

    async def fetch(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query.

        Raises:
            StorageError: the library cannot be read.
        """
        async with self._turn:
            work = spawn(self._answer(query, parameters), name="library query")
            try:
                answer = await asyncio.shield(work)
            except asyncio.CancelledError:
                await self._interrupt(work)
                raise
        if isinstance(answer, Exception):
            raise storage_error(answer, self._home) from answer
        return answer

    async def aclose(self) -> None:
        """Close the connection, after the question that is being answered."""
        async with self._turn:
            await self._connection.close()

    async def _answer(
        self, query: str, parameters: Sequence[Any]
    ) -> list[tuple[Any, ...]] | Exception:
        # The error is a value: nobody may be waiting for it any more.
        try:
            return await self._rows(query, parameters)
        except sqlite3.OperationalError as error:
            if not str(error).startswith("Could not decode"):
                return error
        except UNREADABLE as error:
            return error
        # Text that is no UTF-8 stands in some row; the others are still wanted.
        self._connection.text_factory = damaged_or_text
        try:
            return await self._rows(query, parameters)
        except UNREADABLE as error:
            return error
        finally:
            self._connection.text_factory = str

    async def _rows(self, query: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._connection.execute_fetchall(query, parameters)]

    # `interrupt` ends whatever statement runs on the connection at that moment, and does nothing if
    # none does. The lock around `fetch` makes sure that it can only be the cancelled one.
    async def _interrupt(self, work: asyncio.Task[Any]) -> None:
        # Again and again, because an interruption that comes before SQLite has begun is lost.
        while not work.done():
            await self._connection.interrupt()
            await asyncio.wait([work], timeout=_INTERRUPT_AGAIN_S)
