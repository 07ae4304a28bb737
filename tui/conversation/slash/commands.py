"""Slash commands: their names, their reading in a prompt, and their completion.

`//text` sends `/text`; a first word with a second slash in it is a path and goes out as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Final, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.text.sanitize import plain_line
from tui.prompt.completion_model import Completion, CompletionState, fitting

Choices: TypeAlias = Callable[[], Sequence[str]]

_LONGEST_NAME_SHOWN = 24
_MOST_CHOICES = 1_000


@frozen
class SlashCommand:
    """A command. Without `argument_words` nothing may follow it; in brackets it is optional.

    `choices` gives what the argument may be, at once; others are taken too, unless it is
    `closed`. Only a `long` one may have several lines.
    """

    name: str
    argument_words: str
    words: str
    choices: Choices | None = None
    long: bool = False
    closed: bool = False

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.argument_words}".rstrip()


COMMANDS: Final = (
    SlashCommand("model", "MODEL", "Talk with another model"),
    SlashCommand("provider", "PROVIDER", "Talk with another provider"),
    SlashCommand("voice", "VOICE", "Speak with another voice"),
    SlashCommand("system", "TEXT", "Set the system prompt", long=True),
    SlashCommand("speed", "FACTOR", "Speak faster or slower"),
    SlashCommand("new", "[MODEL]", "Open another pane"),
    SlashCommand("language", "LANGUAGE", "Speak by the rules of a language, or auto"),
    SlashCommand("set", "NAME VALUE", "Set temperature, seed and the like", closed=True),
    SlashCommand("close", "", "Close this pane"),
    SlashCommand("pane", "NUMBER", "Go to a pane", closed=True),
    SlashCommand("all", "[PROMPT]", "Send to all panes", long=True),
    SlashCommand("sound", "", "Keep the sound here, or let it follow"),
    SlashCommand("fork", "", "Go on in a session of its own"),
    SlashCommand("regenerate", "", "Answer the last question again"),
    SlashCommand("edit", "", "Edit the last prompt and ask again"),
    SlashCommand("speak", "", "Speak the last answer again"),
    SlashCommand("mute", "", "Silence the voice"),
    SlashCommand("unmute", "", "Let the voice be heard"),
    SlashCommand("find", "[WORDS]", "Find words in this conversation"),
    SlashCommand("copy", "[WHAT]", "Copy the last answer, its code, or the prompt", closed=True),
    SlashCommand("title", "TITLE", "Give this session a title"),
    SlashCommand("export", "", "Export this session"),
    SlashCommand("history", "", "Open the history"),
    SlashCommand("settings", "", "Open the settings"),
    SlashCommand("help", "", "Show every key and command"),
    SlashCommand("quit", "", "Leave Gramophone"),
)


def declared(*names: str, choices: dict[str, Choices] | None = None) -> tuple[SlashCommand, ...]:
    """Commands of these names, in the order of `COMMANDS`, with the choices of their arguments.

    Raises:
        ValueError: there is no command of a name.
    """
    unknown = set(names) - {command.name for command in COMMANDS}
    if unknown:
        raise ValueError(f"no such slash command: {', '.join(sorted(unknown))}")
    offered = choices or {}
    return tuple(
        replace(command, choices=offered.get(command.name, command.choices))
        for command in COMMANDS
        if command.name in names
    )


# --- reading a prompt -----------------------------------------------------------------------------


@frozen
class Prose:
    """A prompt for the model."""

    text: str


@frozen
class Given:
    """A command for us."""

    name: str
    argument: str


@frozen
class Refused:
    """Neither: one sentence about why."""

    sentence: str


# A prompt is read from its first word:
#
#   no slash                    text for the model
#   //word                      text that begins with one slash (`as_text` writes it so)
#   /usr/bin                    text: a second slash makes a path of it
#   /command argument           a command, if it is one and may have this argument
#   anything else with a slash  refused, and it stays in the prompt
#
# A command that is mistyped must not go out: it would be answered, spoken and stored.


def read(text: str, commands: Sequence[SlashCommand]) -> Prose | Given | Refused:
    """Meaning of a prompt: text for the model, a command, or neither."""
    if not text.startswith("/"):
        return Prose(text)
    if text.startswith("//"):
        return Prose(text[1:])
    word = text.split(maxsplit=1)[0]
    if "/" in word[1:]:
        return Prose(text)
    argument = text[len(word) :].strip()
    command = _named(word[1:], commands)
    if command is None:
        return Refused(_unknown(word, commands))
    if argument and not command.argument_words:
        return Refused(f"/{command.name} takes nothing after it.")
    if "\n" in argument and not command.long:
        return Refused(f"/{command.name} takes one line.")
    return Given(command.name, argument)


def as_text(text: str, commands: Sequence[SlashCommand]) -> str:
    """Prompt that sends `text` as it is: one more slash in front of what would be a command."""
    return text if not commands or read(text, commands) == Prose(text) else f"/{text}"


def _named(name: str, commands: Sequence[SlashCommand]) -> SlashCommand | None:
    return next((command for command in commands if command.name == name.lower()), None)


def _unknown(word: str, commands: Sequence[SlashCommand]) -> str:
    name = word[1:].lower()
    names = [command.name for command in commands]
    begins = [candidate for candidate in names if name and candidate.startswith(name)]
    near = list(dict.fromkeys([*begins, *get_close_matches(name, names, n=3)]))[:3]
    hint = " or ".join(f"/{candidate}" for candidate in near)
    typed_name = plain_line(word)[:_LONGEST_NAME_SHOWN]
    tried = f"try {hint}, or" if hint else "/help lists them;"
    return f"There is no command {typed_name}; {tried} begin with // to send it as text."


# --- completing -----------------------------------------------------------------------------------


def complete(line: str, cursor: int, commands: Sequence[SlashCommand]) -> CompletionState | None:
    """Completions at the cursor in the first line of a prompt; None where it is not a command."""
    if not line.startswith("/") or line.startswith("//") or cursor < 1:
        return None
    word = line.split(maxsplit=1)[0]
    if cursor <= len(word):
        return _complete_name(line[1:cursor], len(word), commands)
    command = _named(word[1:], commands)
    if command is None or command.choices is None:
        return None
    start = len(line) - len(line[len(word) :].lstrip())
    start = min(start, cursor)
    choices = [plain_line(choice) for choice in command.choices()]
    fits = fitting(line[start:cursor], choices, str)[:_MOST_CHOICES]
    offer = _offer(start, len(line), [Completion(choice, "", choice) for choice in fits])
    # A model or a speed that is not in the list is taken, too; and a part of a name is enough.
    optional = bool(line[start:].strip()) and not command.closed
    return replace(offer, optional=optional) if offer is not None else None


def _complete_name(
    typed: str, end: int, commands: Sequence[SlashCommand]
) -> CompletionState | None:
    if "/" in typed:
        return None
    fits = fitting(typed, commands, lambda command: command.name)
    return _offer(0, end, [_candidate(command) for command in fits])


def _candidate(command: SlashCommand) -> Completion:
    text = f"/{command.name}" + (" " if command.argument_words else "")
    return Completion(command.usage, command.words, text)


def _offer(start: int, end: int, candidates: Sequence[Completion]) -> CompletionState | None:
    return CompletionState(start, end, tuple(candidates)) if candidates else None
