"""The arguments of a stand-in's process, and the options that follow from them."""

from __future__ import annotations

import argparse

from gramophone.standin.faults import Fault
from gramophone.standin.options import StandinOptions
from gramophone.standin.run.services import SERVICES
from gramophone.standin.source.source import StandinSource
from gramophone.wire.deepgram.speak_v1.server import SpeakLimits
from gramophone.wire.deepgram.speak_v2.rules import FluxLimits


def parser(prog: str) -> argparse.ArgumentParser:
    """The parser of the command line; `prog` is the name that its messages begin with."""
    made = argparse.ArgumentParser(
        prog=prog,
        description="A local server that plays Deepgram's, OpenAI's and Anthropic's part.",
    )
    made.add_argument("--voice", choices=("tone", "piper", "recording"), default="tone")
    _add_address(made)
    _add_services(made)
    _add_timing(made)
    _add_strictness(made)
    _add_behaviour(made)
    _add_reports(made)
    return made


def _add_address(made: argparse.ArgumentParser) -> None:
    made.add_argument("--port", type=_port, default=0, help="0, the default, takes a free port")
    made.add_argument("--host", default="127.0.0.1", help="address to listen on")
    made.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="answer this host name too",
    )
    made.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="answer this web page",
    )


def _add_services(made: argparse.ArgumentParser) -> None:
    for name in SERVICES:
        made.add_argument(
            f"--{name}",
            dest="services",
            action="append_const",
            const=name,
            help=f"serve {name}; without any, all are served",
        )
    made.add_argument(
        "--all", dest="services", action="store_const", const=[], help="serve all of these"
    )


def _add_timing(made: argparse.ArgumentParser) -> None:
    made.add_argument("--first-byte-ms", type=_count, default=0, metavar="N")
    made.add_argument("--frame-ms", type=_count, default=20, metavar="N")
    made.add_argument(
        "--speed",
        "--pace",
        type=_speed,
        metavar="X",
        help="factor on the recorded timing, or on the speed of the sound; 0 is as fast as "
        "possible; default: 1 for a recording, 0 otherwise",
    )
    made.add_argument("--clock", choices=("system", "manual"), default="system")


def _add_strictness(made: argparse.ArgumentParser) -> None:
    strictness = made.add_mutually_exclusive_group()
    strictness.add_argument("--strict", action="store_true", help="exit 1 if texts differed")
    strictness.add_argument("--lenient", action="store_true", help="only report what differed")
    made.add_argument("--by-message", action="store_true", help="compare message by message")


def _add_behaviour(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--speak-on",
        choices=("flush", "sentence"),
        help="where sound begins; default: at the flush on v1, at the sentence on v2",
    )
    made.add_argument("--no-limits", action="store_true", help="allow any amount of text")
    made.add_argument("--dialect", choices=("observed", "specified"), default="observed")
    made.add_argument("--key", metavar="KEY", help="refuse every other key")
    made.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="NAME[=ARGUMENT][@CONNECTION]",
        help="inject a fault; can be repeated",
    )


def _add_reports(made: argparse.ArgumentParser) -> None:
    made.add_argument("--log", metavar="FILE", help="log all messages to this file")
    made.add_argument("--watch-stdin", action="store_true", help="exit when stdin ends")
    made.add_argument("--progress", action="store_true", help="report how loading goes on")
    made.add_argument("--verbose", action="store_true", help="log connections to stderr")


def options_of(arguments: argparse.Namespace, source: StandinSource) -> StandinOptions:
    """The options of a stand-in, from its arguments and the faults of its source."""
    speed = arguments.speed
    if speed is None:
        speed = 1.0 if arguments.voice == "recording" else 0.0
    return StandinOptions(
        limits=SpeakLimits.none() if arguments.no_limits else SpeakLimits(),
        flux_limits=FluxLimits.none() if arguments.no_limits else FluxLimits(),
        speak_on=arguments.speak_on,
        dialect=arguments.dialect,
        faults=(*source.faults, *arguments.fault),
        first_byte_ms=arguments.first_byte_ms,
        frame_ms=max(1, arguments.frame_ms),
        pace=speed,
        api_key=arguments.key,
    )


# --- types of arguments -----------------------------------------------------------------------


def _fault(text: str) -> Fault:
    try:
        return Fault.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def _port(text: str) -> int:
    if (port := _count(text)) > 65_535:
        raise argparse.ArgumentTypeError("a port is at most 65535")
    return port


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return speed
