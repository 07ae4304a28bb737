"""Queries on the list of sessions: pages, searches, filters, totals, tags.

The list goes by when sessions began or were resumed (`active_at`), what was searched by when they
began, by the position made of it. Pages go by the place of the last session seen, so the
thousandth costs what the first does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from gramophone.core.errors import FilterError, SessionNotFound, StorageError
from gramophone.library.library import SessionQueries, SessionSummary, TagCount, Totals
from gramophone.library.search_query import Search, SearchFilter, SearchWord, parse
from storage.home import is_session_id
from storage.sessions.filter_sql import NAMED, Scope, Values, scope_of
from storage.sessions.search import (
    HITS_IN,
    TEXTS_OF,
    TITLE_HITS,
    TURN_HITS,
    match_expression,
    snippet,
    wide,
)
from storage.sqlite.reader import ReadConnection
from storage.sqlite.schema import turn_number

END = 1 << 42
"""Above every session's position and number; a turn's row made of it still fits 64 bits."""

SUMMARY = (
    "session.number, id, session.title, created_at, turns, spoken_samples, sample_rate_hz, "
    "provider, model, voice, recovered, pinned, archived, active_at, "
    "(SELECT group_concat(name, ' ') FROM tag AS own WHERE own.session = session.number)"
)
_LISTED = "FROM session INDEXED BY session_listed WHERE archived = 0 AND discarded_at IS NULL"
_SHELF = (
    f"SELECT {SUMMARY} FROM session INDEXED BY session_shelf WHERE pinned = ? AND archived = 0 "
    "AND discarded_at IS NULL AND (active_at, number) < (?, ?) "
    "ORDER BY active_at DESC, number DESC LIMIT ?"
)
_LATEST = (
    f"SELECT {SUMMARY} FROM session INDEXED BY session_active WHERE archived = 0 "
    "AND discarded_at IS NULL ORDER BY active_at DESC, number DESC LIMIT ?"
)
_NEWEST = ("\U0010ffff", END)
_NONE = ("", 0)
"""Places in the list, by when a session was active and its number: above and below all of it."""

_HITS_A_SESSION = 8
_FEW_SESSIONS = 64
"""To look the words up in one session costs up to a millisecond where they are common."""


class StoredQueries(SessionQueries):
    """Answers from two connections: one for searches, so that none of them delays a page."""

    def __init__(
        self, reader: ReadConnection, searcher: ReadConnection, wall_clock: Callable[[], datetime]
    ) -> None:
        self._reader = reader
        self._searcher = searcher
        self._wall_clock = wall_clock

    async def sessions(
        self, *, limit: int = 50, older_than: str | None = None, search: str = ""
    ) -> list[SessionSummary]:
        query = parse(search, self._wall_clock().astimezone().date())
        if not query.words and not query.filtered:
            return await self._shelf(older_than, limit)
        below = END if older_than is None else await self._position(older_than)
        scope = scope_of(query, await self._values(query.filters))
        if not query.words:
            rows = await self._searcher.fetch(*scope.newest(SUMMARY, below, limit))
            return [summary(row) for row in rows]
        return await self._said(query, scope, below, limit)

    async def latest(self, *, limit: int) -> list[SessionSummary]:
        return [summary(row) for row in await self._reader.fetch(_LATEST, (limit,))]

    async def totals(self) -> Totals:
        ((count, spoken_ms),) = await self._searcher.fetch(
            "SELECT count(*), coalesce(sum(spoken_samples * 1000 / sample_rate_hz), 0) " + _LISTED
        )
        return Totals(count, spoken_ms)

    async def tags(self) -> list[TagCount]:
        rows = await self._searcher.fetch(
            "SELECT name, count(*) FROM tag WHERE session NOT IN "
            "(SELECT number FROM session WHERE discarded_at IS NOT NULL) "
            "GROUP BY name ORDER BY count(*) DESC, name"
        )
        return [TagCount(name, count) for name, count in rows]

    async def resolve(self, reference: str) -> str:
        """The id meant by an id, a unique prefix of one, or `last`.

        Raises:
            SessionNotFound: no session is meant, or several.
        """
        if reference == "last":
            rows = await self._reader.fetch(
                "SELECT id FROM session WHERE discarded_at IS NULL "
                "ORDER BY active_at DESC, number DESC LIMIT 1"
            )
            if not rows:
                raise SessionNotFound("No session has been recorded yet.")
            return rows[0][0]
        if not is_session_id(reference):
            raise not_found(reference)
        # Ids are hexadecimal, so this is the range of those that begin so, on the index.
        rows = await self._reader.fetch(
            "SELECT id FROM session WHERE id >= ? AND id < ? AND discarded_at IS NULL ORDER BY id",
            (reference, reference + "g"),
        )
        if len(rows) == 1 or (rows and rows[0][0] == reference):
            return rows[0][0]
        if not rows:
            raise not_found(reference)
        raise SessionNotFound(
            f"{len(rows)} sessions have an id that begins with {reference!r}; give more of it."
        )

    async def prompts(self, *, limit: int) -> list[str]:
        rows = await self._reader.fetch(
            "SELECT turn.text FROM session INDEXED BY session_created "
            "CROSS JOIN turn ON turn.session = session.number WHERE turn.role = 'user' "
            "ORDER BY session.created_at DESC, turn.number DESC LIMIT ?",
            (limit,),
        )
        return [row[0] for row in rows]

    async def number(self, session_id: str) -> int:
        """The row number of a session.

        Raises:
            SessionNotFound: there is none.
        """
        rows = await self._reader.fetch("SELECT number FROM session WHERE id = ?", (session_id,))
        if not rows:
            raise not_found(session_id)
        return rows[0][0]

    async def _position(self, session_id: str) -> int:
        """The place of a session in the order of time.

        Raises:
            SessionNotFound: there is none.
        """
        rows = await self._reader.fetch("SELECT position FROM session WHERE id = ?", (session_id,))
        if not rows:
            raise not_found(session_id)
        # That of a damaged row may be anything.
        return min(rows[0][0] or 0, END)

    # --- without words --------------------------------------------------------------------------

    async def _shelf(self, older_than: str | None, limit: int) -> list[SessionSummary]:
        """Pinned ones, then the others; a page may hold both."""
        pinned, below = True, _NEWEST
        if older_than is not None:
            rows_before = await self._reader.fetch(
                "SELECT active_at, number, pinned FROM session WHERE id = ?", (older_than,)
            )
            if not rows_before:
                raise not_found(older_than)
            ((*key, pinned),) = rows_before
            below = (key[0], key[1])
        first, rest = (below, _NEWEST) if pinned else (_NONE, below)
        rows = await self._reader.fetch(
            f"SELECT * FROM ({_SHELF}) UNION ALL SELECT * FROM ({_SHELF}) LIMIT ?",
            (1, *first, limit, 0, *rest, limit, limit),
        )
        return [summary(row) for row in rows]

    async def _values(self, filters: Iterable[SearchFilter]) -> Values:
        """The names that are meant by each filter on a name: the very one, else all that hold
        what was typed."""
        names: dict[SearchFilter, Sequence[str]] = {}
        for item in filters:
            if item.name not in NAMED:
                continue
            stored_names = await self._known(item.name)
            typed = item.value.casefold()
            names[item] = [name for name in stored_names if name.casefold() == typed] or [
                name for name in stored_names if typed in name.casefold()
            ]
            if not names[item]:
                first_names = ", ".join(name for name in stored_names[:6] if name)
                others = f"; there are {first_names}" if first_names else ""
                raise FilterError(f"No session has the {item.name} “{item.value}”{others}.")
        return names

    async def _known(self, column: str) -> list[str]:
        """The names a column holds, each looked up from the one before it on the index."""
        name, table = ("name", "tag") if column == "tag" else (column, "session")
        rows = await self._searcher.fetch(
            f"WITH RECURSIVE each(name) AS (SELECT min({name}) FROM {table} UNION ALL "
            f"SELECT (SELECT min({name}) FROM {table} WHERE {table}.{name} > each.name) "
            "FROM each WHERE each.name IS NOT NULL) "
            "SELECT name FROM each WHERE name IS NOT NULL"
        )
        return [name for (name,) in rows]

    # --- with words -----------------------------------------------------------------------------

    async def _said(
        self, search: Search, scope: Scope, below: int, limit: int
    ) -> list[SessionSummary]:
        """Sessions by their newest hit: by the hits, or by the sessions where those are few."""
        query = match_expression(search.words, search.without)
        hits: dict[int, int | None] | None = None
        if search.filtered and not wide(search.words):
            few = await self._searcher.fetch(
                *scope.newest("session.position", below, _FEW_SESSIONS + 1)
            )
            if len(few) <= _FEW_SESSIONS:
                hits = await self._hits_among(query, [position for (position,) in few], limit)
        if hits is None:
            hits = await self._hits(query, scope, below, limit)
        turns = json.dumps([turn for turn in hits.values() if turn is not None])
        texts = await self._searcher.fetch(TEXTS_OF, (turns,))
        columns = f"session.position, {SUMMARY}"
        rows = await self._searcher.fetch(*scope.among(columns, json.dumps(list(hits))))
        return await asyncio.to_thread(_with_snippets, rows, hits, dict(texts), search.words)

    async def _hits_among(
        self, query: str, positions: Sequence[int], limit: int
    ) -> dict[int, int | None]:
        """For those of the sessions that have one, by position, the row of the newest hit; None
        where it is the title."""
        rows = await self._searcher.fetch(HITS_IN, (query, json.dumps(positions)))
        hits = [(position, turn) for position, turn, titled in rows if turn is not None or titled]
        return dict(hits[:limit])

    async def _hits(
        self, query: str, scope: Scope, below: int, limit: int
    ) -> dict[int, int | None]:
        """The same, from the hits downward. A page of them may lie in few sessions; then the
        next is asked from below the last session seen."""
        passes, parameters = scope.passes
        turn_hits, title_hits = (
            query_for.format(sessions=scope.sessions, passes=passes)
            for query_for in (TURN_HITS, TITLE_HITS)
        )
        hits: dict[int, int | None] = {}
        while len(hits) < limit:
            most = _HITS_A_SESSION * (limit - len(hits))
            turn_rows = await self._searcher.fetch(
                turn_hits, (query, turn_number(max(0, below), 0), *parameters, most)
            )
            title_rows = await self._searcher.fetch(title_hits, (query, below, *parameters, most))
            newest: dict[int, int | None] = {}
            for (turn,) in turn_rows:
                newest.setdefault(_session_of(turn), turn)
            for (position,) in title_rows:
                newest.setdefault(position, None)
            # Below where the one of them was cut off, the other is not whole.
            cuts = [
                cut
                for rows, cut in (
                    (turn_rows, _session_of(turn_rows[-1][0]) if turn_rows else 0),
                    (title_rows, title_rows[-1][0] if title_rows else 0),
                )
                if len(rows) == most
            ]
            below = max(cuts, default=0)
            whole = sorted((position for position in newest if position >= below), reverse=True)
            hits |= {position: newest[position] for position in whole[: limit - len(hits)]}
            if not cuts:
                break
        return hits


def _with_snippets(
    rows: Sequence[tuple[Any, ...]],
    hits: Mapping[int, int | None],
    texts: Mapping[int, str],
    words: Sequence[SearchWord],
) -> list[SessionSummary]:
    return [
        summary(row, snippet(texts.get(hits[position] or -1, ""), words)) for position, *row in rows
    ]


def summary(row: Sequence[Any], snippet: str = "") -> SessionSummary:
    """The summary of a row of `SUMMARY`."""
    _, session_id, title, created_at, turns, samples, rate, provider, model, voice, *marks = row
    recovered, pinned, archived, active_at, tags = marks
    return SessionSummary(
        id=session_id,
        title=title,
        created_at=created_at,
        turns=turns,
        spoken_ms=max(0, samples * 1000 // rate) if rate > 0 else 0,
        provider=provider,
        model=model,
        voice=voice,
        recovered=bool(recovered),
        snippet=snippet,
        tags=tuple(tags.split()) if tags else (),
        pinned=bool(pinned),
        archived=bool(archived),
        active_at=active_at,
    )


def not_found(reference: str) -> StorageError:
    return SessionNotFound(
        f"There is no session {reference[:80]!r}; `gramophone sessions` lists them."
    )


def _session_of(row_number: int) -> int:
    return row_number // turn_number(1, 0)
