"""One connection to the stand-in: its protocol machine, its voice, and the tasks between."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing, suppress
from typing import assert_never

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from gramophone.clock import Clock
from gramophone.standin.delivery import Delivery
from gramophone.standin.downlink import Downlink
from gramophone.standin.voices import Sound, Voice
from gramophone.wire.speak_messages import Dialect, SpeakParameters, render
from gramophone.wire.speak_server import (
    Abandon,
    Action,
    Hangup,
    Say,
    SendAudio,
    SpeakServer,
    Synthesise,
)

_log = logging.getLogger(__name__)


class Session:
    """Carries out what the machine decides, and tells it what happens.

    The voice has a task of its own, so that Clear, Close and more text are read while sound
    goes out.
    """

    def __init__(
        self,
        machine: SpeakServer,
        voice: Voice,
        parameters: SpeakParameters,
        delivery: Delivery,
        downlink: Downlink,
        clock: Clock,
        dialect: Dialect = "observed",
    ) -> None:
        self._machine = machine
        self._voice = voice
        self._parameters = parameters
        self._delivery = delivery
        self._downlink = downlink
        self._clock = clock
        self._dialect: Dialect = dialect
        self._passed_us = 0
        self._tasks = asyncio.TaskGroup()
        self._speaking: asyncio.Task[None] | None = None

    async def run(self, connection: ServerConnection) -> None:
        """Serve the connection until it ends."""
        opening = self._machine.opened(self._clock.now_us())
        async with self._tasks:
            limit = self._tasks.create_task(self._watch_time(), name="session limit")
            faults = self._tasks.create_task(self._downlink.watch_time(), name="timed faults")
            try:
                await self._listen(connection, opening)
            finally:
                limit.cancel()
                faults.cancel()
                if self._speaking is not None:
                    self._speaking.cancel()

    async def _listen(self, connection: ServerConnection, opening: Sequence[Action]) -> None:
        with suppress(ConnectionClosed):
            await self._perform(opening)
            async for frame in connection:
                self._downlink.client_spoke()
                if isinstance(frame, str):
                    actions = self._machine.text_received(frame, self._clock.now_us())
                else:
                    actions = self._machine.binary_received()
                await self._perform(actions)

    async def _watch_time(self) -> None:
        deadline_us = self._machine.deadline_us
        if deadline_us is None:
            return
        # A clock may wake a little early; the machine alone says whether it is time.
        while not (actions := self._machine.time_passed(self._clock.now_us())):
            await self._clock.sleep_until_us(deadline_us)
        with suppress(ConnectionClosed):
            await self._perform(actions)

    async def _perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Say(message):
                    await self._downlink.send(render(message, self._dialect))
                case SendAudio(pcm):
                    await self._downlink.send(pcm)
                case Synthesise():
                    self._speaking = self._tasks.create_task(
                        self._speak(action), name=f"utterance {action.job}"
                    )
                case Abandon():
                    self._abandon()
                    self._delivery.stop()
                case Hangup(code, reason):
                    await self._downlink.close(code, reason)
                case _:
                    assert_never(action)

    def _abandon(self) -> None:
        speaking = self._speaking
        # A voice that failed abandons itself; its task is still needed to hang up.
        if speaking is not None and speaking is not asyncio.current_task():
            speaking.cancel()

    async def _speak(self, utterance: Synthesise) -> None:
        job = utterance.job
        with suppress(ConnectionClosed):
            try:
                await self._deliver(utterance)
            except ConnectionClosed:
                raise
            except Exception:
                _log.exception("the voice failed")
                await self._perform(self._machine.failed(job))
            else:
                await self._perform(self._machine.synthesised(job))

    async def _deliver(self, utterance: Synthesise) -> None:
        self._delivery.begin(utterance.asked_us)
        sounds = self._voice.synthesise(utterance.text, self._parameters)
        async with aclosing(sounds):
            async for sound in sounds:
                if isinstance(sound, Sound):
                    for frame, instant_us in self._delivery.frames(sound):
                        await self._send(utterance.job, frame, instant_us)
                else:
                    await self._perform(self._machine.remarked(utterance.job, sound))
        for frame, instant_us in self._delivery.rest():
            await self._send(utterance.job, frame, instant_us)

    async def _send(self, job: int, frame: bytes, instant_us: int) -> None:
        # At full speed all instants are the same, and the clock is asked once.
        if instant_us > self._passed_us:
            await self._clock.sleep_until_us(instant_us)
            self._passed_us = instant_us
        for action in self._machine.audio_made(job, frame):
            await self._downlink.send(action.pcm)
