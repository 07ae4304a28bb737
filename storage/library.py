"""The library: everything that was kept, found, read, checked and removed (`ports.Library`).

Reading goes through aiosqlite on two connections, one of them for searches alone, so that a
search never keeps a session from opening. What takes files apart runs in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gramophone.errors import SessionNotFound, StorageError, TimelineError
from gramophone.metrics import TurnMetrics
from gramophone.ports import Finding, SessionRecord, SessionSummary, TurnAudio, TurnRecord
from gramophone.timeline import Event
from storage import rows
from storage.database import open_library
from storage.export.jsonl import export_jsonl
from storage.export.wav import export_wav
from storage.failures import corrupt, sentences
from storage.home import Home, is_session_id
from storage.peaks import peaks
from storage.reader import Reader
from storage.recovery import recover
from storage.removal import delete_session
from storage.schema import turn_number
from storage.search import HITS, match_expression
from storage.verify import verify
from storage.wav import WavReader

_END = 1 << 42
"""Above every session's number; a turn's number made of it still fits 64 bits."""

_HITS_A_SESSION = 8
"""How many hits are asked for a session to be listed; a second question costs more than a few
snippets too many."""

_SUMMARY = (
    "number, id, title, created_at, turns, spoken_samples, sample_rate_hz, provider, model, "
    "voice, recovered"
)
_TURN = (
    "turn, role, text, finish_reason, started_us, audio_file, samples, sha256, ttft_ms, ttfb_ms, "
    "ttfa_ms, response_ms, underruns, flushes, input_tokens, output_tokens"
)


class Library:
    """Everything that was kept. Use it as an async context manager, or call `aclose`."""

    def __init__(self, home: Home, reader: Reader, searcher: Reader) -> None:
        """Use `Library.open`."""
        self._home = home
        self._reader = reader
        self._searcher = searcher

    @classmethod
    async def open(cls, home: Path) -> Library:
        """Open the library under `home`, made where it is missing; repairs what was killed.

        Raises:
            LibraryTooNew: a newer version wrote it.
            LibraryCorrupt: it is damaged; nothing was changed.
            StorageError: it cannot be read or written.
        """
        place = Home.at(home)
        await asyncio.to_thread(_prepare, place)
        with sentences(place):
            reader = await Reader.open(place)
            try:
                searcher = await Reader.open(place)
            except BaseException:
                await reader.aclose()
                raise
        return cls(place, reader, searcher)

    async def __aenter__(self) -> Library:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._searcher.aclose()
        await self._reader.aclose()

    # --- finding ------------------------------------------------------------------------------

    async def sessions(
        self, *, limit: int = 50, older_than: str | None = None, search: str = ""
    ) -> list[SessionSummary]:
        """Newest first. `older_than` is the id of the last row of the page before."""
        below = _END if older_than is None else await self._number(older_than)
        if search.strip():
            return await self._search(match_expression(search), below, limit)
        found = await self._reader.fetch(
            f"SELECT {_SUMMARY} FROM session WHERE number < ? ORDER BY number DESC LIMIT ?",
            (below, limit),
        )
        return [_summary(row) for row in found]

    async def resolve(self, reference: str) -> str:
        """The id meant by an id, a unique prefix of one, or `last`."""
        if reference == "last":
            found = await self._reader.fetch("SELECT id FROM session ORDER BY number DESC LIMIT 1")
            if not found:
                raise SessionNotFound("No session has been recorded yet.")
            return found[0][0]
        if not is_session_id(reference):
            raise _not_found(reference)
        # Ids are hexadecimal, so this is the range of those that begin so, on the index.
        found = await self._reader.fetch(
            "SELECT id FROM session WHERE id >= ? AND id < ? ORDER BY id",
            (reference, reference + "g"),
        )
        if len(found) == 1 or (found and found[0][0] == reference):
            return found[0][0]
        if not found:
            raise _not_found(reference)
        raise SessionNotFound(
            f"{len(found)} sessions have an id that begins with {reference!r}; give more of it."
        )

    async def session(self, session_id: str) -> SessionRecord:
        """One session with its turns."""
        found = await self._reader.fetch(
            f"SELECT {_SUMMARY}, system_prompt, encoding FROM session WHERE id = ?", (session_id,)
        )
        if not found:
            raise _not_found(session_id)
        *summary, system_prompt, encoding = found[0]
        sample_rate_hz = summary[6]
        turns = await self._reader.fetch(
            f"SELECT {_TURN} FROM turn WHERE session = ? ORDER BY turn", (summary[0],)
        )
        return SessionRecord(
            summary=_summary(summary),
            system_prompt=system_prompt,
            encoding=encoding,
            sample_rate_hz=sample_rate_hz,
            turns=tuple(
                _turn(row, self._home, session_id, encoding, sample_rate_hz) for row in turns
            ),
        )

    async def events(self, session_id: str, *, with_pcm: bool = True) -> list[Event]:
        """The timeline in order; AudioReceived carries its PCM unless told otherwise.

        A sound file that is missing gives events with empty PCM.
        """
        number = await self._number(session_id)
        found = await self._reader.fetch(
            f"SELECT {rows.COLUMNS} FROM event WHERE session = ? ORDER BY seq", (number,)
        )
        with sentences(self._home):
            return await asyncio.to_thread(_events, self._home, session_id, found, with_pcm)

    async def peaks(self, session_id: str, *, buckets_per_second: int = 20) -> dict[int, bytes]:
        """By spoken turn, one byte a bucket: its loudest sample as 0 to 255 of full scale."""
        record = await self.session(session_id)
        spoken = {turn.turn: turn.audio for turn in record.turns if turn.audio is not None}
        with sentences(self._home):
            return await asyncio.to_thread(peaks, spoken, buckets_per_second)

    # --- keeping in order -----------------------------------------------------------------------

    async def delete(self, session_id: str) -> None:
        """Rows and files, for good; a session that is being recorded is refused."""
        await self._number(session_id)
        await asyncio.to_thread(delete_session, self._home, session_id)

    async def verify(self, session_id: str | None = None) -> list[Finding]:
        """Every disagreement between database, rows and files."""
        if session_id is not None:
            await self._number(session_id)
        return await asyncio.to_thread(verify, self._home, session_id)

    async def export_wav(self, session_id: str, path: Path) -> None:
        """All spoken turns joined, 16-bit PCM; written whole or not at all."""
        record = await self.session(session_id)
        spoken = [turn.audio for turn in record.turns if turn.audio is not None]
        await asyncio.to_thread(export_wav, spoken, path)

    async def export_jsonl(self, session_id: str, path: Path) -> None:
        """The timeline, one event a line; written whole or not at all."""
        events = await self.events(session_id, with_pcm=False)
        await asyncio.to_thread(export_jsonl, events, path)

    # --- within ---------------------------------------------------------------------------------

    async def _number(self, session_id: str) -> int:
        found = await self._reader.fetch("SELECT number FROM session WHERE id = ?", (session_id,))
        if not found:
            raise _not_found(session_id)
        return found[0][0]

    async def _search(self, query: str, below: int, limit: int) -> list[SessionSummary]:
        """Sessions by their newest hit. A page of hits may all lie in one session, so the next
        page is asked from below the last session seen."""
        snippets: dict[int, str] = {}
        while query and len(snippets) < limit:
            wanted = _HITS_A_SESSION * (limit - len(snippets))
            hits = await self._searcher.fetch(HITS, (query, turn_number(below, 0), wanted))
            for row_number, snippet in hits:
                snippets.setdefault(_session_of(row_number), snippet)
            if len(hits) < wanted:
                break
            below = min(snippets)
        shown = sorted(snippets, reverse=True)[:limit]
        marks = ", ".join("?" * len(shown))
        found = await self._searcher.fetch(
            f"SELECT {_SUMMARY} FROM session WHERE number IN ({marks}) ORDER BY number DESC", shown
        )
        return [_summary(row, snippets[row[0]]) for row in found]


def _prepare(home: Home) -> None:
    database = open_library(home)
    try:
        recover(home, database)
    finally:
        database.close()


def _session_of(row_number: int) -> int:
    return row_number // turn_number(1, 0)


def _summary(row: Sequence[Any], snippet: str = "") -> SessionSummary:
    _, session_id, title, created_at, turns, samples, rate, provider, model, voice, recovered = row
    return SessionSummary(
        id=session_id,
        title=title,
        created_at=created_at,
        turns=turns,
        spoken_ms=samples * 1000 // rate if rate else 0,
        provider=provider,
        model=model,
        voice=voice,
        recovered=bool(recovered),
        snippet=snippet,
    )


def _turn(
    row: Sequence[Any], home: Home, session_id: str, encoding: str, sample_rate_hz: int
) -> TurnRecord:
    turn, role, text, finish_reason, started_us, audio_file, samples, sha256, *figures = row
    audio = None
    if audio_file is not None:
        path = home.wav(session_id, turn)
        audio = TurnAudio(path, sample_rate_hz, samples, sha256, encoding)
    return TurnRecord(
        turn=turn,
        role=role,
        text=text,
        finish_reason=finish_reason,
        started_us=started_us,
        audio=audio,
        metrics=TurnMetrics(*figures),
    )


def _events(
    home: Home, session_id: str, found: Sequence[tuple[Any, ...]], with_pcm: bool
) -> list[Event]:
    """The events of the rows, with PCM from each turn's file where it is wanted and there."""
    files: dict[int, WavReader] = {}
    try:
        events: list[Event] = []
        for row in found:
            pcm = b""
            turn, offset_bytes, size_bytes = row[2], row[5], row[6]
            if with_pcm and offset_bytes is not None:
                if turn not in files:
                    files[turn] = WavReader(home.wav(session_id, turn))
                pcm = files[turn].read(offset_bytes, size_bytes)
            events.append(rows.event_of(row, pcm))
        return events
    except (TimelineError, ValueError) as error:
        raise corrupt(home, str(error)) from error
    finally:
        for file in files.values():
            file.close()


def _not_found(reference: str) -> StorageError:
    return SessionNotFound(
        f"There is no session {reference[:80]!r}; `gramophone sessions` lists them."
    )
