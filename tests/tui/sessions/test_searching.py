"""Searching what was kept: filters, a slow library, and from the field to the list."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.support.histories import history, library_of, titles
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tui.app import GramophoneApp
from tui.screens import history as history_screen
from tui.screens.conversation import ConversationScreen
from tui.screens.history import HistoryScreen
from tui.sessions.search_field import SessionSearch
from tui.sessions.session_list import SessionList


async def test_a_filter_that_says_nothing_is_explained_below_the_field() -> None:
    async with history(library_of(3), "slash") as pilot:
        pilot.app.screen.query_one(Input).value = "colour:red"
        await drawn(pilot)
        assert "There is no filter colour:" in screen_words(pilot)
        assert len(titles(pilot)) == 3
        await pilot.press("escape")
        await drawn(pilot)
        assert "no filter" not in screen_words(pilot)


async def test_a_slow_search_says_so_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    library = library_of(3)
    async with history(library, "slash") as pilot:
        monkeypatch.setattr(history_screen, "SLOW_AFTER_S", 0.001)
        library.sessions_held.clear()
        pilot.app.screen.query_one(Input).value = "question 2"
        while "searching · Esc stops" not in screen_text(pilot):
            await pilot.pause()
        await pilot.press("escape")
        await drawn(pilot)
        assert "searching" not in screen_text(pilot)
        assert len(titles(pilot)) == 3
        assert isinstance(pilot.app.screen, HistoryScreen)
        library.sessions_held.set()
        await pilot.press("1")
        await drawn(pilot)
        assert titles(pilot) == []


async def test_a_library_that_opens_late_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_screen, "SLOW_AFTER_S", 0.001)
    library = library_of(3)
    library.sessions_held.clear()
    async with GramophoneApp(FakeBackend(library=library)).run_test() as pilot:
        await pilot.press("f2")
        while "opening · Esc leaves" not in screen_text(pilot):
            await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ConversationScreen)


async def test_filters_are_hinted_and_completed() -> None:
    library = FakeLibrary([kept_session(0, tags=["work"]), kept_session(1)])
    async with history(library, "slash") as pilot:
        assert "has:audio" in screen_text(pilot)
        await pilot.press(*"tag:w")
        await drawn(pilot)
        assert "tag:work" in screen_text(pilot)
        await pilot.press("right")
        await drawn(pilot)
        assert pilot.app.screen.query_one(Input).value == "tag:work"
        assert titles(pilot) == ["Question 0?"]
        assert "1 hit" in screen_text(pilot)


@pytest.mark.parametrize("key", ["enter", "down"])
async def test_from_the_search_to_the_list(key: str) -> None:
    async with history(library_of(3), "slash", *"question", key) as pilot:
        assert isinstance(pilot.app.focused, SessionList)
        await pilot.press("slash", *"zz", key)
        await drawn(pilot)
        assert isinstance(pilot.app.focused, SessionSearch)
        assert "/ Search" not in screen_text(pilot)


async def test_enter_before_the_hits_are_there_goes_to_them() -> None:
    library = library_of(3)
    async with history(library, "slash", *"zz") as pilot:
        library.sessions_held.clear()
        pilot.app.screen.query_one(Input).value = "question"
        await pilot.press("enter")
        assert isinstance(pilot.app.focused, SessionSearch)
        library.sessions_held.set()
        await drawn(pilot)
        assert isinstance(pilot.app.focused, SessionList)


async def test_an_older_search_is_left_for_the_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what stands still is asked for, and a question under way is dropped."""
    library = library_of(3)
    async with history(library) as pilot:
        searches = len(library.queries)
        monkeypatch.setattr(history_screen, "SEARCH_AFTER_S", 3600)
        await pilot.press("slash", *"question ")
        monkeypatch.setattr(history_screen, "SEARCH_AFTER_S", 0)
        await pilot.press("2")
        await drawn(pilot)
        assert [search for _, _, search in library.queries[searches:]] == ["question 2"]
        assert titles(pilot) == ["Question 2?"]
