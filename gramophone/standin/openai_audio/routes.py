"""The endpoints of OpenAI's speech under their paths."""

from __future__ import annotations

from gramophone.core.clock import Clock
from gramophone.standin.openai_audio.speech import SpeechEndpoint
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.routes import Routes
from gramophone.standin.voice import Voice
from gramophone.wire.openai_audio.speech import SPEECH_PATH


def openai_audio_routes(voice: Voice, options: StandinOptions, clock: Clock) -> Routes:
    """Text to speech with a loaded voice."""
    return Routes(handlers={("POST", SPEECH_PATH): SpeechEndpoint(voice, options, clock)})
