"""Restores the whole text of turns that were stored cut to what was heard.

Older versions stored of an interrupted turn only the heard text; the deltas of the events have
all of it. Used by the migration that adds `turn.heard_characters`, and by the import of bundles
that were written before it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from gramophone.analysis.turn_text import TEXT_EVENTS, TurnText
from gramophone.core.timeline import Event
from gramophone.text.redaction import HIDDEN, MARK, Redactor
from storage.sqlite import rows

CUT_REASONS = frozenset({"interrupted", "repeated"})
"""Finish reasons of turns whose text may have been cut."""

_REASONS = ", ".join(f"'{reason}'" for reason in sorted(CUT_REASONS))
_EVENTS_OF_TURN = "event WHERE event.session = turn.session AND event.turn = turn.turn"

STATEMENTS = (
    "ALTER TABLE turn ADD COLUMN heard_characters INTEGER",
    f"""
    UPDATE turn SET heard_characters = text_characters(CAST(text AS BLOB))
    WHERE finish_reason IN ({_REASONS}) AND EXISTS (
        SELECT 1 FROM {_EVENTS_OF_TURN} AND kind = 'TurnInterrupted'
    )
    """,
    # A text that is longer than what its deltas give was never cut.
    """
    UPDATE turn SET text = whole.text FROM (
        SELECT number, joined_text(said, detail) AS text FROM (
            SELECT turn.number AS number, CAST(event.text AS BLOB) AS said, event.detail AS detail
            FROM turn JOIN event ON event.session = turn.session AND event.turn = turn.turn
            WHERE turn.heard_characters IS NOT NULL AND event.kind = 'DeltaReceived'
            ORDER BY event.session, event.seq
        ) GROUP BY number
    ) AS whole
    WHERE turn.number = whole.number
        AND text_characters(CAST(whole.text AS BLOB)) > turn.heard_characters
    """,
    f"""
    UPDATE turn SET text = (
        SELECT joined_text(CAST(event.text AS BLOB), event.detail) FROM {_EVENTS_OF_TURN}
        AND kind = 'TurnStarted'
    )
    WHERE heard_characters IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM {_EVENTS_OF_TURN} AND kind = 'DeltaReceived')
    AND EXISTS (SELECT 1 FROM {_EVENTS_OF_TURN} AND kind = 'TurnStarted' AND event.text <> '')
    """,
    f"""
    UPDATE turn SET text = (
        SELECT joined_text(said, detail) FROM (
            SELECT CAST(event.text AS BLOB) AS said, event.detail AS detail
            FROM {_EVENTS_OF_TURN} AND kind = 'TextSpoken' ORDER BY seq
        )
    )
    WHERE heard_characters IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM {_EVENTS_OF_TURN} AND kind = 'DeltaReceived')
    AND NOT EXISTS (SELECT 1 FROM {_EVENTS_OF_TURN} AND kind = 'TurnStarted' AND event.text <> '')
    AND EXISTS (SELECT 1 FROM {_EVENTS_OF_TURN} AND kind = 'TextSpoken')
    """,
)
"""The steps of the migration; they use the functions that `register` makes."""


def register(database: sqlite3.Connection) -> None:
    """Give the connection the SQL functions of `STATEMENTS`."""
    database.create_function("text_characters", 1, _characters, deterministic=True)
    database.create_aggregate("joined_text", 2, cast("Any", _JoinedText))


def _characters(text: bytes | None) -> int:
    """Characters of a text; SQLite's own `length` stops at a zero byte."""
    return len((text or b"").decode("utf-8", "replace"))


class _JoinedText:
    """Joins the texts of event rows. What spans several deltas of a secret is hidden here."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._end = 0

    def step(self, stored: bytes | None, detail: str | None) -> None:
        details = _object(detail)
        # Text that UTF-8 cannot hold stands in the details of its row.
        text = details.get("text") if stored is None else stored.decode("utf-8", "replace")
        start, end = details.get("source_start"), details.get("source_end")
        if isinstance(start, int) and isinstance(end, int):
            self._pieces.append(" " if start > self._end else "")
            self._end = end
        self._pieces.append(text if isinstance(text, str) else "")

    def finalize(self) -> str:
        return clean("".join(self._pieces))


def _object(detail: str | None) -> dict[str, object]:
    try:
        value: object = json.loads(detail or "{}")
    except ValueError:
        return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def clean(text: str) -> str:
    """The text as a row may hold it. Deltas were hidden one by one, so a credential that came in
    several pieces is hidden now, by a mark that says nothing, because the library's key is not at
    hand."""
    marks = {match[0] for match in MARK.finditer(text)}
    hidden = MARK.sub(lambda match: match[0] if match[0] in marks else HIDDEN, Redactor()(text))
    return rows.plain(hidden)


def is_cut(values: Mapping[str, Any]) -> bool:
    """Whether the text of a turn's row may have been cut to what was heard."""
    return values["finish_reason"] in CUT_REASONS and values["heard_characters"] is None


def restored(
    turns: Iterable[Mapping[str, Any]], events: Callable[[], Iterable[Event]]
) -> dict[int, dict[str, Any]]:
    """Columns to change in turns of a bundle, by turn, so that those that were cut have their
    whole text. The events are only read if there is such a turn."""
    cut: dict[int, str] = {values["turn"]: values["text"] for values in turns if is_cut(values)}
    texts = {turn: TurnText() for turn in cut}
    for event in events() if texts else ():
        if isinstance(event, TEXT_EVENTS) and event.turn in texts:
            texts[event.turn].read(event)
    return {
        turn: _restored(cut[turn], text)
        for turn, text in texts.items()
        if text.interrupted is not None
    }


def _restored(before: str, fold: TurnText) -> dict[str, Any]:
    text = clean(fold.streamed)
    return {
        "text": text if len(text) > len(before) else before,
        "heard_characters": len(before),
    }
