"""The stand-in as a process of its own: arguments in, JSON lines out, and a clean end.

On stdout stand JSON lines alone: `progress` while the voice loads, if asked for, then `ready`
with the address, or `failed` with a sentence. Logs go to stderr.
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
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from functools import partial

from gramophone.errors import GramophoneError
from gramophone.standin.faults import Fault
from gramophone.standin.flux import FLUX_PATH
from gramophone.standin.handshake import SPEAK_PATH
from gramophone.standin.options import StandinOptions
from gramophone.standin.recording import RecordedSpeech, RecordingVoice
from gramophone.standin.server import serving
from gramophone.standin.tone import ToneVoice
from gramophone.standin.voices import Voice
from gramophone.wire.flux_server import FluxLimits
from gramophone.wire.speak_server import SpeakLimits


def main(argv: Sequence[str] | None = None, recording: RecordedSpeech | None = None) -> int:
    """Serve until SIGTERM, SIGINT or, if asked, the end of standard input.

    `recording` is what `--voice recording` speaks; who starts the stand-in has read it.
    Returns the exit code: 0 after a clean end, 1 when the voice or the port failed.
    """
    parser = _parser()
    asked = parser.parse_args(argv)
    if asked.voice == "recording" and recording is None:
        parser.error("--voice recording needs a recording handed over by the caller of main")
    logging.basicConfig(level=logging.INFO if asked.verbose else logging.WARNING)
    try:
        asyncio.run(_serve(asked, _voice(asked.voice, recording)))
    except GramophoneError as error:
        return _fail(str(error))
    except BrokenPipeError:
        # Nobody reads stdout any more; the interpreter must not try it again on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        return _fail(f"Port {asked.port} cannot be opened ({error.strerror}); choose another.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m gramophone.standin",
        description="A local server that plays Deepgram's part (Speak v1 and v2) on loopback.",
    )
    parser.add_argument("--voice", choices=("tone", "piper", "recording"), default="tone")
    parser.add_argument("--port", type=_port, default=0, help="0 takes a free one")
    parser.add_argument("--first-byte-ms", type=_count, default=0, metavar="N")
    parser.add_argument("--frame-ms", type=_count, default=20, metavar="N")
    parser.add_argument(
        "--pace",
        type=_pace,
        default=0.0,
        metavar="X",
        help="times the speed of the sound; 0 as fast as possible",
    )
    parser.add_argument(
        "--speak-on",
        choices=("flush", "sentence"),
        help="where sound begins; v1 waits for the flush and v2 does not, unless told otherwise",
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
        help="go wrong on purpose; may be repeated",
    )
    parser.add_argument("--watch-stdin", action="store_true", help="end when stdin ends")
    parser.add_argument("--progress", action="store_true", help="tell how loading goes on")
    parser.add_argument("--verbose", action="store_true", help="log connections to stderr")
    return parser


def _options(asked: argparse.Namespace) -> StandinOptions:
    return StandinOptions(
        limits=SpeakLimits.none() if asked.no_limits else SpeakLimits(),
        flux_limits=FluxLimits.none() if asked.no_limits else FluxLimits(),
        speak_on=asked.speak_on,
        dialect=asked.dialect,
        faults=tuple(asked.fault),
        first_byte_ms=asked.first_byte_ms,
        frame_ms=max(1, asked.frame_ms),
        pace=asked.pace,
        api_key=asked.key,
    )


def _voice(name: str, recording: RecordedSpeech | None) -> Voice:
    if name == "recording" and recording is not None:
        return RecordingVoice(recording)
    if name == "piper":
        # The other voices start faster without what this module imports.
        from gramophone.standin.piper import PiperVoice

        return PiperVoice()
    return ToneVoice()


async def _serve(asked: argparse.Namespace, voice: Voice) -> None:
    with _ending(watch_stdin=asked.watch_stdin):
        try:
            await voice.load(_tell_progress if asked.progress else _keep_quiet)
            async with serving(voice, _options(asked), port=asked.port) as speak_url:
                speak_v2_url = speak_url.removesuffix(SPEAK_PATH) + FLUX_PATH
                _tell(event="ready", speak_url=speak_url, speak_v2_url=speak_v2_url)
                await asyncio.Event().wait()
        finally:
            await voice.aclose()


@contextmanager
def _ending(*, watch_stdin: bool) -> Generator[None]:
    """Cancel what is done within when the process is to end, wherever it is; that is no error."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    if watch_stdin:
        # A thread, because a loop cannot wait for every kind of file; it ends with the process.
        ended = partial(_stdin_ended, loop, task)
        threading.Thread(target=ended, name="standard input", daemon=True).start()
    with suppress(asyncio.CancelledError):
        yield


def _stdin_ended(loop: asyncio.AbstractEventLoop, task: asyncio.Task[object]) -> None:
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    # The loop may be closed already, when the process ends for another reason.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(task.cancel)


def _tell_progress(detail: str) -> None:
    _tell(event="progress", detail=detail)


def _keep_quiet(detail: str) -> None:
    pass


def _fail(sentence: str) -> int:
    _tell(event="failed", detail=sentence)
    sys.stderr.write(f"{sentence}\n")
    return 1


def _tell(**fields: str) -> None:
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


def _pace(text: str) -> float:
    try:
        pace = float(text)
    except ValueError:
        pace = -1.0
    if not 0 <= pace < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0")
    return pace
