"""The stand-in as a process of its own: arguments in, JSON lines out, and a clean end.

On stdout stand JSON lines alone: `progress` while the voice loads, if asked for, then `ready`
with the addresses, and at the end `summary`; or `failed` with a sentence. Logs go to stderr.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any

from gramophone.core.clock import Clock, SystemClock
from gramophone.core.errors import GramophoneError
from gramophone.standin.deepgram.expected_transcripts import ExpectedSounds
from gramophone.standin.deepgram.listen_v1 import utterances_of
from gramophone.standin.faults import Fault
from gramophone.standin.llm.answer_selection import EchoAnswers
from gramophone.standin.llm.endpoints import LanguageOptions, LanguageStandin
from gramophone.standin.llm.expected_answers import ExpectedAnswers
from gramophone.standin.options import StandinOptions
from gramophone.standin.run.services import SERVICES, ServiceContext
from gramophone.standin.server.access import Guests, is_loopback
from gramophone.standin.server.clock_control import Control, SteppedClock
from gramophone.standin.server.credentials import Secrets
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import CONTROL_PATH, Routes
from gramophone.standin.server.traffic_log import TrafficLog
from gramophone.standin.source.matching import Difference, Expectation, diff
from gramophone.standin.source.source import Source
from gramophone.standin.voice import Voice
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.standin.voices.tone import ToneVoice
from gramophone.text.redaction import Redact
from gramophone.text.redaction_stream import Piece, RedactedStreams
from gramophone.text.sanitize import plain, plain_line, with_escapes
from gramophone.wire.deepgram.speak_v1.server import SpeakLimits
from gramophone.wire.deepgram.speak_v2.server import FluxLimits

_log = logging.getLogger(__name__)


class _CannotWrite(GramophoneError):
    """The file of the log cannot be written."""


def main(
    argv: Sequence[str] | None = None,
    script: Source | None = None,
    prog: str = "python -m gramophone.standin",
    redact: Redact | None = None,
    piper: Callable[[], Voice] | None = None,
) -> int:
    """Serve until SIGTERM, SIGINT or, if asked, the end of standard input.

    `script` is what `--voice recording` goes by; who starts the stand-in has read it. What is
    written passes through `redact`; without it, what looks like a key is hidden. `piper` makes the
    voice of that name; without it the engine is loaded into this process.
    Returns the exit code: 0 after a clean end, 1 when the voice or the port failed, or when
    `--strict` was asked for and what clients said was not what the script expects.
    """
    parser = _parser(prog)
    asked = parser.parse_args(argv)
    if asked.voice == "recording" and script is None:
        parser.error("--voice recording needs a recording handed over by the caller of main")
    secrets = Secrets(redact, asked.key)
    handler = logging.StreamHandler()
    handler.setFormatter(_Hiding(secrets))
    level = logging.INFO if asked.verbose else logging.WARNING
    logging.basicConfig(level=level, handlers=[handler])
    try:
        return asyncio.run(_Process(asked, script or Source(), secrets, piper).run())
    except GramophoneError as error:
        return fail(str(error))
    except BrokenPipeError:
        # Nobody reads stdout any more; the interpreter must not try it again on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        return fail(unopened(asked.host, asked.port, error))


class _Hiding(logging.Formatter):
    """Writes logs as they are by default, without secrets."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__(logging.BASIC_FORMAT)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return with_escapes(self._secrets.hide(super().format(record)))


