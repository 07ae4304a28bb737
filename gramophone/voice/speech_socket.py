"""The websocket to the speech service: Deepgram, or a stand-in that speaks as it does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from gramophone.errors import HandshakeRefused, SpeechError
from gramophone.wire.speak_messages import SpeakParameters

OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0


class DeepgramSpeech:
    """Opens Speak v1 connections.

    `url` is the endpoint (`wss://api.deepgram.com/v1/speak`); parameters it carries already win
    over `parameters`. `api_key` goes into the Authorization header and nowhere else.
    """

    def __init__(self, url: str, parameters: SpeakParameters, *, api_key: str = "") -> None:
        self._url = url
        self._parameters = parameters
        self._api_key = api_key

    async def connect(self) -> SpeechSocket:
        """Open a connection.

        Raises:
            HandshakeRefused: the service answered with another status than 101.
            SpeechError: it could not be reached or did not answer.
        """
        url = _with_query(self._url, dict(parse_qsl(self._parameters.to_query())))
        headers = {"Authorization": f"Token {self._api_key}"} if self._api_key else {}
        shown = _without_secrets(url)
        host = urlsplit(url).netloc.rpartition("@")[2]
        try:
            socket = await connect(
                url,
                additional_headers=headers,
                compression=None,
                max_size=None,
                open_timeout=OPEN_TIMEOUT_S,
                close_timeout=CLOSE_TIMEOUT_S,
            )
        except InvalidStatus as error:
            response = error.response
            said = response.headers.get("dg-error") or _body_error(response.body)
            raise HandshakeRefused(response.status_code, said, shown) from error
        except TimeoutError as error:
            raise SpeechError(
                f"The speech service at {host} does not answer; check the network or --speak-url."
            ) from error
        except (OSError, WebSocketException, ValueError) as error:
            raise SpeechError(
                f"The speech service at {host or url} cannot be reached ({_reason(error)}); "
                "check the network or --speak-url."
            ) from error
        return SpeechSocket(socket, shown)


class SpeechSocket:
    """One standing connection."""

    def __init__(self, socket: ClientConnection, url: str) -> None:
        self._socket = socket
        self.url = url
        response = socket.response
        self.request_id = response.headers.get("dg-request-id", "") if response else ""

    async def send(self, text: str) -> None:
        """Send a text frame; on a connection that is gone it does nothing."""
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            return

    async def frames(self) -> AsyncIterator[str | bytes]:
        """Frames as they come; ends with the connection."""
        try:
            while True:
                yield await self._socket.recv()
        except ConnectionClosed:
            return

    def closed(self) -> tuple[int, str]:
        """Close code and reason; 1006 where the connection broke without a close frame."""
        return self._socket.close_code or 1006, self._socket.close_reason or ""

    async def aclose(self) -> None:
        """Close, waiting a second at most for the service's own close."""
        await self._socket.close()


def _with_query(url: str, defaults: dict[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode(defaults | dict(parse_qsl(parts.query)))))


def _without_secrets(url: str) -> str:
    """The address without user, password and any parameter that could be a key."""
    parts = urlsplit(url)
    kept = [
        (name, value)
        for name, value in parse_qsl(parts.query)
        if not any(word in name.lower() for word in ("key", "token", "secret", "auth"))
    ]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host, query=urlencode(kept)))


def _body_error(body: bytes | bytearray | None) -> str:
    try:
        answer = json.loads(body or b"")
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    fields = cast("dict[str, Any]", answer)
    return str(fields.get("err_msg") or fields.get("message") or "")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__
