"""The commands: flags in, one function each; exit code 0 when all went well, 1 when not, 2 for
a command that cannot be read. Built with click."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import click

from gramophone import __version__
from gramophone.cli.kept_keys import not_given, with_kept_keys
from gramophone.config import PROVIDERS, Config, load
from gramophone.errors import ConfigError, GramophoneError

F = TypeVar("F", bound=Callable[..., Any])

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
SESSION = click.argument("session", metavar="SESSION")


def talk_options(command: F) -> F:
    """The options of every command that talks."""
    options = [
        click.option("--provider", type=click.Choice(PROVIDERS), help="Who answers."),
        click.option("--model", help="The provider's model."),
        *voice_options_list(),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def voice_options(command: F) -> F:
    """The options of every command that speaks."""
    for option in reversed(voice_options_list()):
        command = option(command)
    return command


def web_options(command: F) -> F:
    """Where the app is opened."""
    options = [
        click.option("--web", is_flag=True, help="Open the app in a browser instead."),
        click.option("--host", metavar="NAME", help="With --web: serve others than this machine."),
        click.option("--port", type=click.IntRange(1, 65535), help="With --web: 8000 if not told."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def voice_options_list() -> list[Callable[[Any], Any]]:
    return [
        click.option("--voice", help="The voice, for example aura-2-thalia-en."),
        click.option("--speak-url", metavar="URL", help="Speech service (ws://…/v1/speak)."),
        click.option("--sample-rate", type=int, metavar="HZ", help="8000 to 48000."),
        click.option("--mute", is_flag=True, help="Make and record speech, do not play it."),
    ]


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="gramophone")
@talk_options
@web_options
@click.pass_context
def cli(context: click.Context, **flags: Any) -> None:
    """Talk with a language model in the terminal; every answer is spoken and kept.

    Without a command the app opens. SESSION is an id, a unique beginning of one, or 'last'.
    """
    if context.invoked_subcommand is None:
        _open_app(flags)
    elif any(flags.values()):
        raise click.UsageError("put options after the command's name")


@cli.command()
@talk_options
@web_options
def chat(**flags: Any) -> None:
    """Open the app (the same as no command)."""
    _open_app(flags)


@cli.command()
@click.argument("text", metavar="TEXT|-")
@talk_options
@JSON
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the sound as WAV.")
def ask(text: str, as_json: bool, output: Path | None, **flags: Any) -> None:
    """Ask once; the answer is printed, spoken and kept."""
    from gramophone.cli.live import speak_once
    from gramophone.intents import Submit

    config = _config(flags)
    _quiet()
    _finish(speak_once(config, Submit(_text(text)), as_json=as_json, wav=output))


@cli.command()
@click.argument("text", metavar="TEXT|-", required=False)
@click.option("--file", "file", type=click.Path(path_type=Path), help="Read the text from here.")
@voice_options
@JSON
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the sound as WAV.")
def say(
    text: str | None, file: Path | None, as_json: bool, output: Path | None, **flags: Any
) -> None:
    """Speak a text; no model is asked."""
    from gramophone.cli.live import speak_once
    from gramophone.intents import Say

    if (text is None) == (file is None):
        raise click.UsageError("give a text, - for standard input, or --file")
    config = _config(flags)
    said = _read(file) if file is not None else _text(text or "")
    _quiet()
    _finish(speak_once(config, Say(said), as_json=as_json, wav=output))


@cli.command()
@click.option("--search", default="", metavar="Q", help="Words, phrases, filters.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1))
@JSON
def sessions(search: str, limit: int, as_json: bool) -> None:
    """List what was kept, newest first; pinned sessions before the others.

    A search is words, "phrases", -words that must not occur, and filters: provider: model: voice:
    tag: title: before: after: on: has:audio has:tags is:pinned is:archived is:recovered.
    """
    from gramophone.cli import kept

    _finish(kept.list_sessions(_config().home, search=search, limit=limit, as_json=as_json))


@cli.command()
@SESSION
@JSON
def show(session: str, as_json: bool) -> None:
    """Print a session's turns."""
    from gramophone.cli import kept

    _finish(kept.show(_config().home, session, as_json=as_json))


@cli.command()
@SESSION
@click.option("--speed", default=1.0, show_default=True, type=click.FloatRange(0.25, 4.0))
@click.option("--mute", is_flag=True, help="Do not play the sound, do not wait for it.")
@JSON
def replay(session: str, speed: float, mute: bool, as_json: bool) -> None:
    """Play a session again, in time, with its sound."""
    from gramophone.cli.replaying import replay as play

    config = _config({"mute": mute})
    _quiet()
    _finish(play(config, config.home, session, speed=speed, as_json=as_json))


