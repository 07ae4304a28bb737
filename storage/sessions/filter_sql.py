"""Filters as SQL: which sessions may be listed, and by which index they come newest first.

Every condition is one on `session`, so it can check a hit as well. The one that leaves the fewest
sessions drives the list where an index holds it in the order of the list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.library.search_query import Search, SearchFilter, SearchWord
from storage.sessions.search import match_expression
from storage.sqlite.time_order import FARTHEST_MS, position_of

Values: TypeAlias = Mapping[SearchFilter, Sequence[str]]
"""For each filter on a name, the names that are meant."""

NAMED = ("provider", "model", "voice", "tag")

_SHELF = {False: "session.archived = 0", True: "session.archived = 1"}
_MARKS = {
    SearchFilter("has", "audio"): "session.spoken_samples > 0",
    SearchFilter("has", "tags"): "EXISTS (SELECT 1 FROM tag WHERE tag.session = session.number)",
    SearchFilter("is", "pinned"): "session.pinned = 1",
    SearchFilter("is", "recovered"): "session.recovered = 1",
}
_MARK_INDEX = {
    SearchFilter("is", "archived"): "session_archived",
    SearchFilter("is", "pinned"): "session_pinned",
    SearchFilter("is", "recovered"): "session_recovered",
}


@frozen
class Condition:
    """A piece of SQL with its parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()


@frozen
class Scope:
    """Sessions that pass: from `source`, by `key` downward."""

    source: str
    key: str
    driven: tuple[Condition, ...]
    checks: tuple[Condition, ...]
    sessions: str
    """The table by the index that holds what most checks look at, for one session at a time."""

    def newest(self, columns: str, below: int, limit: int) -> tuple[str, tuple[Any, ...]]:
        """The query for the newest of them below a position."""
        where, parameters = _joined(self.driven)
        return (
            f"SELECT {columns} FROM {self.source} WHERE {where} AND {self.key} < ? "
            f"ORDER BY {self.key} DESC LIMIT ?",
            (*parameters, below, limit),
        )

    @property
    def passes(self) -> tuple[str, tuple[Any, ...]]:
        """The condition on `session` of all that pass."""
        return _joined(self.checks)

    def among(self, columns: str, positions: str) -> tuple[str, tuple[Any, ...]]:
        """The query for those at some positions (a JSON array) that pass."""
        where, parameters = _joined(self.checks)
        return (
            f"SELECT {columns} FROM session WHERE session.position IN "
            f"(SELECT value FROM json_each(?)) AND {where} ORDER BY session.position DESC",
            (positions, *parameters),
        )


def scope_of(search: Search, values: Values) -> Scope:
    """The scope of a search, its words aside."""
    checks = [
        Condition(_SHELF[search.archived]),
        Condition("session.discarded_at IS NULL"),
        *_dates(search),
    ]
    best: tuple[int, str, str, tuple[Condition, ...], Condition | None] = (
        *(9, "session INDEXED BY session_listed", "session.position", (), None),
    )
    if search.archived:
        best = (5, "session INDEXED BY session_archived", "session.position", (), None)
    for item in search.filters:
        check = _check(item, values)
        if check is not None:
            checks.append(check)
        driver = None if item.negated else _driver(item, values)
        if driver is not None and driver[0] < best[0]:
            rank, source, key, conditions = driver
            best = (rank, source, key, conditions, check if conditions else None)
    _, source, key, conditions, replaced = best
    driven = [check for check in checks if check is not replaced]
    sessions = "session" if search.archived else "session INDEXED BY session_listed"
    return Scope(source, key, (*conditions, *driven), tuple(checks), sessions)


def _driver(
    item: SearchFilter, values: Values
) -> tuple[int, str, str, tuple[Condition, ...]] | None:
    """A filter as the driver of a query: its rank (lower leaves fewer sessions), the source, its
    key, and the condition it takes over; None if no index serves it."""
    named = values.get(item, ())
    if item.name == "title":
        source = "session_title CROSS JOIN session ON session.position = session_title.rowid"
        match = Condition("session_title MATCH ?", (_title(item),))
        return 1, source, "session_title.rowid", (match,)
    if item.name == "tag" and len(named) == 1:
        source = "tagged CROSS JOIN session ON session.position = tagged.position"
        return 2, source, "tagged.position", (Condition("tagged.name = ?", (named[0],)),)
    if item in _MARK_INDEX:
        return 3, f"session INDEXED BY {_MARK_INDEX[item]}", "session.position", ()
    if item.name in NAMED and len(named) == 1:
        return 4, f"session INDEXED BY session_{item.name}", "session.position", ()
    return None


def _check(item: SearchFilter, values: Values) -> Condition | None:
    if item.name == "title":
        matching = "(SELECT rowid FROM session_title WHERE session_title MATCH ?)"
        inside = "NOT IN" if item.negated else "IN"
        return Condition(f"session.position {inside} {matching}", (_title(item),))
    if item.name in NAMED:
        named = tuple(values[item])
        marks = ", ".join("?" * len(named))
        # One value is looked up, several are compared: no index holds them in order.
        compared = "= ?" if len(named) == 1 else f"IN ({marks})"
        sql = f"session.{item.name} {compared}"
        if item.name == "tag":
            sql = (
                "EXISTS (SELECT 1 FROM tag AS also WHERE also.session = session.number "
                f"AND also.name {compared})"
            )
        return Condition(f"NOT ({sql})" if item.negated else sql, named)
    sql = _MARKS.get(SearchFilter(item.name, item.value))
    if sql is None:
        return None
    return Condition(f"NOT ({sql})" if item.negated else sql)


def _title(item: SearchFilter) -> str:
    return match_expression([SearchWord(item.value, open=True)])


def _dates(search: Search) -> list[Condition]:
    """The position bounds the walk, and each row is looked at as well: what found its position
    taken has a later one, by no more than there ever were sessions, and a while."""
    conditions: list[Condition] = []
    if search.since is not None:
        since = midnight(search.since)
        conditions.append(Condition("session.created_at >= ?", (since,)))
        conditions.append(Condition("session.position >= ?", (position_of(since),)))
    if search.until is not None:
        until = midnight(search.until)
        later = f"{FARTHEST_MS} + (SELECT seq FROM sqlite_sequence WHERE name = 'session')"
        conditions.append(Condition("session.created_at < ?", (until,)))
        conditions.append(Condition(f"session.position <= ? + {later}", (position_of(until),)))
    return conditions


def midnight(day: date) -> str:
    """The beginning of a day where the reader is, as `created_at` is written."""
    try:
        began = datetime(day.year, day.month, day.day).astimezone(UTC)
    except (OverflowError, ValueError):
        began = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return began.isoformat(timespec="milliseconds")


def _joined(conditions: Sequence[Condition]) -> tuple[str, tuple[Any, ...]]:
    where = " AND ".join(condition.sql for condition in conditions)
    return where, tuple(value for condition in conditions for value in condition.parameters)
