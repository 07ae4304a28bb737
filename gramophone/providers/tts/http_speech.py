"""A speech service over HTTP: everything that is the same for every such service."""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from gramophone.core.clock import Clock, SystemClock
from gramophone.core.errors import SpeechError
from gramophone.ports.speech import SpeechProtocol
from gramophone.providers.tts.request_connection import RequestConnection, SpeechAnswer
from gramophone.providers.tts.speech_failures import RequestFailed, SpeechFailures
from gramophone.wire.sound_response import error_message, text_description

if TYPE_CHECKING:
    import httpx2

_SECONDS = re.compile(r"[0-9]{1,6}")


class HttpSpeech(ABC):
    """A `ports.speech.SpeechService`; a subclass makes the requests."""

    protocol: SpeechProtocol

    def __init__(
        self,
        failures: SpeechFailures,
        *,
        sent_hz: int,
        session_hz: int,
        clock: Clock | None = None,
    ) -> None:
        """`sent_hz` is the rate of samples without a head, `session_hz` that of the session."""
        self._failures = failures
        self._sent_hz = sent_hz
        self._session_hz = session_hz
        self._clock = clock or SystemClock()
        self._last: RequestConnection | None = None

    async def connect(self) -> RequestConnection:
        """Make a client; nothing is sent before the first request.

        Raises:
            SpeechError: a request cannot be made, or the last one that was made failed.
        """
        last, self._last = self._last, None
        if last is not None and last.failure:
            # The conversation connects again after a loss: now there is a sentence to tell.
            raise SpeechError(last.failure)
        self._failures.check_key()
        # Its imports take too long for a loop that carries sound.
        requester = await asyncio.to_thread(self._requester)
        self._last = RequestConnection(
            requester, self._clock, sent_hz=self._sent_hz, session_hz=self._session_hz
        )
        return self._last

    def load(self) -> None:
        """Import what a connection needs, ahead of the first; from any thread.

        Errors of address, proxy or key are left to the connection, which reports them.
        """
        with suppress(SpeechError):
            self._requester()

    @abstractmethod
    def _requester(self) -> HttpRequester:
        """Make a client.

        Raises:
            SpeechError: the address or the proxy settings are wrong.
        """


class HttpRequester(ABC):
    """A `SpeechRequester` with a client of httpx."""

    def __init__(self, url: str, http: httpx2.AsyncClient, failures: SpeechFailures) -> None:
        self.url = url
        self.failures = failures
        self._http = http

    def request(self, body: str) -> AbstractAsyncContextManager[SpeechAnswer]:
        """Make a request; see `SpeechRequester.request`."""
        return self._request(body)

    @asynccontextmanager
    async def _request(self, body: str) -> AsyncGenerator[SpeechAnswer]:
        import httpx2

        async with AsyncExitStack() as stack:
            # Errors of whoever reads the answer are none of the request.
            try:
                response = await stack.enter_async_context(self._post(body))
            except httpx2.ConnectTimeout as error:
                raise self.failures.unreachable() from error
            except httpx2.TimeoutException as error:
                raise self.failures.too_slow() from error
            except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, ValueError) as error:
                raise self.failures.misconfigured(str(error)) from error
            except httpx2.TransportError as error:
                raise self.failures.unreachable() from error
            yield _HttpAnswer(response, self.failures)

    @abstractmethod
    def _post(self, body: str) -> AbstractAsyncContextManager[httpx2.Response]:
        """Make the request; the body of the answer is not read.

        Raises:
            RequestFailed: the answer has an error status.
        """

    async def aclose(self) -> None:
        """Close idle connections."""
        await self._http.aclose()

    def _refusal(self, response: httpx2.Response, body: bytes) -> RequestFailed:
        """Describe an answer with an error status."""
        reason = error_message(body) or text_description(body)
        retry_after = response.headers.get("retry-after", "")
        wait_us = int(retry_after) * 1_000_000 if _SECONDS.fullmatch(retry_after) else None
        return self.failures.refused(response.status_code, reason, retry_after_us=wait_us)


class _HttpAnswer:
    """The answer to a request (`SpeechAnswer`)."""

    def __init__(self, response: httpx2.Response, failures: SpeechFailures) -> None:
        self._response = response
        self._failures = failures
        headers = response.headers
        self.content_type = headers.get("content-type", "")
        self.request_id = headers.get("x-request-id", "") or headers.get("dg-request-id", "")

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives; see `SpeechAnswer.pieces`."""
        import httpx2

        try:
            async for piece in self._response.aiter_bytes():
                yield piece
        except httpx2.TimeoutException as error:
            raise self._failures.too_slow() from error
        except httpx2.TransportError as error:
            raise self._failures.lost() from error
