"""A picture of the screen: by key and by words, into the working directory."""

from __future__ import annotations

import tempfile
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn, screen_words
from tui.app import GramophoneApp

NAME = "gramophone-20261121-143005.svg"


def app() -> GramophoneApp:
    return GramophoneApp(FakeBackend(), now=lambda: datetime(2026, 11, 21, 14, 30, 5, tzinfo=UTC))


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Generator[Path]:
    """The working directory, with a path so short that the notice breaks it at a hyphen only."""
    with tempfile.TemporaryDirectory(prefix="p", dir="/tmp") as name:
        monkeypatch.chdir(name)
        yield Path(name)
        monkeypatch.undo()


@pytest.mark.parametrize("keys", [["f12"], ["ctrl+p", *"save a picture", "enter"]])
async def test_a_picture_is_written(keys: list[str], folder: Path) -> None:
    async with app().run_test(size=(100, 24), notifications=True) as pilot:
        for key in keys:
            await pilot.press(key)
            if key == "ctrl+p" or key == keys[-2:][0]:
                await drawn(pilot)
        await drawn(pilot)
        picture = (folder / NAME).read_text(encoding="utf-8")
        assert picture.startswith("<svg")
        assert "Nothing" in picture
        assert "picture" not in picture, "the palette is not on it"
        # The notice may break the name at a hyphen.
        stem, time_of_day = NAME.rsplit("-", 1)
        assert stem in screen_words(pilot)
        assert time_of_day in screen_words(pilot)


async def test_it_is_said_why_there_is_none(folder: Path) -> None:
    (folder / NAME).write_text("mine")
    async with app().run_test(notifications=True) as pilot:
        await pilot.press("f12")
        await drawn(pilot)
        assert "No picture was saved: File exists." in screen_words(pilot)
        assert (folder / NAME).read_text() == "mine"
