"""Drives a conversation: one queue of happenings in, events to the sinks, orders to the edges.

It lives on one asyncio loop and touches the edges only through `ports`. Everything that happens
passes through the queue, so that the order of events is the order in which they were handled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import cast

from gramophone.clock import Clock
from gramophone.conversation import Conversation
from gramophone.errors import GramophoneError
from gramophone.exchange import (
    DropSpeech,
    End,
    FinishAudio,
    Happening,
    ModelChunkArrived,
    ModelEnded,
    OpenSpeech,
    Order,
    PlayAudio,
    PlaybackBegan,
    PlaybackCut,
    PlaybackDrained,
    PlaybackStarved,
    PlayoutSeen,
    SendSpeech,
    SpeakerChanged,
    SpeechAudio,
    SpeechClosed,
    SpeechOpened,
    SpeechRefused,
    SpeechText,
    StartModel,
    StopAudio,
    StopModel,
    Tick,
)
from gramophone.fanout import Fanout
from gramophone.ports import LanguageModel, Message, Sink, Speaker, SpeechConnection, SpeechService
from gramophone.tasks import cancel, spawn
from gramophone.timeline import Entry, Event, Failed, LevelMeasured, PlayoutAdvanced

GLANCE_US = 20_000
"""How often the speaker is looked at while a turn is under way."""

GLANCES_PER_LEVEL = 3
"""Every third glance goes to the screen: 16 a second."""

CLOSING_TIMEOUT_S = 1.0


class Engine:
    """One session. `run` serves until the session has ended."""

    def __init__(
        self,
        conversation: Conversation,
        *,
        clock: Clock,
        model: LanguageModel | None,
        speech: SpeechService | None,
        speaker: Speaker,
        sinks: list[Sink],
    ) -> None:
        self._conversation = conversation
        self._clock = clock
        self._model = model
        self._speech = speech
        self._speaker = speaker
        self._fanout = Fanout(self._sink_failed)
        for sink in sinks:
            self._fanout.add(sink)
        self._queue: asyncio.Queue[Happening] = asyncio.Queue()
        self._outbox: asyncio.Queue[tuple[SpeechConnection, str | None]] = asyncio.Queue()
        self._connections: dict[int, SpeechConnection] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._last_us = 0
        self._ended = asyncio.Event()

    # --- from outside -------------------------------------------------------------------------

    def post(self, happening: Happening) -> None:
        """Put a happening or an intent in; call it on the engine's loop."""
        self._queue.put_nowait(happening)

    def emit(self, entry: Entry) -> None:
        """Hand an entry to the sinks; call it on the engine's loop."""
        self._fanout.emit(entry)

    def now_us(self) -> int:
        """Now, never before the last event."""
        self._last_us = max(self._last_us, self._clock.now_us())
        return self._last_us

    async def run(self) -> None:
        """Serve the session until `End` was posted and carried out."""
        self._carry_out(self._conversation.begin(self.now_us()))
        self._speaker.open(_Listener(self))
        pulse = spawn(self._pulse(), name="engine pulse")
        sender = spawn(self._send_frames(), name="speech sender")
        try:
            while not self._ended.is_set():
                self._handle(await self._queue.get())
        finally:
            await cancel(pulse)
            await self._close(sender)

    # --- the loop -----------------------------------------------------------------------------

    def _handle(self, happening: Happening) -> None:
        if isinstance(happening, PlaybackBegan | PlaybackStarved):
            # The callback's thread saw it a moment ago; the timeline never runs backwards.
            happening = replace(happening, at_us=max(happening.at_us, self._last_us))
        self._carry_out(self._conversation.handle(happening, self.now_us()))
        if isinstance(happening, End):
            self._ended.set()

    def _carry_out(self, outputs: list[Event | Order]) -> None:
        for output in outputs:
            if isinstance(output, Event):
                self._fanout.emit(output)
            else:
                self._obey(output)

    def _obey(self, order: Order) -> None:
        match order:
            case OpenSpeech():
                name = f"speech connection {order.connection}"
                self._tasks[name] = spawn(self._serve_speech(order.connection), name=name)
            case SendSpeech():
                if (connection := self._connections.get(order.connection)) is not None:
                    self._outbox.put_nowait((connection, order.text))
            case DropSpeech():
                if (connection := self._connections.pop(order.connection, None)) is not None:
                    self._outbox.put_nowait((connection, None))
            case StartModel():
                self._tasks["model"] = spawn(
                    self._ask_model(order.turn, order.messages), name=f"model turn {order.turn}"
                )
            case StopModel():
                if (asking := self._tasks.pop("model", None)) is not None:
                    asking.cancel()
            case PlayAudio():
                self._speaker.play(order.turn, order.pcm, realign=order.realign)
            case FinishAudio():
                self._speaker.finish(order.turn)
            case StopAudio():
                self.post(PlaybackCut(order.turn, self._speaker.stop()))

    async def _pulse(self) -> None:
        """Look at the speaker and the clock while something is under way."""
        glances = 0
        due_us = self._clock.now_us()
        while True:
            due_us = max(due_us + GLANCE_US, self._clock.now_us())
            await self._clock.sleep_until_us(due_us)
            if self._conversation.speaking:
                glances += 1
                self._glance(levels=glances % GLANCES_PER_LEVEL == 0)
            wake_us = self._conversation.next_wake_us(self._clock.now_us())
            if wake_us is not None and wake_us <= self._clock.now_us():
                self.post(Tick())

    def _glance(self, *, levels: bool) -> None:
        state = self._speaker.glance()
        if state.turn < 0:
            return
        self.post(PlayoutSeen(state.turn, state.queued_samples))
        if levels:
            now_us = self.now_us()
            peak, rms = self._speaker.level()
            self._fanout.emit(LevelMeasured(at_us=now_us, peak=peak, rms=rms))
            self._fanout.emit(
                PlayoutAdvanced(
                    at_us=now_us,
                    turn=state.turn,
                    position_samples=state.position_samples,
                    queued_samples=state.queued_samples,
                )
            )

    # --- the edges ----------------------------------------------------------------------------

    async def _ask_model(self, turn: int, messages: tuple[Message, ...]) -> None:
        assert self._model is not None
        stream = self._model.stream(messages, self._conversation.settings.system_prompt)
        try:
            async for chunk in stream:
                self.post(ModelChunkArrived(turn, chunk))
        except GramophoneError as error:
            self.post(ModelEnded(turn, str(error)))
        else:
            self.post(ModelEnded(turn))
        finally:
            await cast("AsyncGenerator[object]", stream).aclose()

    async def _serve_speech(self, number: int) -> None:
        assert self._speech is not None
        try:
            connection = await self._speech.connect()
        except GramophoneError as error:
            self.post(SpeechRefused(number, str(error)))
            return
        self._connections[number] = connection
        self.post(SpeechOpened(number, connection.url, connection.request_id))
        try:
            async for frame in connection.frames():
                if isinstance(frame, str):
                    self.post(SpeechText(number, frame))
                else:
                    self.post(SpeechAudio(number, frame))
        finally:
            await connection.aclose()
        self._connections.pop(number, None)
        code, reason = connection.closed()
        self.post(SpeechClosed(number, code, reason))

    async def _send_frames(self) -> None:
        while True:
            connection, text = await self._outbox.get()
            if text is None:
                await connection.aclose()
            else:
                await connection.send(text)
            self._outbox.task_done()

    async def _close(self, sender: asyncio.Task[None]) -> None:
        try:
            async with asyncio.timeout(CLOSING_TIMEOUT_S):
                await self._outbox.join()
        except TimeoutError:
            pass
        await cancel(sender)
        for task in self._tasks.values():
            await cancel(task)
        await self._speaker.aclose()

    def _sink_failed(self, sink: Sink, error: Exception) -> None:
        name = type(sink).__name__
        detail = str(error) if isinstance(error, GramophoneError) else f"{name} failed: {error}"
        self._fanout.emit(Failed(at_us=self.now_us(), stage="recording", detail=detail))


class _Listener:
    """Turns what the speaker tells into happenings."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def playback_began(self, turn: int, at_us: int) -> None:
        self._engine.post(PlaybackBegan(turn, at_us))

    def underran(self, turn: int, at_us: int, position_samples: int, missing_samples: int) -> None:
        self._engine.post(PlaybackStarved(turn, at_us, position_samples, missing_samples))

    def drained(self, turn: int, played_samples: int) -> None:
        self._engine.post(PlaybackDrained(turn, played_samples))

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        self._engine.post(SpeakerChanged(device, silent, detail))
