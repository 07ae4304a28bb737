"""Slash commands of the line mode: what is typed in, a request or lines out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeAlias

from gramophone.core.errors import ConfigError
from gramophone.core.frozen import frozen
from gramophone.ports.backend import AvailableOptions, ConversationOptions

MOST_LISTED: Final = 40

USAGES: Final[Mapping[str, str]] = {
    "help": "Slash help: lists these commands.",
    "model": "Slash model NAME: talk with another model; without a name, lists the models.",
    "provider": "Slash provider NAME: talk with another provider; without a name, lists them.",
    "voice": "Slash voice NAME: speak with another voice; without a name, lists the voices.",
    "as": "Slash as NAME: take a persona; without a name, lists the personas.",
    "system": "Slash system TEXT: set the system prompt; without a text, reads it.",
    "speed": "Slash speed FACTOR: speak faster or slower, for example 1.2.",
    "language": "Slash language CODE: speak by the rules of a language, or auto.",
    "set": "Slash set NAME VALUE: set temperature, seed and the like.",
    "mute": "Slash mute: silence the voice; it is still recorded.",
    "unmute": "Slash unmute: let the voice be heard.",
    "speak": "Slash speak: speak the last answer again.",
    "read": "Slash read: print the last answer again.",
    "regenerate": "Slash regenerate: answer the last question again.",
    "title": "Slash title TITLE: give this session a title.",
    "history": "Slash history WORDS: list recorded sessions, with these words or the last ten.",
    "quit": "Slash quit, or Control D on an empty line: leave.",
}
"""What each command does, as a sentence, by its name."""


@frozen
class PromptLine:
    """Text for the model."""

    text: str


@frozen
class LineCommand:
    """A command and its argument."""

    name: str
    argument: str


@frozen
class UnknownCommand:
    """Neither; one sentence says why."""

    sentence: str


ReadLine: TypeAlias = PromptLine | LineCommand | UnknownCommand


def read_line(line: str) -> ReadLine:
    """Read a typed line: `//text` sends `/text`, and a second slash makes a path of a word."""
    text = line.strip()
    word, _, argument = text.partition(" ")
    if text.startswith("//"):
        return PromptLine(text[1:])
    if not text.startswith("/") or "/" in word[1:]:
        return PromptLine(text)
    name = word[1:].lower()
    if name not in USAGES:
        return UnknownCommand(f"There is no command {word[:40]}. Slash help lists the commands.")
    return LineCommand(name, argument.strip())


def changed(
    choice: ConversationOptions, command: LineCommand, options: AvailableOptions
) -> ConversationOptions:
    """The options of the conversation after a command that sets one.

    Raises:
        ConfigError: the argument does not fit; the sentence says what does.
    """
    argument = command.argument
    match command.name:
        case "model":
            return replace(choice, model=argument)
        case "provider":
            return replace(choice, provider=argument, model="")
        case "voice":
            return replace(choice, voice=argument)
        case "as":
            return _with_persona(choice, argument, options)
        case "system":
            return replace(choice, system_prompt=argument)
        case "speed":
            return replace(choice, speed=_factor(argument))
        case "language":
            return replace(choice, lang=argument)
        case _:
            name, _, value = argument.partition(" ")
            return replace(choice, settings=choice.settings.with_text(name.lower(), value))


def listed(command: LineCommand, options: AvailableOptions, provider: str) -> list[str]:
    """Lines with what a command may be given."""
    names: Mapping[str, Callable[[], tuple[str, ...]]] = {
        "model": lambda: options.models.get(provider, ()),
        "provider": lambda: options.providers,
        "voice": lambda: options.voices,
        "as": lambda: tuple(options.personas),
    }
    known = names[command.name]() if command.name in names else ()
    if not known:
        return [USAGES[command.name]]
    more = [f"And {len(known) - MOST_LISTED} more."] if len(known) > MOST_LISTED else []
    return [f"There are: {', '.join(known[:MOST_LISTED])}.", *more]


def _with_persona(
    choice: ConversationOptions, name: str, options: AvailableOptions
) -> ConversationOptions:
    persona = options.personas.get(name)
    if persona is None:
        known = ", ".join(options.personas) or "none is set up"
        raise ConfigError(f"There is no persona {name[:60]!r}; there are: {known}.")
    model = persona.model if persona.model or persona.provider else choice.model
    return replace(
        choice,
        provider=persona.provider or choice.provider,
        model=model,
        voice=persona.voice or choice.voice,
        system_prompt=persona.system_prompt or choice.system_prompt,
        speed=persona.speed or choice.speed,
        lang=persona.lang or choice.lang,
        settings=persona.settings.over(choice.settings),
    )


def _factor(text: str) -> float:
    try:
        return float(text) if text.isascii() and len(text) < 10 else 0.0
    except ValueError as error:
        raise ConfigError(f"{text[:20]!r} is not a number; write for example 1.2.") from error
