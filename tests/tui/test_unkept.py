"""A conversation that is not kept says so, and does not look for itself in the library."""

from __future__ import annotations

import pytest

from gramophone.ports.backend import ConversationInfo
from tests.support.builders import session_started, spoken_exchange
from tests.support.screen_backend import FakeBackend, FakeFeed
from tests.support.seeing import drawn, screen_text, screen_words
from tui.app import GramophoneApp

UNKEPT = ConversationInfo("local", "smollm2", "piper", stored=False)
ANY_SIZE = pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])


def app() -> GramophoneApp:
    feed = FakeFeed([session_started(), *spoken_exchange()])
    return GramophoneApp(FakeBackend(feed, setup=UNKEPT), {})


@ANY_SIZE
async def test_it_is_seen_all_the_time(size: tuple[int, int]) -> None:
    async with app().run_test(size=size) as pilot:
        await drawn(pilot)
        top = screen_text(pilot).splitlines()[0]
        assert "not kept" in top
        assert "REC" not in top
        await pilot.press("f3")
        await drawn(pilot)
        assert screen_text(pilot).count("not kept") >= 1
        assert "REC" not in screen_text(pilot)


@pytest.mark.parametrize("keys", ["/title A talk", "/export", "latency"])
async def test_what_needs_the_library_says_why_not(keys: str) -> None:
    async with app().run_test(size=(80, 24), notifications=True) as pilot:
        await drawn(pilot)
        if keys == "latency":
            await pilot.press("ctrl+l")
        else:
            await pilot.press(*(("space" if key == " " else key) for key in keys))
            await pilot.press("enter")
        await drawn(pilot)
        assert "This conversation is not kept" in screen_words(pilot)


async def test_nothing_on_the_way_says_that_it_is_recorded() -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        # The pane before is not heard any more.
        await pilot.press("f3")
        await drawn(pilot)
        assert "recorded" not in screen_words(pilot)
        await pilot.press("f1")
        await drawn(pilot)
        assert "Nothing of it is kept this time." in screen_words(pilot)
        assert "Everything is kept" not in screen_words(pilot)
