"""Drives a conversation: one queue of happenings in, events to the sinks, orders to the edges.

It lives on one asyncio loop and touches the edges only through `ports`. Everything that happens
passes through the queue, so that the order of events is the order in which they were handled.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

from gramophone.conversation.conversation import Conversation
from gramophone.conversation.delta_splitter import pieces_of
from gramophone.conversation.messages import (
    CloseTts,
    Command,
    ConnectTts,
    FinishAudio,
    Input,
    LlmChunk,
    LlmEnded,
    PlayAudio,
    PlaybackBegan,
    PlaybackDrained,
    PlaybackStopReported,
    PlaybackUnderran,
    PlayoutPolled,
    SendTts,
    SetAudible,
    SettingsWanted,
    SpeakerChanged,
    StartModel,
    StopAudio,
    StopModel,
    SwitchProviders,
    Tick,
    TtsAudio,
    TtsClosed,
    TtsConnected,
    TtsRefused,
    TtsText,
)
from gramophone.conversation.tts_session import Output
from gramophone.core.clock import Clock
from gramophone.core.errors import GramophoneError, SpeechError
from gramophone.core.sinks import Fanout, Sink
from gramophone.core.tasks import cancel, spawn
from gramophone.core.timeline import (
    Entry,
    Event,
    Failed,
    LevelMeasured,
    ModelQuiet,
    PlayoutAdvanced,
)
from gramophone.ports.engine import LanguageModel, Message, Speaker, SpeechConnection, SpeechService

GLANCE_US = 20_000
"""How often the speaker is looked at while a turn is under way."""

GLANCES_PER_LEVEL = 3
"""Every third glance goes to the screen: 16 a second."""

CLOSING_TIMEOUT_S = 1.0

NO_MODEL = "No language model is set up, so there is nobody to ask; choose one with --provider."
NO_SPEECH = "No voice is set up; the answer goes on as text."


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
        self._queue: asyncio.Queue[Input] = asyncio.Queue()
        self._lines: dict[int, _Line] = {}
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._hanging_up: set[asyncio.Task[None]] = set()
        self._asking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._coming: dict[int, tuple[LanguageModel | None, SpeechService | None]] = {}
        self._tickets = 0
        self._astir = asyncio.Event()
        self._last_us = 0

    # --- from outside -------------------------------------------------------------------------

    def post(self, happening: Input) -> None:
        """Put a happening or an intent in; call it on the engine's loop."""
        self._queue.put_nowait(happening)

    def configure(
        self,
        model: LanguageModel | None,
        speech: SpeechService | None,
        *,
        provider: str,
        voice: str,
        system_prompt: str,
        speed: float,
        lang: str = "auto",
    ) -> None:
        """Have this model and this voice from the next turn on; call it on the engine's loop."""
        self._tickets += 1
        self._coming[self._tickets] = model, speech
        name = model.model if model is not None else ""
        self.post(SettingsWanted(self._tickets, provider, name, voice, system_prompt, speed, lang))

    def emit(self, entry: Entry) -> None:
        """Hand an entry to the sinks; call it on the engine's loop."""
        self._fanout.emit(entry)

    def now_us(self) -> int:
        """Now, never before the last event."""
        self._last_us = max(self._last_us, self._clock.now_us())
        return self._last_us

    @property
    def speaking(self) -> bool:
        """Whether a turn is under way."""
        return self._conversation.speaking

    async def run(self) -> None:
        """Serve the session until `End` was posted and carried out. The model is closed then."""
        self._carry_out(self._conversation.begin(self.now_us()))
        self._speaker.hear(self._conversation.audible)
        self._speaker.open(_Listener(self))
        pulse = spawn(self._pulse(), name="engine pulse")
        try:
            while not self._conversation.ended:
                self._handle(await self._queue.get())
                self._queue.task_done()
                # A long queue must not keep signals, timers and sockets waiting.
                await asyncio.sleep(0)
        finally:
            await cancel(pulse)
            await self._close()

    # --- the loop -----------------------------------------------------------------------------

    def _handle(self, happening: Input) -> None:
        if isinstance(happening, PlaybackBegan | PlaybackUnderran):
            # The callback's thread saw it a moment ago; the timeline never runs backwards.
            happening = replace(happening, at_us=max(happening.at_us, self._last_us))
        self._carry_out(self._conversation.handle(happening, self.now_us()))

    def _carry_out(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Event | ModelQuiet):
                self._fanout.emit(output)
            else:
                self._obey(output)
        # Whatever was done, there may be something to look at, or a time to wake at.
        self._astir.set()

    def _obey(self, order: Command) -> None:
        match order:
            case ConnectTts():
                number = order.connection
                self._serving[number] = self._start(
                    self._serve_speech(number), name=f"speech connection {number}"
                )
            case SendTts():
                self._lines[order.connection].outbox.put_nowait(order.text)
            case CloseTts():
                self._drop(order.connection)
            case StartModel():
                self._asking = self._start(
                    self._ask_model(order.turn, order.messages), name=f"model turn {order.turn}"
                )
            case StopModel():
                if self._asking is not None:
                    self._asking.cancel()
            case PlayAudio():
                self._speaker.play(order.turn, order.pcm, realign=order.realign)
            case FinishAudio():
                self._speaker.finish(order.turn)
            case SetAudible():
                self._speaker.hear(order.audible)
            case SwitchProviders():
                self._use(order.ticket)
            case StopAudio():
                # The speaker may still be at the turn before: of this one nothing was heard.
                at_turn = self._speaker.glance().turn
                heard_samples = self._speaker.stop()
                heard_samples = heard_samples if at_turn == order.turn else 0
                self.post(PlaybackStopReported(order.turn, heard_samples))

    def _start(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        task = spawn(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _use(self, ticket: int) -> None:
        """Take these edges; models that are no longer wanted are closed."""
        skipped = [each for each in self._coming if each < ticket]
        given_back = [self._model, *(self._coming.pop(each)[0] for each in skipped)]
        self._model, self._speech = self._coming.pop(ticket)
        for model in given_back:
            if model is not None:
                self._start(model.aclose(), name="model goodbye")

    async def _pulse(self) -> None:
        """Look at the speaker and the clock while something is under way."""
        glances = 0
        due_us = self._clock.now_us()
        while True:
            if self._idle():
                self._astir.clear()
                await self._astir.wait()
            due_us = max(due_us + GLANCE_US, self._clock.now_us())
            await self._clock.sleep_until_us(due_us)
            if self._conversation.speaking:
                glances += 1
                self._glance(levels=glances % GLANCES_PER_LEVEL == 0)
            wake_us = self._conversation.next_wake_us(self._clock.now_us())
            if wake_us is not None and wake_us <= self._clock.now_us():
                self.post(Tick())

    def _idle(self) -> bool:
        """Whether there is nothing to look at before something happens."""
        waking = self._conversation.next_wake_us(self._clock.now_us())
        return not self._conversation.speaking and waking is None

    def _glance(self, *, levels: bool) -> None:
        state = self._speaker.glance()
        if state.turn < 0:
            return
        # Not through the queue: frames that wait there are not in the speaker yet.
        self._handle(PlayoutPolled(state.turn, state.queued_samples))
        if levels:
            now_us = self.now_us()
            peak, rms = self._speaker.level()
            if self._conversation.audible:
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
        if self._model is None:
            self.post(LlmEnded(turn, NO_MODEL))
            return
        stream = self._model.stream(messages, self._conversation.settings.system_prompt)
        try:
            async for chunk in stream:
                for piece in pieces_of(chunk):
                    self.post(LlmChunk(turn, piece))
                    # What the user wants must not wait behind a long answer.
                    await self._queue.join()
        except GramophoneError as error:
            self.post(LlmEnded(turn, str(error)))
        except Exception as error:
            self.post(LlmEnded(turn, _unexpected("language model", error)))
            raise
        else:
            self.post(LlmEnded(turn))
        finally:
            await cast("AsyncGenerator[object]", stream).aclose()

    async def _serve_speech(self, number: int) -> None:
        try:
            if self._speech is None:
                raise SpeechError(NO_SPEECH)
            connection = await self._speech.connect()
        except GramophoneError as error:
            self.post(TtsRefused(number, str(error)))
            return
        except Exception as error:
            self.post(TtsRefused(number, _unexpected("speech service", error)))
            raise
        self._lines[number] = line = _Line(connection)
        self.post(TtsConnected(number, connection.url, connection.request_id))
        sender = spawn(line.send_all(), name=f"speech sender {number}")
        try:
            async for frame in connection.frames():
                if isinstance(frame, str):
                    self.post(TtsText(number, frame))
                else:
                    self.post(TtsAudio(number, frame))
        finally:
            await cancel(sender)
            await line.close()
            self.post(TtsClosed(number, *connection.closed()))

    def _drop(self, number: int) -> None:
        line = self._lines.get(number)
        if line is None:
            self._serving[number].cancel()
            return
        task = self._start(line.hang_up(), name=f"speech hang-up {number}")
        self._hanging_up.add(task)
        task.add_done_callback(self._hanging_up.discard)

    async def _close(self) -> None:
        if self._hanging_up:
            await asyncio.wait(self._hanging_up)
        for task in tuple(self._tasks):
            await cancel(task)
        await self._speaker.aclose()
        for model in (self._model, *(model for model, _ in self._coming.values())):
            if model is not None:
                await model.aclose()

    def _sink_failed(self, sink: Sink, error: Exception) -> None:
        name = type(sink).__name__
        detail = str(error) if isinstance(error, GramophoneError) else f"{name} failed: {error}"
        self._fanout.emit(Failed(at_us=self.now_us(), stage="recording", detail=detail))


class _Line:
    """A connection that stands, and the frames that are to go out over it."""

    def __init__(self, connection: SpeechConnection) -> None:
        self.connection = connection
        self.outbox: asyncio.Queue[str] = asyncio.Queue()

    async def send_all(self) -> None:
        """Send frames in their order, for ever."""
        while True:
            await self.connection.send(await self.outbox.get())
            self.outbox.task_done()

    async def hang_up(self) -> None:
        """Close when the last frame has gone out; a service that takes none is not waited for."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_TIMEOUT_S):
                await self.outbox.join()
        await self.close()

    async def close(self) -> None:
        """Close the connection, if that can be done in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * CLOSING_TIMEOUT_S):
                await self.connection.aclose()


class _Listener:
    """Turns what the speaker tells into happenings."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def playback_began(self, turn: int, at_us: int) -> None:
        self._engine.post(PlaybackBegan(turn, at_us))

    def underran(self, turn: int, at_us: int, position_samples: int, missing_samples: int) -> None:
        self._engine.post(PlaybackUnderran(turn, at_us, position_samples, missing_samples))

    def drained(self, turn: int, played_samples: int) -> None:
        self._engine.post(PlaybackDrained(turn, played_samples))

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        self._engine.post(SpeakerChanged(device, silent, detail))


def _unexpected(what: str, error: Exception) -> str:
    said = str(error) or type(error).__name__
    return f"The {what} failed in a way that was not foreseen ({said}); please report it."
