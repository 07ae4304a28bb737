"""The commands: options in, one function each, built with click.

Exit codes: 0 for success, 1 for failure, 2 for wrong usage. Modules that do the work are imported
in the functions, so that `--help` and shell completion answer at once.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gramophone import __version__
from gramophone.cli.arguments import ProviderName
from gramophone.cli.export import export
from gramophone.cli.fixture.commands import fixture
from gramophone.cli.maintenance_commands import backup, compact, recover
from gramophone.cli.maintenance_commands import gc as gc_command
from gramophone.cli.runner import JSON, configured, end_with, finish, quieten, run
from gramophone.core.errors import GramophoneError

_MOST_TEXT_BYTES = 1 << 21
"""Limit of a prompt, or of a text to be spoken; a thick book has less."""

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


def web_options(command: CommandT) -> CommandT:
    """Add the options for the app in a browser."""
    options = [
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
            "--mute", is_flag=True, help="Synthesise and record speech, but do not play it."
        ),
    ]


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gramophone")
@conversation_options
@web_options
@click.pass_context
def cli(context: click.Context, **flags: Any) -> None:
    """Talk with a language model in the terminal; every answer is spoken and recorded.

    Without a command the app opens. SESSION is an id, a unique beginning of one, or 'last'.
    """
    if context.invoked_subcommand is None:
        _open_app(flags)
    elif any(flags.values()):
        # Options of the group are the app's. `gramophone --mute ask x` would be heard all the same.
        raise click.UsageError("put options after the command's name")


@cli.command()
@conversation_options
@web_options
def chat(**flags: Any) -> None:
    """Open the app (the same as no command)."""
    _open_app(flags)


@cli.command()
@click.argument("text", metavar="[TEXT|-]", required=False)
@conversation_options
@JSON
@click.option("-o", "--output", type=click.Path(path_type=Path), help="WAV file for the sound.")
def ask(text: str | None, as_json: bool, output: Path | None, **flags: Any) -> None:
    """Ask one question; print, speak and record the answer.

    TEXT may be left out where a text is spoken that nobody asks for: --provider text:FILE.
    """
    from gramophone.cli.ask import speak_once
    from gramophone.core.intents import SayStream, Submit

    config = configured(flags)
    if text is None and not config.provider.startswith("text:"):
        raise click.UsageError("give a question, or - for standard input")
    if text == "-" and config.provider == "text:-":
        raise click.UsageError("standard input is the question or the answer, not both")
    quieten()
    request = SayStream() if text is None else Submit(_text(text))
    finish(speak_once(config, request, as_json=as_json, wav=output))


@cli.command()
@click.argument("text", metavar="TEXT|-", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path), help="File to read the text from.")
@click.option("--session", metavar="SESSION", help="Speak the answers of this session.")
@click.option("--turn", type=click.IntRange(0), metavar="N", help="With --session: only this turn.")
@voice_options
@NO_KEEP
@JSON
@click.option("-o", "--output", type=click.Path(path_type=Path), help="WAV file for the sound.")
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
    from gramophone.core.intents import Say

    if sum(source is not None for source in (text, file, session)) != 1:
        raise click.UsageError("give a text, - for standard input, --file or --session")
    if turn is not None and session is None:
        raise click.UsageError("--turn belongs to --session")
    config = configured(flags)
    quieten()
    if session is not None:
        finish(speak_session(config, session, turn=turn, as_json=as_json, wav=output))
    content = _read(file) if file is not None else _text(text or "")
    finish(speak_once(config, Say(content), as_json=as_json, wav=output))


@cli.command()
@click.option(
    "--search", default="", metavar="Q", help="Search: words, phrases and filters, as above."
)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(1),
    help="Most sessions to list.",
)
@JSON
def sessions(search: str, limit: int, as_json: bool) -> None:
    """List recorded sessions: pinned ones first, then the newest.

    A search is words, "phrases", -words that must not occur, and filters: provider: model: voice:
    tag: title: before: after: on: has:audio has:tags is:pinned is:archived is:recovered.
    """
    from gramophone.cli import sessions as session_commands

    finish(
        session_commands.list_sessions(
            configured().home, search=search, limit=limit, as_json=as_json
        )
    )


@cli.command()
@click.argument("endpoint", metavar="[ENDPOINT]", required=False, type=ProviderName())
@JSON
def models(endpoint: str | None, as_json: bool) -> None:
    """List the models that endpoints serve.

    ENDPOINT is openai, anthropic, a preset or a name from config.toml. Without it, every one that
    is set up is asked.
    """
    from gramophone.cli.models import list_models

    finish(list_models(configured(), endpoint or "", as_json=as_json))


@cli.command()
@SESSION
@click.option("--thoughts", is_flag=True, help="Print the thoughts of the answers, too.")
@JSON
def show(session: str, thoughts: bool, as_json: bool) -> None:
    """Print a session's turns."""
    from gramophone.cli import sessions as session_commands

    finish(session_commands.show(configured().home, session, as_json=as_json, thoughts=thoughts))


@cli.command()
@SESSION
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.25, 4.0),
    help="Speed as a factor; the pitch does not change.",
)
@click.option("--mute", is_flag=True, help="Neither play the sound nor wait for it.")
@JSON
def replay(session: str, speed: float, mute: bool, as_json: bool) -> None:
    """Replay a session with its sound, in the recorded timing."""
    from gramophone.cli.replay import replay as play

    config = configured({"mute": mute})
    quieten()
    finish(play(config, config.home, session, speed=speed, as_json=as_json))


