"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gramophone.cli.arguments import PersonaName, ProviderName

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

SESSION = click.argument("session", metavar="SESSION")
NO_KEEP = click.option("--no-keep", is_flag=True, help="Record nothing: no row, no file.")


def conversation_options(command: CommandT) -> CommandT:
    """Add the options of every command that asks a model."""
    options = [
        click.option(
            "--provider",
            type=ProviderName(),
            help="Provider of the language model: openai, anthropic, local, a preset or a name "
            "from config.toml.",
        ),
        click.option("--model", help="Model, as the provider calls it."),
        click.option(
            "-p",
            "--persona",
            type=PersonaName(),
            help="Model, voice and system prompt of a persona in config.toml.",
        ),
        click.option("--system", metavar="TEXT", help="System prompt for the model."),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            help="Setting of the model: temperature, top_p, reasoning_effort, max_tokens, seed; "
            "can be repeated.",
        ),
        *voice_options_list(),
        NO_KEEP,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def voice_options(command: CommandT) -> CommandT:
    """Add the options of every command that speaks."""
    for option in reversed(voice_options_list()):
        command = option(command)
    return command


def app_options(command: CommandT) -> CommandT:
    """Add the options of the app: the last session, plain lines, a browser."""
    options = [
        click.option(
            "-c",
            "--continue",
            "continued",
            is_flag=True,
            help="Go on with the last session, by its model unless another is named.",
        ),
        click.option(
            "--accessible",
            is_flag=True,
            help="Talk in plain lines, for screen readers, instead of full screen.",
        ),
        click.option("--web", is_flag=True, help="Open the app in a browser instead."),
        click.option("--host", metavar="NAME", help="With --web: address to listen on."),
        click.option(
            "--port", type=click.IntRange(1, 65535), help="With --web: port (default: 8000)."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def voice_options_list() -> list[Callable[[Any], Any]]:
    return [
        click.option("--voice", help="Voice, for example aura-2-thalia-en or flux-heather-en."),
        click.option(
            "--speak-url",
            metavar="URL",
            help="Address of the speech service (ws://…/v1/speak or /v2/speak).",
        ),
        click.option("--sample-rate", type=int, metavar="HZ", help="Sample rate, 8000 to 48000."),
        click.option(
            "--log",
            type=click.Path(path_type=Path),
            help="File to append a log to, for bug reports; it holds no texts and no keys.",
        ),
        click.option(
            "--mute", is_flag=True, help="Synthesise and record speech, but do not play it."
        ),
    ]
