"""Thoughts and ends of answers of a stored session: found without reading all of its events."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from gramophone.analysis.answer_asides import ASIDE_EVENTS, NO_ASIDE, AnswerAside
from gramophone.core.give_back import GiveBack
from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    DeltaReceived,
    Event,
    GiveBackReceived,
    SessionEnded,
    ThoughtReceived,
    TurnCompleted,
    TurnStarted,
)
from storage.home import Home
from storage.library import StoredLibrary
from storage.sessions.records import ASIDES
from storage.sqlite.schema import ASIDE_KINDS
from tests.support.builders import session_started
from tests.support.recordings import SESSION_ID, record


def answer(*events: Event, text: str = "Yes.") -> list[Event]:
    """A session with one answer, in which these events came."""
    return [
        session_started(),
        TurnStarted(at_us=0, turn=0, role="user", text="Sure?"),
        TurnStarted(at_us=1_000_000, turn=1, role="assistant"),
        *events,
        TurnCompleted(at_us=9_000_000, turn=1, role="assistant", text=text, finish_reason="stop"),
        SessionEnded(at_us=9_000_000),
    ]


async def stored(home: Path, events: Sequence[Event]) -> tuple[AnswerAside, int, str]:
    """The aside of the answer, its time of thinking, and its text."""
    await record(home, events)
    async with await StoredLibrary.open(home) as library:
        turn = (await library.session(SESSION_ID)).turns[1]
        assert await library.sessions(search="scattering") == []
    return turn.aside, turn.thinking_us, turn.text


async def test_an_answer_has_its_thoughts_and_its_end(tmp_path: Path) -> None:
    aside, thinking_us, text = await stored(
        tmp_path,
        answer(
            ThoughtReceived(at_us=2_000_000, turn=1, text="Light, "),
            ThoughtReceived(at_us=5_000_000, turn=1, text="scattering."),
            GiveBackReceived(
                at_us=5_000_000, turn=1, item='{"signature":"x"}', provider="mine", model="m"
            ),
            DeltaReceived(at_us=6_000_000, turn=1, text="Yes."),
            AnswerIncomplete(at_us=7_000_000, turn=1, cause="length", detail="It was cut off."),
        ),
    )
    assert aside == AnswerAside(
        thoughts="Light, scattering.",
        thought_from_us=2_000_000,
        thought_until_us=5_000_000,
        incomplete="It was cut off.",
        give_back=(GiveBack('{"signature":"x"}', "mine", "m"),),
    )
    assert (thinking_us, text) == (3_000_000, "Yes.")


async def test_text_that_was_taken_back_is_a_thought(tmp_path: Path) -> None:
    aside, thinking_us, text = await stored(
        tmp_path,
        answer(
            DeltaReceived(at_us=2_000_000, turn=1, text="Scattering"),
            AnswerRetracted(at_us=3_000_000, turn=1, text="Scattering"),
            DeltaReceived(at_us=4_000_000, turn=1, text="Yes."),
        ),
    )
    assert (aside.thoughts, text) == ("Scattering", "Yes.")
    assert thinking_us == 2_000_000


async def test_it_is_taken_back_of_an_answer_that_is_not_over(tmp_path: Path) -> None:
    events = answer(
        DeltaReceived(at_us=2_000_000, turn=1, text="Hm"),
        AnswerRetracted(at_us=3_000_000, turn=1, text="Hm"),
        DeltaReceived(at_us=4_000_000, turn=1, text="Yes, and"),
    )
    _, _, text = await stored(tmp_path, events[:-2])
    assert text == "Yes, and"


async def test_an_item_with_a_redacted_secret_is_not_given_back(tmp_path: Path) -> None:
    item = '{"signature":"sk-proj-abcdefghijklmnop1234"}'
    aside, _, _ = await stored(tmp_path, answer(GiveBackReceived(at_us=2, turn=1, item=item)))
    assert aside == NO_ASIDE


async def test_they_are_read_by_an_index_of_their_own(tmp_path: Path) -> None:
    await stored(tmp_path, answer())
    with closing(sqlite3.connect(Home.at(tmp_path).database)) as database:
        [*_, plan] = database.execute(f"EXPLAIN QUERY PLAN {ASIDES}", (1,)).fetchone()
    assert "event_aside" in plan
    assert all(f"'{kind.__name__}'" in ASIDE_KINDS for kind in ASIDE_EVENTS)