def unopened(host: str, port: int, error: OSError) -> str:
    """The sentence for a port that cannot be had."""
    what = f"Port {port} of {host}" if port else f"A port of {host}"
    # asyncio puts a sentence of its own around the reason.
    known = error.errno is not None and error.errno > 0
    why = os.strerror(error.errno or 0) if known else error.strerror
    return f"{what} cannot be opened ({why}); choose another."


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=prog,
        description="A local server that plays Deepgram's, OpenAI's and Anthropic's part.",
    )
    parser.add_argument("--voice", choices=("tone", "piper", "recording"), default="tone")
    parser.add_argument("--port", type=_port, default=0, help="0, the default, takes a free port")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    for name, what in (("host", "NAME"), ("origin", "ORIGIN")):
        parser.add_argument(
            f"--allow-{name}",
            action="append",
            default=[],
            metavar=what,
            help="answer this host name too" if name == "host" else "answer this web page",
        )
    for name in SERVICES:
        parser.add_argument(
            f"--{name}",
            dest="services",
            action="append_const",
            const=name,
            help=f"serve {name}; without any, all are served",
        )
    parser.add_argument(
        "--all", dest="services", action="store_const", const=[], help="serve all of these"
    )
    parser.add_argument("--first-byte-ms", type=_count, default=0, metavar="N")
    parser.add_argument("--frame-ms", type=_count, default=20, metavar="N")
    parser.add_argument(
        "--speed",
        "--pace",
        type=_speed,
        metavar="X",
        help="factor on the recorded timing, or on the speed of the sound; 0 is as fast as "
        "possible; default: 1 for a recording, 0 otherwise",
    )
    parser.add_argument("--clock", choices=("system", "manual"), default="system")
    strictness = parser.add_mutually_exclusive_group()
    strictness.add_argument("--strict", action="store_true", help="exit 1 if texts differed")
    strictness.add_argument("--lenient", action="store_true", help="only report what differed")
    parser.add_argument("--by-message", action="store_true", help="compare message by message")
    parser.add_argument(
        "--speak-on",
        choices=("flush", "sentence"),
        help="where sound begins; default: at the flush on v1, at the sentence on v2",
    )
    parser.add_argument("--no-limits", action="store_true", help="allow any amount of text")
    parser.add_argument("--dialect", choices=("observed", "specified"), default="observed")
    parser.add_argument("--key", metavar="KEY", help="refuse every other key")
    parser.add_argument(
        "--fault",
        type=_fault,
        action="append",
        default=[],
        metavar="NAME[=ARGUMENT][@CONNECTION]",
        help="inject a fault; can be repeated",
    )
    parser.add_argument("--log", metavar="FILE", help="log all messages to this file")
    parser.add_argument("--watch-stdin", action="store_true", help="exit when stdin ends")
    parser.add_argument("--progress", action="store_true", help="report how loading goes on")
    parser.add_argument("--verbose", action="store_true", help="log connections to stderr")
    return parser


def _options(asked: argparse.Namespace, script: Source) -> StandinOptions:
    speed = asked.speed
    if speed is None:
        speed = 1.0 if asked.voice == "recording" else 0.0
    return StandinOptions(
        limits=SpeakLimits.none() if asked.no_limits else SpeakLimits(),
        flux_limits=FluxLimits.none() if asked.no_limits else FluxLimits(),
        speak_on=asked.speak_on,
        dialect=asked.dialect,
        faults=(*script.faults, *asked.fault),
        first_byte_ms=asked.first_byte_ms,
        frame_ms=max(1, asked.frame_ms),
        pace=speed,
        api_key=asked.key,
    )


def _voice(asked: argparse.Namespace, script: Source, piper: Callable[[], Voice] | None) -> Voice:
    if asked.voice == "recording" and script.speech is not None:
        make = RecordedVoice.by_message if asked.by_message else RecordedVoice
        return make(script.speech, strict=asked.strict)
    if asked.voice == "piper" and piper is not None:
        return piper()
    if asked.voice == "piper":
        # The other voices start faster without what this module imports.
        from gramophone.standin.voices.piper import PiperVoice

        return PiperVoice()
    return ToneVoice()


