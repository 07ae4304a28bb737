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
from typing import Any, TypeAlias

from gramophone.core.clock import Clock, SystemClock
from gramophone.core.errors import GramophoneError
from gramophone.standin.deepgram.expected_transcripts import ExpectedSounds
from gramophone.standin.deepgram.listen_v1 import utterances_of
from gramophone.standin.llm.answer_selection import EchoAnswers
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.llm.expected_answers import ExpectedAnswers
from gramophone.standin.openai_audio.expected_transcripts import ExpectedTranscripts
from gramophone.standin.run.arguments import options_of, parser
from gramophone.standin.run.services import SERVICES, ServiceContext, together
from gramophone.standin.server.access import AllowedClients, is_loopback
from gramophone.standin.server.clock_control import ClockControl, SteppedClock
from gramophone.standin.server.credentials import Secrets
from gramophone.standin.server.granted_tokens import GrantedTokens
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import CONTROL_PATH
from gramophone.standin.server.traffic_log import TrafficLog
from gramophone.standin.server.wall_time import wall_time
from gramophone.standin.source.hearing import ExpectedUtterances
from gramophone.standin.source.matching import Difference, Expectation, diff
from gramophone.standin.source.source import StandinSource
from gramophone.standin.voice import Voice
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.standin.voices.tone import ToneVoice
from gramophone.text.redaction import Redact
from gramophone.text.redaction_stream import RedactedStreams, StreamPiece
from gramophone.text.sanitize import plain, plain_line, with_escapes

_log = logging.getLogger(__name__)


_Expected: TypeAlias = Expectation | ExpectedSounds | ExpectedTranscripts | ExpectedUtterances


class _CannotWrite(GramophoneError):
    """A file for the log that cannot be written."""


def main(
    argv: Sequence[str] | None = None,
    source: StandinSource | None = None,
    prog: str = "python -m gramophone.standin",
    redact: Redact | None = None,
    piper: Callable[[], Voice] | None = None,
) -> int:
    """Serve until SIGTERM, SIGINT or, if asked, the end of standard input.

    `source` is the recording of `--voice recording`, read by the caller. All output passes through
    `redact`; without it, what looks like a key is hidden. `piper` makes the voice of that name;
    without it the engine is loaded into this process.

    Returns:
        The exit code: 0 after a clean end, 1 when the voice or the port failed, or when `--strict`
        was given and clients sent other texts than the source expects.
    """
    command_line = parser(prog)
    arguments = command_line.parse_args(argv)
    if arguments.voice == "recording" and source is None:
        command_line.error("--voice recording needs a recording handed over by the caller of main")
    secrets = Secrets(redact, arguments.key)
    handler = logging.StreamHandler()
    handler.setFormatter(_Hiding(secrets))
    level = logging.INFO if arguments.verbose else logging.WARNING
    logging.basicConfig(level=level, handlers=[handler])
    try:
        return asyncio.run(_Process(arguments, source or StandinSource(), secrets, piper).run())
    except GramophoneError as error:
        return fail(str(error))
    except BrokenPipeError:
        # Stdout is closed on the other side; the interpreter must not flush it again as it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        return fail(unopened(arguments.host, arguments.port, error))


class _Hiding(logging.Formatter):
    """A formatter of logs that hides secrets."""

    def __init__(self, secrets: Secrets) -> None:
        super().__init__(logging.BASIC_FORMAT)
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        return with_escapes(self._secrets.hide(super().format(record)))


def unopened(host: str, port: int, error: OSError) -> str:
    """The sentence for a port that cannot be had."""
    subject = f"Port {port} of {host}" if port else f"A port of {host}"
    # asyncio puts a sentence of its own around the reason.
    has_errno = error.errno is not None and error.errno > 0
    why = os.strerror(error.errno or 0) if has_errno else error.strerror
    return f"{subject} cannot be opened ({why}); choose another."


