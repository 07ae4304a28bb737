"""The engine with real sockets, a scripted model and a speaker that a test holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from gramophone.conversation.conversation import Conversation
from gramophone.conversation.engine import Engine
from gramophone.conversation.messages import End
from gramophone.core.clock import SystemClock
from gramophone.core.sinks import Sink
from gramophone.core.timeline import AudioReceived, Entry, Event, TurnCompleted
from gramophone.devices.speaker import MutedSpeaker
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.ports.speaker import PlayoutState, Speaker, SpeakerListener
from gramophone.providers.tts.deepgram import DeepgramSpeech
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from tests.support.deadlines import HANG_S
from tests.support.playbook import a_conversation

RATE_HZ = 8000


PARAMETERS = SpeakParameters(sample_rate_hz=RATE_HZ)


TONES = ToneVoice(character_ms=6, gap_ms=4)


Reply: TypeAlias = "str | Exception | asyncio.Event"


class ScriptedModel:
    """Gives the replies it was told, in order; an event is waited for, an exception raised."""

    provider = "scripted"
    model = "script"

    def __init__(self, *replies: Sequence[Reply]) -> None:
        self._replies = list(replies)
        self.requests: list[tuple[Message, ...]] = []
        self.closed_early = 0
        self.closed = 0

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncGenerator[ModelChunk]:
        self.requests.append(tuple(messages))
        finished = False
        try:
            for piece in self._replies.pop(0):
                if isinstance(piece, asyncio.Event):
                    await piece.wait()
                elif isinstance(piece, Exception):
                    raise piece
                else:
                    yield ModelChunk(raw="{}", text=piece)
            yield ModelChunk(raw="{}", finish_reason="stop")
            finished = True
        finally:
            self.closed_early += not finished

    async def aclose(self) -> None:
        self.closed += 1


class Listening:
    """A sink that keeps what it hears and can be waited on."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._came = asyncio.Event()

    def emit(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._came.set()

    async def until(self, holds: Callable[[Entry], bool]) -> Any:
        """The first entry that is wanted, whether it came already or comes yet."""
        searched = 0
        while True:
            for entry in self.entries[searched:]:
                if holds(entry):
                    return entry
            searched = len(self.entries)
            self._came.clear()
            await self._came.wait()

    def all_of(self, *kinds: type) -> list[Any]:
        return [entry for entry in self.entries if type(entry) in kinds]

    def kinds(self) -> list[str]:
        return [type(entry).__name__ for entry in self.entries if isinstance(entry, Event)]

    def sound(self, turn: int) -> bytes:
        frames = [frame for frame in self.all_of(AudioReceived) if frame.turn == turn]
        return b"".join(frame.pcm for frame in frames)


class HeldSpeaker:
    """Takes sound and plays none of it until it is told to: `position` is set by the test."""

    device = "held"
    silent = True

    def __init__(self) -> None:
        self.turn: int = -1
        self.position = 0
        self.stopped = 0
        self.closed = False

    def open(self, listener: SpeakerListener) -> None:
        listener.device_changed(self.device, self.silent, "")

    def set_audible(self, audible: bool) -> None: ...

    def play(
        self, turn: int, pcm: bytes, *, realign: bool = False, sample_rate_hz: int = 0
    ) -> None:
        if turn != self.turn:
            self.turn, self.position = turn, 0

    def finish(self, turn: int) -> None: ...

    def stop(self) -> int:
        self.stopped += 1
        return self.position

    def playout(self) -> PlayoutState:
        return PlayoutState(self.turn, self.position, 1)

    def level(self) -> tuple[float, float]:
        return 0.5, 0.25

    async def aclose(self) -> None:
        self.closed = True


@asynccontextmanager
async def session(
    speak_url: str | None,
    *,
    model: ScriptedModel | None = None,
    speaker: Speaker | None = None,
    conversation: Conversation | None = None,
    sinks: Sequence[Sink] = (),
    parameters: SpeakParameters | FluxParameters = PARAMETERS,
) -> AsyncGenerator[tuple[Engine, Listening]]:
    """An engine that runs while the block does, and has ended politely after it."""
    clock = SystemClock()
    listening = Listening()
    # A starved machine may need longer for a word than a service ever does.
    service = DeepgramSpeech(speak_url, parameters, timeout_s=HANG_S) if speak_url else None
    protocol = service.protocol if service is not None else None
    engine = Engine(
        conversation or a_conversation(audible=False, speech=protocol),
        clock=clock,
        model=model,
        speech=service,
        speaker=speaker or MutedSpeaker(RATE_HZ, clock),
        sinks=[listening, *sinks],
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(), name="engine under test")
        try:
            yield engine, listening
        finally:
            engine.post(End())


@asynccontextmanager
async def held(
    speak_url: str, model: ScriptedModel, speaker: HeldSpeaker
) -> AsyncGenerator[tuple[Engine, Listening]]:
    """A session that is heard as far as the test lets it be."""
    async with session(
        speak_url, model=model, speaker=speaker, conversation=a_conversation()
    ) as both:
        yield both


def completed(turn: int) -> Callable[[Entry], bool]:
    return lambda entry: isinstance(entry, TurnCompleted) and entry.turn == turn


def tones(text: str) -> bytes:
    """What the tone voice makes of a text."""
    return b"".join(TONES.words(text, PARAMETERS))
