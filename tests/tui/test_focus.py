"""Where keys go when the app comes to the front."""

from __future__ import annotations

from textual.events import AppBlur, AppFocus

from tests.support.builders import session_started, spoken_exchange
from tests.support.screen_backend import FakeBackend, FakeFeed
from tests.support.seeing import drawn, screen_words
from tui.app import GramophoneApp
from tui.prompt.prompt import Prompt


async def test_an_app_that_started_in_the_background_hears_keys() -> None:
    """As a web page does, which nobody looks at until it is there."""
    app = GramophoneApp(FakeBackend())
    app.set_reactive(GramophoneApp.app_focus, False)  # pyright: ignore[reportArgumentType]
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        assert pilot.app.focused is None
        await pilot.press(*"hello")
        await drawn(pilot)
        assert "hello" in screen_words(pilot)


async def test_focus_comes_back_to_where_it_was() -> None:
    async with GramophoneApp(FakeBackend()).run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        before = pilot.app.focused
        pilot.app.post_message(AppBlur())
        await drawn(pilot)
        assert pilot.app.focused is None
        pilot.app.post_message(AppFocus())
        await drawn(pilot)
        assert before is not None
        assert pilot.app.focused is before


async def test_a_screen_that_came_in_the_background_has_focus_too() -> None:
    async with GramophoneApp(FakeBackend()).run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        pilot.app.post_message(AppBlur())
        await drawn(pilot)
        await pilot.app.run_action("help")
        await drawn(pilot)
        assert pilot.app.focused is None
        pilot.app.post_message(AppFocus())
        await drawn(pilot)
        assert type(pilot.app.focused).__name__ == "VerticalScroll"


async def test_a_first_turn_leaves_the_keys_to_the_prompt() -> None:
    feed = FakeFeed([])
    app = GramophoneApp(FakeBackend(feed), {})
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        # As at a start at which the turn comes before the prompt is mounted.
        app.screen.set_focus(None)
        feed.put(session_started(), *spoken_exchange())
        await drawn(pilot)
        assert isinstance(app.focused, Prompt)
