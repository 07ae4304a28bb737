"""One connection to the stand-in: its protocol machine, its voice, and the tasks between."""

# Three tasks share one machine: the reader of frames, the speaker (one at a time), and the watch
# over the machine's deadline. They run in one event loop, and the machine never awaits, so each
# call of it is atomic; what needs care is between the calls.
#
#   - Actions are carried out in the order in which the machine returned them, and a call may wait
#     for the socket in the middle. Meanwhile another task may ask the machine for more. That is
#     safe, as the machine drops what belongs to a cancelled job, and a frame of sound asks it once
#     more just before it is sent (`_send`), after the wait for its instant.
#   - The speaker ends itself through `_perform`, which may hold a CancelSynthesis for its own job
#     (a voice that failed). A task that cancels itself would die before it has closed the
#     connection, so it is spared.
#   - The deadline moves while the watch sleeps. A later one needs nothing: the watch wakes, asks
#     the machine and sleeps on. An earlier one needs a new watch.

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Generic, TypeAlias, TypeVar, assert_never

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from gramophone.core.clock import Clock
from gramophone.core.frozen import frozen
from gramophone.standin.delivery.pacing import FramePacer
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.standin.server.sniffing import when_pinged
from gramophone.standin.voice import Break, Voice, VoiceRefused, VoiceSound
from gramophone.wire.deepgram.server_actions import (
    Action,
    CancelSynthesis,
    CloseConnection,
    SendAudio,
    SendText,
    ServerProtocol,
    StartSynthesis,
)
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters, Warned

MessageT = TypeVar("MessageT")

_log = logging.getLogger(__name__)

TextTap: TypeAlias = Callable[[str], bool]
"""Sees each text frame of the client before the protocol does; False ends the connection."""


@frozen
class SessionProtocol(Generic[MessageT]):
    """The protocol of a session: its state machine, and the text frame of a message."""

    machine: ServerProtocol[MessageT]
    render: Callable[[MessageT], str]
    tap: TextTap | None = None


@frozen
class SessionVoice:
    """The sound of a session: who makes it, in which form, and when its frames go out."""

    voice: Voice
    parameters: SpeakParameters
    pacer: FramePacer


