"""The model that answered each turn of a stored session, found without reading all its events."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gramophone.core.timeline import (
    Event,
    SessionEnded,
    SettingsChanged,
    TurnCompleted,
    TurnStarted,
)
from storage.home import Home
from storage.library import StoredLibrary
from storage.sessions.records import SETTINGS
from tests.support.builders import session_started
from tests.support.recordings import SESSION_ID, record


def answered(turn: int, at_us: int, finish_reason: str = "stop") -> list[Event]:
    return [
        TurnStarted(at_us=at_us, turn=turn, role="assistant"),
        TurnCompleted(
            at_us=at_us + 1, turn=turn, role="assistant", text="Yes.", finish_reason=finish_reason
        ),
    ]


def changed(at_us: int, model: str) -> SettingsChanged:
    return SettingsChanged(at_us=at_us, provider="local", model=model, voice="v", system_prompt="")


async def test_each_answer_is_headed_by_the_model_that_gave_it(tmp_path: Path) -> None:
    await record(
        tmp_path,
        [
            session_started(),
            TurnStarted(at_us=1, turn=0, role="user", text="Sure?"),
            *answered(1, 2),
            changed(10, "llama3.2"),
            *answered(2, 20),
            *answered(3, 30, "said"),
            SessionEnded(at_us=40),
        ],
    )
    async with await StoredLibrary.open(tmp_path) as library:
        turns = (await library.session(SESSION_ID)).turns
    assert [turn.speaker for turn in turns] == ["You", "smollm2", "llama3.2", "Read aloud"]


async def test_the_settings_are_read_by_an_index(tmp_path: Path) -> None:
    await record(tmp_path, [session_started(), SessionEnded(at_us=1)])
    with closing(sqlite3.connect(Home.at(tmp_path).database)) as database:
        plan = database.execute(f"EXPLAIN QUERY PLAN {SETTINGS}", (1,)).fetchall()
    assert "event_settings" in str(plan)
    assert "SCAN event" not in str(plan)