class _Process:
    """One run, from the arguments to the exit code."""

    def __init__(
        self,
        asked: argparse.Namespace,
        script: Source,
        secrets: Secrets,
        piper: Callable[[], Voice] | None,
    ) -> None:
        self._asked = asked
        self._secrets = secrets
        self._options = _options(asked, script)
        self._heard = script.heard
        self._utterances = utterances_of(script.speech, script.heard)
        self._voice = _voice(asked, script, piper)
        self._choose = (
            ExpectedAnswers(script.answers, strict=asked.strict)
            if script.answers
            else EchoAnswers()
        )
        self._sounds = ExpectedSounds(
            script.heard.wholes if script.heard else (), strict=asked.strict
        )
        self._over = False
        self._manual = SteppedClock() if asked.clock == "manual" else None
        self._clock: Clock = self._manual or SystemClock()

    async def run(self) -> int:
        """Serve until the end is asked for, then say what there was."""
        asked = self._asked
        with ExitStack() as closing:
            ledger = self._ledger(closing)
            with ending(watch_stdin=asked.watch_stdin):
                try:
                    await self._voice.load(self._tell_progress if asked.progress else _keep_quiet)
                    await self._serve(ledger)
                finally:
                    await self._voice.aclose()
        return self._sum_up(ledger)

    async def _serve(self, ledger: TrafficLog) -> None:
        asked = self._asked
        language = LanguageStandin(self._choose, self._language_options(), self._clock)
        material = ServiceContext(
            self._voice,
            self._options,
            self._clock,
            language,
            self._utterances,
            self._heard,
            self._sounds,
        )
        services = [SERVICES[name](material) for name in asked.services or SERVICES]
        routes = Routes()
        for service in services:
            routes |= service.routes
        if self._manual is not None:
            routes |= Control(self._manual).routes()
        if not is_loopback(asked.host):
            sys.stderr.write(
                f"Everybody who can reach {asked.host} can use this; "
                "leave --host out to serve this machine only.\n"
            )
        guests = Guests.of(asked.host, asked.allow_host, asked.allow_origin)
        async with listening(
            routes, host=asked.host, port=asked.port, traffic_log=ledger, guests=guests
        ) as address:
            urls: dict[str, str] = {}
            for service in services:
                urls |= service.urls(address)
            if self._manual is not None:
                urls["control_url"] = address.http(CONTROL_PATH)
            tell(event="ready", **urls)
            await asyncio.Event().wait()

    def _language_options(self) -> LanguageOptions:
        return LanguageOptions(
            speed=self._options.pace, api_key=self._options.api_key, faults=self._options.faults
        )

    def _ledger(self, closing: ExitStack) -> TrafficLog:
        path = self._asked.log
        if path is None:
            return TrafficLog(secrets=self._secrets)
        try:
            # What is said is nobody else's business.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            sentence = f"{path} cannot be written ({error.strerror}); choose another file."
            raise _CannotWrite(sentence) from error
        file = closing.enter_context(os.fdopen(descriptor, "w"))
        ledger = TrafficLog(file, self._clock, self._secrets)
        closing.callback(ledger.close)
        return ledger

    def _tell_progress(self, detail: str) -> None:
        # An engine that loads in a thread does not hear at once that nobody waits for it.
        if not self._over:
            tell(event="progress", detail=detail)

    def _sum_up(self, ledger: TrafficLog) -> int:
        self._over = True
        differences = self._differences()
        # Who has asked for the end by going away reads no more.
        with suppress(BrokenPipeError):
            tell(
                event="summary",
                connections=ledger.connections,
                requests=ledger.requests,
                matched=not differences,
                differences=[each.fields() for each in differences],
            )
        if differences:
            sys.stderr.write(plain(diff(differences)) + "\n")
        return 1 if differences and self._asked.strict else 0

    def _differences(self) -> list[Difference]:
        """What differed, without secrets, also where one came in several messages."""
        streams = RedactedStreams[Difference](self._secrets.redactor)
        for side in self._expectations():
            for each in side.differences():
                expected = Piece((each.side, "expected"), each.expected)
                streams.put(each, [expected, Piece((each.side, "got"), each.got)])
        streams.finish()
        return [replace(each, expected=texts[0], got=texts[1]) for each, texts in streams.settled()]

    def _expectations(self) -> list[Expectation | ExpectedSounds]:
        """Of what is served: nobody can say anything to the rest."""
        served = set(self._asked.services or SERVICES)
        sides = [
            *([self._voice] if "speak" in served else []),
            *([self._choose] if served & {"openai", "anthropic"} else []),
            self._sounds,
        ]
        return [
            side.expectation
            for side in sides
            if isinstance(side, RecordedVoice | ExpectedAnswers | ExpectedSounds)
        ]


@contextmanager
def ending(*, watch_stdin: bool, said: Callable[[bytes], None] | None = None) -> Generator[None]:
    """Cancel what is done within when the process is to end, wherever it is; that is no error.

    `said` hears, in another thread, what comes on standard input until it ends.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    if watch_stdin:
        # A thread, because a loop cannot wait for every kind of file; it ends with the process.
        ended = partial(_stdin_ended, loop, task, said)
        threading.Thread(target=ended, name="standard input", daemon=True).start()
    with suppress(asyncio.CancelledError):
        yield


def _stdin_ended(
    loop: asyncio.AbstractEventLoop,
    task: asyncio.Task[object],
    said: Callable[[bytes], None] | None,
) -> None:
    with suppress(OSError):
        while words := os.read(0, 4096):
            if said is not None:
                said(words)
    # The loop may be closed already, when the process ends for another reason.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(task.cancel)


def _keep_quiet(detail: str) -> None:
    pass


def fail(sentence: str) -> int:
    """Say why it cannot be, to programs and to people."""
    tell(event="failed", detail=sentence)
    sys.stderr.write(f"{plain_line(sentence)}\n")
    return 1


def tell(**fields: Any) -> None:
    """One line of JSON on stdout."""
    sys.stdout.write(json.dumps(fields, separators=(",", ":")) + "\n")
    sys.stdout.flush()


# --- arguments --------------------------------------------------------------------------------


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
