"""Sessions from elsewhere: what stands in their titles, tags, names and text must do no harm."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from gramophone.library.library import SessionRecord, TurnRecord
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text
from tui.app import GramophoneApp
from tui.screens.dialogs.text_input import WriteScreen

EVIL = (
    "\x1b]52;c;ZXZpbA==\x07\x1b[2J\x9b31mred\x00\x08\u202eeil\u202c\u2066\u200bzero"
    "\ufeff\u00ad\r\nneedle [bold]b[/] {x} \ud800 \U000e0041end"
)
SIZES = [(40, 12), (80, 24), (200, 60)]


def hostile(number: int) -> SessionRecord:
    turns = [
        TurnRecord(0, "user", EVIL, "sent", 0),
        TurnRecord(1, "assistant", f"# {EVIL}\n\n```\x1b[31m\n{EVIL}\n```", "stop", 1),
    ]
    record = kept_session(number, EVIL, turns=turns, tags=["\x1b[31mtag\u202e", "ok"])
    summary = replace(
        record.summary,
        provider="p\x1b[2J",
        model=f"m{EVIL}",
        voice=EVIL,
        created_at="\x1b[2J yesterday\u202e",
    )
    return replace(record, summary=summary)


def harmless(pilot: Pilot[Any]) -> None:
    text = screen_text(pilot)
    bad = {
        unicodedata.name(character, hex(ord(character))) for character in text if _acts(character)
    }
    assert not bad


def _acts(character: str) -> bool:
    return character != "\n" and unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"}


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_nothing_of_it_reaches_the_terminal(size: tuple[int, int]) -> None:
    library = FakeLibrary(hostile(number) for number in range(4))
    backend = FakeBackend(library=library)
    backend.title = f"{EVIL} by the model"
    app = GramophoneApp(backend)
    async with app.run_test(size=size, notifications=True) as pilot:
        for key in ("f2", "j", "m", "slash", *"needle", "enter", "d", "u", "p", "a", "T"):
            await pilot.press(key)
            await drawn(pilot)
            harmless(pilot)
        assert "needle" in screen_text(pilot)


@pytest.mark.parametrize("key", ["n", "t", "e"])
async def test_a_field_begins_with_harmless_text(key: str) -> None:
    library = FakeLibrary([hostile(1)])
    async with GramophoneApp(FakeBackend(library=library)).run_test(size=(80, 24)) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        await pilot.press(key)
        while not pilot.app.screen.is_modal:
            await pilot.pause()
        await pilot.pause()
        harmless(pilot)
        assert not any(map(_acts, pilot.app.screen.query_one(Input).value))


async def test_tags_that_no_keyboard_writes_are_not_offered_as_they_are() -> None:
    library = FakeLibrary([hostile(1), kept_session(2)])
    async with GramophoneApp(FakeBackend(library=library)).run_test(size=(80, 24)) as pilot:
        await pilot.press("f2", "slash", *"tag:")
        await drawn(pilot)
        harmless(pilot)
        assert "tag:tag" in screen_text(pilot)
        await pilot.press("escape", "j", "t")
        while not isinstance(pilot.app.screen, WriteScreen):
            await pilot.pause()
        await pilot.press("t")
        for _ in range(5):
            await pilot.pause()
        harmless(pilot)
