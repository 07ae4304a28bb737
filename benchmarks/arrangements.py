"""Three ways to speak an answer while it streams, timed to the first sample that can be heard.

All of them get the same tokens at the same absolute instants, speak to the same server over a
socket that is open before the first token, and are timed by one clock.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gramophone.audio.jitter_buffer import Pulled
from gramophone.conversation.conversation import Conversation, ConversationSettings
from gramophone.conversation.engine import Engine
from gramophone.conversation.messages import End
from gramophone.core.clock import SystemClock
from gramophone.core.intents import Interrupt, Submit
from gramophone.core.tasks import cancel, spawn
from gramophone.core.timeline import (
    Entry,
    FlushRefused,
    FlushSent,
    PlaybackStarted,
    SpeechConnected,
    TextSpoken,
    TurnCompleted,
    Underran,
)
from gramophone.devices.speaker import BLOCK_MS, DeviceSpeaker
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.ports.speech import SpeechConnection
from gramophone.providers.tts.deepgram import DeepgramSpeech
from gramophone.wire.deepgram.paths import FLUX_PATH, SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.messages import Flush, Speak, SpeakParameters, render
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from storage.recording.recorder import Recorder

RATE_HZ = 48_000
TOKEN_US = 20_000
ARTICLE_BUFFER_FRAMES = 8_000
"""PyAudio's `frames_per_buffer` in the article: the device takes nothing smaller."""


def tokens(text: str) -> list[str]:
    """The text in pieces as a model gives them: words with the space before, and marks."""
    return re.findall(r"\s*(?:\w+|[^\w\s])", text)


class Metronome:
    """Gives the tokens at absolute instants, 50 a second, and knows when it gave the first."""

    def __init__(self, text: str, clock: SystemClock) -> None:
        self._tokens = tokens(text)
        self._clock = clock
        self.first_us = 0

    async def beat(self) -> AsyncIterator[str]:
        self.first_us = self._clock.now_us()
        for index, token in enumerate(self._tokens):
            await self._clock.sleep_until_us(self.first_us + index * TOKEN_US)
            yield token


class ScriptedModel:
    """A `ports.LanguageModel` that gives the tokens of a metronome."""

    provider = "scripted"
    model = "metronome"

    def __init__(self, metronome: Metronome) -> None:
        self._metronome = metronome

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        async for token in self._metronome.beat():
            yield ModelChunk(raw="", text=token)
        yield ModelChunk(raw="", finish_reason="stop")

    async def aclose(self) -> None:
        pass


class TimedSpeaker(DeviceSpeaker):
    """Remembers when the last block with sound in it was handed over; silent unless told."""

    def __init__(self, clock: SystemClock, *, device: bool) -> None:
        super().__init__(RATE_HZ, clock, device_name="" if device else "no device is called this")
        self.sounded_us = 0

    @property
    def latency_us(self) -> int:
        """From handing a sample over to hearing it, as the device states it."""
        output = self._output
        return 0 if self.silent or output is None else output.latency_us

    def _pull(self, samples: int) -> Pulled:
        pulled = super()._pull(samples)
        if pulled.sounding:
            self.sounded_us = self._clock.now_us()
        return pulled


@dataclass(slots=True)
class Watcher:
    """A sink that keeps what the figures are made of."""

    connected: asyncio.Event = field(default_factory=asyncio.Event)
    started: asyncio.Event = field(default_factory=asyncio.Event)
    completed: asyncio.Event = field(default_factory=asyncio.Event)
    audible_us: int = 0
    text_sent_us: int = 0
    flushes_us: list[int] = field(default_factory=list[int])
    refused: int = 0
    underruns: list[Underran] = field(default_factory=list[Underran])

    def emit(self, entry: Entry) -> None:
        match entry:
            case SpeechConnected():
                self.connected.set()
            case PlaybackStarted():
                self.audible_us = entry.at_us
                self.started.set()
            case TextSpoken(chunk=0):
                self.text_sent_us = entry.at_us
            case FlushSent():
                self.flushes_us.append(entry.at_us)
            case FlushRefused():
                self.refused += 1
            case Underran():
                self.underruns.append(entry)
            case TurnCompleted(role="assistant"):
                self.completed.set()
            case _:
                pass


