"""The raw timeline: rows on demand, a filter, one event whole."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Input

import tui.timeline.event_table
from gramophone.core.codec import decode
from gramophone.core.errors import StorageError
from gramophone.core.timeline import DeltaReceived, Event, ModelChunkReceived, TextSpoken
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn, headline, press, screen_text, screen_words
from tests.support.timelines import HOSTILE, many, session_of, talk, talked
from tui.app import GramophoneApp
from tui.screens.conversation import ConversationScreen
from tui.screens.event import EventScreen
from tui.screens.session import SessionScreen
from tui.screens.timeline import TimelineScreen
from tui.timeline.event_rows import Beginnings, EventFilter, detail_of, event_json, time_words
from tui.timeline.event_table import EventTable


async def opened(pilot: Pilot[Any], backend: FakeBackend, turn: int | None = None) -> None:
    await pilot.app.push_screen(TimelineScreen(backend, session_of(backend), turn))
    await drawn(pilot)


async def filtered(pilot: Pilot[Any], text: str) -> None:
    """The filter set at once, and its search awaited."""
    pilot.app.screen.query_one(Input).value = text
    await pilot.pause()
    await drawn(pilot)


def chosen(pilot: Pilot[Any]) -> Event:
    event = pilot.app.screen.query_one(EventTable).chosen
    assert event is not None
    return event


# --- pure -------------------------------------------------------------------------------------

DELTA = DeltaReceived(at_us=1, turn=3, text="A brass horn")
CHUNK = ModelChunkReceived(at_us=2, turn=3, raw='{"text":"A brass horn"}')
SPOKEN = TextSpoken(at_us=3, turn=5, chunk=0, text="Hello.", source_start=0, source_end=6)


def let_through(text: str) -> list[Event]:
    event_filter = EventFilter(text)
    return [event for event in (DELTA, CHUNK, SPOKEN) if event_filter.fits(event)]


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("", [DELTA, CHUNK, SPOKEN]),
        ("horn", [DELTA, CHUNK]),
        ("HORN", [DELTA, CHUNK]),
        ("spoken", [SPOKEN]),
        ("kind:delta", [DELTA]),
        ("kind:DeltaReceived", [DELTA]),
        ("turn:3", [DELTA, CHUNK]),
        ("turn:33", []),
        ("-kind:ModelChunkReceived", [DELTA, SPOKEN]),
        ("turn:3 -kind:chunk horn", [DELTA]),
        ("-turn:3", [SPOKEN]),
        ("-horn", [SPOKEN]),
        ('"a brass"', [DELTA, CHUNK]),
        ('-"a brass"', [SPOKEN]),
        ('"horn a"', []),
        ("horn brass", [DELTA, CHUNK]),
        ("chunk=0", [SPOKEN]),
        ("kind: -", [DELTA, CHUNK, SPOKEN]),
    ],
)
def test_a_filter_lets_through_what_holds(text: str, passing: list[Event]) -> None:
    assert let_through(text) == passing


@given(st.text(max_size=30))
def test_any_text_is_a_filter(text: str) -> None:
    passing = let_through(text)
    assert EventFilter(text) or passing == [DELTA, CHUNK, SPOKEN]


def test_the_detail_has_every_field_without_a_column() -> None:
    assert detail_of(SPOKEN) == "chunk=0 text=Hello. source_start=0 source_end=6"
    assert detail_of(DELTA, longest=3) == "text=A b"


def test_an_event_as_json_is_the_event_and_harmless() -> None:
    event = DeltaReceived(at_us=1, turn=3, text=HOSTILE + "\x7fü日\U000e0041\ud800🙂")
    text = event_json(event)
    assert decode(json.loads(text)) == event
    assert not set("\x1b\u202e\x9b\u200b\x7f\U000e0041\ud800") & set(text)
    assert "ü日" in text
    assert "🙂" in text


@given(st.text())
def test_any_event_as_json_is_that_event(text: str) -> None:
    event = DeltaReceived(at_us=1, turn=3, text=text)
    assert decode(json.loads(event_json(event))) == event


def test_time_counts_from_the_question_before() -> None:
    beginnings = Beginnings(talk())
    begins = [beginnings.before(at_us) for at_us in (0, 1_000_000, 8_999_999, 9_000_001)]
    assert begins == [None, 1_000_000, 1_000_000, 9_000_000]


def test_times_are_seconds_digit_under_digit() -> None:
    assert time_words(5_401_663, sign=False) == "5.401663"
    assert time_words(80, sign=True) == "+0.000080"
    assert time_words(3_600_000_000, sign=False, decimals=3) == "3,600.000"


# --- the screen -------------------------------------------------------------------------------


async def test_a_session_opens_its_timeline() -> None:
    app = GramophoneApp(talked())
    async with app.run_test() as pilot:
        await press(pilot, "f2", "enter", "v")
        assert isinstance(app.screen, TimelineScreen)
        assert headline(pilot) == f"Timeline · {len(talk())} events"
        assert "Time Turn Kind Detail" in screen_words(pilot)
        assert "1.000000 0 TurnStarted role=user text=What is a gr" in screen_words(pilot)
        await press(pilot, "escape")
        assert isinstance(app.screen, SessionScreen)


async def test_it_opens_at_a_turn() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend, 3)
        assert (type(chosen(pilot)).__name__, chosen(pilot).at_us) == ("TurnStarted", 9_000_300)


@pytest.mark.parametrize(
    ("keys", "index"),
    [
        (["down", "down", "up"], 1),
        (["j", "j", "k"], 1),
        (["end"], -1),
        (["G"], -1),
        (["G", "home"], 0),
        (["end", "g"], 0),
        (["up"], 0),
        (["end", "down"], -1),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], index: int) -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        await press(pilot, *keys)
        assert chosen(pilot) is backend.library.timelines[session_of(backend)][index]


@pytest.mark.parametrize(("down", "up"), [("pagedown", "pageup"), ("ctrl+d", "ctrl+u")])
async def test_pages(down: str, up: str) -> None:
    backend = talked(many(100))
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        await press(pilot, down)
        first = chosen(pilot).at_us
        assert 10_000 < first < 24_000
        await press(pilot, down, up)
        assert chosen(pilot).at_us == first


async def test_the_filter_narrows_and_escape_widens() -> None:
    backend = talked()
    whole = len(talk())
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        await press(pilot, "slash", *"kind:flush", "enter")
        await drawn(pilot)
        assert headline(pilot) == f"Timeline · 5 of {whole} events"
        assert "DeltaReceived" not in screen_words(pilot)
        assert isinstance(pilot.app.focused, EventTable)
        await press(pilot, "down")
        at = chosen(pilot)
        await press(pilot, "escape")
        await drawn(pilot)
        assert headline(pilot) == f"Timeline · {whole} events"
        assert chosen(pilot) is at
        await press(pilot, "slash", "escape")
        assert isinstance(pilot.app.focused, EventTable)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, ConversationScreen)


async def test_no_hits_say_so_and_offer_nothing_to_copy() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        await filtered(pilot, "turn:77")
        assert "No hits. Esc clears the filter" in screen_words(pilot)
        assert headline(pilot).startswith("Timeline · 0 of")
        assert "y Copy" not in screen_words(pilot)
        await press(pilot, "escape")
        await drawn(pilot)
        assert "TurnStarted" in screen_words(pilot)


async def test_t_counts_from_above_and_from_the_question() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        await filtered(pilot, "kind:PlaybackStarted")
        assert "1.440000 1 PlaybackStarted" in screen_words(pilot)
        await press(pilot, "t")
        assert "Since above" in screen_words(pilot)
        assert "+8.880000 3 PlaybackStarted" in screen_words(pilot)
        await press(pilot, "t")
        assert "Since asked" in screen_words(pilot)
        assert "+0.440000 1 PlaybackStarted" in screen_words(pilot)
        assert "+1.320000 3 PlaybackStarted" in screen_words(pilot)
        await press(pilot, "t")
        assert "1.440000 1 PlaybackStarted" in screen_words(pilot)


@pytest.mark.parametrize("close", ["escape", "q", "enter"])
async def test_enter_shows_the_whole_event(close: str) -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await opened(pilot, backend)
        await filtered(pilot, "kind:TextSpoken turn:1")
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, EventScreen)
        assert '"source_end": 27' in screen_words(pilot)
        await press(pilot, "y")
        assert json.loads(pilot.app.clipboard)["event"] == "TextSpoken"
        assert "Copied the event" in screen_words(pilot)
        await press(pilot, close)
        assert isinstance(pilot.app.screen, TimelineScreen)


async def test_y_copies_the_row_as_a_line_of_json() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await opened(pilot, backend)
        await filtered(pilot, "kind:ModelChunk")
        await press(pilot, "y")
        assert "Copied the row" in screen_words(pilot)
        assert json.loads(pilot.app.clipboard)["raw"] == HOSTILE
        assert not set("\x1b\u202e\x9b\u200b") & set(pilot.app.clipboard)
        assert "raw=abcde" in screen_words(pilot)


async def test_a_click_chooses_and_two_open() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        row = next(
            n for n, text in enumerate(screen_text(pilot).split("\n")) if "RequestSent" in text
        )
        await pilot.click(offset=(10, row))
        await drawn(pilot)
        assert type(chosen(pilot)).__name__ == "RequestSent"
        await pilot.click(offset=(10, row), times=2)
        await drawn(pilot)
        assert isinstance(pilot.app.screen, EventScreen)


async def test_only_rows_in_view_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Event] = []

    def counted(event: Event, longest: int | None = None) -> str:
        rendered.append(event)
        return detail_of(event, longest)

    monkeypatch.setattr(tui.timeline.event_table, "detail_of", counted)
    backend = talked(many(100_000))
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        assert headline(pilot) == "Timeline · 100,000 events"
        await press(pilot, "end")
        assert "word 99999" in screen_words(pilot)
        assert len({id(event) for event in rendered}) < 200


async def test_at_40_by_12_the_detail_can_still_be_read() -> None:
    backend = talked()
    async with GramophoneApp(backend).run_test(size=(40, 12)) as pilot:
        await opened(pilot, backend)
        assert "1.000 TurnStarted role=user" in screen_words(pilot)
        await press(pilot, "t", "t")
        assert "Asked Kind Detail" in screen_words(pilot)


async def test_a_session_without_events_says_so() -> None:
    backend = talked([])
    async with GramophoneApp(backend).run_test() as pilot:
        await opened(pilot, backend)
        assert "No events. Esc goes back" in screen_words(pilot)
        await press(pilot, "enter", "down", "y", "t", "escape")
        assert isinstance(pilot.app.screen, ConversationScreen)


async def test_what_cannot_be_read_is_one_sentence() -> None:
    backend = talked()
    backend.library.failure = StorageError("Cannot be read.")
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await opened(pilot, backend)
        assert isinstance(pilot.app.screen, ConversationScreen)
        assert "Cannot be read." in screen_words(pilot)