def _voice(
    arguments: argparse.Namespace, source: StandinSource, piper: Callable[[], Voice] | None
) -> Voice:
    if arguments.voice == "recording" and source.speech is not None:
        make = RecordedVoice.by_message if arguments.by_message else RecordedVoice
        return make(source.speech, strict=arguments.strict)
    if arguments.voice == "piper" and piper is not None:
        return piper()
    if arguments.voice == "piper":
        # The other voices start faster without what this module imports.
        from gramophone.standin.voices.piper import PiperVoice

        return PiperVoice(arguments.voices, arguments.first_voice)
    return ToneVoice()


class _Process:
    """One run, from the arguments to the exit code."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        source: StandinSource,
        secrets: Secrets,
        piper: Callable[[], Voice] | None,
    ) -> None:
        self._arguments = arguments
        self._source = source
        self._secrets = secrets
        self._options = options_of(arguments, source)
        self._transcripts = source.transcripts
        utterances = utterances_of(source.speech, source.transcripts)
        heard = [utterance.text for utterance in utterances] if source.transcripts else []
        self._utterances = ExpectedUtterances(
            utterances,
            voice_activated=source.transcripts is not None and source.transcripts.voice_activated,
            strict=arguments.strict,
        )
        self._voice = _voice(arguments, source, piper)
        self._selector = (
            ExpectedAnswers(source.answers, strict=arguments.strict, heard=heard)
            if source.answers
            else EchoAnswers()
        )
        self._sounds = ExpectedSounds(
            source.transcripts.wholes if source.transcripts else (), strict=arguments.strict
        )
        self._openai_transcripts = ExpectedTranscripts(
            source.openai_transcripts, strict=arguments.strict
        )
        self._ended = False
        self._manual = SteppedClock() if arguments.clock == "manual" else None
        self._clock: Clock = self._manual or SystemClock()
        self._options = replace(self._options, tokens=GrantedTokens(self._clock))

    async def run(self) -> int:
        """Serve until the end is asked for, then print the summary; gives the exit code."""
        arguments = self._arguments
        with ExitStack() as closing:
            log = self._open_log(closing)
            with ending(watch_stdin=arguments.watch_stdin):
                try:
                    await self._voice.load(
                        self._report_progress if arguments.progress else _ignore_progress
                    )
                    await self._serve(log)
                finally:
                    await self._voice.aclose()
        return self._sum_up(log)

    async def _serve(self, log: TrafficLog) -> None:
        arguments = self._arguments
        language = ModelStandin(self._selector, self._language_options(), self._clock)
        context = ServiceContext(
            self._voice,
            self._options,
            self._clock,
            language,
            self._utterances,
            self._transcripts,
            self._sounds,
            self._openai_transcripts,
        )
        services = [SERVICES[name](context) for name in arguments.services or SERVICES]
        routes = together(services)
        if self._manual is not None:
            routes |= ClockControl(self._manual).routes()
        if not is_loopback(arguments.host):
            sys.stderr.write(
                f"Everybody who can reach {arguments.host} can use this; "
                "leave --host out to serve this machine only.\n"
            )
        guests = AllowedClients.of(arguments.host, arguments.allow_host, arguments.allow_origin)
        async with listening(
            routes,
            host=arguments.host,
            port=arguments.port,
            traffic_log=log,
            guests=guests,
            wall=wall_time(self._clock),
        ) as address:
            urls: dict[str, str] = {}
            for service in services:
                urls |= service.urls(address)
            if self._manual is not None:
                urls["control_url"] = address.http(CONTROL_PATH)
            write_line(event="ready", **urls)
            await asyncio.Event().wait()

    def _language_options(self) -> ModelOptions:
        return ModelOptions(
            speed=self._options.pace,
            api_key=self._options.api_key,
            faults=self._options.faults,
            models=(*self._source.models, *self._arguments.model),
            window=self._source.window,
            betas=(*self._source.betas, *self._arguments.beta),
            tolerant=self._arguments.tolerant,
        )

    def _open_log(self, closing: ExitStack) -> TrafficLog:
        path = self._arguments.log
        if path is None:
            return TrafficLog(secrets=self._secrets)
        try:
            # The texts in it are private: no other user may read the file.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            sentence = f"{path} cannot be written ({error.strerror}); choose another file."
            raise _CannotWrite(sentence) from error
        file = closing.enter_context(os.fdopen(descriptor, "w"))
        log = TrafficLog(file, self._clock, self._secrets)
        closing.callback(log.close)
        return log

    def _report_progress(self, detail: str) -> None:
        # An engine that loads in a thread goes on for a while when the process ends; its progress
        # must not come behind the summary.
        if not self._ended:
            write_line(event="progress", detail=detail)

    def _sum_up(self, log: TrafficLog) -> int:
        self._ended = True
        differences = self._differences()
        # A parent that ended this by going away reads nothing any more.
        with suppress(BrokenPipeError):
            write_line(
                event="summary",
                connections=log.connections,
                requests=log.requests,
                matched=not differences,
                differences=[difference.fields() for difference in differences],
            )
        if differences:
            sys.stderr.write(plain(diff(differences)) + "\n")
        return 1 if differences and self._arguments.strict else 0

    def _differences(self) -> list[Difference]:
        """The differences, without secrets, also where one came in several messages."""
        streams = RedactedStreams[Difference](self._secrets.redactor)
        for side in self._expectations():
            for difference in side.differences():
                expected = StreamPiece((difference.side, "expected"), difference.expected)
                actual = StreamPiece((difference.side, "got"), difference.got)
                streams.put(difference, [expected, actual])
        streams.finish()
        return [
            replace(difference, expected=texts[0], got=texts[1])
            for difference, texts in streams.settled()
        ]

    def _expectations(self) -> list[_Expected]:
        """The expectations of the services that are served; the others cannot be met."""
        served = set(self._arguments.services or SERVICES)
        sides = [
            *([self._voice] if "speak" in served or self._speaks_for_openai(served) else []),
            *([self._selector] if served & {"openai", "anthropic"} else []),
            self._sounds,
            self._openai_transcripts,
            *([self._utterances] if "listen" in served or self._hears_for_openai(served) else []),
        ]
        return [
            side.expectation
            for side in sides
            if isinstance(
                side,
                RecordedVoice
                | ExpectedAnswers
                | ExpectedSounds
                | ExpectedTranscripts
                | ExpectedUtterances,
            )
        ]

    # Few programs that use OpenAI's models have it speak or listen as well: without Deepgram, texts
    # and utterances count from the first that comes.
    def _speaks_for_openai(self, served: set[str]) -> bool:
        voice = self._voice
        has_begun = isinstance(voice, RecordedVoice) and voice.expectation.has_begun
        return has_begun and "openai" in served

    def _hears_for_openai(self, served: set[str]) -> bool:
        return self._utterances.has_begun and "openai" in served


@contextmanager
def ending(
    *, watch_stdin: bool, on_input: Callable[[bytes], None] | None = None
) -> Generator[None]:
    """Cancel the block when the process is to end, and leave it without an error.

    `on_input` is called, in another thread, with what comes on standard input until it ends.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    if watch_stdin:
        # A thread, because a loop cannot wait for every kind of file; it ends with the process.
        ended = partial(_stdin_ended, loop, task, on_input)
        threading.Thread(target=ended, name="standard input", daemon=True).start()
    with suppress(asyncio.CancelledError):
        yield


def _stdin_ended(
    loop: asyncio.AbstractEventLoop,
    task: asyncio.Task[object],
    on_input: Callable[[bytes], None] | None,
) -> None:
    with suppress(OSError):
        while piece := os.read(0, 4096):
            if on_input is not None:
                on_input(piece)
    # The loop may be closed already, when the process ends for another reason.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(task.cancel)


def _ignore_progress(detail: str) -> None:
    pass


def fail(sentence: str) -> int:
    """Report a failure to programs and to people; gives the exit code."""
    write_line(event="failed", detail=sentence)
    sys.stderr.write(f"{plain_line(sentence)}\n")
    return 1


def write_line(**fields: Any) -> None:
    """Write one line of JSON to stdout."""
    sys.stdout.write(json.dumps(fields, separators=(",", ":")) + "\n")
    sys.stdout.flush()
