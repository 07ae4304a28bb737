"""Slash commands of the conversation screen, and the options with which a session is continued."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from gramophone.core.model_settings import SETTING_NAMES
from gramophone.library.library import SessionContents
from gramophone.ports.backend import AvailableOptions, ConversationOptions
from gramophone.ports.language_model import Message
from gramophone.ports.stored_turns import message_of
from tui.conversation.layout import MOST_PANES
from tui.conversation.slash.commands import SlashCommand, declared
from tui.conversation.slash.copy_targets import COPYABLE
from tui.conversation.slash.settings_commands import LANGUAGES, SPEEDS, model_names
from tui.transcript.turn_view import give_back_of

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


async def continuation(
    library: SessionContents, session_id: str, choices: AvailableOptions
) -> tuple[ConversationOptions, list[Message]]:
    """Read the options and messages with which a stored session goes on.

    A model, provider or voice that is not available any more is left out, so the usual one
    answers.

    Raises:
        StorageError: it cannot be read.
    """
    record = await library.session(session_id)
    pictures = await library.pictures(session_id)
    summary = record.summary
    there = summary.model in choices.models.get(summary.provider, ())
    usable = there and summary.provider in choices.providers
    choice = ConversationOptions(
        provider=summary.provider if usable else "",
        model=summary.model if usable else "",
        voice=summary.voice if summary.voice in choices.voices else "",
        system_prompt=record.system_prompt,
    )
    messages = [
        message_of(turn, pictures, give_back_of(turn))
        for turn in record.turns
        if turn.counts and turn.text.strip()
    ]
    return choice, messages
