"""Slash commands of the conversation screen, with the choices of their arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from gramophone.core.model_settings import SETTING_NAMES
from gramophone.ports.backend import AvailableOptions
from tui.conversation.layout import MOST_PANES
from tui.conversation.slash.commands import SlashCommand, declared
from tui.conversation.slash.copy_targets import COPYABLE
from tui.conversation.slash.settings_commands import LANGUAGES, SPEEDS, model_names

NAMES: Final = (
    "model", "provider", "voice", "system", "speed",
    "new", "language", "set", "close", "pane", "all", "sound",
    "fork", "regenerate", "edit", "speak", "mute", "unmute",
    "find", "copy", "title", "export", "history", "settings", "help", "quit",
)  # fmt: skip


def conversation_commands(
    choices: Callable[[], AvailableOptions] = AvailableOptions, provider: Callable[[], str] = str
) -> tuple[SlashCommand, ...]:
    """Commands with the choices of their arguments; models of `provider` come first."""

    def models() -> Sequence[str]:
        return model_names(choices(), provider())

    return declared(
        *NAMES,
        choices={
            "model": models,
            "new": models,
            "provider": lambda: choices().providers,
            "voice": lambda: choices().voices,
            "set": lambda: SETTING_NAMES,
            "speed": lambda: SPEEDS,
            "language": lambda: ("auto", *LANGUAGES),
            "pane": lambda: [str(number) for number in range(1, MOST_PANES + 1)],
            "copy": lambda: tuple(COPYABLE),
        },
    )


CONVERSATION_COMMANDS: Final = conversation_commands()
"""All of them, without what their arguments may be: enough to list and to read them."""