class SpeakSession(Generic[MessageT]):
    """A connection while it is served.

    The voice has a task of its own, so that Clear, Close and more text are read while sound
    goes out.
    """

    def __init__(
        self,
        protocol: SessionProtocol[MessageT],
        voice: SessionVoice,
        sender: WebSocketSender,
        clock: Clock,
    ) -> None:
        self._machine = protocol.machine
        self._render = protocol.render
        self._tap = protocol.tap
        self._voice = voice.voice
        self._parameters = voice.parameters
        self._pacer = voice.pacer
        self._sender = sender
        self._clock = clock
        self._sent_until_us = 0
        self._sends_recorded = False
        self._tasks = asyncio.TaskGroup()
        self._speaking: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._asleep_until_us: int | None = None

    async def run(self, connection: ServerConnection) -> None:
        """Serve the connection until it ends."""
        opening = self._machine.opened(self._clock.now_us())
        when_pinged(connection, lambda: self._machine.pinged(self._clock.now_us()))
        async with self._tasks:
            faults = self._tasks.create_task(self._sender.watch_time(), name="timed faults")
            try:
                await self._listen(connection, opening)
            finally:
                faults.cancel()
                for task in (self._watch, self._speaking):
                    if task is not None:
                        task.cancel()

    async def _listen(
        self, connection: ServerConnection, opening: Sequence[Action[MessageT]]
    ) -> None:
        with suppress(ConnectionClosed):
            self._keep_watch()
            await self._perform(opening)
            async for frame in connection:
                self._sender.client_spoke()
                if isinstance(frame, str):
                    actions = self._receive_text(frame)
                else:
                    actions = self._machine.binary_received()
                self._keep_watch()
                await self._perform(actions)

    def _receive_text(self, frame: str) -> Sequence[Action[MessageT]]:
        if self._tap is not None and not self._tap(frame):
            # Later frames were on their way already and are not looked at any more.
            self._tap = None
            return self._machine.refused()
        return self._machine.text_received(frame, self._clock.now_us())

    def _keep_watch(self) -> None:
        """Start the watch over the deadline, or start it again if the deadline came nearer."""
        deadline_us = self._machine.deadline_us
        if deadline_us is None:
            return
        if self._watch is None or self._watch.done():
            self._watch = self._tasks.create_task(self._watch_time(), name="machine's time")
        elif self._asleep_until_us is not None and deadline_us < self._asleep_until_us:
            self._watch.cancel()
            self._watch = self._tasks.create_task(self._watch_time(), name="machine's time")

    async def _watch_time(self) -> None:
        with suppress(ConnectionClosed):
            while (deadline_us := self._machine.deadline_us) is not None:
                self._asleep_until_us = deadline_us
                await self._clock.sleep_until_us(deadline_us)
                self._asleep_until_us = None
                # The deadline may have moved meanwhile; the machine alone knows whether it is time.
                await self._perform(self._machine.time_passed(self._clock.now_us()))

    async def _perform(self, actions: Sequence[Action[MessageT]]) -> None:
        for action in actions:
            match action:
                case SendText(message):
                    if self._sends_recorded and (held := self._pacer.take_held()):
                        await self._sender.send(held)
                    await self._sender.send(self._render(message))
                case SendAudio(pcm):
                    # Sound that no voice makes here: the machine has it from a recording.
                    self._sends_recorded = True
                    for frame in self._pacer.recut(pcm):
                        await self._sender.send(frame)
                case StartSynthesis():
                    self._speaking = self._tasks.create_task(
                        self._speak(action), name=f"utterance {action.job}"
                    )
                case CancelSynthesis():
                    self._cancel_speaking()
                    self._pacer.stop()
                case CloseConnection(code, reason):
                    await self._sender.close(code, reason)
                case _:
                    assert_never(action)

    def _cancel_speaking(self) -> None:
        speaking = self._speaking
        # A voice that failed cancels its own job; its task is still needed to close.
        if speaking is not None and speaking is not asyncio.current_task():
            speaking.cancel()

    async def _speak(self, utterance: StartSynthesis) -> None:
        job = utterance.job
        with suppress(ConnectionClosed):
            try:
                await self._deliver(utterance)
            except ConnectionClosed:
                raise
            except VoiceRefused:
                # The text is reported at the end; logged here it might be half a secret.
                _log.warning("the client said what is not in the source")
                await self._perform(self._machine.refused())
            except Exception:
                _log.exception("the voice failed")
                await self._perform(self._machine.failed(job))
            else:
                await self._perform(self._machine.synthesised(job))

    async def _deliver(self, utterance: StartSynthesis) -> None:
        self._pacer.begin(utterance.asked_us)
        parameters = self._parameters
        if utterance.speed is not None:
            parameters = replace(parameters, speed=utterance.speed)
        sounds = self._voice.synthesise(utterance.text, parameters)
        async with aclosing(sounds):
            async for sound in sounds:
                match sound:
                    case VoiceSound():
                        for frame, instant_us in self._pacer.frames(sound):
                            await self._send(utterance.job, frame, instant_us)
                    case Warned():
                        await self._perform(self._machine.remarked(utterance.job, sound))
                    case Break(code, reason):
                        await self._send_rest(utterance.job)
                        actions = self._machine.broken_off(utterance.job, code, reason)
                        await self._perform(actions)
                        return
                    case _:
                        assert_never(sound)
        await self._send_rest(utterance.job)

    async def _send_rest(self, job: int) -> None:
        for frame, instant_us in self._pacer.last_frames():
            await self._send(job, frame, instant_us)

    async def _send(self, job: int, frame: bytes, instant_us: int) -> None:
        # At full speed all instants are the same, and the clock is asked once.
        if instant_us > self._sent_until_us:
            await self._clock.sleep_until_us(instant_us)
            self._sent_until_us = instant_us
        for action in self._machine.audio_made(job, frame):
            await self._sender.send(action.pcm)
