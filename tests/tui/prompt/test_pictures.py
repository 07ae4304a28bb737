"""Pictures in a prompt: named, shown with their size, sent, and given back."""

from __future__ import annotations

from pathlib import Path

import pytest

from gramophone.core.intents import EditAndResend, Submit
from gramophone.core.timeline import Failed, HistoryRewound, TurnCompleted, TurnStarted
from tests.support.builders import session_started
from tests.support.picture_files import picture, png
from tests.support.picture_sessions import attached
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn, screen_text
from tui.app import GramophoneApp
from tui.prompt.prompt import Prompt

CAT = picture("cat.png", png(640, 480))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a picture in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cat.png").write_bytes(CAT.content)
    return tmp_path


def prompt_of(app: GramophoneApp) -> Prompt:
    return app.screen.query_one(Prompt)


async def test_a_picture_is_shown_with_its_size_and_sent(folder: Path) -> None:
    backend = FakeBackend()
    app = GramophoneApp(backend)
    async with app.run_test(notifications=True) as pilot:
        await pilot.press(*"See @ca", "tab", "enter")
        await drawn(pilot)
        (sent,) = backend.posted
        assert sent == Submit("See @cat.png", (CAT,))
        assert isinstance(sent, Submit)
        assert sent.pictures[0].content == CAT.content


async def test_the_line_below_the_prompt_names_it(folder: Path) -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test(size=(100, 30)) as pilot:
        prompt_of(app).load_text("See @cat.png")
        await drawn(pilot)
        await pilot.pause(0.3)
        assert "attached: cat.png (640×480, " in screen_text(pilot)


async def test_a_turn_says_what_it_shows(folder: Path) -> None:
    backend = FakeBackend()
    backend.conversation.put(
        session_started(),
        TurnStarted(at_us=1, turn=0, role="user", text="See @cat.png"),
        attached(0, CAT),
        TurnCompleted(at_us=1, turn=0, role="user", text="See @cat.png", finish_reason="sent"),
    )
    app = GramophoneApp(backend)
    async with app.run_test(size=(100, 30)) as pilot:
        await drawn(pilot)
        assert "picture: cat.png, 640×480, " in screen_text(pilot)


def refused(text: str) -> tuple[object, ...]:
    return (
        session_started(),
        TurnStarted(at_us=1, turn=0, role="user", text=text),
        attached(0, CAT),
        TurnCompleted(at_us=1, turn=0, role="user", text=text, finish_reason="sent"),
        TurnStarted(at_us=2, turn=1, role="assistant"),
        Failed(at_us=3, stage="model", detail="Acme takes no pictures."),
        TurnCompleted(at_us=3, turn=1, role="assistant", text="", finish_reason="failed"),
        HistoryRewound(at_us=3, to_turn=0, refused=True),
    )


async def test_a_refused_question_is_given_back_with_its_picture(tmp_path: Path) -> None:
    """Also where the file is gone by now."""
    backend = FakeBackend()
    app = GramophoneApp(backend)
    async with app.run_test(notifications=True, size=(100, 30)) as pilot:
        backend.conversation.put(*refused("See @cat.png"))  # pyright: ignore[reportArgumentType]
        await drawn(pilot)
        assert prompt_of(app).text == "See @cat.png"
        assert "Acme takes no pictures." in screen_text(pilot)
        await pilot.press("enter")
        await drawn(pilot)
        assert backend.posted == [Submit("See @cat.png", (CAT,))]


async def test_what_is_being_written_is_not_lost_for_it() -> None:
    backend = FakeBackend()
    app = GramophoneApp(backend)
    async with app.run_test(notifications=True, size=(100, 30)) as pilot:
        await pilot.press(*"Next")
        backend.conversation.put(*refused("See @cat.png"))  # pyright: ignore[reportArgumentType]
        await drawn(pilot)
        assert prompt_of(app).text == "Next"


async def test_an_edited_question_keeps_its_picture() -> None:
    backend = FakeBackend()
    backend.conversation.put(
        session_started(),
        TurnStarted(at_us=1, turn=0, role="user", text="See @cat.png"),
        attached(0, CAT),
        TurnCompleted(at_us=1, turn=0, role="user", text="See @cat.png", finish_reason="sent"),
    )
    app = GramophoneApp(backend)
    async with app.run_test(notifications=True, size=(100, 30)) as pilot:
        await drawn(pilot)
        app.screen.edit(0)  # pyright: ignore[reportAttributeAccessIssue]
        await pilot.press(*" again", "enter")
        await drawn(pilot)
        assert backend.posted == [EditAndResend(0, "See @cat.png again", (CAT,))]
