"""The websocket to the speech service: Deepgram, or a stand-in that speaks as it does.

The protocols that it carries are in `wire.deepgram`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
    WebSocketException,
)

from gramophone.core.errors import HandshakeRefused, SpeechError
from gramophone.ports.speech import SpeechProtocol
from gramophone.wire.deepgram.speak_v1.client import ClientLimits, SpeakV1
from gramophone.wire.deepgram.speak_v1.parameters import SpeakParameters
from gramophone.wire.deepgram.speak_v2.client import SpeakV2, SpeakV2Limits
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.lenient_json import as_text, read_object
from gramophone.wire.limits import MOST_FRAME_BYTES
from gramophone.wire.loopback import host_of, on_this_machine

OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 1.0
PING_INTERVAL_S = 20.0
MAX_DETAIL_CHARS = 300
TOO_MUCH = 1009
"""The code of a close because of a message that is too large (RFC 6455, 7.4.1)."""
NOT_A_SPEECH_SERVICE = frozenset({200, 201, 204, 301, 302, 307, 308, 404, 405, 426, 501})
"""Statuses with which web servers of other kinds answer a handshake."""
NO_ADDRESS = (
    "The speech address is not valid; it should look like wss://api.deepgram.com/v1/speak; "
    "check --speak-url."
)


class DeepgramSpeech:
    """Client of Speak v1 and v2 (`wire.deepgram`); the parameters say which.

    `protocol` has the limits of the service, which are Deepgram's unless they are given.

    `url` is the endpoint (`wss://api.deepgram.com/v1/speak`); parameters it carries already win
    over `parameters`. `timeout_s` is how long it may be silent before it is open and while it owes
    sound; None for the usual times. `api_key` goes into the Authorization header and nowhere else.
    """

    def __init__(
        self,
        url: str,
        parameters: SpeakParameters | FluxParameters,
        *,
        protocol: SpeechProtocol | None = None,
        api_key: str = "",
        timeout_s: float | None = None,
        open_timeout_s: float = OPEN_TIMEOUT_S,
        close_timeout_s: float = CLOSE_TIMEOUT_S,
    ) -> None:
        self.protocol: SpeechProtocol = protocol or _protocol_of(parameters, timeout_s)
        self._url = url
        self._parameters = parameters
        self._api_key = api_key
        self._open_timeout_s = open_timeout_s if timeout_s is None else timeout_s
        self._close_timeout_s = close_timeout_s

    async def connect(self) -> SpeechSocket:
        """Open a connection.

        Raises:
            HandshakeRefused: the service answered with another status than 101.
            SpeechError: it could not be reached or did not answer.
        """
        headers = self._headers()
        try:
            url = _with_query(self._url, self._parameters.to_query())
            shown_url = _without_secrets(url)
        except ValueError as error:
            raise SpeechError(NO_ADDRESS) from error
        try:
            socket = await connect(
                url,
                additional_headers=headers,
                # Deflate hardly makes sound smaller, and costs time for each frame.
                compression=None,
                max_size=MOST_FRAME_BYTES,
                # Memory for received frames is bounded by this number of the largest.
                max_queue=4,
                open_timeout=self._open_timeout_s,
                close_timeout=self._close_timeout_s,
                # Speak v2 ends a connection after 60 s without a message; a Ping is one.
                ping_interval=PING_INTERVAL_S,
                # No proxy stands before this machine, whatever the environment says.
                proxy=None if on_this_machine(url) else True,
            )
        except (OSError, WebSocketException, ValueError, ImportError) as error:
            # ValueError: a header or URL that the library refuses. ImportError: a SOCKS proxy,
            # whose client is not installed.
            raise self._failure(error, host_of(url), shown_url) from error
        return SpeechSocket(socket, shown_url, self._parameters.sample_rate_hz)

    def _headers(self) -> dict[str, str]:
        if not self._api_key:
            return {}
        if not (self._api_key.isascii() and self._api_key.isprintable()):
            raise SpeechError(
                "DEEPGRAM_API_KEY holds characters that no key has, such as a line break; "
                "set it again."
            )
        return {"Authorization": f"Token {self._api_key}"}

    def _failure(self, error: Exception, host: str, shown_url: str) -> SpeechError:
        """Describe why there is no connection, in a sentence for the user without secrets.

        The order matters: all but the last are special cases of OSError or InvalidHandshake.
        """
        match error:
            case InvalidStatus():
                return self._refusal(error, host, shown_url)
            case TimeoutError():
                return SpeechError(
                    f"The speech service at {host} does not answer; check the network or "
                    "--speak-url."
                )
            case ProxyError() | InvalidProxy():
                # Their own texts may hold the proxy's password.
                return SpeechError(
                    f"The proxy on the way to {host} is not usable; check the proxy settings."
                )
            case InvalidURI():
                # Its own text holds the whole address, secrets and all.
                return SpeechError(NO_ADDRESS)
            case InvalidHandshake():
                return SpeechError(
                    f"What answers at {host} is not a speech service; check --speak-url."
                )
            case _:
                return SpeechError(
                    f"The speech service at {host} cannot be reached ({self._reason(error)}); "
                    "check the network or --speak-url."
                )

    def _refusal(self, error: InvalidStatus, host: str, shown_url: str) -> SpeechError:
        response = error.response
        reason = response.headers.get("dg-error") or _body_error(response.body)
        if response.status_code in NOT_A_SPEECH_SERVICE and not reason:
            return SpeechError(
                f"What answers at {host} is not a speech service "
                f"(HTTP {response.status_code}); check --speak-url."
            )
        return HandshakeRefused(response.status_code, self._plain(reason), shown_url)

    def _reason(self, error: Exception) -> str:
        reason = error.strerror if isinstance(error, OSError) else None
        return self._plain(reason or str(error)) or type(error).__name__

    def _plain(self, reason: str) -> str:
        """One line without the key: services and proxies may quote it."""
        if self._api_key:
            reason = reason.replace(self._api_key, "[key]")
        return " ".join(reason.split())[:MAX_DETAIL_CHARS]


class SpeechSocket:
    """One open connection (`ports.SpeechConnection`)."""

    def __init__(self, socket: ClientConnection, url: str, sample_rate_hz: int) -> None:
        """`sample_rate_hz` is that which the service was asked for."""
        self._socket = socket
        self.url = url
        self.sample_rate_hz = sample_rate_hz
        response = socket.response
        self.request_id = response.headers.get("dg-request-id", "") if response else ""

    async def send(self, text: str) -> None:
        """Send a text frame; on a connection that is gone it does nothing."""
        try:
            await self._socket.send(text)
        except ConnectionClosed:
            return

    async def frames(self) -> AsyncIterator[str | bytes]:
        """Yield frames as they arrive, until the connection ends."""
        try:
            while True:
                yield await self._socket.recv()
        except ConnectionClosed:
            return

    def closed(self) -> tuple[int, str]:
        """Close code and reason; 1006 where the connection broke without a close frame, and 1009
        where the service sent too much."""
        # The library closes with 1009 when a message is larger than `max_size`; what the service
        # answers to that does not matter.
        close = self._socket.protocol.close_sent
        if close is not None and close.code == TOO_MUCH:
            return TOO_MUCH, f"it sent a message of more than {MOST_FRAME_BYTES // 2**20} MB"
        return self._socket.close_code or 1006, self._socket.close_reason or ""

    async def aclose(self) -> None:
        """Close, waiting at most `close_timeout_s` for the service's close frame."""
        await self._socket.close()


