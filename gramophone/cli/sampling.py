"""A sentence in another voice, to hear it: nothing is recorded, the talk is not touched."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gramophone.cli.compose import speaker
from gramophone.cli.engines import Engines
from gramophone.clock import SystemClock
from gramophone.config import Config
from gramophone.conversation import Conversation, ConversationSettings
from gramophone.engine import Engine
from gramophone.errors import GramophoneError, SpeakerError, SpeechError
from gramophone.exchange import End
from gramophone.intents import Say
from gramophone.ports import Speaker
from gramophone.tasks import spawn
from gramophone.timeline import DeviceChanged, Entry, Failed, TurnCompleted
from gramophone.voice.speaker import UNHEARD
from gramophone.wire.speak_client import ClientLimits

SENTENCE = "This is how I sound. Shall we talk?"


class _Outcome:
    """A sink that waits for the end of the sentence, or for what keeps it from being heard."""

    def __init__(self) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def emit(self, entry: Entry) -> None:
        match entry:
            case Failed():
                self._end(SpeechError(entry.detail))
            case DeviceChanged(silent=True) if entry.detail:
                why = entry.detail.removesuffix(UNHEARD).rstrip(": ")
                self._end(SpeakerError(f"{why}: the sample cannot be heard."))
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


async def hear_sample(
    config: Config, voice: str, engines: Engines, to: Speaker | None = None
) -> None:
    """Say a sentence with `voice` on the configured device; returns when it was played.

    Raises:
        GramophoneError: it cannot be heard, and why.
    """
    if config.muted:
        raise SpeakerError("The sound is muted; start without it to hear a sample.")
    config = replace(config, voice=voice or config.voice)
    clock = SystemClock()
    speech = engines.speech(config)
    outcome = _Outcome()
    engine = Engine(
        Conversation(
            settings=ConversationSettings(
                session_id="sample",
                provider="none",
                model="",
                voice=config.voice_name,
                sample_rate_hz=config.sample_rate_hz,
                lang="en",
                speed=config.speed,
            ),
            limits=ClientLimits.embedded() if config.embedded_voice else ClientLimits(),
        ),
        clock=clock,
        model=None,
        speech=speech,
        speaker=to or speaker(config, config.sample_rate_hz, clock),
        sinks=[outcome],
    )
    running = spawn(engine.run(), name="voice sample")
    try:
        engine.post(Say(SENTENCE))
        await outcome.over
    finally:
        engine.post(End())
        await asyncio.wait([running])
