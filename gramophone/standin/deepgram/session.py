"""One connection to the stand-in: its protocol machine, its voice, and the tasks between."""

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
from gramophone.standin.delivery.pacing import FramePacer
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.standin.server.sniffing import when_pinged
from gramophone.standin.voice import Break, Sound, TextRefused, Voice
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

Ear: TypeAlias = Callable[[str], bool]
"""Is told each text frame of the client's; says whether the connection may go on."""


class Session(Generic[MessageT]):
    """Carries out what the machine decides, and tells it what happens.

    The voice has a task of its own, so that Clear, Close and more text are read while sound
    goes out.
    """

    def __init__(
        self,
        machine: ServerProtocol[MessageT],
        write: Callable[[MessageT], str],
        voice: Voice,
        parameters: SpeakParameters,
        delivery: FramePacer,
        downlink: WebSocketSender,
        clock: Clock,
        ear: Ear | None = None,
    ) -> None:
        self._machine = machine
        self._ear = ear
        self._write = write
        self._voice = voice
        self._parameters = parameters
        self._delivery = delivery
        self._downlink = downlink
        self._clock = clock
        self._passed_us = 0
        self._voiceless = False
        self._tasks = asyncio.TaskGroup()
        self._speaking: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._asleep_until_us: int | None = None

    async def run(self, connection: ServerConnection) -> None:
        """Serve the connection until it ends."""
        opening = self._machine.opened(self._clock.now_us())
        when_pinged(connection, lambda: self._machine.pinged(self._clock.now_us()))
        async with self._tasks:
            faults = self._tasks.create_task(self._downlink.watch_time(), name="timed faults")
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
                self._downlink.client_spoke()
                if isinstance(frame, str):
                    actions = self._told(frame)
                else:
                    actions = self._machine.binary_received()
                self._keep_watch()
                await self._perform(actions)

    def _told(self, frame: str) -> Sequence[Action[MessageT]]:
        if self._ear is not None and not self._ear(frame):
            # What follows was on its way already.
            self._ear = None
            return self._machine.refused()
        return self._machine.text_received(frame, self._clock.now_us())

    def _keep_watch(self) -> None:
        """See to it that somebody is awake when the machine wants to be told of the time."""
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
                # It may have moved meanwhile; the machine alone says whether it is time.
                await self._perform(self._machine.time_passed(self._clock.now_us()))

    async def _perform(self, actions: Sequence[Action[MessageT]]) -> None:
        for action in actions:
            match action:
                case SendText(message):
                    if self._voiceless and (held := self._delivery.remainder()):
                        await self._downlink.send(held)
                    await self._downlink.send(self._write(message))
                case SendAudio(pcm):
                    # Sound that no voice makes here: the machine has it from a recording.
                    self._voiceless = True
                    for frame in self._delivery.recut(pcm):
                        await self._downlink.send(frame)
                case StartSynthesis():
                    self._speaking = self._tasks.create_task(
                        self._speak(action), name=f"utterance {action.job}"
                    )
                case CancelSynthesis():
                    self._abandon()
                    self._delivery.stop()
                case CloseConnection(code, reason):
                    await self._downlink.close(code, reason)
                case _:
                    assert_never(action)

    def _abandon(self) -> None:
        speaking = self._speaking
        # A voice that failed abandons itself; its task is still needed to hang up.
        if speaking is not None and speaking is not asyncio.current_task():
            speaking.cancel()

    async def _speak(self, utterance: StartSynthesis) -> None:
        job = utterance.job
        with suppress(ConnectionClosed):
            try:
                await self._deliver(utterance)
            except ConnectionClosed:
                raise
            except TextRefused:
                # What it was is told at the end. Here it might be half a secret.
                _log.warning("the client said what is not in the source")
                await self._perform(self._machine.refused())
            except Exception:
                _log.exception("the voice failed")
                await self._perform(self._machine.failed(job))
            else:
                await self._perform(self._machine.synthesised(job))

    async def _deliver(self, utterance: StartSynthesis) -> None:
        self._delivery.begin(utterance.asked_us)
        parameters = self._parameters
        if utterance.speed is not None:
            parameters = replace(parameters, speed=utterance.speed)
        sounds = self._voice.synthesise(utterance.text, parameters)
        async with aclosing(sounds):
            async for sound in sounds:
                match sound:
                    case Sound():
                        for frame, instant_us in self._delivery.frames(sound):
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
        for frame, instant_us in self._delivery.rest():
            await self._send(job, frame, instant_us)

    async def _send(self, job: int, frame: bytes, instant_us: int) -> None:
        # At full speed all instants are the same, and the clock is asked once.
        if instant_us > self._passed_us:
            await self._clock.sleep_until_us(instant_us)
            self._passed_us = instant_us
        for action in self._machine.audio_made(job, frame):
            await self._downlink.send(action.pcm)
