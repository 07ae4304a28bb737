"""The stand-in for OpenAI's speech, for tests of the clients that meet it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from gramophone.core.clock import Clock, SystemClock
from gramophone.standin.faults import Fault
from gramophone.standin.openai_audio.routes import openai_audio_routes
from gramophone.standin.openai_audio.transcriptions import FindUtterances
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address
from gramophone.standin.voice import Voice
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.speak_v1.parameters import SpeakParameters
from gramophone.wire.deepgram.speak_v1.rest import wav_header

UTTERANCES = (Utterance("Good day.", 2_000_000), Utterance("How are you?", 1_000_000))
QUICK_VOICE = ToneVoice(character_ms=6, gap_ms=4)


def tones(text: str, rate_hz: int = 24_000, speed: float = 1.0) -> bytes:
    """The samples that `QUICK_VOICE` makes of a text."""
    return b"".join(QUICK_VOICE.words(text, SpeakParameters(sample_rate_hz=rate_hz, speed=speed)))


@asynccontextmanager
async def audio_standin(
    *faults: str,
    voice: Voice | None = None,
    find: FindUtterances | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> AsyncGenerator[Address]:
    """A stand-in on a free port, with these faults and fields of `StandinOptions`.

    It finds `UTTERANCES` in each recording, unless `find` says otherwise.
    """
    settings = StandinOptions(faults=tuple(map(Fault.parse, faults)), **options)
    routes = openai_audio_routes(
        voice or QUICK_VOICE, find or (lambda sound: UTTERANCES), settings, clock or SystemClock()
    )
    async with listening(routes) as address:
        yield address


def wav(pcm: bytes, rate_hz: int = 24_000) -> bytes:
    """A file of these samples."""
    return wav_header(SpeakParameters(sample_rate_hz=rate_hz), len(pcm)) + pcm
