"""Keys: every binding is in help, in the docs and in the palette."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.binding import Binding

import tui
from gramophone.ports.backend import ScreenSettings
from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tui import bindings
from tui.app import GramophoneApp
from tui.bindings import BINDING_GROUPS
from tui.conversation.slash.commands import SlashCommand
from tui.conversation.slash.conversation_commands import CONVERSATION_COMMANDS
from tui.keys import KeyHelp, key_groups
from tui.screens.command_palette import CommandPalette
from tui.screens.conversation import ConversationScreen
from tui.screens.help import HelpScreen, help_text
from tui.screens.history import HistoryScreen
from tui.support.key_bar import MENU, KeyBar

DOCS = Path(tui.__file__).parents[1] / "docs" / "keys.md"
ALL_KEYS = [key for group in key_groups() for key in group.keys]


def test_no_two_bindings_share_an_id() -> None:
    ids = [key.id for key in ALL_KEYS]
    assert len(ids) == len(set(ids)) > 30


def test_bindings_are_written_in_one_place() -> None:
    """A binding that a widget made for itself would be in no help and in no settings."""
    files = sorted(Path(tui.__file__).parent.rglob("*.py"))
    making = [path.name for path in files if re.search(r"\bBinding\(", path.read_text())]
    assert making == ["bindings.py"]


def test_every_binding_is_in_a_group() -> None:
    tables = {name for name in vars(bindings) if name.isupper()} - {"BINDING_GROUPS"}
    rows = {row for table in tables for row in cast("Sequence[Binding]", vars(bindings)[table])}
    assert rows == {row for group in BINDING_GROUPS for row in group.bindings}


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.id)
def test_a_binding_is_in_help(key: KeyHelp) -> None:
    line = next(line for line in help_text().plain.split("\n") if key.words in line)
    assert ", ".join(key.keys) in help_text().plain
    assert line


@pytest.mark.parametrize("key", ALL_KEYS, ids=lambda key: key.id)
def test_a_binding_is_in_the_docs(key: KeyHelp) -> None:
    keys = ", ".join(f"`{name}`" for name in key.keys)
    assert f"| {keys} | {key.words} | `{key.id}` |" in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", CONVERSATION_COMMANDS, ids=lambda command: command.name)
def test_a_command_is_in_help_and_in_the_docs(command: SlashCommand) -> None:
    assert any(
        line.startswith(command.usage) and line.endswith(command.words)
        for line in help_text().plain.split("\n")
    )
    assert f"| `{command.usage}` | {command.words} |" in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("key", ["escape", "q"])
async def test_help_opens_and_closes(key: str) -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        await pilot.press("f1")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        assert "Everything is kept." in screen_text(pilot)
        await pilot.press("f1", key)
        await pilot.pause()
        assert isinstance(app.screen, ConversationScreen)


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])
async def test_a_click_at_the_end_of_the_footer_opens_the_palette(size: tuple[int, int]) -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test(size=size) as pilot:
        await drawn(pilot)
        assert screen_text(pilot).rstrip().endswith(MENU)
        await pilot.click(KeyBar, offset=(size[0] - 2, 0))
        await drawn(pilot)
        assert isinstance(app.screen, CommandPalette)


async def test_the_palette_runs_what_a_key_does() -> None:
    app = GramophoneApp(FakeBackend(library=FakeLibrary([kept_session(1)])))
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"history")
        await drawn(pilot)
        await pilot.press("enter")
        await drawn(pilot)
        await drawn(pilot)
        assert isinstance(app.screen, HistoryScreen)


@pytest.mark.parametrize("width", [40, 60, 80, 140])
@pytest.mark.parametrize("keys", [[], ["f2"], ["f2", "enter"]])
async def test_the_footer_is_never_cut(width: int, keys: list[str]) -> None:
    """Each key shown has its words, and there are at most six."""
    app = GramophoneApp(FakeBackend(library=FakeLibrary([kept_session(1)])))
    async with app.run_test(size=(width, 24)) as pilot:
        for key in keys:
            await pilot.press(key)
            await drawn(pilot)
        footer = screen_text(pilot).split("\n")[-1].rstrip()
        assert footer.endswith(MENU)
        items = [item for item in footer.removesuffix(MENU).strip().split("  ") if item]
        assert 1 <= len(items) <= 6
        whole = {f"{key.keys[0]} {key.words}" for key in ALL_KEYS}
        assert set(items) <= whole
        assert len(items) == 6 or width < 80


async def test_a_footer_key_can_be_clicked() -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        at = screen_text(pilot).split("\n")[-1].index("F2")
        await pilot.click(offset=(at, 23))
        await drawn(pilot)
        assert isinstance(app.screen, HistoryScreen)


@pytest.mark.parametrize(
    ("sequence", "key"),
    [("\x1b\r", "ctrl+j"), ("\n", "ctrl+j"), ("\x1b[13;3u", "alt+enter"), ("\r", "enter")],
)
def test_a_new_line_is_told_from_enter_in_any_terminal(sequence: str, key: str) -> None:
    GramophoneApp(FakeBackend())
    read = [event for event in XTermParser().feed(sequence) if isinstance(event, events.Key)]
    assert [event.key for event in read] == [key]


async def test_a_key_can_be_changed() -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        app.set_keymap({"prompt.send": "ctrl+s", "conversation.history": "f11"})
        await pilot.press(*"x", "enter", "ctrl+s")
        await pilot.pause()
        assert "Ctrl+S Send" in screen_words(pilot)
        await pilot.press("f11")
        await drawn(pilot)
        assert isinstance(app.screen, HistoryScreen)


@pytest.mark.parametrize(
    ("keys", "first", "later"),
    [
        ([], "Conversation", "History"),
        (["f2"], "History", "Conversation"),
        (["f2", "enter"], "Session", "Prompt"),
    ],
)
async def test_help_begins_with_the_screen_one_is_on(
    keys: list[str], first: str, later: str
) -> None:
    app = GramophoneApp(FakeBackend(library=FakeLibrary([kept_session(1)])))
    async with app.run_test(size=(80, 280)) as pilot:
        for key in [*keys, "f1"]:
            await pilot.press(key)
            await drawn(pilot)
        assert isinstance(app.screen, HelpScreen)
        # At the right, the screen below is in sight.
        rows = [line.lstrip(" ▌▎▍▊│▁▂▃▄▅▆▇█") for line in screen_text(pilot).split("\n")]
        lines = [row.partition("  ")[0] for row in rows]
        order = [
            lines.index(heading) for heading in (first, "Everywhere", "On other screens:", later)
        ]
        assert order == sorted(order)
        assert {group.title for group in key_groups()} <= set(lines)


async def test_help_shows_the_keys_that_were_changed() -> None:
    app = GramophoneApp(FakeBackend(), screen=ScreenSettings(keys={"prompt.send": "ctrl+s"}))
    async with app.run_test(size=(80, 48)) as pilot:
        await pilot.press("f1")
        await drawn(pilot)
        assert "Ctrl+S Send" in screen_words(pilot)
