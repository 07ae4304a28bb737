"""Keeping sessions in order from the list: every key, one session and many, and undo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from gramophone.errors import ModelError, StorageError
from gramophone.library import TurnRecord
from tests.tui.backend import FakeBackend, FakeLibrary, kept_session
from tests.tui.seeing import drawn, said, seen
from tui.app import GramophoneApp
from tui.screens import history as history_screen
from tui.screens.conversation import ConversationScreen
from tui.screens.history import HistoryScreen
from tui.screens.line import LineScreen
from tui.screens.progress import ProgressScreen
from tui.screens.session import SessionScreen
from tui.widgets.prompt import Prompt
from tui.widgets.session_list import SessionList
from tui.widgets.session_preview import SessionPreview
from tui.widgets.session_search import SessionSearch


def library_of(count: int) -> FakeLibrary:
    return FakeLibrary(kept_session(number) for number in range(count))


@asynccontextmanager
async def history(
    library: FakeLibrary,
    *keys: str,
    size: tuple[int, int] = (80, 24),
    backend: FakeBackend | None = None,
) -> AsyncGenerator[Pilot[Any]]:
    """The history of a library, after some keys."""
    app = GramophoneApp(backend or FakeBackend(library=library))
    async with app.run_test(size=size, notifications=True) as pilot:
        for key in ("f2", *keys):
            await pilot.press(key)
            await drawn(pilot)
        yield pilot


async def ask(pilot: Pilot[Any], key: str) -> Input:
    """Press a key that asks for a line; its worker waits for the answer."""
    await pilot.press(key)
    while not isinstance(pilot.app.screen, LineScreen):
        await pilot.pause()
    return pilot.app.screen.query_one(Input)


async def answer(pilot: Pilot[Any], text: str) -> None:
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter")
    await drawn(pilot)


def listed(pilot: Pilot[Any]) -> SessionList:
    return pilot.app.screen.query_one(SessionList)


def titles(pilot: Pilot[Any]) -> list[str]:
    return [row.title for row in listed(pilot).rows]


def under_cursor(pilot: Pilot[Any]) -> str:
    chosen = listed(pilot).chosen
    return chosen.title if chosen else ""


# --- deleting and undo ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["d", "delete"])
async def test_deleting_asks_nothing_and_can_be_undone(key: str) -> None:
    library = library_of(4)
    async with history(library, "j", key) as pilot:
        assert titles(pilot) == ["Question 0?", "Question 2?", "Question 3?"]
        assert under_cursor(pilot) == "Question 2?"
        assert "Deleted “Question 1?”. u: undo" in said(pilot)
        assert "Sessions (3)" in seen(pilot)
        await pilot.press("u")
        await drawn(pilot)
        assert len(titles(pilot)) == 4
        assert under_cursor(pilot) == "Question 1?"
        assert "Sessions (4)" in seen(pilot)
        await pilot.press("u")
        await drawn(pilot)
        assert "Nothing to undo." in said(pilot)


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
        assert "is being recorded; end it first." in said(pilot)
        assert len(titles(pilot)) == 2


async def test_the_last_row_gone_leaves_two_words_and_the_key_that_brings_it_back() -> None:
    async with history(library_of(2), "asterisk", "d") as pilot:
        assert "Nothing left." in seen(pilot)
        assert "Enter Open" not in seen(pilot)
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
        assert "3 marked" in seen(pilot)
        assert seen(pilot).count("✓") == 3
        await pilot.press("d")
        await drawn(pilot)
        assert titles(pilot) == ["Question 2?", "Question 4?"]
        assert "Deleted 3 sessions. u: undo" in said(pilot)
        assert "marked" not in seen(pilot)
        await pilot.press("u")
        await drawn(pilot)
        assert len(titles(pilot)) == 5


async def test_escape_unmarks_before_it_leaves() -> None:
    async with history(library_of(3), "m", "k", "m", "m") as pilot:
        assert "1 marked" in seen(pilot)
        await pilot.press("escape")
        await drawn(pilot)
        assert "marked" not in seen(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ConversationScreen)


@pytest.mark.parametrize("key", ["asterisk", "ctrl+a"])
async def test_all_that_is_read_in_is_marked_and_unmarked(key: str) -> None:
    async with history(library_of(7), key) as pilot:
        assert "7 marked" in seen(pilot)
        await pilot.press(key)
        await drawn(pilot)
        assert "marked" not in seen(pilot)


# --- titles and tags ------------------------------------------------------------------------------


async def test_renaming_begins_with_the_title_there_is() -> None:
    library = library_of(3)
    async with history(library, "j") as pilot:
        field = await ask(pilot, "n")
        assert field.value == "Question 1?"
        await answer(pilot, "On needles")
        assert library.records[1].summary.title == "On needles"
        assert under_cursor(pilot) == "On needles"
        assert "On needles" in seen(pilot)
        await ask(pilot, "n")
        await pilot.press("escape")
        await drawn(pilot)
        assert under_cursor(pilot) == "On needles"


async def test_tags_are_changed_and_completed() -> None:
    records = [kept_session(0, tags=["old", "work"]), kept_session(1), kept_session(2)]
    library = FakeLibrary(records)
    async with history(library) as pilot:
        assert "#old #work" in seen(pilot)
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
        assert [each.summary.tags for each in library.records[1:]] == [("work",), ("work",)]


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
        assert "The model looks for a title · Esc stops it" in seen(pilot)
        backend.title_held.set()
        await drawn(pilot)
        assert under_cursor(pilot) == "A title by the model"
        assert "looks for" not in seen(pilot)


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
        assert "looks for" not in seen(pilot)
        backend.title = ModelError("The model gave no title; try again.")
        backend.title_held.set()
        await pilot.press("T")
        await drawn(pilot)
        assert "The model gave no title; try again." in said(pilot)
        assert under_cursor(pilot) == "Question 0?"


# --- pins and the archive -------------------------------------------------------------------------


async def test_a_pin_says_so_and_comes_first_the_next_time() -> None:
    library = library_of(60)
    async with history(library, "j", "j", "p") as pilot:
        assert under_cursor(pilot) == "Question 2?"
        assert "pinned" in seen(pilot)
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
        assert "Archived 2 sessions. is:archived finds them." in said(pilot)
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
    library = FakeLibrary([kept_session(0, "Same"), kept_session(1, "Same"), kept_session(2, "Ä!")])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.wav").touch()
    async with history(library, "asterisk") as pilot:
        field = await ask(pilot, "e")
        assert field.value == "~/gramophone"
        field.value = str(tmp_path / "out" / "a.wav")
        await pilot.press("enter")
        await drawn_screen(pilot)
        assert "This is a file" in seen(pilot)
        await answer(pilot, str(tmp_path / "out"))
        names = [path.name for _, path in library.exported]
        assert names == ["same.wav", "same.wav", "a-2.wav"]
        assert "3 files written to" in said(pilot)


async def test_an_export_of_many_can_be_stopped(tmp_path: Path) -> None:
    library = library_of(5)
    library.export_held.clear()
    async with history(library, "asterisk") as pilot:
        await ask(pilot, "e")
        pilot.app.screen.query_one(Input).value = str(tmp_path)
        await pilot.press("enter")
        while not isinstance(pilot.app.screen, ProgressScreen):
            await pilot.pause()
        await drawn_screen(pilot)
        assert "1 of 5 · Question 0?" in seen(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert "Stopping after this one." in seen(pilot)
        library.export_held.set()
        await drawn(pilot)
        assert len(library.exported) == 1
        assert "1 file written to" in said(pilot)


# --- searching and the preview --------------------------------------------------------------------


async def test_a_filter_that_says_nothing_is_explained_below_the_field() -> None:
    async with history(library_of(3), "slash") as pilot:
        pilot.app.screen.query_one(Input).value = "colour:red"
        await drawn(pilot)
        assert "There is no filter colour:" in said(pilot)
        assert len(titles(pilot)) == 3
        await pilot.press("escape")
        await drawn(pilot)
        assert "no filter" not in said(pilot)


async def test_a_slow_search_says_so_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    library = library_of(3)
    async with history(library, "slash") as pilot:
        monkeypatch.setattr(history_screen, "SLOW_AFTER_S", 0.001)
        library.sessions_held.clear()
        pilot.app.screen.query_one(Input).value = "question 2"
        while "searching · Esc stops" not in seen(pilot):
            await pilot.pause()
        await pilot.press("escape")
        await drawn(pilot)
        assert "searching" not in seen(pilot)
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
        while "opening · Esc leaves" not in seen(pilot):
            await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ConversationScreen)


async def test_filters_are_hinted_and_completed() -> None:
    library = FakeLibrary([kept_session(0, tags=["work"]), kept_session(1)])
    async with history(library, "slash") as pilot:
        assert "has:audio" in seen(pilot)
        await pilot.press(*"tag:w")
        await drawn(pilot)
        assert "tag:work" in seen(pilot)
        await pilot.press("right")
        await drawn(pilot)
        assert pilot.app.screen.query_one(Input).value == "tag:work"
        assert titles(pilot) == ["Question 0?"]
        assert "1 hit" in seen(pilot)


@pytest.mark.parametrize("key", ["enter", "down"])
async def test_from_the_search_to_the_list(key: str) -> None:
    async with history(library_of(3), "slash", *"question", key) as pilot:
        assert isinstance(pilot.app.focused, SessionList)
        await pilot.press("slash", *"zz", key)
        await drawn(pilot)
        assert isinstance(pilot.app.focused, SessionSearch)
        assert "/ Search" not in seen(pilot)


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


async def test_an_older_search_is_left_for_the_newer_one() -> None:
    """Only what stands still is asked for, and a question under way is dropped."""
    library = library_of(3)
    async with history(library) as pilot:
        asked = len(library.asked)
        await pilot.press("slash", *"question 2")
        await drawn(pilot)
        assert library.asked[-1][2] == "question 2"
        assert len(library.asked) - asked < len("question 2")
        assert titles(pilot) == ["Question 2?"]


async def test_the_preview_follows_the_cursor_and_shows_the_hit() -> None:
    long = "word " * 400 + "the-needle-itself " + "word " * 400
    turns = [
        TurnRecord(0, "user", "First of all", "sent", 0),
        TurnRecord(1, "assistant", "An answer", "stop", 1),
        TurnRecord(2, "user", "And then?", "sent", 2),
        TurnRecord(3, "assistant", long, "stop", 3),
    ]
    library = FakeLibrary([kept_session(0), kept_session(1, "Long", turns=turns)])
    async with history(library, size=(120, 30)) as pilot:
        pane = pilot.app.screen.query_one(SessionPreview)
        assert "Answer **0** to it." in seen(pilot)
        await pilot.press("j")
        await drawn(pilot)
        assert "First of all" in seen(pilot)
        await pilot.press("slash", *"needle")
        await drawn(pilot)
        assert pane.display
        assert "the-needle-itself" in seen(pilot)
        assert "And then?" in seen(pilot)
        assert "First of all" not in seen(pilot)


async def test_what_cannot_be_previewed_says_why() -> None:
    library = library_of(2)
    async with history(library, size=(200, 30)) as pilot:
        library.failure = StorageError("The session is damaged; run gramophone verify.")
        await pilot.press("j")
        await drawn(pilot)
        assert "The session is damaged; run gramophone verify." in said(pilot)


async def test_below_a_hundred_columns_no_preview_is_read() -> None:
    library = library_of(2)
    async with history(library, "j", size=(99, 30)):
        assert library.read == []


# --- opening and going on -------------------------------------------------------------------------


async def test_a_click_puts_the_cursor_and_a_second_one_opens() -> None:
    async with history(library_of(4)) as pilot:
        line = next(
            number for number, text in enumerate(seen(pilot).split("\n")) if "Question 2?" in text
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
        inherited = backend.talks[-1].inherited
        assert [message.text for message in inherited] == ["Question 1?", "Answer **1** to it."]


async def test_a_session_that_is_gone_does_not_go_on() -> None:
    library = library_of(2)
    async with history(library) as pilot:
        library.records.clear()
        await pilot.press("o")
        await drawn(pilot)
        assert isinstance(pilot.app.screen, ConversationScreen)
        assert "any more." in said(pilot)


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
        shown = {row.id for row in listed(pilot).rows}
        kept = {each.summary.id for each in library.records if not each.summary.archived}
        assert shown == kept
