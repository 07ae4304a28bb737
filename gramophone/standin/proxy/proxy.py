"""A recording proxy between any client and the real service.

Requests go on with their path, query, headers and subprotocols; answers come back as they are,
refusals and close codes too. Keys pass through: the recorder of events is given each before the
first event, so that it can leave it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from urllib.parse import SplitResult, parse_qsl, urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.datastructures import Headers

from gramophone.core.clock import Clock
from gramophone.core.errors import SpeechError, StorageError
from gramophone.core.timeline import Event, SpeechConnected
from gramophone.standin.proxy.llm import PROVIDERS, ModelProxy
from gramophone.standin.proxy.observe_listen_v1 import ListenObserver
from gramophone.standin.proxy.observe_listen_v2 import FluxListenObserver
from gramophone.standin.proxy.observe_speak_v1 import SpeakObserver
from gramophone.standin.proxy.observe_speak_v2 import FluxObserver
from gramophone.standin.proxy.observer import ORDERLY, Observer
from gramophone.standin.proxy.session_recorder import AudioEncoding, SessionRecorder
from gramophone.standin.proxy.speech_http import SpeechRequests
from gramophone.standin.proxy.websocket_relay import connected, headers_of, relay
from gramophone.standin.server.credentials import secrets_in, without_secrets
from gramophone.standin.server.routes import Accept, HandshakeRequest, HandshakeResult, Routes
from gramophone.wire.deepgram.paths import FLUX_PATH, LISTEN_PATH, LISTEN_V2_PATH, SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.parameters import bytes_per_sample

_SCHEMES = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_LISTEN_PATHS = (LISTEN_PATH, LISTEN_V2_PATH)


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
        handlers = {**self._speech.handlers(), **self._models.handlers()}
        return Routes({**endpoints, **self._models.endpoints()}, handlers)

    def end(self) -> None:
        """End the session, when no connection is left and none will come."""
        self._recorder.end()

    # --- a connection -------------------------------------------------------------------------

    async def _endpoint(self, path: str, handshake: HandshakeRequest) -> HandshakeResult:
        self._hide(secrets_in(handshake.headers, handshake.query))
        upstream = await connected(self._upstream, handshake)
        if not isinstance(upstream, ClientConnection):
            self._refused += 1
            return upstream
        self.connections += 1
        observer = self._observer(path, handshake, upstream)
        watcher = None if observer is None else _SpeechFrames(observer, self._recorder)
        return Accept(headers_of(upstream), partial(relay, upstream, watcher))

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


class _SpeechFrames:
    """Watcher of a connection, whose events go to the recorder."""

    def __init__(self, observer: Observer, recorder: SessionRecorder) -> None:
        self._observer = observer
        self._recorder = recorder

    def sent(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            self._record(self._observer.sent(frame, self._recorder.now_us()))
        elif frame:
            self._recorder.on_client_audio()

    def received(self, frame: str | bytes) -> None:
        self._record(self._observer.received(frame, self._recorder.now_us()))

    def ended(self, code: int, reason: str, *, by_service: bool) -> None:
        # A client that goes away is an orderly end of the service's side of the session.
        ending = (code, reason) if by_service else (ORDERLY, f"client closed, {code}")
        self._record(self._observer.ended(*ending, self._recorder.now_us()))

    def _record(self, events: Sequence[Event]) -> None:
        self._recorder.record_speech(events)
