"""What fails is told, once, wherever one looks; what stands before one's eyes is not told twice."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from gramophone.core.timeline import DeviceChanged, Entry, Failed
from tests.support.builders import short_session, spoken_exchange
from tests.support.screen_backend import FakeBackend, FakeFeed, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_words
from tui.app import GramophoneApp
from tui.support.alerts import Alert, alerts

FULL = Failed(at_us=9, stage="recording", detail="There is no room left for the recording.")
GONE = DeviceChanged(at_us=9, device="silent", silent=True, detail="The sound device went away.")
LOST = Failed(at_us=9, stage="speech", detail="The speech service hung up.")


def notified(pilot: Pilot[Any]) -> list[str]:
    return [notification.message for notification in pilot.app._notifications]  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("entry", [FULL, GONE])
async def test_a_trouble_is_told_in_a_sentence(entry: Failed | DeviceChanged) -> None:
    feed = FakeFeed(spoken_exchange("Why?", "So."))
    app = GramophoneApp(FakeBackend(feed), {})
    async with app.run_test(notifications=True) as pilot:
        await drawn(pilot)
        assert notified(pilot) == []
        feed.put(entry)
        await drawn(pilot)
        assert notified(pilot) == [entry.detail]
        assert entry.detail in screen_words(pilot)


async def test_it_is_told_on_other_screens_too() -> None:
    feed = FakeFeed(spoken_exchange("Why?", "So."))
    app = GramophoneApp(FakeBackend(feed, FakeLibrary([kept_session(1)])), {})
    async with app.run_test(notifications=True) as pilot:
        await drawn(pilot)
        feed.put(LOST)
        await drawn(pilot)
        # Here it stands in the conversation, before one's eyes.
        assert notified(pilot) == []
        await pilot.press("f2")
        await drawn(pilot)
        feed.put(LOST)
        pane = app.screen_stack[0].query_one("Pane")
        await pane.tick()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        await drawn(pilot)
        assert notified(pilot) == [LOST.detail]


async def test_it_is_told_to_who_reads_above() -> None:
    feed = FakeFeed(spoken_exchange("Rows?", "row\n\n" * 60))
    app = GramophoneApp(FakeBackend(feed), {})
    async with app.run_test(notifications=True) as pilot:
        await drawn(pilot)
        await pilot.press("pageup")
        await drawn(pilot)
        feed.put(LOST)
        await drawn(pilot)
        assert notified(pilot) == [LOST.detail]


async def test_the_same_is_not_told_twice_at_once() -> None:
    feed = FakeFeed([*spoken_exchange("Why?", "So."), FULL, FULL])
    app = GramophoneApp(FakeBackend(feed), {})
    async with app.run_test(notifications=True) as pilot:
        await drawn(pilot)
        feed.put(FULL)
        await drawn(pilot)
        assert notified(pilot) == [FULL.detail]


async def test_what_failed_in_a_kept_session_is_not_told_again() -> None:
    backend = FakeBackend(library=FakeLibrary([kept_session(1)]))
    app = GramophoneApp(backend, {})
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2", "r")
        await drawn(pilot)
        backend.replay_feed.put(*short_session(), FULL, GONE)
        await drawn(pilot)
        assert notified(pilot) == []


@pytest.mark.parametrize(
    ("entry", "spoken", "alerted"),
    [
        (GONE, False, False),
        (DeviceChanged(at_us=1, device="speaker", silent=False), True, False),
        (DeviceChanged(at_us=1, device="muted", silent=True, detail="muted"), True, False),
        (Failed(at_us=1, stage="session", detail="\x1b[2JNo."), False, True),
    ],
)
def test_what_is_a_trouble(entry: Entry, spoken: bool, alerted: bool) -> None:
    raised = list(alerts([entry], has_turns=spoken))
    assert bool(raised) is alerted
    assert all("\x1b" not in alert.sentence for alert in raised)


def test_what_stands_in_the_conversation_is_marked() -> None:
    assert list(alerts([LOST, FULL], has_turns=True)) == [
        Alert("No voice", LOST.detail, "error", "speech", shown=True),
        Alert("Not recorded any more", FULL.detail, "error", "recording"),
    ]
