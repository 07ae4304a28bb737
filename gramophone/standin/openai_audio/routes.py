"""The endpoints of OpenAI's speech under their paths."""

from __future__ import annotations

from gramophone.core.clock import Clock
from gramophone.standin.openai_audio.expected_transcripts import ExpectedTranscripts
from gramophone.standin.openai_audio.speech import SpeechEndpoint
from gramophone.standin.openai_audio.transcriptions import FindUtterances, TranscriptionEndpoint
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.routes import Routes
from gramophone.standin.voice import Voice
from gramophone.wire.openai_audio.speech import SPEECH_PATH
from gramophone.wire.openai_audio.transcription_request import (
    TRANSCRIPTIONS_PATH,
    TRANSLATIONS_PATH,
)


def openai_audio_routes(
    voice: Voice,
    find: FindUtterances,
    options: StandinOptions,
    clock: Clock,
    recorded: ExpectedTranscripts | None = None,
) -> Routes:
    """Text to speech with a loaded voice, and transcripts: those `recorded`, if there are any, or
    of the utterances that are found."""
    recorded = recorded or ExpectedTranscripts()
    transcribe = TranscriptionEndpoint(find, recorded, options, clock)
    translate = TranscriptionEndpoint(find, recorded, options, clock, translated=True)
    return Routes(
        handlers={
            ("POST", SPEECH_PATH): SpeechEndpoint(voice, options, clock),
            ("POST", TRANSCRIPTIONS_PATH): transcribe,
            ("POST", TRANSLATIONS_PATH): translate,
        }
    )
