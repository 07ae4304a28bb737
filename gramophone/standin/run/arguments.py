"""The arguments of a stand-in's process, and the options that follow from them."""

from __future__ import annotations

import argparse
from pathlib import Path

from gramophone.standin.faults import Fault
from gramophone.standin.options import StandinOptions
from gramophone.standin.run.services import SERVICES
from gramophone.standin.source.source import StandinSource
from gramophone.wire.deepgram.speak_v1.server import SpeakLimits
from gramophone.wire.deepgram.speak_v2.rules import FluxLimits


def parser(prog: str) -> argparse.ArgumentParser:
    """The parser of the command line; `prog` is the name that its messages begin with."""
    command_line = argparse.ArgumentParser(
        prog=prog,
        description="A local server that plays Deepgram, OpenAI and Anthropic.",
    )
    command_line.add_argument("--voice", choices=("tone", "piper", "recording"), default="tone")
    _add_voices(command_line)
    _add_address(command_line)
    _add_services(command_line)
    _add_timing(command_line)
    _add_strictness(command_line)
    _add_behaviour(command_line)
    _add_reports(command_line)
    return command_line


def _add_voices(command_line: argparse.ArgumentParser) -> None:
    command_line.add_argument(
        "--voices", type=Path, metavar="FOLDER", help="with piper: more voices, by language"
    )
    command_line.add_argument(
        "--first-voice", default="", metavar="NAME", help="of --voices, preferred in its language"
    )


def _add_address(command_line: argparse.ArgumentParser) -> None:
    command_line.add_argument("--port", type=_port, default=0, help="default: 0, a free port")
    command_line.add_argument("--host", default="127.0.0.1", help="address to listen on")
    command_line.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="answer requests for this host name too; * for any",
    )
    command_line.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="answer web pages of this origin; * for any",
    )


def _add_services(command_line: argparse.ArgumentParser) -> None:
    for name in SERVICES:
        command_line.add_argument(
            f"--{name}",
            dest="services",
            action="append_const",
            const=name,
            help=f"serve {name}; default: all services",
        )
    command_line.add_argument(
        "--all", dest="services", action="store_const", const=[], help="serve all of these"
    )


def _add_timing(command_line: argparse.ArgumentParser) -> None:
    command_line.add_argument("--first-byte-ms", type=_count, default=0, metavar="N")
    command_line.add_argument("--frame-ms", type=_count, default=20, metavar="N")
    command_line.add_argument(
        "--speed",
        "--pace",
        type=_speed,
        metavar="X",
        help="factor on the recorded timing, or on the speed of the sound; 0 is as fast as "
        "possible; default: 1 for a recording, 0 otherwise",
    )
    command_line.add_argument("--clock", choices=("system", "manual"), default="system")


def _add_strictness(command_line: argparse.ArgumentParser) -> None:
    strictness = command_line.add_mutually_exclusive_group()
    strictness.add_argument(
        "--strict", action="store_true", help="refuse unknown requests; exit 1 on any difference"
    )
    strictness.add_argument("--lenient", action="store_true", help="only report differences")
    command_line.add_argument(
        "--tolerant", action="store_true", help="answer what language models' services refuse"
    )
    command_line.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="refuse models of any other name; can be repeated",
    )
    command_line.add_argument(
        "--beta",
        action="append",
        default=[],
        metavar="NAME",
        help="know this beta of Anthropic; can be repeated",
    )
    command_line.add_argument(
        "--by-message", action="store_true", help="compare message by message"
    )


def _add_behaviour(command_line: argparse.ArgumentParser) -> None:
    command_line.add_argument(
        "--speak-on",
        choices=("flush", "sentence"),
        help="start of the sound; default: flush on v1, sentence on v2",
    )
    command_line.add_argument("--no-limits", action="store_true", help="allow any amount of text")
    command_line.add_argument("--dialect", choices=("observed", "specified"), default="observed")
    command_line.add_argument("--key", metavar="KEY", help="refuse every other key")
    command_line.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="NAME[=ARGUMENT][@CONNECTION]",
        help="inject a fault; can be repeated",
    )


def _add_reports(command_line: argparse.ArgumentParser) -> None:
    command_line.add_argument("--log", metavar="FILE", help="log all messages to this file")
    command_line.add_argument("--watch-stdin", action="store_true", help="exit when stdin ends")
    command_line.add_argument("--progress", action="store_true", help="report progress of loading")
    command_line.add_argument("--verbose", action="store_true", help="log connections to stderr")


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
        tolerant=arguments.tolerant,
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
