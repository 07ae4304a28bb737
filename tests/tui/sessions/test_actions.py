"""Keeping sessions in order from the list: every key, one session and many, and undo."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from gramophone.core.errors import ModelError, StorageError
from tests.support.histories import answer, ask, history, library_of, listed, titles, under_cursor
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tui.prompt.prompt import Prompt
from tui.screens.conversation import ConversationScreen
from tui.screens.dialogs.progress import ProgressScreen
from tui.screens.history import HistoryScreen
from tui.screens.session import SessionScreen
from tui.sessions.session_list import SessionList

# --- deleting and undo ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["d", "delete"])
async def test_deleting_asks_nothing_and_can_be_undone(key: str) -> None:
    library = library_of(4)
    async with history(library, "j", key) as pilot:
        assert titles(pilot) == ["Question 0?", "Question 2?", "Question 3?"]
        assert under_cursor(pilot) == "Question 2?"
        assert "Deleted “Question 1?”. u: undo" in screen_words(pilot)
        assert "Sessions (3)" in screen_text(pilot)
        await pilot.press("u")
        await drawn(pilot)
        assert len(titles(pilot)) == 4
        assert under_cursor(pilot) == "Question 1?"
        assert "Sessions (4)" in screen_text(pilot)
        await pilot.press("u")
        await drawn(pilot)
        assert "Nothing to undo." in screen_words(pilot)


async def test_undo_goes_back_step_by_step_and_outlives_the_screen() -> None:
    library = library_of(4)
    async with history(library, "d", "G", "d", "escape", "f2") as pilot:
        assert titles(pilot) == ["Question 1?", "Question 2?"]
        await pilot.press("u")
        await drawn(pilot)
        assert titles(pilot) == ["Question 1?", "Question 2?", "Question 3?"]
        await pilot.press("u")
        await drawn(pilot)
        assert titles(pilot) == [f"Question {number}?" for number in range(4)]


async def test_a_refused_deletion_is_one_sentence_and_the_row_stays() -> None:
    library = library_of(2)
    async with history(library) as pilot:
        library.failure = StorageError("The session 1 is being recorded; end it first.")
        await pilot.press("d")
        await drawn(pilot)
        assert "is being recorded; end it first." in screen_words(pilot)
        assert len(titles(pilot)) == 2


async def test_the_last_row_gone_leaves_two_words_and_the_key_that_brings_it_back() -> None:
    async with history(library_of(2), "asterisk", "d") as pilot:
        assert "Nothing left." in screen_text(pilot)
        assert "Enter Open" not in screen_text(pilot)
        await pilot.press("u")
        await drawn(pilot)
        assert len(titles(pilot)) == 2
        assert isinstance(pilot.app.focused, SessionList)
        await pilot.press("asterisk", "d")
        await drawn(pilot)
        await pilot.press("d", "p", "a", "n", "t", "T", "e", "m", "asterisk")
        await drawn(pilot)
        assert isinstance(pilot.app.screen, HistoryScreen)


# --- marks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["m", "space"])
async def test_marks_gather_what_the_next_key_is_for(key: str) -> None:
    library = library_of(5)
    async with history(library, key, key, "j", key) as pilot:
        assert "3 marked" in screen_text(pilot)
        assert screen_text(pilot).count("✓") == 3
        await pilot.press("d")
        await drawn(pilot)
        assert titles(pilot) == ["Question 2?", "Question 4?"]
        assert "Deleted 3 sessions. u: undo" in screen_words(pilot)
        assert "marked" not in screen_text(pilot)
        await pilot.press("u")
        await drawn(pilot)
        assert len(titles(pilot)) == 5


async def test_escape_unmarks_before_it_leaves() -> None:
    async with history(library_of(3), "m", "k", "m", "m") as pilot:
        assert "1 marked" in screen_text(pilot)
        await pilot.press("escape")
        await drawn(pilot)
        assert "marked" not in screen_text(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ConversationScreen)


@pytest.mark.parametrize("key", ["asterisk", "ctrl+a"])
async def test_all_that_is_read_in_is_marked_and_unmarked(key: str) -> None:
    async with history(library_of(7), key) as pilot:
        assert "7 marked" in screen_text(pilot)
        await pilot.press(key)
        await drawn(pilot)
        assert "marked" not in screen_text(pilot)


# --- titles and tags ------------------------------------------------------------------------------


async def test_renaming_begins_with_the_title_there_is() -> None:
    library = library_of(3)
    async with history(library, "j") as pilot:
        field = await ask(pilot, "n")
        assert field.value == "Question 1?"
        await answer(pilot, "On needles")
        assert library.records[1].summary.title == "On needles"
        assert under_cursor(pilot) == "On needles"
        assert "On needles" in screen_text(pilot)
        await ask(pilot, "n")
        await pilot.press("escape")
        await drawn(pilot)
        assert under_cursor(pilot) == "On needles"


async def test_tags_are_changed_and_completed() -> None:
    records = [kept_session(0, tags=["old", "work"]), kept_session(1), kept_session(2)]
    library = FakeLibrary(records)
    async with history(library) as pilot:
        assert "#old #work" in screen_text(pilot)
        field = await ask(pilot, "t")
        assert field.value == "old work "
        await answer(pilot, "-old +New")
        assert library.records[0].summary.tags == ("new", "work")
        await pilot.press("j", "m", "m")
        await ask(pilot, "t")
        await pilot.press(*"wo")
        await drawn_screen(pilot)
        await pilot.press("right", "enter")
        await drawn(pilot)
        assert [record.summary.tags for record in library.records[1:]] == [("work",), ("work",)]


async def drawn_screen(pilot: Pilot[Any]) -> None:
    """While a dialogue waits, its worker does: only the screen is waited for."""
    for _ in range(5):
        await pilot.pause()


async def test_the_model_names_a_session() -> None:
    library = library_of(2)
    backend = FakeBackend(library=library)
    backend.title_held.clear()
    async with history(library, backend=backend) as pilot:
        await pilot.press("T")
        await drawn_screen(pilot)
        assert "The model looks for a title · Esc stops it" in screen_text(pilot)
        backend.title_held.set()
        await drawn(pilot)
        assert under_cursor(pilot) == "A title by the model"
        assert "looks for" not in screen_text(pilot)


async def test_escape_stops_the_model_and_its_failure_is_said() -> None:
    library = library_of(2)
    backend = FakeBackend(library=library)
    backend.title_held.clear()
    async with history(library, backend=backend) as pilot:
        await pilot.press("T")
        await drawn_screen(pilot)
        await pilot.press("escape")
        await drawn(pilot)
        assert isinstance(pilot.app.screen, HistoryScreen)
        assert under_cursor(pilot) == "Question 0?"
        assert "looks for" not in screen_text(pilot)
        backend.title = ModelError("The model gave no title; try again.")
        backend.title_held.set()
        await pilot.press("T")
        await drawn(pilot)
        assert "The model gave no title; try again." in screen_words(pilot)
        assert under_cursor(pilot) == "Question 0?"


# --- pins and the archive -------------------------------------------------------------------------


async def test_a_pin_says_so_and_comes_first_the_next_time() -> None:
    library = library_of(60)
    async with history(library, "j", "j", "p") as pilot:
        assert under_cursor(pilot) == "Question 2?"
        assert "pinned" in screen_text(pilot)
        await pilot.press("end")
        await drawn(pilot)
        assert len(titles(pilot)) == len(set(titles(pilot))) == 60
        await pilot.press("escape", "f2")
        await drawn(pilot)
        assert titles(pilot)[0] == "Question 2?"
        await pilot.press("p")
        await drawn(pilot)
        assert not library.records[2].summary.pinned


async def test_the_archive_is_another_list() -> None:
    library = library_of(4)
    async with history(library, "j", "m", "m", "a") as pilot:
        assert titles(pilot) == ["Question 0?", "Question 3?"]
        assert under_cursor(pilot) == "Question 3?"
        assert "Archived 2 sessions. is:archived finds them." in screen_words(pilot)
        await pilot.press("slash", *"is:archived", "enter")
        await drawn(pilot)
        assert titles(pilot) == ["Question 1?", "Question 2?"]
        await pilot.press("a")
        await drawn(pilot)
        assert titles(pilot) == ["Question 2?"]
        await pilot.press("escape")
        await drawn(pilot)
        assert len(titles(pilot)) == 3


# --- taking away ----------------------------------------------------------------------------------


async def test_many_are_exported_to_a_directory(tmp_path: Path) -> None:
    library = library_of(3)
    (tmp_path / "there").touch()
    async with history(library, "asterisk") as pilot:
        field = await ask(pilot, "e")
        assert field.value == "~/gramophone/"
        assert "Export 3 sessions" in screen_text(pilot)
        field.value = str(tmp_path / "there")
        await pilot.press("enter")
        await drawn_screen(pilot)
        assert "This is a file" in screen_text(pilot)
        await answer(pilot, str(tmp_path / "out"))
        (order,) = library.orders
        assert (order.form, order.path, order.folder) == ("wav", tmp_path / "out", True)
        assert len(library.exported) == 3


async def test_many_go_into_one_file_where_the_form_joins_them(tmp_path: Path) -> None:
    library = library_of(3)
    async with history(library, "asterisk") as pilot:
        field = await ask(pilot, "e")
        field.value = str(tmp_path / "all.gramophone")
        await pilot.press("enter")
        await drawn_screen(pilot)
        assert "holds one session: name a directory" in screen_text(pilot)
        await answer(pilot, str(tmp_path / "all.wav"))
        (order,) = library.orders
        assert (order.form, order.path, order.folder) == ("wav", tmp_path / "all.wav", False)


async def test_an_export_of_many_can_be_stopped(tmp_path: Path) -> None:
    library = library_of(5)
    library.export_held.clear()
    async with history(library, "asterisk") as pilot:
        await ask(pilot, "e")
        pilot.app.screen.query_one(Input).value = str(tmp_path)
        await pilot.press("enter")
        while not isinstance(pilot.app.screen, ProgressScreen):
            await pilot.pause()
        while "25%" not in screen_text(pilot):
            await pilot.pause()
        await pilot.press("escape")
        await drawn(pilot)
        assert library.exported == []
        assert "Stopped. The files that were whole stay." in screen_words(pilot)


# --- opening and going on -------------------------------------------------------------------------


async def test_a_click_puts_the_cursor_and_a_second_one_opens() -> None:
    async with history(library_of(4)) as pilot:
        line = next(
            number
            for number, text in enumerate(screen_text(pilot).split("\n"))
            if "Question 2?" in text
        )
        await pilot.click(offset=(5, line))
        await drawn(pilot)
        assert isinstance(pilot.app.screen, HistoryScreen)
        assert under_cursor(pilot) == "Question 2?"
        await pilot.click(offset=(5, line))
        await drawn(pilot)
        assert isinstance(pilot.app.screen, SessionScreen)


@pytest.mark.parametrize("keys", [["j", "o"], ["j", "enter", "o"]])
async def test_a_session_goes_on_in_the_conversation(keys: list[str]) -> None:
    library = library_of(2)
    backend = FakeBackend(library=library)
    async with history(library, *keys, backend=backend) as pilot:
        assert isinstance(pilot.app.screen, ConversationScreen)
        assert isinstance(pilot.app.focused, Prompt)
        assert backend.talks[-1].resumed == kept_session(1).summary.id


async def test_a_session_that_is_gone_does_not_go_on() -> None:
    library = library_of(2)
    async with history(library) as pilot:
        library.records.clear()
        await pilot.press("o")
        await drawn(pilot)
        assert isinstance(pilot.app.screen, ConversationScreen)
        assert "any more." in screen_words(pilot)


async def test_going_to_the_end_reads_on() -> None:
    library = library_of(130)
    async with history(library, "G", "G") as pilot:
        assert len(titles(pilot)) >= 100
        await pilot.press("g")
        await drawn(pilot)
        assert under_cursor(pilot) == "Question 0?"


async def test_changes_one_after_another_do_not_meet() -> None:
    """Keys may come faster than the library answers."""
    library = library_of(9)
    async with history(library) as pilot:
        await pilot.press("d", "d", "p", "a", "u")
        await drawn(pilot)
        await asyncio.sleep(0)
        listed_ids = {row.id for row in listed(pilot).rows}
        unarchived = {
            record.summary.id for record in library.records if not record.summary.archived
        }
        assert listed_ids == unarchived
