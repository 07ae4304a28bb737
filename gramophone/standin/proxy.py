"""A proxy that stands between any client and the real service and tells what passes.

What the client sent goes on with its path, query, headers and subprotocols; what the service
says comes back as it is, refusals and close codes too. Keys pass through: whoever keeps the
events is told them before the first event, so that it can leave them out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import count
from urllib.parse import SplitResult, parse_qsl, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.http11 import Response
from websockets.typing import Subprotocol

from gramophone.clock import Clock
from gramophone.errors import SpeechError, StorageError
from gramophone.standin.credentials import secrets_in, without_secrets
from gramophone.standin.flux import FLUX_PATH
from gramophone.standin.handshake import SPEAK_PATH
from gramophone.standin.listener import Admission, Arrival, Routes, Verdict, when_pinged
from gramophone.standin.observer import ORDERLY, FluxObserver, Observer, SpeakObserver
from gramophone.standin.refusals import Refusal
from gramophone.tasks import cancel, spawn
from gramophone.timeline import Event, SessionEnded, SessionStarted, SpeechConnected
from gramophone.voice.loopback import on_this_machine
from gramophone.wire.speak_parameters import bytes_per_sample

_log = logging.getLogger(__name__)

_OPEN_TIMEOUT_S = 8.0
_CLOSE_TIMEOUT_S = 2.0
_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_UNSENDABLE = frozenset({1005, 1006, 1015})
_OWN_HEADERS = frozenset(
    {"host", "connection", "upgrade", "content-length", "transfer-encoding", "keep-alive", "te"}
    | {"trailer", "proxy-connection"}
)
"""What belongs to one connection and not to what is said on it."""


def upstream_of(address: str) -> str:
    """The address of the service, as far as all its paths have it in common.

    Raises:
        SpeechError: it is none.
    """
    parts = _split(address)
    if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        raise SpeechError(
            "--upstream takes an address such as wss://api.deepgram.com, without key and query; "
            "your program sends those."
        )
    path = parts.path.rstrip("/")
    for known in (SPEAK_PATH, FLUX_PATH):
        path = path.removesuffix(known)
    return f"{_SCHEMES[parts.scheme]}://{parts.netloc}{path}"


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        return parts if parts.hostname and parts.port != 0 and parts.scheme in _SCHEMES else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Form:
    """How the sound of a connection is coded; a session has one form."""

    encoding: str
    sample_rate_hz: int

    @classmethod
    def of(cls, query: str) -> _Form | None:
        """None where nobody could keep it."""
        asked = dict(parse_qsl(query))
        encoding = asked.get("encoding", "linear16")
        rate = asked.get("sample_rate", "24000" if encoding == "linear16" else "8000")
        try:
            bytes_per_sample(encoding)
            return cls(encoding, int(rate)) if int(rate) > 0 else None
        except (KeyError, ValueError):
            return None


class RecordingProxy:
    """All connections of one run; they become one session, which begins with the first."""

    def __init__(
        self,
        upstream: str,
        session_id: str,
        clock: Clock,
        emit: Callable[[Event], None],
        hide: Callable[[Iterable[str]], None],
    ) -> None:
        """`upstream` is from `upstream_of`; `hide` is told each key before `emit` may hear it."""
        self._upstream = upstream
        self._session_id = session_id
        self._clock = clock
        self._emit = emit
        self._hide = hide
        self._connections = count()
        self._turns = count()
        self._form: _Form | None = None
        self._began_us = 0
        self.connections = 0
        self.refused = 0
        self.unrecorded = 0
        self.failure: StorageError | None = None

    @property
    def session_id(self) -> str | None:
        """The session, if there is one."""
        return self._session_id if self._form is not None else None

    def routes(self) -> Routes:
        """Both versions of Speak."""
        return Routes({path: partial(self._door, path) for path in (SPEAK_PATH, FLUX_PATH)}, {})

    def end(self) -> None:
        """No connection is left and none will come."""
        if self._form is not None:
            self._tell([SessionEnded(at_us=self._now_us())])

    # --- a connection -------------------------------------------------------------------------

    async def _door(self, path: str, arrival: Arrival) -> Verdict:
        self._hide(secrets_in(arrival.headers, arrival.query))
        query = f"?{arrival.query}" if arrival.query else ""
        try:
            upstream = await _connected(f"{self._upstream}{path}{query}", arrival)
        except InvalidStatus as error:
            self.refused += 1
            return _passed_on(error.response)
        except (OSError, WebSocketException, ValueError) as error:
            self.refused += 1
            # Its own text may hold the whole address, with a key in the query.
            _log.warning("the upstream cannot be reached: %s", type(error).__name__)
            why = f"The proxy cannot reach {urlsplit(self._upstream).netloc}; check --upstream."
            return Refusal(502, "UPSTREAM_UNREACHABLE", why)
        self.connections += 1
        assert upstream.response is not None
        headers = [
            (name, value)
            for name, value in upstream.response.headers.raw_items()
            if _passes(name.lower()) and name.lower() not in {"date", "server"}
        ]
        observer = self._observer(path, arrival, upstream)
        return Admission(tuple(headers), partial(self._serve, upstream, observer))

    def _observer(self, path: str, arrival: Arrival, upstream: ClientConnection) -> Observer | None:
        form = _Form.of(arrival.query)
        if form is None or (self._form is not None and form != self._form):
            self.unrecorded += 1
            return None
        if self._form is None:
            self._form = form
            self._begin(form, arrival.query)
        ordinal = next(self._connections)
        address = f"{self._upstream}{path}"
        if query := without_secrets(arrival.query):
            address = f"{address}?{query}"
        headers = upstream.response.headers if upstream.response is not None else Headers()
        self._tell(
            [
                SpeechConnected(
                    at_us=self._now_us(),
                    connection=ordinal,
                    url=address,
                    request_id=headers.get("dg-request-id", ""),
                )
            ]
        )
        if path == FLUX_PATH:
            return FluxObserver(ordinal, self._turns, form.sample_rate_hz)
        return SpeakObserver(ordinal, self._turns, bytes_per_sample(form.encoding))

    def _begin(self, form: _Form, query: str) -> None:
        model = dict(parse_qsl(query)).get("model", "")
        self._began_us = self._clock.now_us()
        started = SessionStarted(
            at_us=0,
            session_id=self._session_id,
            provider="deepgram",
            model=model,
            voice=model,
            encoding=form.encoding,
            sample_rate_hz=form.sample_rate_hz,
            system_prompt="",
        )
        self._tell([started])

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
            # Whoever has not ended is told what the other said at the end.
            by_service = upstream.close_code is not None
            ended, other = (upstream, client) if by_service else (client, upstream)
            code, reason = ended.close_code or 1006, ended.close_reason or ""
            await _end(other, code, reason)
            await _end(ended, code, reason)
            if observer is not None:
                # A client that goes away breaks nothing of what the service would have said.
                told = (code, reason) if by_service else (ORDERLY, f"client closed, {code}")
                self._tell(observer.ended(*told, self._now_us()))

    async def _up(
        self, client: ServerConnection, upstream: ClientConnection, observer: Observer | None
    ) -> None:
        try:
            while True:
                frame = await client.recv()
                if observer is not None and isinstance(frame, str):
                    self._tell(observer.sent(frame, self._now_us()))
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
                    self._tell(observer.received(frame, self._now_us()))
                await client.send(frame)
        except ConnectionClosed:
            return

    def _now_us(self) -> int:
        return self._clock.now_us() - self._began_us

    def _tell(self, events: list[Event]) -> None:
        if self.failure is not None:
            return
        try:
            for event in events:
                self._emit(event)
        except StorageError as error:
            # What passes goes on: a full disk is no reason to cut a conversation.
            self.failure = error
            _log.error("%s", error)


class _Direct(connect):
    """Redirects are answers like others; the client may follow them."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _connected(url: str, arrival: Arrival) -> Awaitable[ClientConnection]:
    return _Direct(
        url,
        additional_headers=[pair for pair in arrival.headers if _passes(pair[0])],
        subprotocols=[Subprotocol(word) for word in arrival.subprotocols] or None,
        user_agent_header=None,
        compression=None,
        max_size=None,
        # A Ping is a message to the service: only the client's are passed on.
        ping_interval=None,
        open_timeout=_OPEN_TIMEOUT_S,
        close_timeout=_CLOSE_TIMEOUT_S,
        proxy=None if on_this_machine(url) else True,
    )


def _passes(name: str) -> bool:
    return name not in _OWN_HEADERS and not name.startswith("sec-websocket-")


def _passed_on(response: Response) -> Response:
    """The service's refusal, its body whole."""
    body = bytes(response.body or b"")
    headers = Headers()
    for name, value in response.headers.raw_items():
        if _passes(name.lower()):
            headers[name] = value
    headers["Content-Length"] = str(len(body))
    headers["Connection"] = "close"
    return Response(response.status_code, response.reason_phrase, headers, body)


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
        await connection.close()
    else:
        await connection.close(code, reason)
