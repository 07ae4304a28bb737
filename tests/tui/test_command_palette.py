"""Command palette: everything that can be done, one line an entry, none of it twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

import tui
from gramophone.core.timeline import SessionStarted
from tests.support.builders import short_session
from tests.support.screen_backend import FakeBackend, FakeFeed, FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tui.actions import ACTIONS, NOT_IN_PALETTE, SUBJECTS, Action
from tui.app import GramophoneApp
from tui.bindings import BINDING_GROUPS
from tui.conversation.slash.conversation_commands import CONVERSATION_COMMANDS
from tui.keys import here_and_elsewhere, key_groups
from tui.palette_entries import PaletteEntry, entries
from tui.prompt.prompt import Prompt
from tui.screens.command_palette import CommandPalette
from tui.screens.session import SessionScreen

DOCS = Path(tui.__file__).parents[1] / "docs" / "keys.md"
SHARED = [action for action in ACTIONS if action.command]


@asynccontextmanager
async def at_the_prompt(
    size: tuple[int, int] = (80, 34),
) -> AsyncGenerator[tuple[FakeBackend, Pilot[None]]]:
    backend = FakeBackend(FakeFeed(short_session()), FakeLibrary([kept_session(1)]))
    async with GramophoneApp(backend, {}).run_test(size=size) as pilot:
        await drawn(pilot)
        yield backend, pilot


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
    await drawn(pilot)
    await drawn(pilot)


# --- one table ------------------------------------------------------------------------------------


def test_every_binding_is_in_one_action() -> None:
    named = Counter(binding_id for action in ACTIONS for binding_id in action.bindings)
    ids = {binding.id for group in BINDING_GROUPS for binding in group.bindings}
    assert set(named) == ids - NOT_IN_PALETTE
    assert named.most_common(1)[0][1] == 1


def test_every_slash_command_is_in_one_action() -> None:
    named = Counter(
        f"{name} {action.argument}"
        for action in ACTIONS
        for name in (action.command, action.other_command)
        if name
    )
    assert {name.split()[0] for name in named} == {row.name for row in CONVERSATION_COMMANDS}
    assert named.most_common(1)[0][1] == 1


def test_no_two_actions_of_a_command_have_the_same_words() -> None:
    assert len({action.words for action in SHARED}) == len(SHARED)


@pytest.mark.parametrize("action", SHARED, ids=lambda action: f"{action.command}{action.argument}")
def test_an_entry_with_a_command_is_in_the_docs(action: Action) -> None:
    keys = {key.id: key.keys[0] for group in key_groups() for key in group.keys}
    key = next((f"`{keys[binding_id]}`" for binding_id in action.bindings), "")
    command = f"`/{action.command} {action.argument}".rstrip() + "`"
    row = f"| {action.subject} | {action.words} | {key} | {command} |"
    assert row in DOCS.read_text(encoding="utf-8")


# --- what is offered ------------------------------------------------------------------------------


@pytest.mark.parametrize("keys", [[], ["f2"], ["f2", "enter"]])
async def test_every_key_of_a_screen_is_in_the_palette(keys: list[str]) -> None:
    async with at_the_prompt() as (_, pilot):
        for key in keys:
            await press(pilot, key)
        screen = pilot.app.screen
        here, _ = here_and_elsewhere(key_groups(), screen)
        # Offered only while the prompt has a list of completions open.
        missing = {key.id for group in here for key in group.keys} - NOT_IN_PALETTE
        missing -= {"prompt.take", "prompt.close-list"}
        # And while words are looked for.
        missing -= {"find.done", "find.close"}
        missing -= {f"transcript.{name}" for name in ("next-hit", "hit-before", "end-find")}
        if isinstance(screen, SessionScreen):
            # Where a stored session is read, nothing is asked again.
            missing -= {f"transcript.{name}" for name in ("edit", "regenerate", "fork", "speak")}
        for widget in screen.focus_chain:
            widget.focus()
            await pilot.pause()
            names = {entry.name for entry in entries(screen)}
            missing -= {
                binding_id
                for action in ACTIONS
                if action.name in names
                for binding_id in action.bindings
            }
        assert not missing


async def test_a_pane_offers_all_its_commands_beneath_their_subjects() -> None:
    async with at_the_prompt((72, 80)) as (_, pilot):
        await press(pilot, "ctrl+p")
        lines = [line.strip(" ▎") for line in screen_text(pilot).split("\n")]
        assert [line for line in lines if line in SUBJECTS] == list(SUBJECTS)
        for action in SHARED:
            assert any(line.startswith(action.words) for line in lines), action.words


async def test_no_entry_comes_twice() -> None:
    async with at_the_prompt() as (_, pilot):
        for widget in pilot.app.screen.focus_chain:
            widget.focus()
            await pilot.pause()
            words = Counter(entry.words for entry in entries(pilot.app.screen) if not entry.minor)
            assert words.most_common(1)[0][1] == 1


@pytest.mark.parametrize("width", [40, 80, 200])
async def test_an_entry_is_one_line_with_its_key_at_the_right(width: int) -> None:
    async with at_the_prompt((width, 24)) as (_, pilot):
        await press(pilot, "ctrl+p", *"history")
        line = next(line for line in screen_text(pilot).split("\n") if " History" in line)
        assert line.rstrip(" ▌█▊").endswith("F2")


# --- what it does ---------------------------------------------------------------------------------


async def test_a_model_is_chosen_among_those_that_are_there() -> None:
    async with at_the_prompt() as (backend, pilot):
        await press(pilot, *"half a question", "ctrl+p", *"another mod", "enter")
        assert "openai/gpt-5-mini" in screen_words(pilot)
        await press(pilot, *"5-mini", "enter")
        assert backend.talks[0].configured[-1].model == "gpt-5-mini"
        assert pilot.app.screen.query_one(Prompt).text == "half a question"


async def test_a_title_is_typed() -> None:
    async with at_the_prompt() as (backend, pilot):
        live = next(event for event in short_session() if isinstance(event, SessionStarted))
        (record,) = backend.library.records
        summary = replace(record.summary, id=live.session_id)
        backend.library.records = [replace(record, summary=summary)]
        await press(pilot, "ctrl+p", *"/title", "enter")
        assert "Type it, then Enter: TITLE" in screen_words(pilot)
        await press(pilot, *"Of cats", "enter")
        assert backend.library.records[0].summary.title == "Of cats"


async def test_a_setting_takes_its_name_and_then_its_value() -> None:
    async with at_the_prompt() as (backend, pilot):
        await press(pilot, "ctrl+p", *"/set", "enter", *"temp", "enter", *"0.2", "enter")
        assert str(backend.talks[0].configured[-1].settings) == "temperature=0.2"


async def test_escape_goes_back_to_the_entries_and_then_closes() -> None:
    async with at_the_prompt() as (_, pilot):
        await press(pilot, "ctrl+p", *"/voice", "enter", "escape")
        assert isinstance(pilot.app.screen, CommandPalette)
        assert "Another voice" in screen_words(pilot)
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, CommandPalette)


async def test_what_was_chosen_last_comes_first() -> None:
    async with at_the_prompt() as (_, pilot):
        await press(pilot, "ctrl+p", *"pane below", "enter", "ctrl+p")
        lines = screen_text(pilot).split("\n")
        heading = next(n for n, line in enumerate(lines) if "Recent" in line)
        assert "Panes beside or below" in lines[heading + 1]
        assert sum("Panes beside or below" in line for line in lines) == 1


async def test_every_theme_is_in_the_palette_and_is_put_on() -> None:
    async with at_the_prompt() as (_, pilot):
        theme = next(entry for entry in entries(pilot.app.screen) if entry.name == "theme")
        assert isinstance(theme, PaletteEntry)
        assert theme.choices is not None
        assert set(theme.choices()) == set(pilot.app.available_themes)
        await press(pilot, "ctrl+p", *"theme", "enter", *"nord", "enter")
        assert pilot.app.theme == "nord"
