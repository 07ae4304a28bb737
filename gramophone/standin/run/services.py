"""Services of a stand-in by their names on the command line, as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from gramophone.core.clock import Clock
from gramophone.core.frozen import frozen
from gramophone.standin.deepgram.expected_transcripts import ExpectedSounds, described
from gramophone.standin.deepgram.management import management_routes
from gramophone.standin.deepgram.routes import listen_routes, speak_routes
from gramophone.standin.llm.endpoints import ModelStandin
from gramophone.standin.openai_audio.expected_transcripts import ExpectedTranscripts
from gramophone.standin.openai_audio.routes import openai_audio_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.client_service import means_deepgram
from gramophone.standin.server.http import Handler, Reply, Request
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
    openai_transcripts: ExpectedTranscripts | None = None


@frozen
class Service:
    """Routes of a service; `urls` gives the names and addresses of the ready line."""

    routes: Routes
    urls: Callable[[Address], Mapping[str, str]]


Maker: TypeAlias = Callable[[ServiceContext], Service]


def _speak(context: ServiceContext) -> Service:
    routes = speak_routes(context.voice, context.options, context.clock)
    routes |= management_routes(context.options, context.clock)

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
    routes |= management_routes(context.options, context.clock)

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
        context.openai_transcripts,
    )
    routes = context.language.openai_routes() | audio
    return Service(routes, lambda address: {"openai_base_url": address.http("/v1")})


def _anthropic(context: ServiceContext) -> Service:
    routes = context.language.anthropic_routes()
    return Service(routes, lambda address: {"anthropic_base_url": address.http()})


def together(services: Iterable[Service]) -> Routes:
    """The routes of all services, with a path of several answered by the one that is meant.

    OpenAI and Anthropic have their lists of models at the same path. Where both are served, the
    later of the two answers there, and tells their clients apart by a header. Deepgram has its list
    there as well.
    """
    routes = Routes()
    for service in services:
        shared = {
            key: partial(_by_client, earlier, service.routes.handlers[key])
            for key, earlier in routes.handlers.items()
            if key in service.routes.handlers
        }
        routes |= service.routes | Routes(handlers=shared)
    return routes


async def _by_client(deepgrams: Handler, others: Handler, request: Request, reply: Reply) -> None:
    await (deepgrams if means_deepgram(request.header) else others)(request, reply)


SERVICES: Mapping[str, Maker] = MappingProxyType(
    {"speak": _speak, "listen": _listen, "anthropic": _anthropic, "openai": _openai}
)
"""Each name is an option of the command line, too."""
