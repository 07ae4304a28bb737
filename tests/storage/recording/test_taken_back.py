"""Turns that were inherited, taken back or only spoken again, and settings that changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from gramophone.core.clock import wall_clock
from storage.library import StoredLibrary
from storage.sqlite.schema import MIGRATIONS, SCHEMA_VERSION, migrate, turn_number
from tests.support.recordings import SESSION_ID, record
from tests.support.taken_back import session


async def test_what_counts_can_be_told_from_what_does_not(tmp_path: Path) -> None:
    await record(tmp_path, session())
    async with await StoredLibrary.open(tmp_path) as library:
        stored_session = await library.session(SESSION_ID)
    assert [(turn.turn, turn.finish_reason, turn.withdrawn) for turn in stored_session.turns] == [
        (0, "inherited", False),
        (1, "inherited", False),
        (2, "sent", True),
        (3, "stop", True),
        (4, "sent", False),
        (5, "stop", False),
        (6, "repeated", False),
    ]
    assert [turn.text for turn in stored_session.turns if turn.counts] == [
        "Old question?",
        "Old answer.",
        "Second try?",
        "Second answer.",
    ]
    assert stored_session.turns[3].audio is not None, "what was taken back keeps its sound"
    assert stored_session.turns[5].metrics.tokens_per_s == 200.0


async def test_the_list_shows_who_speaks_now_and_the_new_question(tmp_path: Path) -> None:
    await record(tmp_path, session())
    async with await StoredLibrary.open(tmp_path) as library:
        (listed,) = await library.sessions()
        stored_session = await library.session(SESSION_ID)
    assert (listed.provider, listed.model, listed.voice) == (
        "openai",
        "gpt-5-mini",
        "aura-2-luna-en",
    )
    assert listed.title == "First try?"
    assert stored_session.system_prompt == "Be long."


async def test_the_timeline_comes_back_as_it_was(tmp_path: Path) -> None:
    await record(tmp_path, session())
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.events(SESSION_ID) == session()
        assert await library.verify() == []


async def test_a_kill_loses_none_of_it(tmp_path: Path) -> None:
    await record(tmp_path, session()[:-4])
    async with await StoredLibrary.open(tmp_path) as library:
        stored_session = await library.session(SESSION_ID)
    assert stored_session.summary.recovered
    assert [turn.withdrawn for turn in stored_session.turns] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]


def test_turns_of_the_schema_before_count() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    before = next(m.number for m in MIGRATIONS if "taken back" in m.name) - 1
    migrate(database, wall_clock, MIGRATIONS[:before])
    database.execute(
        "INSERT INTO session (number, id, created_at, provider, model, voice, encoding, "
        "sample_rate_hz, system_prompt, format_version) "
        "VALUES (1, 'a0', '2026-11-21', 'p', 'm', 'v', 'linear16', 48000, '', 1)"
    )
    database.execute(
        "INSERT INTO turn (number, session, turn, role, text, started_us) "
        "VALUES (?, 1, 0, 'user', 'x', 0)",
        (turn_number(1, 0),),
    )
    migrate(database, wall_clock)
    assert database.execute("SELECT withdrawn, tokens_per_s FROM turn").fetchall() == [(0, None)]
    assert MIGRATIONS[-1].number == SCHEMA_VERSION
    database.close()