class Room:
    """Where every arrangement speaks: one server, one clock, one directory for recordings."""

    def __init__(self, speak_url: str, home: Path, *, device: bool) -> None:
        self.clock = SystemClock()
        self._home = home
        self._device = device
        self._speech = DeepgramSpeech(speak_url, SpeakParameters(sample_rate_hz=RATE_HZ))
        flux = FluxParameters(model="flux-haley-en", sample_rate_hz=RATE_HZ)
        self._flux = DeepgramSpeech(speak_url.replace(SPEAK_PATH, FLUX_PATH), flux)

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[SpeechConnection]:
        """A socket that stands."""
        connection = await self._speech.connect()
        try:
            yield connection
        finally:
            await connection.aclose()

    def speaker(self) -> TimedSpeaker:
        """The default device, or the silent one that keeps its pace."""
        return TimedSpeaker(self.clock, device=self._device)

    def latency_us(self, buffer_frames: int) -> int:
        """What the device states of a stream that takes so many frames at once."""
        if not self._device:
            return 0
        import pyaudio

        audio = pyaudio.PyAudio()
        stream = audio.open(
            format=pyaudio.paInt16,
            channels=1,
            rate=RATE_HZ,
            output=True,
            frames_per_buffer=buffer_frames,
        )
        try:
            return round(stream.get_output_latency() * 1_000_000)
        finally:
            stream.close()
            audio.terminate()

    @asynccontextmanager
    async def engine(
        self, metronome: Metronome, speaker: TimedSpeaker, *, flux: bool = False
    ) -> AsyncGenerator[tuple[Engine, Watcher]]:
        """Gramophone itself, recorder included, with its connection open; `flux`: over Speak v2."""
        speech = self._flux if flux else self._speech
        watcher = Watcher()
        session_id = f"{self.clock.now_us():016x}"
        async with Recorder.open(self._home) as recorder:
            engine = Engine(
                Conversation(
                    ConversationSettings(
                        session_id=session_id,
                        provider="scripted",
                        model="metronome",
                        voice="tone",
                        sample_rate_hz=RATE_HZ,
                    ),
                    speech.protocol,
                ),
                clock=self.clock,
                model=ScriptedModel(metronome),
                speech=speech,
                speaker=speaker,
                sinks=[recorder, watcher],
            )
            running = spawn(engine.run(), name="engine")
            await watcher.connected.wait()
            try:
                yield engine, watcher
            finally:
                engine.post(End())
                await running


# --- the arrangements -------------------------------------------------------------------------


async def article_us(room: Room, text: str) -> int:
    """Every token is sent as it comes, one Flush at the end; the device begins when its buffer
    of 8,000 frames is full."""
    metronome = Metronome(text, room.clock)
    latency_us = await asyncio.to_thread(room.latency_us, ARTICLE_BUFFER_FRAMES)
    async with room.connection() as connection:
        speaking = spawn(_speak_tokens(connection, metronome), name="article")
        received = 0
        async for frame in connection.frames():
            if isinstance(frame, bytes):
                received += len(frame)
                if received >= 2 * ARTICLE_BUFFER_FRAMES:
                    break
        audible_us = room.clock.now_us() + latency_us
        await cancel(speaking)
    return audible_us - metronome.first_us


async def _speak_tokens(connection: SpeechConnection, metronome: Metronome) -> None:
    async for token in metronome.beat():
        await connection.send(render(Speak(text=token)))
    await connection.send(render(Flush()))


async def sentences_us(room: Room, text: str) -> int:
    """A Flush after every sentence; Gramophone's own speaker begins as early as it does there."""
    metronome = Metronome(text, room.clock)
    speaker = room.speaker()
    started = Watcher()
    speaker.open(_FirstSample(started))
    async with room.connection() as connection:
        speaking = spawn(_speak_sentences(connection, metronome), name="sentences")
        async for frame in connection.frames():
            if isinstance(frame, bytes):
                speaker.play(0, frame)
            if started.started.is_set():
                break
        await cancel(speaking)
    await started.started.wait()
    await speaker.aclose()
    return started.audible_us + speaker.latency_us - metronome.first_us


async def _speak_sentences(connection: SpeechConnection, metronome: Metronome) -> None:
    async for token in metronome.beat():
        await connection.send(render(Speak(text=token)))
        if token[-1] in ".!?":
            await connection.send(render(Flush()))


class _FirstSample:
    """A `ports.SpeakerListener` for the arrangement that has no engine."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def playback_began(self, turn: int, at_us: int) -> None:
        self._watcher.emit(PlaybackStarted(at_us=at_us, turn=turn, device=""))

    def underran(self, turn: int, at_us: int, position_samples: int, missing_samples: int) -> None:
        pass

    def drained(self, turn: int, played_samples: int) -> None:
        pass

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        pass


INTERRUPT_AFTER_S = 0.5


async def gramophone_us(room: Room, text: str) -> tuple[int, int]:
    """First token to first sample, and, half a second of sound later, Interrupt to silence."""
    metronome = Metronome(text, room.clock)
    speaker = room.speaker()
    async with room.engine(metronome, speaker) as (engine, watcher):
        engine.post(Submit("Speak."))
        await watcher.started.wait()
        await asyncio.sleep(INTERRUPT_AFTER_S)
        asked_us = room.clock.now_us()
        engine.post(Interrupt())
        await watcher.completed.wait()
        await asyncio.sleep(5 * BLOCK_MS / 1000)
        silent_us = speaker.sounded_us + BLOCK_MS * 1000 + speaker.latency_us
    audible_us = watcher.audible_us + speaker.latency_us
    return audible_us - metronome.first_us, max(0, silent_us - asked_us)


async def first_sample_us(room: Room, text: str, *, flux: bool) -> tuple[int, int]:
    """First token to first sample, and to the first text sent, by Speak v1 or v2."""
    metronome = Metronome(text, room.clock)
    speaker = room.speaker()
    async with room.engine(metronome, speaker, flux=flux) as (engine, watcher):
        engine.post(Submit("Speak."))
        await watcher.started.wait()
        engine.post(Interrupt())
        await watcher.completed.wait()
    audible_us = watcher.audible_us + speaker.latency_us
    return audible_us - metronome.first_us, watcher.text_sent_us - metronome.first_us


async def gramophone_whole(room: Room, text: str) -> Watcher:
    """The whole answer in real time, to its last sample."""
    metronome = Metronome(text, room.clock)
    async with room.engine(metronome, room.speaker()) as (engine, watcher):
        engine.post(Submit("Speak."))
        await watcher.completed.wait()
    return watcher
