"""The speech endpoints under their paths, and a server of Speak alone."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from gramophone.core.clock import Clock, SystemClock
from gramophone.standin.deepgram.expected_transcripts import ExpectedSounds
from gramophone.standin.deepgram.listen_rest import ListenRest
from gramophone.standin.deepgram.listen_v1 import ListenV1Endpoint
from gramophone.standin.deepgram.listen_v2 import ListenV2Endpoint
from gramophone.standin.deepgram.speak_rest import SpeakRest
from gramophone.standin.deepgram.speak_v1 import SpeakV1Endpoint
from gramophone.standin.deepgram.speak_v2 import SpeakV2Endpoint
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Routes
from gramophone.standin.source.hearing import ExpectedUtterances
from gramophone.standin.voice import Voice
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.listen_v1.recorded_server import RecordedTranscripts
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.paths import FLUX_PATH, LISTEN_PATH, LISTEN_V2_PATH, SPEAK_PATH


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


def listen_routes(
    utterances: ExpectedUtterances | Sequence[Utterance],
    options: StandinOptions,
    clock: Clock,
    recorded: RecordedTranscripts | None = None,
    sounds: ExpectedSounds | None = None,
) -> Routes:
    """Both versions of Listen on a websocket and, for whole recordings, v1 over HTTP."""
    is_expected = isinstance(utterances, ExpectedUtterances)
    expected = utterances if is_expected else ExpectedUtterances(utterances)
    recorded = recorded or RecordedTranscripts()
    sounds = sounds or ExpectedSounds(recorded.wholes)
    return Routes(
        {
            LISTEN_PATH: ListenV1Endpoint(expected, options, clock, recorded),
            LISTEN_V2_PATH: ListenV2Endpoint(expected, options, clock, recorded.flux),
        },
        {("POST", LISTEN_PATH): ListenRest(expected, sounds, options, clock)},
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
