"""Driver of a conversation: one queue of inputs, events to the sinks, commands to the edges.

It lives on one asyncio loop and touches the edges only through `ports`. Everything that happens
passes through the queue, so that the order of events is the order in which it was handled. Two
things pass it by on purpose: a poll of the speaker, which must not wait behind frames that are
not in the speaker yet, and ticks, which are posted only when a deadline of the conversation is due.

While no turn is under way and no deadline is set, nothing runs: the tick loop sleeps on an event
(a laptop in a corner should not wake fifty times a second). What the device's thread reports comes
in through `call_soon_threadsafe` with the time of the callback, which may lie a little before the
last event; such a time is moved up, because a timeline never runs backwards.
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
from gramophone.core.errors import GramophoneError, PicturesRefused, SpeechError
from gramophone.core.model_settings import ModelSettings
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
from gramophone.ports.language_model import LanguageModel
from gramophone.ports.speaker import Speaker
from gramophone.ports.speech import SpeechConnection, SpeechService

POLL_US = 20_000
"""Interval of polling the speaker while a turn is under way."""

POLLS_PER_LEVEL = 3
"""Polls for each level that goes to the screen: 16 a second."""

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
        self._open_connections: dict[int, _OpenConnection] = {}
        self._serving: dict[int, asyncio.Task[None]] = {}
        self._hanging_up: set[asyncio.Task[None]] = set()
        self._asking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._pending_providers: dict[int, tuple[LanguageModel | None, SpeechService | None]] = {}
        self._texts: dict[int, LanguageModel] = {}
        self._tickets = 0
        self._wake = asyncio.Event()
        self._last_us = 0

    # --- from outside -------------------------------------------------------------------------

    def post(self, message: Input) -> None:
        """Put an intent or a report in; call it on the engine's loop."""
        self._queue.put_nowait(message)

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
        model_settings: ModelSettings = ModelSettings(),  # noqa: B008 (frozen)
        reopen: bool = False,
    ) -> None:
        """Have this model and this voice from the next turn on; call it on the engine's loop. With
        `reopen` the voice is connected to again, because its address or key may be another."""
        self._tickets += 1
        self._pending_providers[self._tickets] = model, speech
        name = model.model if model is not None else ""
        protocol = speech.protocol if speech is not None else None
        self.post(
            SettingsWanted(
                self._tickets,
                provider,
                name,
                voice,
                system_prompt,
                speed,
                lang,
                protocol,
                model_settings,
                reopen,
            )
        )

    def hold_text(self, text: LanguageModel) -> int:
        """Keep a text for the `SayStream` that names this number."""
        self._tickets += 1
        self._texts[self._tickets] = text
        return self._tickets

    def emit(self, entry: Entry) -> None:
        """Hand an entry to the sinks; call it on the engine's loop."""
        self._fanout.emit(entry)

    def now_us(self) -> int:
        """Time now in µs, never before the last event."""
        self._last_us = max(self._last_us, self._clock.now_us())
        return self._last_us

    @property
    def speaking(self) -> bool:
        """Whether a turn is under way."""
        return self._conversation.speaking

    async def run(self) -> None:
        """Serve the session until `End` was posted and executed; then close the model."""
        self._dispatch(self._conversation.begin(self.now_us()))
        self._speaker.set_audible(self._conversation.audible)
        self._speaker.open(_Listener(self))
        ticking = spawn(self._tick_loop(), name="engine ticks")
        try:
            while not self._conversation.ended:
                self._handle(await self._queue.get())
                self._queue.task_done()
                # A long queue must not keep signals, timers and sockets waiting.
                await asyncio.sleep(0)
        finally:
            await cancel(ticking)
            await self._close()

    # --- the loop -----------------------------------------------------------------------------

    def _handle(self, message: Input) -> None:
        if isinstance(message, PlaybackBegan | PlaybackUnderran):
            message = replace(message, at_us=max(message.at_us, self._last_us))
        self._dispatch(self._conversation.handle(message, self.now_us()))

    def _dispatch(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Event | ModelQuiet):
                self._fanout.emit(output)
            else:
                self._execute(output)
        # There may be a turn to poll for now, or a deadline.
        self._wake.set()

    def _execute(self, command: Command) -> None:
        match command:
            case ConnectTts():
                number = command.connection
                self._serving[number] = self._start(
                    self._serve_speech(number), name=f"speech connection {number}"
                )
            case SendTts():
                self._open_connections[command.connection].outbox.put_nowait(command.text)
            case CloseTts():
                self._drop(command.connection)
            case StartModel():
                self._asking = self._start(
                    self._ask_model(command),
                    name=f"model turn {command.turn}",
                )
            case StopModel():
                if self._asking is not None:
                    self._asking.cancel()
            case PlayAudio():
                self._speaker.play(
                    command.turn,
                    command.pcm,
                    realign=command.realign,
                    sample_rate_hz=command.sample_rate_hz,
                )
            case FinishAudio():
                self._speaker.finish(command.turn)
            case SetAudible():
                self._speaker.set_audible(command.audible)
            case SwitchProviders():
                self._switch_providers(command.ticket)
            case StopAudio():
                # The speaker may still be at the turn before: of this one nothing was heard.
                at_turn = self._speaker.playout().turn
                heard_samples = self._speaker.stop()
                heard_samples = heard_samples if at_turn == command.turn else 0
                self.post(PlaybackStopReported(command.turn, heard_samples))

    def _start(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        task = spawn(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _switch_providers(self, ticket: int) -> None:
        """Use these providers; models that are no longer wanted are closed."""
        skipped = [old for old in self._pending_providers if old < ticket]
        replaced = [self._model, *(self._pending_providers.pop(old)[0] for old in skipped)]
        self._model, self._speech = self._pending_providers.pop(ticket)
        for model in replaced:
            if model is not None:
                self._start(model.aclose(), name="model close")

    async def _tick_loop(self) -> None:
        """Poll the speaker and the clock while something is under way."""
        polls = 0
        due_us = self._clock.now_us()
        while True:
            if self._idle():
                self._wake.clear()
                await self._wake.wait()
            due_us = max(due_us + POLL_US, self._clock.now_us())
            await self._clock.sleep_until_us(due_us)
            if self._conversation.speaking:
                polls += 1
                self._poll_playout(levels=polls % POLLS_PER_LEVEL == 0)
            wake_us = self._conversation.next_wake_us(self._clock.now_us())
            if wake_us is not None and wake_us <= self._clock.now_us():
                self.post(Tick())

    def _idle(self) -> bool:
        """Whether there is nothing to poll, and no deadline, until something happens."""
        waking = self._conversation.next_wake_us(self._clock.now_us())
        return not self._conversation.speaking and waking is None

    def _poll_playout(self, *, levels: bool) -> None:
        state = self._speaker.playout()
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

    async def _ask_model(self, command: StartModel) -> None:
        turn = command.turn
        model = self._texts.pop(command.text) if command.text else self._model
        if model is None:
            self.post(LlmEnded(turn, NO_MODEL))
            return
        stream = model.stream(command.messages, self._conversation.settings.system_prompt)
        try:
            async for chunk in stream:
                for piece in pieces_of(chunk):
                    self.post(LlmChunk(turn, piece))
                    # What the user wants must not wait behind a long answer.
                    await self._queue.join()
        except GramophoneError as error:
            refused = isinstance(error, PicturesRefused)
            self.post(LlmEnded(turn, str(error), refused))
        except Exception as error:
            self.post(LlmEnded(turn, _unexpected("language model", error)))
            raise
        else:
            self.post(LlmEnded(turn))
        finally:
            await cast("AsyncGenerator[object]", stream).aclose()
            if command.text:
                await model.aclose()

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
        self._open_connections[number] = open_connection = _OpenConnection(connection)
        self.post(TtsConnected(number, connection.url, connection.request_id))
        sender = spawn(open_connection.send_all(), name=f"speech sender {number}")
        try:
            async for frame in connection.frames():
                if isinstance(frame, str):
                    self.post(TtsText(number, frame))
                else:
                    self.post(TtsAudio(number, frame, connection.sample_rate_hz))
        finally:
            await cancel(sender)
            await open_connection.close()
            self.post(TtsClosed(number, *connection.closed()))

    def _drop(self, number: int) -> None:
        open_connection = self._open_connections.get(number)
        if open_connection is None:
            self._serving[number].cancel()
            return
        task = self._start(open_connection.hang_up(), name=f"speech hang-up {number}")
        self._hanging_up.add(task)
        task.add_done_callback(self._hanging_up.discard)

    async def _close(self) -> None:
        if self._hanging_up:
            await asyncio.wait(self._hanging_up)
        for task in tuple(self._tasks):
            await cancel(task)
        await self._speaker.aclose()
        pending = (model for model, _ in self._pending_providers.values())
        for model in (self._model, *pending, *self._texts.values()):
            if model is not None:
                await model.aclose()

    def _sink_failed(self, sink: Sink, error: Exception) -> None:
        name = type(sink).__name__
        detail = str(error) if isinstance(error, GramophoneError) else f"{name} failed: {error}"
        self._fanout.emit(Failed(at_us=self.now_us(), stage="recording", detail=detail))


class _OpenConnection:
    """An open connection, and the frames that are to go out over it."""

    def __init__(self, connection: SpeechConnection) -> None:
        self.connection = connection
        self.outbox: asyncio.Queue[str] = asyncio.Queue()

    async def send_all(self) -> None:
        """Send frames in the order of the queue, until cancelled."""
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
    """Reports of the speaker, as inputs of the conversation."""

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


def _unexpected(subject: str, error: Exception) -> str:
    detail = str(error) or type(error).__name__
    return f"The {subject} failed in a way that was not foreseen ({detail}); please report it."
