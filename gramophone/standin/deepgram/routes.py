"""The speech endpoints under their paths, and a server of them alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from gramophone.core.clock import Clock, SystemClock
from gramophone.standin.deepgram.speak_rest import SpeakRest
from gramophone.standin.deepgram.speak_v1 import SpeakV1Endpoint
from gramophone.standin.deepgram.speak_v2 import SpeakV2Endpoint
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Routes
from gramophone.standin.voice import Voice
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.paths import FLUX_PATH, SPEAK_PATH


def speak_routes(voice: Voice, options: StandinOptions, clock: Clock) -> Routes:
    """Both versions of Speak with a loaded voice, and v1 over HTTP."""
    recorded = voice.flux if isinstance(voice, RecordedVoice) else ()
    return Routes(
        {
            SPEAK_PATH: SpeakV1Endpoint(voice, options, clock),
            FLUX_PATH: SpeakV2Endpoint(voice, options, clock, recorded),
        },
        {("POST", SPEAK_PATH): SpeakRest(voice, options, clock)},
    )


@asynccontextmanager
async def serving(
    voice: Voice,
    options: StandinOptions | None = None,
    *,
    clock: Clock | None = None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> AsyncGenerator[str, None]:
    """Serve with a loaded voice; gives the address of Speak v1, `ws://…/v1/speak`.

    On leaving, open connections are closed with 1001 and their tasks awaited.

    Raises:
        OSError: the port is taken.
    """
    routes = speak_routes(voice, options or StandinOptions(), clock or SystemClock())
    async with listening(routes, host=host, port=port) as address:
        yield address.websocket(SPEAK_PATH)