@cli.command("import")
@click.argument("files", metavar="FILE", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--as-new", is_flag=True, help="Import under a new id, even if the session exists already."
)
def import_(files: tuple[Path, ...], as_new: bool) -> None:
    """Import sessions into the library, and print their ids.

    FILE is a bundle that `export --format bundle` wrote, or a data export of ChatGPT or Claude: the
    zip, or the conversations.json in it.
    """
    from gramophone.app.session import new_session_id
    from gramophone.cli.import_ import import_files

    finish(import_files(configured(), files, as_new=as_new, new_id=new_session_id))


@cli.command()
@SESSION
@click.argument("title", metavar="TITLE")
def rename(session: str, title: str) -> None:
    """Set a session's title; an empty one restores the first words."""
    from gramophone.cli import sessions as session_commands

    finish(session_commands.rename(configured().home, session, title))


@cli.command(context_settings={"ignore_unknown_options": True})
@SESSION
@click.argument("changes", metavar="[+TAG] [-TAG]", nargs=-1, type=click.UNPROCESSED)
def tag(session: str, changes: tuple[str, ...]) -> None:
    """Change and print a session's tags; plain names replace them."""
    from gramophone.cli import sessions as session_commands

    finish(session_commands.tag(configured().home, session, " ".join(changes)))


@cli.command()
@SESSION
@click.option("--undo", is_flag=True, help="Unpin it.")
def pin(session: str, undo: bool) -> None:
    """Keep a session at the top of the list."""
    from gramophone.cli import sessions as session_commands

    finish(session_commands.pin(configured().home, session, pinned=not undo))


@cli.command()
@SESSION
@click.option("--undo", is_flag=True, help="Put it back into the list.")
def archive(session: str, undo: bool) -> None:
    """Remove a session from the list; is:archived finds it."""
    from gramophone.cli import sessions as session_commands

    finish(session_commands.archive(configured().home, session, archived=not undo))


@cli.command()
@SESSION
@click.option("--yes", is_flag=True, help="Delete without asking.")
def delete(session: str, yes: bool) -> None:
    """Delete a session and its sound for good."""
    from gramophone.cli import sessions as session_commands

    home = configured().home
    if not yes and sys.stdin.isatty():
        title = run(session_commands.title_of(home, session))
        click.confirm(f"Delete {title}?", abort=True, err=True)
    finish(session_commands.delete(home, session))


@cli.command()
@click.argument("session", metavar="[SESSION]", required=False)
@JSON
def verify(session: str | None, as_json: bool) -> None:
    """Check that database, rows and sound files agree."""
    from gramophone.cli import sessions as session_commands

    finish(session_commands.verify(configured().home, session, as_json=as_json))


@cli.command()
@voice_options
@JSON
def doctor(as_json: bool, **flags: Any) -> None:
    """Check devices, keys, endpoints and engines."""
    from gramophone.cli.doctor import report

    config = configured(flags)
    quieten()
    finish(report(config, as_json=as_json))


@cli.command()
@click.argument("session", metavar="[SESSION]", required=False)
@click.option("--since", default="", metavar="DATE|30d", help="Only sessions from that day on.")
@click.option(
    "--by",
    multiple=True,
    type=click.Choice(["provider", "model", "voice"]),
    help="Group by this; can be repeated (default: all three).",
)
@JSON
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row per group.")
def stats(
    session: str | None, since: str, by: tuple[str, ...], as_json: bool, as_csv: bool
) -> None:
    """Print latency, tokens and spoken time of the answers."""
    from gramophone.cli import stats as statistics

    if session and since:
        raise click.UsageError("give a session or --since, not both")
    if as_json and as_csv:
        raise click.UsageError("give --json or --csv, not both")
    form = "json" if as_json else "csv" if as_csv else "text"
    columns = tuple(name for name in statistics.BY if name in by) or statistics.BY
    finish(statistics.stats(configured().home, session, since=since, by=columns, form=form))


cli.add_command(export)
cli.add_command(fixture)
for command in (backup, compact, gc_command, recover):
    cli.add_command(command)


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script for shell completion.

    Evaluate it in your shell's start-up file.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "gramophone", "_GRAMOPHONE_COMPLETE").source())


def main() -> None:
    """The console script."""
    try:
        cli(standalone_mode=True)
    except GramophoneError as error:
        end_with(error)


# --- arguments --------------------------------------------------------------------------------


def _text(text: str) -> str:
    if text != "-":
        return text
    return _bounded(sys.stdin.buffer.read(_MOST_TEXT_BYTES + 1), "Standard input")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return _bounded(file.read(_MOST_TEXT_BYTES + 1), str(path))
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from error


def _bounded(text: bytes, name: str) -> str:
    if len(text) > _MOST_TEXT_BYTES:
        most_mb = _MOST_TEXT_BYTES >> 20
        raise click.UsageError(f"{name} has more than {most_mb} MB of text; cut it into parts")
    return text.decode("utf-8", errors="replace")


def _open_app(flags: dict[str, Any]) -> None:
    web, host, port = flags.pop("web"), flags.pop("host"), flags.pop("port")
    if not web and (host or port):
        raise click.UsageError("--host and --port belong to --web")
    config = configured(flags, on_screen=not web)
    try:
        if web:
            from gramophone.cli.web import app_command, command_arguments, serve

            sys.exit(serve(app_command(command_arguments(flags)), host or "", port or 8000))
        # As in `gramophone.cli._run`: the app collects garbage after its first frame.
        gc.disable()
        from gramophone.cli.chat import run_app

        sys.exit(run_app(config))
    except GramophoneError as error:
        end_with(error)