def _protocol_of(
    parameters: SpeakParameters | FluxParameters, timeout_s: float | None
) -> SpeechProtocol:
    timeouts = {} if timeout_s is None else {"answer_timeout_us": round(timeout_s * 1_000_000)}
    if isinstance(parameters, FluxParameters):
        return SpeakV2(parameters.bytes_per_second, SpeakV2Limits(**timeouts))
    return SpeakV1(ClientLimits(**timeouts))


def _with_query(url: str, defaults: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname or parts.port == 0:
        raise ValueError("no host, or no valid port")
    own = parse_qsl(parts.query, keep_blank_values=True)
    named = {name for name, _ in own}
    missing = [pair for pair in parse_qsl(defaults) if pair[0] not in named]
    return urlunsplit(parts._replace(query=urlencode(missing + own)))


def _without_secrets(url: str) -> str:
    """The address without user, password and any parameter that could be a key."""
    parts = urlsplit(url)
    harmless = [
        (name, value)
        for name, value in parse_qsl(parts.query)
        if not any(word in name.lower() for word in ("key", "token", "secret", "auth"))
    ]
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host, query=urlencode(harmless)))


def _body_error(body: bytes | bytearray | None) -> str:
    fields = read_object(bytes(body or b""))
    return as_text(fields.get("err_msg")) or as_text(fields.get("message"))
