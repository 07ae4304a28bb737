"""Connection to a speech service over HTTP: requests go out, their sound comes in their order.

It is to `wire.speech_requests` what a websocket is to the other protocols. Requests are made as
soon as they are sent; the sound of a later one waits until that of the one before has come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol, TypeAlias

from gramophone.audio.rate_converter import load_converter
from gramophone.audio.sound_reader import NotSound
from gramophone.core.clock import Clock
from gramophone.core.tasks import cancel, spawn
from gramophone.providers.tts.speech_failures import RequestFailed, SpeechFailures
from gramophone.providers.tts.speech_sound import SpeechSound
from gramophone.wire.limits import TooMuch
from gramophone.wire.speech_requests import CANCEL, CANCELLED, ended_report, retried_report

MOST_WAITING_FRAMES: Final = 64
"""Frames of an answer that wait for the answer before it; then its server has to wait."""

_WAITS_US: Final = (500_000, 2_000_000)
"""Waits before a request is made again, one for each try after the first."""

_LONGEST_WAIT_US: Final = 20_000_000
_FAILED: Final = 1011

Frame: TypeAlias = str | bytes


class SpeechAnswer(Protocol):
    """The answer to a request, its body not yet read."""

    @property
    def content_type(self) -> str: ...

    @property
    def request_id(self) -> str: ...

    def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            RequestFailed: the connection was lost.
        """
        ...


class SpeechRequester(Protocol):
    """Client of one service."""

    @property
    def url(self) -> str:
        """Address of its requests, without secrets."""
        ...

    @property
    def failures(self) -> SpeechFailures: ...

    def request(self, body: str) -> AbstractAsyncContextManager[SpeechAnswer]:
        """Make a request; leaving the context closes it.

        Raises:
            RequestFailed: there is no answer, or one with an error status.
        """
        ...

    async def aclose(self) -> None: ...


class RequestConnection:
    """A `ports.speech.SpeechConnection`.

    Attributes:
        failure: sentence for the user when the service gave no sound at all for a request.
        sample_rate_hz: rate of the first sound that came; 0 before it. Later sound of another rate
            is resampled to it.
    """

    def __init__(
        self, requester: SpeechRequester, clock: Clock, *, sent_hz: int, session_hz: int
    ) -> None:
        """`sent_hz` is the rate of samples without a head, `session_hz` that of the session."""
        self._requester = requester
        self._clock = clock
        self._sent_hz = sent_hz
        self._session_hz = session_hz
        self.sample_rate_hz = 0
        self._order: asyncio.Queue[_SoundQueue | str | None] = asyncio.Queue()
        self._under_way: deque[_SoundQueue] = deque()
        self._reason = ""
        self._closed = False
        self.failure = ""
        self.url = requester.url
        self.request_id = ""

    async def send(self, text: str) -> None:
        """Make a request with this body, or cancel all; after the end it does nothing."""
        if self._closed:
            return
        if text == CANCEL:
            await self._cancel()
            self._order.put_nowait(CANCELLED)
            return
        answer = _SoundQueue()
        answer.task = spawn(self._serve(text, answer), name="speech request")
        self._under_way.append(answer)
        self._order.put_nowait(answer)

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield sound and reports, until a request fails or the connection is closed."""
        while (item := await self._order.get()) is not None:
            if isinstance(item, str):
                yield item
                continue
            async for frame in item.frames():
                yield frame
            if item.failure is not None:
                self._note(item.failure, begun=item.begun)
                return
            if item in self._under_way:
                self._under_way.remove(item)

    def closed(self) -> tuple[int, str]:
        """Close code and reason: 1011 after a failure, else 1000."""
        return (_FAILED, self._reason) if self._reason else (1000, "")

    async def aclose(self) -> None:
        """Close the requests that are under way, and the client."""
        if self._closed:
            return
        self._closed = True
        await self._cancel()
        self._order.put_nowait(None)
        await self._requester.aclose()

    def _note(self, failure: RequestFailed, *, begun: bool) -> None:
        self._reason = str(failure)
        if not begun:
            self.failure = self._reason

    async def _cancel(self) -> None:
        while self._under_way:
            await self._under_way.popleft().aclose()

    async def _serve(self, body: str, answer: _SoundQueue) -> None:
        """Make the request, again if it fails before there is any sound, and read its answer."""
        try:
            failure = await self._try(body, answer)
            for usual_wait_us in _WAITS_US:
                if failure is None or answer.begun or not failure.passing:
                    break
                wait_us = failure.retry_after_us or usual_wait_us
                if wait_us > _LONGEST_WAIT_US:
                    break
                await answer.put(retried_report(str(failure)))
                await self._clock.sleep_until_us(self._clock.now_us() + wait_us)
                failure = await self._try(body, answer)
            answer.failure = failure
        finally:
            answer.end()

    async def _try(self, body: str, answer: _SoundQueue) -> RequestFailed | None:
        failures = self._requester.failures
        try:
            async with self._requester.request(body) as response:
                await self._read(response, answer)
        except RequestFailed as failure:
            return failure
        except NotSound as error:
            return failures.not_sound(str(error))
        except TooMuch as error:
            return failures.sent_too_much(str(error))
        return None

    async def _delivered_hz(self, sent_hz: int) -> int:
        """Rate of the frames for sound of this rate."""
        if not self.sample_rate_hz and sent_hz != self._session_hz:
            # The speaker resamples it: an import too long for the loop that carries the sound.
            await asyncio.to_thread(load_converter)
        self.sample_rate_hz = self.sample_rate_hz or sent_hz
        return self.sample_rate_hz

    async def _read(self, response: SpeechAnswer, answer: _SoundQueue) -> None:
        sound = SpeechSound(
            response.content_type,
            sent_hz=self._sent_hz,
            choose_rate=self._delivered_hz,
            deliver=answer.put,
        )
        async with sound:
            async for piece in response.pieces():
                await sound.feed(piece)
            await sound.finish()
        await answer.put(ended_report(response.request_id, silent=sound.silent))


class _SoundQueue:
    """The answer to one request while it comes."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        self.failure: RequestFailed | None = None
        self.begun = False
        self._room = asyncio.Semaphore(MOST_WAITING_FRAMES)
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue()
        self._over = False

    async def put(self, frame: Frame) -> None:
        """Add a frame; waits while many are not yet taken."""
        await self._room.acquire()
        self.begun = self.begun or isinstance(frame, bytes)
        self._frames.put_nowait(frame)

    def end(self) -> None:
        """Note that no more frames come."""
        self._frames.put_nowait(None)

    async def frames(self) -> AsyncIterator[Frame]:
        """Yield its frames as they come; none any more once it is cancelled."""
        while (frame := await self._frames.get()) is not None and not self._over:
            self._room.release()
            yield frame

    async def aclose(self) -> None:
        """Cancel the request, and drop what has come of it."""
        self._over = True
        await cancel(self.task)
        self.end()
