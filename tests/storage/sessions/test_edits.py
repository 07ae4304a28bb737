"""Keeping in order: titles, tags, pins, the archive, discarding; and finding by all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gramophone.core.errors import FilterError, SessionNotFound, StorageError
from gramophone.core.timeline import Event, SessionEnded
from gramophone.library.library import SessionSummary, TagCount, Totals
from gramophone.library.search_query import parse
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from storage.sessions.filter_sql import scope_of
from storage.sessions.listing import SUMMARY
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.recordings import NOON, SESSION_ID, opened

FRAME = b"\x01\x00" * 24_000


def a_talk(session_id: str, question: str, **changes: object) -> list[Event]:
    """A session of one exchange, half a second of it spoken."""
    return [
        session_started(session_id, **changes),
        *spoken_exchange(question, "An answer", frames=(FRAME,)),
        SessionEnded(at_us=9_000_000),
    ]


TALKS = [
    a_talk("a0", "Horns", provider="openai", model="gpt-5", voice="aura-2-thalia-en"),
    a_talk("a1", "Needles", provider="openai", model="gpt-5-mini"),
    a_talk("a2", "Wax"),
    [session_started("a3"), *spoken_exchange("Horns again", "Silence", frames=())],
]
DAYS = [NOON - timedelta(days=days) for days in (60, 8, 1, 0)]


@pytest.fixture
async def library(tmp_path: Path) -> AsyncIterator[StoredLibrary]:
    """Four sessions: sixty and eight days ago, yesterday, and today without an end or sound."""
    for events, day in zip(TALKS, DAYS, strict=True):
        async with Recorder.open(tmp_path / "home", wall_clock=lambda day=day: day) as recorder:
            for event in events:
                recorder.emit(event)
    async with await StoredLibrary.open(
        tmp_path / "home", wall_clock=lambda: NOON
    ) as opened_library:
        yield opened_library


async def ids(library: StoredLibrary, search: str = "", **options: object) -> str:
    summaries: list[SessionSummary] = await library.sessions(search=search, **options)  # pyright: ignore[reportArgumentType]
    return " ".join(session.id for session in summaries)


async def only(library: StoredLibrary, session_id: str) -> SessionSummary:
    return (await library.session(session_id)).summary


# --- filters --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("provider:openai", "a1 a0"),
        ("-provider:openai", "a3 a2"),
        ("provider:open", "a1 a0"),
        ("model:gpt-5", "a0"),
        ("model:GPT", "a1 a0"),
        ("model:gpt provider:local", ""),
        ("voice:thalia", "a3 a2 a1 a0"),
        ("has:audio", "a2 a1 a0"),
        ("-has:audio", "a3"),
        ("is:recovered", "a3"),
        ("-is:recovered", "a2 a1 a0"),
        ("on:today", "a3"),
        ("on:yesterday", "a2"),
        ("after:8d", "a3 a2 a1"),
        ("before:2026-11", "a0"),
        ("before:2026-11-20 after:2026-11-01", "a1"),
        ("before:2001", ""),
        ("after:2027", ""),
        ("horns", "a3 a0"),
        ("horns -has:audio", "a3"),
        ("horns provider:openai", "a0"),
        ("answer before:yesterday", "a1 a0"),
        ("title:hor", "a3 a0"),
        ("title:horns provider:openai", "a0"),
        ("-title:horns", "a2 a1"),
        ("horns -again", "a0"),
        ("title:answer", ""),
    ],
)
async def test_filters_and_words(library: StoredLibrary, search: str, expected: str) -> None:
    assert await ids(library, search) == expected


@pytest.mark.parametrize(
    ("search", "sentence"),
    [
        ("provider:opnai", "No session has the provider “opnai”; there are local, openai."),
        ("tag:x", "No session has the tag “x”."),
        ("size:3", "There is no filter size:"),
    ],
)
async def test_a_filter_that_says_nothing_is_explained(
    library: StoredLibrary, search: str, sentence: str
) -> None:
    with pytest.raises(FilterError, match=sentence):
        await library.sessions(search=search)


@pytest.mark.parametrize(
    "search", ["", "answer", "provider:o", "has:audio", "answer has:audio", "title:e after:2026"]
)
async def test_every_search_is_paged(library: StoredLibrary, search: str) -> None:
    whole = (await ids(library, search)).split()
    pages: list[str] = []
    while page := await ids(library, search, limit=1, older_than=pages[-1] if pages else None):
        pages.append(page)
    assert pages == whole


@pytest.mark.parametrize("turns", [3, 5_000])
async def test_the_newest_turn_is_shown_of_a_session_however_long(
    library: StoredLibrary, tmp_path: Path, turns: int
) -> None:
    """The hits of long sessions are read downward, those of others upward."""
    with opened(tmp_path / "home") as database:
        database.execute("UPDATE session SET turns = ?", (turns,))
        database.executemany(
            "INSERT INTO turn (number, session, turn, role, text, started_us) "
            "SELECT (number << 20) + ?1, number, ?1, 'user', ?2, 0 FROM session WHERE id = 'a0'",
            [(7, "horns once"), (8, "horns twice"), (9, "needles")],
        )
    (row,) = await library.sessions(search="horns provider:openai")
    assert (row.id, row.snippet) == ("a0", "\ue000horns\ue001 twice")


async def test_filters_hold_for_more_sessions_than_a_few(
    library: StoredLibrary, tmp_path: Path
) -> None:
    """Both ways of joining words and filters give the same."""
    with opened(tmp_path / "home") as database:
        database.execute(
            "INSERT INTO session (id, created_at, provider, model, voice, encoding, "
            "sample_rate_hz, system_prompt, format_version, ended) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
            "SELECT printf('b%x', i), '2026-11-21T12:00:00.000+00:00', "
            "CASE i % 2 WHEN 0 THEN 'many' ELSE 'few' END, 'm', 'v', 'linear16', 8000, '', 1, 1 "
            "FROM n"
        )
        database.execute(
            "INSERT INTO turn (number, session, turn, role, text, started_us) "
            "SELECT number << 20, number, 0, 'user', 'horns', 0 FROM session WHERE provider = 'few'"
        )
    for search, count in [("horns provider:few", 750), ("horns model:m", 750), ("horns", 752)]:
        assert len(await library.sessions(search=search, limit=5000)) == count
    assert await ids(library, "horns provider:many") == ""
    assert await ids(library, "horns provider:openai") == "a0"


# --- titles ---------------------------------------------------------------------------------------


async def test_a_new_title_is_shown_and_found(library: StoredLibrary) -> None:
    await library.rename("a2", "  Thomas\x1b[31m Edison ")
    assert (await only(library, "a2")).title == "Thomas Edison"
    assert await ids(library, "edison") == "a2"
    assert await ids(library, "title:thom") == "a2"
    assert await ids(library, "title:wax") == ""
    assert await ids(library, "wax") == "a2"
    await library.rename("a2", " ")
    assert (await only(library, "a2")).title == "Wax"
    assert await ids(library, "edison") == ""
    assert await library.verify() == []


async def test_a_title_hit_among_hits_of_turns_is_in_its_place(library: StoredLibrary) -> None:
    await library.rename("a1", "Horns too")
    assert await ids(library, "horns") == "a3 a1 a0"
    assert await ids(library, "horns", limit=1, older_than="a3") == "a1"
    assert await ids(library, "horns is:recovered") == "a3"


async def test_the_recorder_does_not_write_over_a_title(tmp_path: Path) -> None:
    events = short_session()
    async with (
        Recorder.open(tmp_path) as recorder,
        await StoredLibrary.open(tmp_path) as library,
    ):
        for number, event in enumerate(events):
            recorder.emit(event)
            if number == 3:
                await recorder.flush()
                assert (await only(library, SESSION_ID)).title == "What is a gramophone?"
                await library.rename(SESSION_ID, "Mine")
        await recorder.flush()
        assert (await only(library, SESSION_ID)).title == "Mine"
        assert (await only(library, SESSION_ID)).turns == 2
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []


async def test_changes_beside_a_recorder_all_arrive(tmp_path: Path) -> None:
    async with (
        Recorder.open(tmp_path) as recorder,
        await StoredLibrary.open(tmp_path) as library,
    ):
        recorder.emit(session_started())
        await recorder.flush()

        async def change() -> None:
            for number in range(20):
                await library.rename(SESSION_ID, f"Title {number}")
                await library.tag([SESSION_ID], [f"t{number}"])
                await library.pin([SESSION_ID], bool(number % 2))

        changing = asyncio.ensure_future(change())  # noqa: TID251
        for number in range(40):
            for event in spoken_exchange(first_turn=2 * number):
                recorder.emit(event)
            await recorder.flush()
        await changing
        summary = await only(library, SESSION_ID)
        assert (summary.title, len(summary.tags), summary.pinned) == ("Title 19", 20, True)
        assert summary.turns == 80


# --- tags, pins, archive --------------------------------------------------------------------------


async def test_tags_are_given_taken_counted_and_found(library: StoredLibrary) -> None:
    await library.tag(["a0", "a2"], ["Work", "#on hold"])
    await library.tag(["a2"], ["home"], ["work"])
    assert (await only(library, "a2")).tags == ("home", "on-hold")
    assert (await library.sessions())[1].tags == ("home", "on-hold")
    assert await library.tags() == [
        TagCount("on-hold", 2),
        TagCount("home", 1),
        TagCount("work", 1),
    ]
    assert await ids(library, "tag:work") == "a0"
    assert await ids(library, "tag:on-hold") == "a2 a0"
    assert await ids(library, "tag:on-hold tag:home") == "a2"
    assert await ids(library, "tag:on-hold -tag:home") == "a0"
    assert await ids(library, "tag:o") == "a2 a0"
    assert await ids(library, "answer tag:home") == "a2"
    assert await ids(library, "-has:tags") == "a3 a1"
    await library.delete("a2")
    assert await library.tags() == [TagCount("on-hold", 1), TagCount("work", 1)]


async def test_pinned_sessions_come_first_and_once(library: StoredLibrary) -> None:
    await library.pin(["a0", "a2"])
    assert await ids(library) == "a2 a0 a3 a1"
    for limit in (1, 2, 3):
        pages: list[str] = []
        while page := await library.sessions(limit=limit, older_than=pages[-1] if pages else None):
            pages += [session.id for session in page]
        assert pages == ["a2", "a0", "a3", "a1"]
    assert await ids(library, "is:pinned") == "a2 a0"
    assert await ids(library, "-is:pinned") == "a3 a1"
    assert await ids(library, "horns") == "a3 a0"
    assert [session.pinned for session in await library.sessions(limit=3)] == [True, True, False]
    await library.pin(["a2"], False)
    assert await ids(library) == "a0 a3 a2 a1"


async def test_archived_sessions_are_found_only_when_asked_for(library: StoredLibrary) -> None:
    await library.archive(["a3", "a1"])
    assert await ids(library) == "a2 a0"
    assert await ids(library, "horns") == "a0"
    assert await ids(library, "provider:openai") == "a0"
    assert await ids(library, "is:archived") == "a3 a1"
    assert await ids(library, "is:archived horns") == "a3"
    assert (await only(library, "a3")).archived
    assert await library.resolve("last") == "a3"
    await library.archive(["a3"], False)
    assert await ids(library) == "a3 a2 a0"


async def test_the_sum_is_of_what_is_listed(library: StoredLibrary) -> None:
    assert await library.totals() == Totals(4, 1_500)
    await library.archive(["a0"])
    await library.discard(["a2"])
    assert await library.totals() == Totals(2, 500)


# --- discarding -----------------------------------------------------------------------------------


async def test_what_is_discarded_is_hidden_and_comes_back(library: StoredLibrary) -> None:
    await library.pin(["a0"])
    await library.tag(["a0"], ["x"])
    await library.discard(["a0", "a3"])
    assert await ids(library) == "a2 a1"
    assert await ids(library, "horns") == ""
    assert await ids(library, "is:pinned") == ""
    assert await library.tags() == []
    assert await library.resolve("last") == "a2"
    for call in (library.session("a0"), library.resolve("a0")):
        with pytest.raises(SessionNotFound):
            await call
    await library.restore(["a0", "a3"])
    assert await ids(library) == "a0 a3 a2 a1"
    assert await ids(library, "horns tag:x") == "a0"
    await library.purge()
    assert await ids(library) == "a0 a3 a2 a1"


async def test_purging_removes_what_was_discarded_here(
    library: StoredLibrary, tmp_path: Path
) -> None:
    await library.discard(["a0", "a1"])
    await library.restore(["a1"])
    await library.purge()
    assert not (tmp_path / "home/audio/a0").exists()
    assert (tmp_path / "home/audio/a1").exists()
    assert await ids(library) == "a3 a2 a1"
    with pytest.raises(SessionNotFound):
        await library.restore(["a0"])
    assert await library.verify() == []


async def test_what_a_killed_app_discarded_goes_a_day_later(
    library: StoredLibrary, tmp_path: Path
) -> None:
    await library.discard(["a0"])
    later = NOON + timedelta(hours=23)
    for now, there in [(later, True), (later + timedelta(hours=2), False)]:
        await (await StoredLibrary.open(tmp_path / "home", wall_clock=lambda now=now: now)).aclose()
        assert (tmp_path / "home/audio/a0").exists() is there


async def test_a_session_that_is_recorded_is_not_discarded(
    library: StoredLibrary, tmp_path: Path
) -> None:
    async with Recorder.open(tmp_path / "home") as recorder:
        recorder.emit(session_started("beef"))
        await recorder.flush()
        with pytest.raises(StorageError, match="is being recorded; end it before deleting it"):
            await library.discard(["a0", "beef"])
    assert await ids(library) == "beef a3 a2 a1 a0"


async def test_a_session_that_is_gone_is_named(library: StoredLibrary) -> None:
    changes = [
        library.rename("f0", "x"),
        library.tag(["f0"], ["x"]),
        library.pin(["f0"]),
        library.archive(["f0"]),
        library.discard(["f0"]),
        library.restore(["f0"]),
    ]
    for change in changes:
        with pytest.raises(SessionNotFound, match="There is no session 'f0'"):
            await change


async def test_days_are_those_of_the_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    time.tzset()
    try:
        # 13:00 on the 20th in UTC is the first hour of the 21st there.
        at = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
        async with Recorder.open(tmp_path, wall_clock=lambda: at) as recorder:
            for event in short_session():
                recorder.emit(event)
        async with await StoredLibrary.open(tmp_path, wall_clock=lambda: at) as library:
            assert await ids(library, "on:today") == SESSION_ID
            assert await ids(library, "on:2026-11-21") == SESSION_ID
            assert await ids(library, "on:2026-11-20") == ""
    finally:
        monkeypatch.undo()
        time.tzset()


# --- what it costs --------------------------------------------------------------------------------


async def test_no_question_walks_the_sessions_themselves(
    library: StoredLibrary, tmp_path: Path
) -> None:
    """Every list goes by an index, in its order: nothing is sorted."""
    with opened(tmp_path / "home") as database:
        for typed in (
            "provider:local",
            "tag:x",
            "title:x",
            "is:pinned",
            "is:archived",
            "has:audio",
            "on:today",
            "tag:x is:pinned model:m after:7d -voice:v",
        ):
            search = parse(typed, NOON.date())
            named = {condition: [condition.value] for condition in search.filters}
            query = scope_of(search, named).newest(SUMMARY, 1 << 42, 50)
            plan = [row[3] for row in database.execute("EXPLAIN QUERY PLAN " + query[0], query[1])]
            assert not [step for step in plan if "TEMP B-TREE" in step], (typed, plan)
            assert not [step for step in plan if step == "SCAN session"], (typed, plan)
