"""A recording proxy between any client and the real service.

Requests go on with their path, query, headers and subprotocols; answers come back as they are,
refusals and close codes too. Keys pass through: the recorder of events is given each before the
first event, so that it can leave it out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from urllib.parse import SplitResult, parse_qsl, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import CloseCode
from websockets.http11 import Response
from websockets.typing import Subprotocol

from gramophone.core.clock import Clock
from gramophone.core.errors import SpeechError, StorageError
from gramophone.core.tasks import cancel, spawn
from gramophone.core.timeline import Event, SpeechConnected
from gramophone.standin.proxy.llm import PROVIDERS, ModelProxy
from gramophone.standin.proxy.observe_listen_v1 import ListenObserver
from gramophone.standin.proxy.observe_listen_v2 import FluxListenObserver
from gramophone.standin.proxy.observe_speak_v1 import SpeakObserver
from gramophone.standin.proxy.observe_speak_v2 import FluxObserver
from gramophone.standin.proxy.observer import ORDERLY, Observer
from gramophone.standin.proxy.session_recorder import AudioEncoding, SessionRecorder
from gramophone.standin.proxy.speech_http import SpeechRequests
from gramophone.standin.proxy.upstream import passes, trusting, unreachable
from gramophone.standin.server.credentials import secrets_in, without_secrets
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.standin.server.routes import Accept, HandshakeRequest, HandshakeResult, Routes
from gramophone.standin.server.sniffing import when_pinged
from gramophone.standin.server.tcp import close_without_code
from gramophone.wire.deepgram.paths import FLUX_PATH, LISTEN_PATH, LISTEN_V2_PATH, SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.parameters import bytes_per_sample
from gramophone.wire.limits import MOST_FRAME_BYTES
from gramophone.wire.loopback import on_this_machine

_log = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 8.0
_CLOSE_TIMEOUT_S = 2.0
_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_LISTEN_PATHS = (LISTEN_PATH, LISTEN_V2_PATH)
_UNSENDABLE = frozenset({1005, 1006, 1015})


def upstream_of(address: str) -> str:
    """The part of a service's address that all its paths have in common.

    Raises:
        SpeechError: the text is not such an address.
    """
    parts = _split(address)
    if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        raise SpeechError(
            "--upstream takes an address such as wss://api.deepgram.com, without key and query; "
            "your program sends those."
        )
    path = parts.path.rstrip("/")
    for suffix in (SPEAK_PATH, FLUX_PATH, *_LISTEN_PATHS, "/v1"):
        path = path.removesuffix(suffix)
    return f"{_SCHEMES[parts.scheme]}://{parts.netloc}{path}"


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and parts.port != 0 and parts.scheme in _SCHEMES else None
    except ValueError:
        return None


def _form_of(query: str) -> AudioEncoding | None:
    """The encoding of a connection's sound; None where it cannot be recorded."""
    parameters = dict(parse_qsl(query))
    encoding = parameters.get("encoding", "linear16")
    rate = parameters.get("sample_rate", "24000" if encoding == "linear16" else "8000")
    try:
        bytes_per_sample(encoding)
        return AudioEncoding(encoding, int(rate)) if int(rate) > 0 else None
    except (KeyError, ValueError):
        return None


