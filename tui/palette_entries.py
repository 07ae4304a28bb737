"""Entries of the command palette: what can be done on a screen now, with its key and command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

from textual.binding import ActiveBinding
from textual.content import Content
from textual.fuzzy import Matcher
from textual.screen import Screen

from gramophone.core.frozen import frozen
from gramophone.text.sanitize import plain_line
from tui.actions import ACTIONS, SUBJECTS, Action, required_argument
from tui.bindings import Subject
from tui.conversation.slash.commands import Choices, SlashCommand
from tui.messages import CommandGiven

if TYPE_CHECKING:
    from textual.app import App


@runtime_checkable
class CommandScreen(Protocol):
    """A screen that carries out slash commands (`CommandGiven`)."""

    @property
    def slash_commands(self) -> Sequence[SlashCommand]: ...


@frozen
class PaletteEntry:
    """One line of the palette.

    Attributes:
        key: the key that does it, in words; `command` is the slash command.
        argument_words: words for what it needs to be told; empty if nothing.
        choices: what the argument may be, as far as that is known.
        run: does it; called with the argument.
    """

    name: str
    words: str
    subject: Subject
    key: str
    command: str
    run: Callable[[str], object]
    argument_words: str = ""
    choices: Choices | None = None
    minor: bool = False


def entries(screen: Screen[Any]) -> list[PaletteEntry]:
    """Entries of everything that can be done on `screen` now, subject by subject."""
    active: dict[str, ActiveBinding] = {}
    for row in screen.active_bindings.values():
        if row.binding.id and row.enabled:
            # The first key of several is the one that is named.
            active.setdefault(row.binding.id, row)
    commands = (
        {command.name: command for command in screen.slash_commands}
        if isinstance(screen, CommandScreen)
        else {}
    )
    lines = [_entry(screen, action, active, commands) for action in ACTIONS]
    return [line for line in lines if line is not None] + [_theme_entry(screen)]


def listed(lines: Sequence[PaletteEntry], recent: Sequence[str]) -> list[PaletteEntry]:
    """The entries to show before anything is typed: recent ones first, none of them twice."""
    by_name = {line.name: line for line in lines}
    first = [by_name[name] for name in recent if name in by_name]
    rest = [line for line in lines if not line.minor and line.name not in recent]
    return first + sorted(rest, key=lambda line: SUBJECTS.index(line.subject))


def matching(
    lines: Sequence[PaletteEntry], query: str, recent: Sequence[str]
) -> list[tuple[PaletteEntry, Content]]:
    """Entries that fit what was typed, best first, their words with the hits marked."""
    matcher = Matcher(query)
    ranked: list[tuple[float, int, PaletteEntry]] = []
    for line in lines:
        command = f"/{line.command}" if line.command else ""
        score = max(matcher.match(line.words), matcher.match(command) if command else 0)
        if score > 0:
            ranked.append((-score, line.name not in recent, line))
    ranked.sort(key=lambda row: row[:2])
    return [(line, matcher.highlight(line.words)) for _, _, line in ranked]


def _entry(
    screen: Screen[Any],
    action: Action,
    active: dict[str, ActiveBinding],
    commands: dict[str, SlashCommand],
) -> PaletteEntry | None:
    app = cast("App[Any]", screen.app)
    command = commands.get(action.command)
    usage = f"/{action.command} {action.argument}".rstrip() if command else ""
    for binding_id in action.bindings:
        if (row := active.get(binding_id)) is not None:
            run = partial(app.run_action, row.binding.action, row.node)
            key = app.get_key_display(row.binding)
            return PaletteEntry(
                action.name,
                action.words,
                action.subject,
                key,
                usage,
                lambda _, run=run: run(),
                minor=action.minor,
            )
    if command is None:
        return None
    argument_words = required_argument(action)

    def give(argument: str) -> None:
        screen.post_message(CommandGiven(action.command, argument or action.argument))

    return PaletteEntry(
        action.name,
        action.words,
        action.subject,
        "",
        usage,
        give,
        argument_words,
        command.choices if argument_words else None,
    )


def _theme_entry(screen: Screen[Any]) -> PaletteEntry:
    app = cast("App[Any]", screen.app)

    def put_on(name: str) -> None:
        if name in app.available_themes:
            app.theme = name
        else:
            app.notify(
                f"There is no theme {plain_line(name)!r}; choose one of the list.",
                severity="warning",
                markup=False,
            )

    return PaletteEntry(
        "theme",
        "Another theme",
        "Screen",
        "",
        "",
        put_on,
        "THEME",
        lambda: sorted(app.available_themes),
    )
