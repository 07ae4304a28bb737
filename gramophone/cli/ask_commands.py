"""The commands `ask` and `say`: options in, one function each."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from gramophone.cli.options import NO_KEEP, conversation_options, voice_options
from gramophone.cli.runner import JSON, configured_in_project, finish, quieten, run
from gramophone.config.config import Config
from gramophone.core.intents import Say, SayStream, Submit
from gramophone.ports.language_model import Message

OUTPUT = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="WAV file for the sound."
)


@click.command()
@click.argument("text", metavar="[TEXT|-]", required=False)
@click.option(
    "-c", "--continue", "continued", is_flag=True, help="Go on with the last session, by its model."
)
@click.option(
    "--file",
    "files",
    multiple=True,
    metavar="FILE|-",
    help="Text file or picture that goes with the question; can be repeated.",
)
@conversation_options
@JSON
@OUTPUT
def ask(
    text: str | None,
    continued: bool,
    files: Sequence[str],
    as_json: bool,
    output: Path | None,
    **flags: Any,
) -> None:
    """Ask one question; print, speak and record the answer.

    What comes through a pipe or from a file goes with it: git diff | gramophone ask "Review this".
    So does a picture that TEXT names with @, or --file: gramophone ask "What is this? @cat.png".
    TEXT may be left out where a text is spoken that nobody asks for: --provider text:FILE.
    """
    from gramophone.cli.ask import speak_once

    config = configured_in_project(flags).config
    request = _request(config, text, files)
    quieten()
    inherited: Sequence[Message] = ()
    if continued:
        config, inherited = _continued(config, flags)
    finish(speak_once(config, request, as_json=as_json, wav=output, inherited=inherited))


def _continued(config: Config, flags: Mapping[str, object]) -> tuple[Config, Sequence[Message]]:
    from gramophone.cli.last_session import continued_config, last_session, messages_of

    record, pictures = run(last_session(config))
    config = continued_config(
        record,
        config,
        model_named=any(flags[name] for name in ("provider", "model", "persona")),
        system_named=any(flags[name] for name in ("system", "persona")),
    )
    return config, messages_of(record, pictures)


def _request(config: Config, text: str | None, files: Sequence[str]) -> Submit | SayStream:
    """The question, or the text that nobody asks for."""
    from gramophone.cli.named_pictures import pictures_for
    from gramophone.cli.text_input import STDIN, piped_text, read_question
    from gramophone.pictures.attachable import is_picture_name

    stdin_answers = config.provider == f"text:{STDIN}"
    if stdin_answers and STDIN in (text, *files):
        raise click.UsageError("standard input is the question or the answer, not both")
    if text is None and not files and config.provider.startswith("text:"):
        return SayStream()
    texts = [file for file in files if not is_picture_name(file)]
    try:
        question = read_question(text, texts, piped=None if stdin_answers else piped_text)
    except KeyboardInterrupt:
        sys.exit(130)
    if question is None:
        raise click.UsageError("give a question, or - for standard input")
    # What comes in by standard input was written elsewhere, and names nothing.
    pictures = pictures_for("" if text in (None, STDIN) else text, filter(is_picture_name, files))
    return Submit(question, pictures)


@click.command()
@click.argument("text", metavar="TEXT|-", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path), help="File to read the text from.")
@click.option("--session", metavar="SESSION", help="Speak the answers of this session.")
@click.option("--turn", type=click.IntRange(0), metavar="N", help="With --session: only this turn.")
@voice_options
@NO_KEEP
@JSON
@OUTPUT
def say(
    text: str | None,
    file: Path | None,
    session: str | None,
    turn: int | None,
    as_json: bool,
    output: Path | None,
    **flags: Any,
) -> None:
    """Speak a text, or a session's answers, without a model."""
    from gramophone.cli.ask import speak_once, speak_session
    from gramophone.cli.text_input import read_argument, read_text_file

    if sum(source is not None for source in (text, file, session)) != 1:
        raise click.UsageError("give a text, - for standard input, --file or --session")
    if turn is not None and session is None:
        raise click.UsageError("--turn belongs to --session")
    config = configured_in_project(flags).config
    quieten()
    if session is not None:
        finish(speak_session(config, session, turn=turn, as_json=as_json, wav=output))
    content = read_text_file(file) if file is not None else read_argument(text or "")
    finish(speak_once(config, Say(content), as_json=as_json, wav=output))
