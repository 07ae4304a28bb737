"""The stand-in inside a test: a real server on a real socket, in the test's own loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.routes import serving
from gramophone.standin.faults import Fault
from gramophone.standin.options import StandinOptions
from gramophone.standin.voice import Voice
from gramophone.standin.voices.tone import ToneVoice


@asynccontextmanager
async def running(
    *faults: str,
    voice: Voice | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> AsyncGenerator[str, None]:
    """A stand-in that serves while the block runs; gives its `ws://127.0.0.1:…/v1/speak`.

    Args:
        faults: as on the command line: `"reset=4000"`, `"refuse=401@0"`.
        voice: a loaded voice; tones of 6 ms a character unless told otherwise.
        clock: a `ManualClock` where time is to be moved by hand.
        options: fields of `StandinOptions`.
    """
    parsed = tuple(Fault.parse(fault) for fault in faults)
    settings = StandinOptions(faults=parsed, **options)
    speaking = voice or ToneVoice(character_ms=6, gap_ms=4)
    async with serving(speaking, settings, clock=clock) as speak_url:
        yield speak_url


def flux_url(speak_url: str) -> str:
    """The address of Speak v2 beside that of v1."""
    return speak_url.removesuffix("/v1/speak") + "/v2/speak"