class RecordingProxy:
    """The connections and requests of one run, recorded as one session."""

    def __init__(
        self,
        upstream: str,
        session_id: str,
        clock: Clock,
        emit: Callable[[Event], None],
        hide: Callable[[Iterable[str]], None],
        models: Mapping[str, str] | None = None,
    ) -> None:
        """`upstream` is from `upstream_of`, and so are `models`, by the name of their provider,
        where it is another. `hide` is called with each key before `emit` with an event of it."""
        self._upstream = upstream
        self._hide = hide
        self._recorder = SessionRecorder(session_id, clock, emit)
        addresses = {name: (models or {}).get(name, upstream) for name in PROVIDERS}
        upstreams = {name: url.replace("ws", "http", 1) for name, url in addresses.items()}
        upstreams["deepgram"] = upstream.replace("ws", "http", 1)
        self._models = ModelProxy(upstreams, self._recorder, hide)
        self._speech = SpeechRequests(upstreams, self._recorder, hide)
        self.connections = 0
        self._refused = 0
        self._unrecorded = 0

    @property
    def session_id(self) -> str | None:
        """The session, if there is one."""
        return self._recorder.session_id

    @property
    def requests(self) -> int:
        """The number of requests: questions, texts to speak, whole recordings."""
        return self._models.requests + self._speech.requests

    @property
    def refused(self) -> int:
        """The number of connections and requests of speech that the service refused."""
        return self._refused + self._speech.refused

    @property
    def unrecorded(self) -> int:
        """The number of connections and requests of speech that could not be recorded."""
        return self._unrecorded + self._speech.unrecorded

    @property
    def failure(self) -> StorageError | None:
        """The failure of the storage, after which nothing more was recorded."""
        return self._recorder.failure

    def routes(self) -> Routes:
        """Routes of both versions of Speak and of Listen, and of language models."""
        paths = (SPEAK_PATH, FLUX_PATH, *_LISTEN_PATHS)
        endpoints = {path: partial(self._endpoint, path) for path in paths}
        return Routes(endpoints, {**self._speech.handlers(), **self._models.handlers()})

    def end(self) -> None:
        """End the session, when no connection is left and none will come."""
        self._recorder.end()

    # --- a connection -------------------------------------------------------------------------

    async def _endpoint(self, path: str, handshake: HandshakeRequest) -> HandshakeResult:
        self._hide(secrets_in(handshake.headers, handshake.query))
        query = f"?{handshake.query}" if handshake.query else ""
        try:
            upstream = await _connected(f"{self._upstream}{path}{query}", handshake)
        except InvalidStatus as error:
            self._refused += 1
            return _passed_on(error.response)
        except (OSError, WebSocketException, ValueError) as error:
            self._refused += 1
            # Its own text may hold the whole address, with a key in the query.
            why = unreachable(urlsplit(self._upstream).netloc, error)
            _log.warning("%s (%s)", why, type(error).__name__)
            return HttpRefusal(502, "UPSTREAM_UNREACHABLE", why)
        self.connections += 1
        assert upstream.response is not None
        headers = [
            (name, value)
            for name, value in upstream.response.headers.raw_items()
            if passes(name.lower()) and name.lower() not in {"date", "server"}
        ]
        observer = self._observer(path, handshake, upstream)
        return Accept(tuple(headers), partial(self._serve, upstream, observer))

    def _observer(
        self, path: str, handshake: HandshakeRequest, upstream: ClientConnection
    ) -> Observer | None:
        form = _form_of(handshake.query)
        model = dict(parse_qsl(handshake.query)).get("model", "")
        if path in _LISTEN_PATHS:
            self._recorder.expect_listening(model)
        elif form is None or not self._recorder.expect_speech(form, model):
            self._unrecorded += 1
            return None
        ordinal = next(self._recorder.connections)
        address = f"{self._upstream}{path}"
        if query := without_secrets(handshake.query):
            address = f"{address}?{query}"
        headers = upstream.response.headers if upstream.response is not None else Headers()
        self._recorder.record(
            [
                SpeechConnected(
                    at_us=self._recorder.now_us(),
                    connection=ordinal,
                    url=address,
                    request_id=headers.get("dg-request-id", ""),
                )
            ]
        )
        if path == LISTEN_V2_PATH:
            return FluxListenObserver(ordinal, self._recorder.speeches)
        if path == LISTEN_PATH or form is None:
            return ListenObserver(ordinal, self._recorder.speeches)
        if path == FLUX_PATH:
            return FluxObserver(ordinal, self._recorder.speeches, form.sample_rate_hz)
        return SpeakObserver(ordinal, self._recorder.speeches, bytes_per_sample(form.encoding))

    async def _serve(
        self, upstream: ClientConnection, observer: Observer | None, client: ServerConnection
    ) -> None:
        when_pinged(client, partial(_ping, upstream))
        up = spawn(self._up(client, upstream, observer), name="proxy, to the service")
        down = spawn(self._down(upstream, client, observer), name="proxy, to the client")
        try:
            await asyncio.wait([up, down], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancel(up)
            await cancel(down)
            # The side that has not ended is closed with the code and reason of the other. A code
            # that no close frame may carry (RFC 6455, 7.4.1) is passed on as what it stands for:
            # 1005 as a close without a code, 1006 as a connection that breaks.
            by_service = upstream.close_code is not None
            ended, other = (upstream, client) if by_service else (client, upstream)
            code, reason = ended.close_code or 1006, ended.close_reason or ""
            if (failed := _sent_too_much(upstream)) is not None:
                ended, other, code, reason = upstream, client, *failed
            await _end(other, code, reason)
            await _end(ended, code, reason)
            if observer is not None:
                # A client that goes away is an orderly end of the service's side of the session.
                ending = (code, reason) if by_service else (ORDERLY, f"client closed, {code}")
                self._recorder.record_speech(observer.ended(*ending, self._recorder.now_us()))

    async def _up(
        self, client: ServerConnection, upstream: ClientConnection, observer: Observer | None
    ) -> None:
        try:
            while True:
                frame = await client.recv()
                if observer is not None:
                    if isinstance(frame, str):
                        self._recorder.record_speech(observer.sent(frame, self._recorder.now_us()))
                    elif frame:
                        self._recorder.on_client_audio()
                await upstream.send(frame)
        except ConnectionClosed:
            return

    async def _down(
        self, upstream: ClientConnection, client: ServerConnection, observer: Observer | None
    ) -> None:
        try:
            while True:
                frame = await upstream.recv()
                if observer is not None:
                    self._recorder.record_speech(observer.received(frame, self._recorder.now_us()))
                await client.send(frame)
        except ConnectionClosed:
            return


class _Direct(connect):
    """A connection attempt that passes redirects on: the client may follow them itself."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _connected(url: str, handshake: HandshakeRequest) -> Awaitable[ClientConnection]:
    return _Direct(
        url,
        additional_headers=[pair for pair in handshake.headers if passes(pair[0])],
        subprotocols=[Subprotocol(word) for word in handshake.subprotocols] or None,
        user_agent_header=None,
        ssl=trusting() if url.startswith("wss:") else None,
        compression=None,
        max_size=MOST_FRAME_BYTES,
        max_queue=4,
        # A Ping is a message to the service: only the client's are passed on.
        ping_interval=None,
        open_timeout=_OPEN_TIMEOUT_S,
        close_timeout=_CLOSE_TIMEOUT_S,
        proxy=None if on_this_machine(url) else True,
    )


def _passed_on(response: Response) -> Response:
    """The service's refusal for the client, with a body of known length."""
    body = bytes(response.body or b"")
    headers = Headers()
    for name, value in response.headers.raw_items():
        if passes(name.lower()):
            headers[name] = value
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(response.status_code, response.reason_phrase, headers, body)


def _sent_too_much(upstream: ClientConnection) -> tuple[int, str] | None:
    """Code and reason of the end if the service sent a message that is too large; else None."""
    close = upstream.protocol.close_sent
    if close is None or close.code != CloseCode.MESSAGE_TOO_BIG:
        return None
    _log.warning("the service sent a message of more than %d bytes", MOST_FRAME_BYTES)
    return close.code, f"the service sent a message of more than {MOST_FRAME_BYTES // 2**20} MB"


def _ping(upstream: ClientConnection) -> None:
    spawn(_send_ping(upstream), name="proxy, ping")


async def _send_ping(upstream: ClientConnection) -> None:
    try:
        await upstream.ping()
    except ConnectionClosed:
        return


async def _end(connection: Connection, code: int, reason: str) -> None:
    if code == 1006:
        connection.transport.abort()
    elif code in _UNSENDABLE:
        await close_without_code(connection)
    else:
        await connection.close(code, reason)
