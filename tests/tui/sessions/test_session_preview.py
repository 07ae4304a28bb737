"""What a session is about, beside the list."""

from __future__ import annotations

import pytest

from gramophone.core.errors import StorageError
from gramophone.library.library import TurnRecord
from tests.support.histories import history, library_of
from tests.support.screen_backend import FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tui.sessions.session_preview import SessionPreview


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
        assert "Answer 0 to it." in screen_text(pilot)
        await pilot.press("j")
        await drawn(pilot)
        assert "First of all" in screen_text(pilot)
        await pilot.press("slash", *"needle")
        await drawn(pilot)
        assert pane.display
        assert "the-needle-itself" in screen_text(pilot)
        assert "And then?" in screen_text(pilot)
        assert "First of all" not in screen_text(pilot)


async def test_what_cannot_be_previewed_says_why() -> None:
    library = library_of(2)
    async with history(library, size=(200, 30)) as pilot:
        library.failure = StorageError("The session is damaged; run gramophone verify.")
        await pilot.press("j")
        await drawn(pilot)
        assert "The session is damaged; run gramophone verify." in screen_words(pilot)


async def test_below_a_hundred_columns_no_preview_is_read() -> None:
    library = library_of(2)
    async with history(library, "j", size=(99, 30)):
        assert library.read == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("", "still being answered …"),
        ("interrupted", "stopped before anything was heard"),
        ("failed", "failed before its first word"),
        ("recovered", "no words"),
    ],
)
async def test_an_answer_without_words_says_why(reason: str, words: str) -> None:
    turns = [
        TurnRecord(0, "user", "And the *horn*?", "sent", 0),
        TurnRecord(1, "assistant", "", reason, 1),
    ]
    library = FakeLibrary([kept_session(0, turns=turns)])
    async with history(library, size=(120, 30)) as pilot:
        assert "And the *horn*?" in screen_text(pilot), "as it was typed"
        assert words in screen_words(pilot)


async def test_an_answer_is_laid_out_at_the_width_there_is() -> None:
    turns = [
        TurnRecord(0, "user", "Why?", "sent", 0),
        TurnRecord(1, "assistant", "- **Long** words. " + "and more " * 30 + "\n- last", "stop", 1),
    ]
    library = FakeLibrary([kept_session(0, turns=turns)])
    async with history(library, size=(100, 30)) as pilot:
        narrow = screen_text(pilot)
        await pilot.resize_terminal(168, 30)
        await drawn(pilot)
        wide = screen_text(pilot)
    for picture in (narrow, wide):
        first, *others = [line[line.index("│") :] for line in picture.split("\n") if "more" in line]
        assert "• Long words." in first
        assert all(line.startswith("│     ") for line in others), "hung under the bullet"
    assert wide.count("\n") == narrow.count("\n")
    assert len([1 for line in wide.split("\n") if "more" in line]) < len(
        [1 for line in narrow.split("\n") if "more" in line]
    )
