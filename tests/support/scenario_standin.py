"""A stand-in of all services inside a test, with a scenario."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from gramophone.core.clock import ManualClock
from gramophone.standin.deepgram.routes import listen_routes, speak_routes
from gramophone.standin.llm.answer_selection import RecordedOrder
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.openai_audio.routes import openai_audio_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address
from gramophone.standin.source.scenario import ScenarioSound, scenario
from gramophone.standin.voices.tone import ToneVoice


def no_wav(name: str) -> ScenarioSound:
    raise AssertionError(name)


@asynccontextmanager
async def served(text: str) -> AsyncGenerator[Address]:
    """Serve the answers and refusals of a scenario without files, all at once."""
    source, clock = scenario(text, no_wav), ManualClock()
    options = StandinOptions(faults=source.faults)
    models = ModelStandin(
        RecordedOrder(source.answers), ModelOptions(speed=0, faults=source.faults), clock
    )
    voice = ToneVoice()
    speech = speak_routes(voice, options, clock) | listen_routes((), options, clock)
    audio = openai_audio_routes(voice, lambda sound: (), options, clock)
    async with listening(speech | audio | models.routes()) as address:
        yield address
