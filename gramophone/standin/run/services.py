"""Services of a stand-in by their names on the command line, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from gramophone.core.clock import Clock
from gramophone.core.frozen import frozen
from gramophone.standin.deepgram.expected_transcripts import ExpectedSounds, described
from gramophone.standin.deepgram.routes import listen_routes, speak_routes
from gramophone.standin.llm.endpoints import ModelStandin
from gramophone.standin.openai_audio.routes import openai_audio_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.routes import Address, Routes
from gramophone.standin.source.hearing import ExpectedUtterances
from gramophone.standin.voice import Voice
from gramophone.wire.deepgram.listen_v1.recorded_server import RecordedTranscripts
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.paths import FLUX_PATH, LISTEN_PATH, LISTEN_V2_PATH, SPEAK_PATH


@frozen
class ServiceContext:
    """The parts that services are made of."""

    voice: Voice
    options: StandinOptions
    clock: Clock
    language: ModelStandin
    utterances: ExpectedUtterances | tuple[Utterance, ...] = ()
    transcripts: RecordedTranscripts | None = None
    sounds: ExpectedSounds | None = None


@frozen
class Service:
    """Routes of a service; `urls` gives the names and addresses of the ready line."""

    routes: Routes
    urls: Callable[[Address], Mapping[str, str]]


Maker: TypeAlias = Callable[[ServiceContext], Service]


def _speak(context: ServiceContext) -> Service:
    routes = speak_routes(context.voice, context.options, context.clock)

    def urls(address: Address) -> Mapping[str, str]:
        return {
            "speak_url": address.websocket(SPEAK_PATH),
            "speak_v2_url": address.websocket(FLUX_PATH),
        }

    return Service(routes, urls)


def _listen(context: ServiceContext) -> Service:
    routes = listen_routes(
        context.utterances, context.options, context.clock, context.transcripts, context.sounds
    )

    def urls(address: Address) -> Mapping[str, str]:
        return {
            "listen_url": address.websocket(LISTEN_PATH),
            "listen_v2_url": address.websocket(LISTEN_V2_PATH),
        }

    return Service(routes, urls)


def _openai(context: ServiceContext) -> Service:
    utterances = context.utterances
    is_expected = isinstance(utterances, ExpectedUtterances)
    expected = utterances if is_expected else ExpectedUtterances(utterances)
    audio = openai_audio_routes(
        context.voice,
        lambda sound: expected.of_recording(described(sound)),
        context.options,
        context.clock,
    )
    routes = context.language.openai_routes() | audio
    return Service(routes, lambda address: {"openai_base_url": address.http("/v1")})


def _anthropic(context: ServiceContext) -> Service:
    routes = context.language.anthropic_routes()
    return Service(routes, lambda address: {"anthropic_base_url": address.http()})


# OpenAI and Anthropic have their lists of models at the same path. Where both are served, the later
# of the two answers there; it tells their clients apart by a header.
SERVICES: Mapping[str, Maker] = MappingProxyType(
    {"speak": _speak, "listen": _listen, "anthropic": _anthropic, "openai": _openai}
)
"""Each name is an option of the command line, too."""
