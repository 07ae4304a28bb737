"""A spoken sample of a voice. Nothing is recorded, and conversations are not touched."""

from __future__ import annotations

import asyncio

from gramophone.app.providers import ProviderPool
from gramophone.app.session import make_speaker
from gramophone.config.config import Config
from gramophone.config.loading import choose
from gramophone.conversation.conversation import Conversation, ConversationSettings
from gramophone.conversation.engine import Engine
from gramophone.conversation.messages import End
from gramophone.core.clock import SystemClock
from gramophone.core.errors import GramophoneError, SpeakerError, SpeechError
from gramophone.core.intents import Say
from gramophone.core.tasks import spawn
from gramophone.core.timeline import DeviceChanged, Entry, Failed, TurnCompleted
from gramophone.devices.speaker import UNHEARD
from gramophone.ports.speaker import Speaker
from gramophone.ports.speech import SpeechService

SENTENCE = "This is how I sound. Shall we talk?"


class _SampleOutcome:
    """A sink that waits for the end of the sentence, or for the reason why it cannot be heard."""

    def __init__(self) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def emit(self, entry: Entry) -> None:
        match entry:
            case Failed():
                self._end(SpeechError(entry.detail))
            case DeviceChanged(silent=True) if entry.detail:
                reason = entry.detail.removesuffix(UNHEARD).rstrip(": ")
                self._end(SpeakerError(f"{reason}: the sample cannot be heard."))
            case TurnCompleted(role="assistant"):
                self._end(None)
            case _:
                pass

    def _end(self, error: GramophoneError | None) -> None:
        if self.over.done():
            return
        if error is None:
            self.over.set_result(None)
        else:
            self.over.set_exception(error)


async def play_sample(
    config: Config, voice: str, pool: ProviderPool, speaker: Speaker | None = None
) -> None:
    """Speak a sentence with `voice` on the configured device, or on `speaker`; returns when it was
    played.

    Raises:
        GramophoneError: it cannot be heard, and why.
    """
    if config.muted:
        raise SpeakerError("The sound is muted; start without it to hear a sample.")
    config = choose(config, voice=voice)
    outcome = _SampleOutcome()
    engine = _engine(config, pool.speech(config), speaker, outcome)
    running = spawn(engine.run(), name="voice sample")
    try:
        engine.post(Say(SENTENCE))
        await outcome.over
    finally:
        engine.post(End())
        await asyncio.wait([running])


def _engine(
    config: Config, speech: SpeechService, speaker: Speaker | None, outcome: _SampleOutcome
) -> Engine:
    clock = SystemClock()
    return Engine(
        Conversation(
            settings=ConversationSettings(
                session_id="sample",
                provider="none",
                model="",
                voice=config.voice_name,
                sample_rate_hz=config.speech_rate_hz,
                lang="en",
                speed=config.voice_speed,
            ),
            speech=speech.protocol,
        ),
        clock=clock,
        model=None,
        speech=speech,
        speaker=speaker or make_speaker(config, config.speech_rate_hz, clock),
        sinks=[outcome],
    )
