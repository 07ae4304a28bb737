"""`fixture`: a session, a bundle or a scenario plays a service for programs under test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import click

from gramophone.cli.carrying_out import JSON, configured, finish, quieten

ALLOW_HOST = "Serve who asks by this name too, e.g. that of a container; * for any."
ALLOW_ORIGIN = "Serve web pages of this origin, e.g. http://localhost:3000; * for any."


@click.group()
def fixture() -> None:
    """Play a speech service or a language model for programs under test."""


@fixture.command()
@click.argument("source", metavar="tone|piper|SESSION|FILE")
@click.option("--port", type=click.IntRange(0, 65535), help="0, the default, takes a free one.")
@click.option("--host", metavar="NAME", help="Whom to serve; else this machine only.")
@click.option("--allow-host", multiple=True, metavar="NAME", help=ALLOW_HOST)
@click.option("--allow-origin", multiple=True, metavar="ORIGIN", help=ALLOW_ORIGIN)
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
@click.option("--by-message", is_flag=True, help="The cutting into messages counts, too.")
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
        if isinstance(value, tuple):
            arguments += [f"{option}={each}" for each in cast("tuple[str, ...]", value)]
        elif value is True:
            arguments.append(option)
        elif value is not None and value is not False:
            arguments.append(f"{option}={value}")
    sys.exit(stand_in(configured(), source, arguments))


@fixture.command("check")
@click.argument("source", metavar="SESSION|BUNDLE")
@JSON
def check_source(source: str, as_json: bool) -> None:
    """Ask what was asked again, of a stand-in with the recorded answers, and compare.

    Exits with 1 if texts or sound differ, or something failed.
    """
    from gramophone.cli.checking import check

    quieten()
    finish(check(configured().home, source, as_json=as_json))


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
@click.option("--allow-host", multiple=True, metavar="NAME", help=ALLOW_HOST)
@click.option("--allow-origin", multiple=True, metavar="ORIGIN", help=ALLOW_ORIGIN)
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the session into this file, instead of the library.",
)
@click.option("--watch-stdin", is_flag=True, help="End when standard input ends.")
@click.option("--if-told", is_flag=True, help="A bundle only if the last line there is: keep")
def record(
    upstream: str,
    host: str,
    port: int,
    allow_host: tuple[str, ...],
    allow_origin: tuple[str, ...],
    bundle: Path | None,
    watch_stdin: bool,
    if_told: bool,
    **models: str | None,
) -> None:
    """Pass on what a program and the real service say, and keep it as a session.

    JSON lines on stdout say where to connect and, at the end, which session it was. Keys pass
    through and are not kept.
    """
    from gramophone.cli.recording_proxy import Recording
    from gramophone.cli.recording_proxy import record as record_passing

    wanted = Recording(
        upstream=upstream,
        models={name: address for name, address in models.items() if address},
        host=host,
        port=port,
        allow_hosts=allow_host,
        allow_origins=allow_origin,
        bundle=bundle,
        watch_stdin=watch_stdin,
        if_told=if_told,
    )
    sys.exit(record_passing(configured(), wanted))


@fixture.command("diff")
@click.argument("one", metavar="SESSION|BUNDLE")
@click.argument("other", metavar="SESSION|BUNDLE")
@JSON
def differ(one: str, other: str, as_json: bool) -> None:
    """Compare two sessions: texts, messages, sound; and tell the timing of both.

    Exits with 1 if anything but the timing differs.
    """
    from gramophone.cli.differing import diff

    finish(diff(configured().home, one, other, as_json=as_json))
