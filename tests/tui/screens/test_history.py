"""The history: pages, search, opening, export and deletion."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input

from gramophone.core.errors import StorageError
from gramophone.library.export_request import Pauses
from gramophone.library.library import Totals
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tui.app import GramophoneApp
from tui.screens.conversation import ConversationScreen
from tui.screens.dialogs.progress import ProgressScreen
from tui.screens.export import ExportScreen
from tui.screens.history import HistoryScreen
from tui.screens.session import SessionScreen
from tui.sessions.session_list import SessionList


def library_of(count: int) -> FakeLibrary:
    return FakeLibrary(kept_session(number) for number in range(count))


@pytest.mark.parametrize("key", ["f2", "ctrl+r"])
async def test_it_opens_and_escape_goes_back(key: str) -> None:
    app = GramophoneApp(FakeBackend(library=library_of(3)))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press(key)
        await drawn(pilot)
        assert isinstance(app.screen, HistoryScreen)
        assert "Question 0?" in screen_text(pilot)
        assert "Sessions (3) · 37 s spoken" in screen_text(pilot)
        await pilot.press("escape")
        assert isinstance(app.screen, ConversationScreen)


@pytest.mark.parametrize(
    ("sessions", "spoken_ms", "words"),
    [
        (32, 400_000, "Sessions (32) · 6 min spoken"),
        (7_000, 35_940_000, "Sessions (7,000) · 9 h 59 min spoken"),
        (100_000, 11_563_200_000, "Sessions (100,000) · 3,212 h spoken"),
    ],
)
async def test_how_much_was_spoken_is_said_whole_on_a_narrow_screen(
    sessions: int, spoken_ms: int, words: str
) -> None:
    library = library_of(1)

    async def totals() -> Totals:
        return Totals(sessions, spoken_ms)

    library.totals = totals
    async with GramophoneApp(FakeBackend(library=library)).run_test(size=(40, 12)) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        assert screen_text(pilot).split("\n")[0].strip() == words


async def test_nothing_kept_says_what_to_do() -> None:
    async with GramophoneApp(FakeBackend()).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        assert "Nothing kept." in screen_text(pilot)
        await pilot.press("r", "e", "d", "enter")
        await drawn(pilot)
        assert isinstance(pilot.app.screen, HistoryScreen)


async def test_pages_are_read_as_one_goes_down() -> None:
    library = library_of(120)
    app = GramophoneApp(FakeBackend(library=library))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        assert [request[:2] for request in library.queries] == [(50, None)]
        await pilot.press("end")
        await drawn(pilot)
        await pilot.press("end")
        await drawn(pilot)
        rows = app.screen.query_one(SessionList).rows
        assert len(rows) == 120
        assert len({row.id for row in rows}) == 120
        assert "Sessions (120)" in screen_text(pilot)


async def test_search_as_one_types_and_out_again() -> None:
    records = [kept_session(1, "Gramophones [b]and[/b] horns"), kept_session(2, "Lisbon")]
    app = GramophoneApp(FakeBackend(library=FakeLibrary(records)))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("slash", *"HORN")
        await drawn(pilot)
        assert [row.title for row in app.screen.query_one(SessionList).rows] == [
            "Gramophones [b]and[/b] horns"
        ]
        assert "Gramophones [b]and[/b] horns" in screen_text(pilot)
        await pilot.press("z")
        await drawn(pilot)
        assert "No hits." in screen_text(pilot)
        await pilot.press("escape")
        await drawn(pilot)
        assert "Sessions (2)" in screen_text(pilot)
        assert isinstance(app.focused, SessionList)


async def test_enter_in_the_search_goes_to_the_list_and_opens() -> None:
    app = GramophoneApp(FakeBackend(library=library_of(5)))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2", "slash", "3", "enter")
        await drawn(pilot)
        await pilot.press("enter")
        await drawn(pilot)
        assert isinstance(app.screen, SessionScreen)
        assert "Answer 3 to it." in screen_text(pilot)


async def test_letters_typed_into_the_search_are_not_commands() -> None:
    app = GramophoneApp(FakeBackend(library=library_of(5)))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2", "slash", "d", "e", "r")
        await drawn(pilot)
        assert isinstance(app.screen, HistoryScreen)
        assert app.screen.query_one(Input).value == "der"


async def test_export_asks_where_and_says_where(tmp_path: Path) -> None:
    library = library_of(1)
    app = GramophoneApp(FakeBackend(library=library))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("e")
        await pilot.pause()
        assert isinstance(app.screen, ExportScreen)
        field = app.screen.query_one(Input)
        assert field.value == "~/gramophone-question-0.wav"
        field.value = str(tmp_path / "a")
        await pilot.press("enter")
        await drawn(pilot)
        assert library.exported == [(library.records[0].summary.id, tmp_path / "a.wav")]
        assert "Written to" in screen_text(pilot)


async def test_export_offers_every_form(tmp_path: Path) -> None:
    library = library_of(1)
    app = GramophoneApp(FakeBackend(library=library))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("e")
        await pilot.pause()
        field = app.screen.query_one(Input)
        field.value = str(tmp_path / "a.wav")
        await pilot.press("shift+tab")
        await pilot.pause()
        assert field.value == str(tmp_path / "a.gramophone")
        assert "The whole session as a bundle" in screen_text(pilot)
        assert "Ctrl+G" not in screen_text(pilot)
        await pilot.press("tab")
        await pilot.pause()
        assert "The sound as WAV · pauses: none" in screen_text(pilot)
        field.value = str(tmp_path / "a.html")
        await pilot.pause()
        assert "0.6 s" in screen_text(pilot)
        await pilot.press("ctrl+g")
        await pilot.pause()
        assert "pauses: as they were" in screen_text(pilot)
        field.value = str(tmp_path / "a.jsonl")
        await pilot.pause()
        assert "The timeline as JSON lines" in screen_text(pilot)
        await pilot.click(".forms", offset=(1, 0))
        await pilot.pause()
        assert field.value == str(tmp_path / "a.wav")
        await pilot.press("enter")
        await drawn(pilot)
        (order,) = library.orders
        assert (order.form, order.path) == ("wav", tmp_path / "a.wav")
        assert order.pauses == Pauses(real=True)
        assert "Written to" in screen_text(pilot)


async def test_a_long_export_shows_how_far_it_is_and_stops(tmp_path: Path) -> None:
    library = library_of(1)
    library.export_held.clear()
    app = GramophoneApp(FakeBackend(library=library))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("e")
        await pilot.pause()
        app.screen.query_one(Input).value = str(tmp_path / "a")
        await pilot.press("enter")
        while not isinstance(app.screen, ProgressScreen):
            await pilot.pause()
        while "25%" not in screen_text(pilot):
            await pilot.pause()
        await pilot.press("escape")
        await drawn(pilot)
        assert isinstance(app.screen, HistoryScreen)
        assert "Written" not in screen_words(pilot)
        assert library.exported == []


async def test_a_second_enter_opens_though_the_focus_has_not_moved_yet() -> None:
    app = GramophoneApp(FakeBackend(library=library_of(5)))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2", "slash", "3")
        await drawn(pilot)
        # Both keys come in one read of the terminal, before the focus has moved.
        for _ in range(2):
            app.post_message(Key("enter", "\r"))
        await drawn(pilot)
        assert isinstance(app.screen, SessionScreen)


async def test_export_does_not_overwrite_without_a_second_enter(tmp_path: Path) -> None:
    library = library_of(1)
    there = tmp_path / "there.wav"
    there.touch()
    app = GramophoneApp(FakeBackend(library=library))
    async with app.run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("e")
        await pilot.pause()
        app.screen.query_one(Input).value = str(tmp_path)
        await pilot.press("enter")
        await pilot.pause()
        assert "This is a directory" in screen_text(pilot)
        app.screen.query_one(Input).value = str(there)
        await pilot.press("enter")
        await pilot.pause()
        assert "Enter replaces it" in screen_text(pilot)
        assert library.exported == []
        await pilot.press("enter")
        await drawn(pilot)
        assert len(library.exported) == 1


async def test_leaving_the_export_writes_nothing() -> None:
    library = library_of(1)
    async with GramophoneApp(FakeBackend(library=library)).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("e")
        await pilot.pause()
        await pilot.press("escape")
        await drawn(pilot)
        assert library.exported == []


async def test_a_failing_library_is_one_sentence() -> None:
    library = library_of(1)
    library.failure = StorageError("The library is damaged; run gramophone verify.")
    async with GramophoneApp(FakeBackend(library=library)).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        assert "The library is damaged; run gramophone verify." in screen_words(pilot)


@pytest.mark.parametrize("size", [(40, 10), (40, 12), (200, 60), (20, 5)])
async def test_every_size_works(size: tuple[int, int]) -> None:
    app = GramophoneApp(FakeBackend(library=library_of(60)))
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press("down", "down", "enter")
        await drawn(pilot)
        assert isinstance(app.screen, SessionScreen)
