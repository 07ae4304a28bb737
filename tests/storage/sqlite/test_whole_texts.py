"""Turns that older versions cut to what was heard have their whole text again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence

import pytest

from gramophone.core.clock import wall_clock
from gramophone.core.timeline import DeltaReceived, Event, TurnInterrupted, TurnStarted
from storage.sqlite.schema import MIGRATIONS, migrate, turn_number
from storage.sqlite.time_order import position_of
from storage.sqlite.whole_texts import STATEMENTS, clean, restored

BEFORE = next(
    index for index, migration in enumerate(MIGRATIONS) if migration.statements is STATEMENTS
)


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection, wall_clock, MIGRATIONS[:BEFORE])
    connection.execute(
        "INSERT INTO session (number, id, created_at, provider, model, voice, encoding, "
        "sample_rate_hz, system_prompt, format_version) "
        "VALUES (1, 'a0', '2026-11-21', 'p', 'm', 'v', 'linear16', 48000, '', 1)"
    )
    yield connection
    connection.close()


def stored(
    database: sqlite3.Connection,
    turn: int,
    text: str,
    reason: str,
    events: Sequence[tuple[str, str | bytes | None, str | None]],
) -> None:
    database.execute(
        "INSERT INTO turn (number, session, turn, role, text, started_us, finish_reason) "
        "VALUES (?, 1, ?, 'assistant', ?, 0, ?)",
        (turn_number(1, turn), turn, text, reason),
    )
    first = database.execute("SELECT coalesce(max(seq) + 1, 0) FROM event").fetchone()[0]
    for offset, (kind, content, detail) in enumerate(events):
        database.execute(
            "INSERT INTO event (session, seq, at_us, kind, turn, text, detail) "
            "VALUES (1, ?, 0, ?, ?, CAST(? AS TEXT), ?)",
            (first + offset, kind, turn, content, detail),
        )


def migrated(database: sqlite3.Connection) -> dict[int, tuple[str, int | None]]:
    migrate(database, wall_clock)
    database.execute("INSERT INTO turn_text (turn_text, rank) VALUES ('integrity-check', 1)")
    rows = database.execute("SELECT turn, text, heard_characters FROM turn ORDER BY turn")
    return {turn: (text, heard_chars) for turn, text, heard_chars in rows}


def test_the_text_is_joined_from_the_deltas_and_found(database: sqlite3.Connection) -> None:
    stored(
        database,
        1,
        "Once upon",
        "interrupted",
        [
            ("TurnStarted", "", None),
            ("DeltaReceived", "Once upon a ", None),
            ("TextSpoken", "Once upon a", None),
            ("DeltaReceived", "time there was a horn.", None),
            ("TurnInterrupted", "Once upon", None),
        ],
    )
    stored(database, 3, "Whole.", "stop", [("DeltaReceived", "Whole.", None)])
    assert migrated(database) == {
        1: ("Once upon a time there was a horn.", 9),
        3: ("Whole.", None),
    }
    query = "SELECT rowid FROM turn_text WHERE turn_text MATCH 'horn'"
    position = position_of("2026-11-21T00:00+00:00")
    assert database.execute(query).fetchall() == [(turn_number(position, 1),)]


def test_a_text_that_was_said_and_had_no_deltas(database: sqlite3.Connection) -> None:
    events = [("TurnStarted", "Good morning.", None), ("TurnInterrupted", "Good", None)]
    stored(database, 0, "Good", "interrupted", events)
    assert migrated(database) == {0: ("Good morning.", 4)}


def test_a_text_that_only_the_speech_service_had(database: sqlite3.Connection) -> None:
    spans = [{"chunk": 0, "source_start": 0, "source_end": 4}]
    spans += [{"chunk": 1, "source_start": 5, "source_end": 8}]
    stored(
        database,
        0,
        "One",
        "interrupted",
        [
            ("TurnStarted", "", None),
            ("TextSpoken", "One.", json.dumps(spans[0])),
            ("TextSpoken", "Two", json.dumps(spans[1])),
            ("TurnInterrupted", "One", None),
        ],
    )
    assert migrated(database) == {0: ("One. Two", 3)}


def test_nothing_was_heard(database: sqlite3.Connection) -> None:
    events = [("DeltaReceived", "Never heard.", None), ("TurnInterrupted", "", None)]
    stored(database, 1, "", "interrupted", events)
    assert migrated(database) == {1: ("Never heard.", 0)}


def test_what_cannot_be_restored_stays(database: sqlite3.Connection) -> None:
    """No events are there, or fewer than the text came from."""
    stored(database, 1, "All that is left", "interrupted", [])
    stored(
        database,
        2,
        "More than its deltas",
        "interrupted",
        [("DeltaReceived", "More", None), ("TurnInterrupted", "More than its deltas", None)],
    )
    assert migrated(database) == {
        1: ("All that is left", None),
        2: ("More than its deltas", 20),
    }


def test_halves_of_pairs_zero_bytes_and_damage_end_nothing(database: sqlite3.Connection) -> None:
    stored(
        database,
        1,
        "a\0b",
        "interrupted",
        [
            ("DeltaReceived", "a\0b ", None),
            ("DeltaReceived", None, json.dumps({"text": "\ud83d"})),
            ("DeltaReceived", None, "{broken"),
            ("DeltaReceived", b"\xff end", None),
            ("TurnInterrupted", "a\0b", None),
        ],
    )
    text, heard_chars = migrated(database)[1]
    assert heard_chars == 3
    assert text == "a\0b \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} end"


def test_a_credential_in_pieces_is_hidden_where_they_are_joined(
    database: sqlite3.Connection,
) -> None:
    pieces = ["The key is sk-abcdef", "ghijklmnopqrstuv", " and so on."]
    stored(
        database,
        1,
        "The key",
        "interrupted",
        [*(("DeltaReceived", piece, None) for piece in pieces), ("TurnInterrupted", "", None)],
    )
    assert migrated(database)[1][0] == "The key is *** and so on."


def test_marks_that_stand_there_stay() -> None:
    assert clean("a ***0123456789ab*** b") == "a ***0123456789ab*** b"


def test_turns_of_a_bundle() -> None:
    events = [
        TurnStarted(at_us=0, turn=1, role="assistant"),
        DeltaReceived(at_us=1, turn=1, text="Once upon "),
        DeltaReceived(at_us=1, turn=1, text="a time."),
        TurnInterrupted(at_us=2, turn=1, heard_text="Once", heard_samples=9),
    ]
    cut = {"turn": 1, "text": "Once", "finish_reason": "interrupted", "heard_characters": None}
    assert restored([cut], lambda: events) == {
        1: {"text": "Once upon a time.", "heard_characters": 4}
    }
    whole = cut | {"heard_characters": 4}
    assert restored([whole, cut | {"finish_reason": "stop"}], _unread) == {}


def _unread() -> list[Event]:
    raise AssertionError("no turn was cut, so no event is read")
