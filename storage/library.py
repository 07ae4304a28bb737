"""The library on disk: the roles of `gramophone.library.library`, statistics, checks, imports.

Methods of a role are described there. Reading goes through aiosqlite on two connections, one of
them for searches alone, so that a search never delays the opening of a session. Work on files
runs in a thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from gramophone.core.clock import wall_clock as system_wall_clock
from gramophone.core.errors import LibraryUnwritable
from gramophone.core.timeline import Event
from gramophone.library.export_request import ExportRequest, ExportResult
from gramophone.library.library import (
    Finding,
    Library,
    SessionRecord,
)
from gramophone.library.statistics import StoredStatistics
from storage.audio.peaks import peaks
from storage.audio.session_audio import SessionAudio
from storage.bundle.importer import BundleImportResult, import_bundle
from storage.chat_import.importer import ChatImportResult, import_chats
from storage.export.export import export
from storage.home import Home
from storage.maintenance.compaction import finish_compactions
from storage.maintenance.verify import verify
from storage.recording.recovery import recover
from storage.sessions import edits, records
from storage.sessions.deletion import delete_sessions
from storage.sessions.listing import StoredQueries, not_found
from storage.sessions.statistics import stored_statistics
from storage.sqlite.cancellation import cancellable
from storage.sqlite.database import journal_sentence, open_library, readable
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.file_system import support
from storage.sqlite.migration_progress import Progress, shown
from storage.sqlite.reader import ReadConnection

_log = logging.getLogger(__name__)


class StoredLibrary(StoredQueries, Library):
    """An opened library. Use it as an async context manager, or call `aclose`."""

    def __init__(
        self,
        home: Home,
        reader: ReadConnection,
        searcher: ReadConnection,
        wall_clock: Callable[[], datetime],
    ) -> None:
        """Use `StoredLibrary.open`."""
        super().__init__(reader, searcher, wall_clock)
        self._home = home
        self._discarded: dict[str, None] = {}
        self.condition = ""
        """A sentence about what is unusual: opened for reading only, or a rollback journal."""

    @classmethod
    async def open(
        cls, home: Path, *, wall_clock: Callable[[], datetime] = system_wall_clock
    ) -> StoredLibrary:
        """Open the library under `home`, made where it is missing; repairs what was killed.

        Where nothing can be written (a full disk, a read-only file system), what is there can be
        read; a warning says so.

        Raises:
            LibraryTooNew: a newer version wrote it.
            LibraryCorrupt: it is damaged; nothing was changed.
            StorageError: it cannot be read or written.
        """
        data_directory = Home.at(home)
        with (
            shown() as progress,
            cancellable("The library was left as it was.", progress) as report,
        ):
            address, condition = await asyncio.to_thread(
                _prepared, data_directory, wall_clock, report
            )
        with storage_errors(data_directory):
            reader = await ReadConnection.open(data_directory, address)
            try:
                searcher = await ReadConnection.open(data_directory, address)
            except BaseException:
                await reader.aclose()
                raise
        library = cls(data_directory, reader, searcher, wall_clock)
        library.condition = condition
        return library

    async def __aenter__(self) -> StoredLibrary:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._searcher.aclose()
        await self._reader.aclose()

    async def session(self, session_id: str) -> SessionRecord:
        rows = await self._reader.fetch(records.SESSION, (session_id,))
        if not rows:
            raise not_found(session_id)
        turns = await self._reader.fetch(records.TURNS, (rows[0][0],))
        asides = await self._reader.fetch(records.ASIDES, (rows[0][0],))
        pictures = await self._reader.fetch(records.PICTURES, (rows[0][0],))
        settings = await self._reader.fetch(records.SETTINGS, (rows[0][0],))
        return records.session_record(rows[0], turns, asides, pictures, settings, self._home)

    async def events(self, session_id: str, *, with_pcm: bool = True) -> list[Event]:
        number = await self.number(session_id)
        rows = await self._reader.fetch(records.EVENTS, (number,))
        with storage_errors(self._home):
            return await asyncio.to_thread(self._events, session_id, rows, with_pcm)

    def _events(self, session_id: str, rows: Sequence[Any], with_pcm: bool) -> list[Event]:
        with closing(self.sound(session_id)) as sound:
            return list(records.events_of(rows, sound.read if with_pcm else None))

    def sound(self, session_id: str) -> SessionAudio:
        """The session's sound, to be read while it is played; close it when it is done with."""
        return SessionAudio(self._home, session_id)

    async def pictures(self, session_id: str) -> dict[str, bytes]:
        number = await self.number(session_id)
        return dict(await self._reader.fetch(records.PICTURE_FILES, (number,)))

    async def peaks(self, session_id: str, *, buckets_per_second: int = 20) -> dict[int, bytes]:
        record = await self.session(session_id)
        turn_audio = {turn.turn: turn.audio for turn in record.turns if turn.audio is not None}
        with storage_errors(self._home):
            return await asyncio.to_thread(peaks, turn_audio, buckets_per_second)

    async def statistics(
        self, *, since: datetime | None = None, session_id: str | None = None
    ) -> StoredStatistics:
        """Statistics of the answers of one session, of sessions begun since a time, or of all."""
        return await stored_statistics(self._searcher, since=since, session_id=session_id)

    # --- keeping in order -----------------------------------------------------------------------

    async def delete(self, session_id: str) -> None:
        await self.number(session_id)
        await asyncio.to_thread(delete_sessions, self._home, [session_id])

    async def rename(self, session_id: str, title: str) -> None:
        await asyncio.to_thread(edits.rename, self._home, session_id, title)

    async def tag(self, ids: Sequence[str], add: Iterable[str], remove: Iterable[str] = ()) -> None:
        await asyncio.to_thread(edits.tag, self._home, list(ids), tuple(add), tuple(remove))

    async def pin(self, ids: Sequence[str], pinned: bool = True) -> None:
        await asyncio.to_thread(edits.mark, self._home, list(ids), "pinned", pinned)

    async def archive(self, ids: Sequence[str], archived: bool = True) -> None:
        await asyncio.to_thread(edits.mark, self._home, list(ids), "archived", archived)

    async def discard(self, ids: Sequence[str]) -> None:
        await asyncio.to_thread(edits.discard, self._home, list(ids), self._wall_clock())
        self._discarded |= dict.fromkeys(ids)

    async def restore(self, ids: Sequence[str]) -> None:
        await asyncio.to_thread(edits.restore, self._home, list(ids))
        for session_id in ids:
            self._discarded.pop(session_id, None)

    async def purge(self) -> None:
        discarded, self._discarded = list(self._discarded), {}
        await asyncio.to_thread(delete_sessions, self._home, discarded)

    async def verify(self, session_id: str | None = None) -> list[Finding]:
        """Every disagreement between database, rows and files."""
        if session_id is not None:
            await self.number(session_id)
        return await asyncio.to_thread(verify, self._home, session_id)

    async def export(
        self,
        ids: Sequence[str],
        order: ExportRequest,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> ExportResult:
        with cancellable(f"The export to {order.path} was stopped.", progress) as report:
            return await asyncio.to_thread(export, self._home, ids, order, report)

    async def import_bundle(
        self, path: Path, *, new_id: str = "", progress: Callable[[int, int], None] | None = None
    ) -> BundleImportResult:
        """Take in the session of a bundle, whole or not at all; with `new_id` under that id.
        `progress` gets how much of it was looked at; cancelling the await stops it."""
        with cancellable(f"The import of {path} was stopped.", progress) as report:
            return await asyncio.to_thread(
                import_bundle, self._home, path, new_id=new_id, progress=report
            )

    async def import_chats(
        self,
        path: Path,
        *,
        secrets: Sequence[str] = (),
        patterns: Sequence[str] = (),
        new_id: Callable[[], str] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> ChatImportResult:
        """Take in the conversations of another program's data export; with `new_id` as sessions
        of their own. Cancelling the await stops it; what was taken in by then stays."""
        with cancellable(f"The import of {path} was stopped.", progress) as report:
            return await asyncio.to_thread(
                import_chats,
                self._home,
                path,
                secrets=secrets,
                patterns=patterns,
                now=self._wall_clock(),
                new_id=new_id,
                progress=report,
            )


def _prepared(
    home: Home, wall_clock: Callable[[], datetime], progress: Progress
) -> tuple[str, str]:
    """Make and repair the library; an address to read it by where it cannot be written, or an
    empty string, and the library's condition."""
    try:
        _prepare(home, wall_clock, progress)
    except LibraryUnwritable as error:
        with storage_errors(home):
            is_readable, address = readable(home)
        if not is_readable:
            raise
        _log.warning("%s", error.reading)
        return address, error.reading
    return "", journal_sentence(home, support(home.root))


def _prepare(home: Home, wall_clock: Callable[[], datetime], progress: Progress) -> None:
    with storage_errors(home), closing(open_library(home, wall_clock, progress)) as database:
        recover(home, database)
        finish_compactions(home, database)
        edits.purge_expired_discards(home, database, wall_clock())