@cli.command()
@SESSION
@click.option("--format", "form", type=click.Choice(["wav", "jsonl", "bundle"]), default="wav")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Where; a bundle has a name.")
@click.option("--compress", is_flag=True, help="With --format bundle: FLAC, and rows deflated.")
def export(session: str, form: str, output: Path | None, compress: bool) -> None:
    """Write a session as a WAV file, as JSON lines or as a bundle that `import` takes."""
    from gramophone.cli import kept

    if output is None and form != "bundle":
        raise click.UsageError("say where to with -o PATH")
    if compress and form != "bundle":
        raise click.UsageError("--compress belongs to --format bundle")
    _finish(kept.export(_config().home, session, form=form, path=output, compress=compress))


@cli.command("import")
@click.argument(
    "bundles", metavar="BUNDLE", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--as-new", is_flag=True, help="As sessions of their own, whatever is there.")
def import_(bundles: tuple[Path, ...], as_new: bool) -> None:
    """Bring sessions into the library that `export --format bundle` wrote; prints their ids."""
    from gramophone.cli import kept
    from gramophone.cli.compose import new_session_id

    _finish(kept.import_bundles(_config().home, bundles, as_new=as_new, new_id=new_session_id))


@cli.command()
@SESSION
@click.argument("title", metavar="TITLE")
def rename(session: str, title: str) -> None:
    """Give a session a title; an empty one brings its first words back."""
    from gramophone.cli import kept

    _finish(kept.rename(_config().home, session, title))


@cli.command(context_settings={"ignore_unknown_options": True})
@SESSION
@click.argument("changes", metavar="[+TAG] [-TAG]", nargs=-1, type=click.UNPROCESSED)
def tag(session: str, changes: tuple[str, ...]) -> None:
    """Change a session's tags and print them; plain names replace what is there."""
    from gramophone.cli import kept

    _finish(kept.tag(_config().home, session, " ".join(changes)))


@cli.command()
@SESSION
@click.option("--undo", is_flag=True, help="No longer.")
def pin(session: str, undo: bool) -> None:
    """Keep a session at the head of the list."""
    from gramophone.cli import kept

    _finish(kept.pin(_config().home, session, pinned=not undo))


@cli.command()
@SESSION
@click.option("--undo", is_flag=True, help="Bring it back into the list.")
def archive(session: str, undo: bool) -> None:
    """Take a session out of the list; is:archived finds it."""
    from gramophone.cli import kept

    _finish(kept.archive(_config().home, session, archived=not undo))


@cli.command()
@SESSION
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(session: str, yes: bool) -> None:
    """Delete a session and its sound for good."""
    from gramophone.cli import kept

    home = _config().home
    if not yes and sys.stdin.isatty():
        title = _carried_out(kept.newest_title(home, session))
        click.confirm(f"Delete {title}?", abort=True, err=True)
    _finish(kept.delete(home, session))


@cli.command()
@click.argument("session", metavar="[SESSION]", required=False)
@JSON
def verify(session: str | None, as_json: bool) -> None:
    """Check that database, rows and sound files agree."""
    from gramophone.cli import kept

    _finish(kept.verify(_config().home, session, as_json=as_json))


@cli.command()
@voice_options
@JSON
def doctor(as_json: bool, **flags: Any) -> None:
    """Say what is there: devices, keys, endpoints, engines."""
    from gramophone.cli.doctor import doctor as examine

    config = _config(flags)
    _quiet()
    _finish(examine(config, as_json=as_json))


@cli.group()
def fixture() -> None:
    """Play a speech service or a language model for programs under test."""


@fixture.command()
@click.argument("source", metavar="tone|piper|SESSION|FILE")
@click.option("--port", type=click.IntRange(0, 65535), help="0, the default, takes a free one.")
@click.option("--host", metavar="NAME", help="Whom to serve; else this machine only.")
@click.option("--speak", is_flag=True, help="Serve Deepgram Speak.")
@click.option("--listen", is_flag=True, help="Serve Deepgram Listen.")
@click.option("--openai", is_flag=True, help="Serve OpenAI's Chat Completions and Responses.")
@click.option("--anthropic", is_flag=True, help="Serve Anthropic's Messages.")
@click.option("--all", "everything", is_flag=True, help="Serve all there is, which is the default.")
@click.option(
    "--speed",
    type=click.FloatRange(0.0),
    help="Times the recorded timing, or the sound's own speed; 0 is at once, and the default "
    "for tone and piper; 1 is that of a session.",
)
@click.option("--clock", type=click.Choice(["system", "manual"]), help="Who moves the time on.")
@click.option("--strict", is_flag=True, help="Refuse what is not in the source, and exit 1.")
@click.option("--lenient", is_flag=True, help="Only report what differed; the default.")
@click.option(
    "--fault", multiple=True, metavar="NAME[=ARG][@CONNECTION]", help="Go wrong on purpose."
)
@click.option("--log", metavar="FILE", help="Write down what comes and goes, without keys.")
@click.option("--watch-stdin", is_flag=True, help="End when standard input ends.")
def serve(source: str, fault: tuple[str, ...], **flags: Any) -> None:
    """Play a service on loopback; a JSON line on stdout says where.

    FILE is a bundle, or a scenario in TOML or JSON. At the end another line sums up what differed
    from the source.
    """
    from gramophone.cli.standing_in import serve as stand_in

    flags["all"] = flags.pop("everything")
    arguments = [f"--fault={name}" for name in fault]
    for name, value in flags.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            arguments.append(option)
        elif value is not None and value is not False:
            arguments.append(f"{option}={value}")
    sys.exit(stand_in(_config().home, source, arguments))


@fixture.command("check")
@click.argument("source", metavar="SESSION|BUNDLE")
@JSON
def check_source(source: str, as_json: bool) -> None:
    """Ask what was asked again, of a stand-in with the recorded answers, and compare.

    Exits with 1 if texts or sound differ, or something failed.
    """
    from gramophone.cli.checking import check

    _quiet()
    _finish(check(_config().home, source, as_json=as_json))


@fixture.command("record")
@click.option(
    "--upstream", required=True, metavar="URL", help="wss://api.deepgram.com, or a model's."
)
@click.option("--openai", metavar="URL", help="Where OpenAI is, if it is not the upstream.")
@click.option("--anthropic", metavar="URL", help="Where Anthropic is, if it is not the upstream.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="0, the default, takes a free one.",
)
@click.option("--host", metavar="NAME", default="127.0.0.1", help="Whom to serve.")
def record(upstream: str, host: str, port: int, **models: str | None) -> None:
    """Pass on what a program and the real service say, and keep it as a session.

    JSON lines on stdout say where to connect and, at the end, which session it was. Keys pass
    through and are not kept.
    """
    from gramophone.cli.recording_proxy import record as record_passing

    elsewhere = {name: address for name, address in models.items() if address}
    sys.exit(record_passing(_config(), upstream, elsewhere, host, port))


@fixture.command("diff")
@click.argument("one", metavar="SESSION|BUNDLE")
@click.argument("other", metavar="SESSION|BUNDLE")
@JSON
def differ(one: str, other: str, as_json: bool) -> None:
    """Compare two sessions: texts, messages, sound; and tell the timing of both.

    Exits with 1 if anything but the timing differs.
    """
    from gramophone.cli.differing import diff

    _finish(diff(_config().home, one, other, as_json=as_json))


@cli.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the shell completion script; eval it in your shell's start-up file."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, "gramophone", "_GRAMOPHONE_COMPLETE").source())


def main() -> None:
    """The console script."""
    try:
        cli(standalone_mode=True)
    except GramophoneError as error:
        _refuse(error)


# --- what the commands share ------------------------------------------------------------------


def _config(flags: dict[str, Any] | None = None, *, on_screen: bool = False) -> Config:
    """What is set; the app tells `on_screen` which keys are missing."""
    told = dict(flags or {})
    told["muted"] = told.pop("mute", False) or None
    told["sample_rate_hz"] = told.pop("sample_rate", None)
    environment = with_kept_keys(os.environ)
    missing = not_given(environment)
    try:
        config = load(environment, **told)
    except ConfigError as error:
        _note(missing)
        _refuse(error)
        raise
    if not on_screen:
        _note(missing)
    return config


def _note(text: str) -> None:
    if text:
        from gramophone.cli.output import note

        note(text)


def _finish(work: Coroutine[Any, Any, int]) -> None:
    sys.exit(_carried_out(work))


def _carried_out(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return asyncio.run(work)
    except GramophoneError as error:
        _refuse(error)
    except BrokenPipeError:
        # Whoever read us has gone; the interpreter must not try stdout again on its way out.
        sys.stdout = None
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _refuse(error: GramophoneError) -> None:
    from gramophone.cli.output import refuse

    refuse(error)


def _quiet() -> None:
    from gramophone.voice.native_noise import keep_native_noise_out

    keep_native_noise_out()


def _text(text: str) -> str:
    if text != "-":
        return text
    return sys.stdin.buffer.read().decode("utf-8", errors="replace")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from error


def _open_app(flags: dict[str, Any]) -> None:
    web, host, port = flags.pop("web"), flags.pop("host"), flags.pop("port")
    if not web and (host or port):
        raise click.UsageError("--host and --port belong to --web")
    config = _config(flags, on_screen=not web)
    try:
        if web:
            from gramophone.cli.web import app_command, arguments, serve

            sys.exit(serve(app_command(arguments(flags)), host or "", port or 8000))
        # See `gramophone.cli.main`.
        gc.disable()
        from gramophone.cli.app import run_app

        sys.exit(run_app(config))
    except GramophoneError as error:
        _refuse(error)
