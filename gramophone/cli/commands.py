"""The commands: options in, one function each, built with click.

Exit codes: 0 for success, 1 for failure, 2 for wrong usage. Modules that do the work are imported
in the functions, so that `--help` and shell completion answer at once.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

import click

from gramophone import __version__
from gramophone.cli.arguments import ProviderName
from gramophone.cli.ask_commands import ask, say
from gramophone.cli.export import export
from gramophone.cli.fixture.commands import fixture
from gramophone.cli.maintenance_commands import backup, compact, recover
from gramophone.cli.maintenance_commands import gc as gc_command
from gramophone.cli.options import app_options, conversation_options, voice_options
from gramophone.cli.runner import JSON, configured, configured_in_project, end_with, finish, quieten
from gramophone.cli.session_commands import SESSION_COMMANDS
from gramophone.core.errors import GramophoneError


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gramophone")
@conversation_options
@app_options
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
@app_options
def chat(**flags: Any) -> None:
    """Open the app (the same as no command)."""
    _open_app(flags)


@cli.command()
@click.argument("endpoint", metavar="[ENDPOINT]", required=False, type=ProviderName())
@JSON
def models(endpoint: str | None, as_json: bool) -> None:
    """List the models that endpoints serve.

    ENDPOINT is openai, anthropic, a preset or a name from config.toml. Without it, every one that
    is set up is asked.
    """
    from gramophone.cli.models import list_models

    finish(list_models(configured_in_project().config, endpoint or "", as_json=as_json))


@cli.command()
@voice_options
@JSON
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    help="Zip to write for a bug report, without texts and keys; with the log of --log.",
)
def doctor(as_json: bool, bundle: Path | None, **flags: Any) -> None:
    """Check devices, keys, endpoints and engines."""
    from gramophone.cli.doctor import report

    log = flags["log"]
    config = configured_in_project(flags).config
    quieten()
    finish(report(config, as_json=as_json, bundle=bundle, log=log))


cli.add_command(export)
cli.add_command(fixture)
for command in (ask, say, *SESSION_COMMANDS, backup, compact, gc_command, recover):
    cli.add_command(command)


@cli.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--undo", is_flag=True, help="Trust it no longer.")
def trust(path: Path | None, undo: bool) -> None:
    """Trust the .gramophone.toml of a project as it is now.

    Then it may also set addresses, endpoints, voices and models of your own code. A change of the
    file ends the trust. PATH is the file or its directory; by default it is looked for from the
    current directory upwards.
    """
    from gramophone.cli.project import trust as trust_file

    try:
        sys.exit(trust_file(configured().home, path, undo=undo))
    except GramophoneError as error:
        end_with(error)


@cli.command()
@click.argument("command", nargs=-1)
def man(command: tuple[str, ...]) -> None:
    """Print the man page of a command, or of the program.

    Read it with: gramophone man ask | man -l -
    """
    from gramophone.cli.manual import manual_page

    try:
        click.echo(manual_page(cli, command), nl=False)
    except KeyError as error:
        raise click.UsageError(f"there is no command {' '.join(command)[:60]!r}") from error


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


def _open_app(flags: dict[str, Any]) -> None:
    web, host, port = flags.pop("web"), flags.pop("host"), flags.pop("port")
    continued = flags.pop("continued")
    if not web and (host or port):
        raise click.UsageError("--host and --port belong to --web")
    flags["accessible"] = flags.pop("accessible") or None
    in_project = configured_in_project(flags, on_screen=not web)
    try:
        if web:
            from gramophone.cli.web import app_command, command_arguments, serve

            arguments = command_arguments({**flags, "continue": continued})
            sys.exit(serve(app_command(arguments), host or "", port or 8000))
        # As in `gramophone.cli._run`: the app collects garbage after its first frame.
        gc.disable()
        from gramophone.cli.chat import run_app

        config, sentence = in_project.config, in_project.sentence
        sys.exit(run_app(config, sentence, flags, resume_last=continued))
    except GramophoneError as error:
        end_with(error)
