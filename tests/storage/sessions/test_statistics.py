"""What the library tells of its answers: whose they were, and which count."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gramophone.core.timeline import UsageReported
from gramophone.library.statistics import VoiceConfig, total
from gramophone.wire.lenient_json import LARGEST_COUNT
from storage.home import Home
from storage.library import StoredLibrary
from storage.sqlite.database import connect, open_library
from tests.support.builders import session_started, short_session
from tests.support.recordings import SESSION_ID, record
from tests.support.taken_back import CHANGED, session


async def test_each_answer_goes_to_who_gave_it(tmp_path: Path) -> None:
    await record(tmp_path, session())
    async with await StoredLibrary.open(tmp_path) as library:
        statistics_ = await library.statistics()
        turns = (await library.session(SESSION_ID)).turns
    began = session_started()
    before = statistics_.tallies[VoiceConfig(began.provider, began.model, began.voice)]
    after = statistics_.tallies[VoiceConfig(CHANGED.provider, CHANGED.model, CHANGED.voice)]
    assert len(statistics_.tallies) == 2
    assert (before.turns, before.withdrawn, before.repeated) == (2, 1, 0)
    assert (after.turns, after.withdrawn, after.repeated) == (1, 0, 1)
    spoken = [turns[3].metrics, turns[5].metrics]
    assert before.response_ms == [answer.response_ms for answer in spoken]
    assert before.characters == len("First answer.") + len("Second answer.")
    assert after.response_ms == []


async def test_an_empty_library_has_no_figures(tmp_path: Path) -> None:
    async with await StoredLibrary.open(tmp_path) as library:
        statistics_ = await library.statistics()
    assert (statistics_.tallies, statistics_.quarters) == ({}, {})


async def test_since_and_session_choose(tmp_path: Path) -> None:
    await record(tmp_path, session())
    async with await StoredLibrary.open(tmp_path) as library:
        begun = datetime.fromisoformat((await library.sessions())[0].created_at)
        for since, turns in ((begun, 3), (begun + timedelta(milliseconds=1), 0)):
            assert total((await library.statistics(since=since)).tallies.values()).turns == turns
        assert total((await library.statistics(session_id=SESSION_ID)).tallies.values()).turns == 3
        assert (await library.statistics(session_id="ff")).tallies == {}


async def test_what_was_discarded_counts_nowhere(tmp_path: Path) -> None:
    await record(tmp_path, session())
    async with await StoredLibrary.open(tmp_path) as library:
        await library.discard([SESSION_ID])
        statistics_ = await library.statistics()
        assert (statistics_.tallies, statistics_.quarters) == ({}, {})


async def test_a_damaged_change_leaves_the_answers(tmp_path: Path) -> None:
    await record(tmp_path, session())
    database = connect(Home.at(tmp_path))
    database.execute("UPDATE event SET detail = '[' WHERE kind = 'SettingsChanged'")
    database.execute("UPDATE session SET created_at = 'yesterday'")
    database.close()
    async with await StoredLibrary.open(tmp_path) as library:
        statistics_ = await library.statistics()
    assert total(statistics_.tallies.values()).turns == 3
    assert statistics_.quarters == {}


@pytest.mark.parametrize("query", ["_BY_VOICING", "_ONE_BY_ONE", "_CHANGES"])
def test_no_question_sorts_the_library_or_reads_all_events(tmp_path: Path, query: str) -> None:
    from storage.sessions import statistics

    open_library(Home.at(tmp_path)).close()
    database = connect(Home.at(tmp_path))
    statement: str = getattr(statistics, query)
    parameters = (None, None) if "?1" in statement else ()
    plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    database.close()
    assert not [step for step in plan if step in ("SCAN event", "SCAN turn")], plan
    if query == "_BY_VOICING":
        assert not [step for step in plan if "TEMP B-TREE" in step], plan


async def test_what_a_service_counts_beyond_64_bits_is_recorded_and_added_up(
    tmp_path: Path,
) -> None:
    events = [
        replace(event, input_tokens=2**70, output_tokens=-(2**70))
        if isinstance(event, UsageReported)
        else event
        for event in short_session()
    ]
    assert events != short_session()
    await record(tmp_path, events)
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []
        (session_id,) = [summary.id for summary in await library.sessions()]
        turns = (await library.session(session_id)).turns
        stored = await library.events(session_id)
    (counted,) = [event for event in stored if isinstance(event, UsageReported)]
    assert (counted.input_tokens, counted.output_tokens) == (LARGEST_COUNT, 0)
    assert len(stored) == len(events)
    assert turns[-1].metrics is not None
    assert turns[-1].metrics.input_tokens == LARGEST_COUNT
    # A library of an older version may hold the largest numbers there are.
    with connect(Home(tmp_path)) as database:
        database.execute("UPDATE turn SET input_tokens = 9223372036854775807")
    async with await StoredLibrary.open(tmp_path) as library:
        tally = total((await library.statistics()).tallies.values())
    assert tally.input_tokens == LARGEST_COUNT
