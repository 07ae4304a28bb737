"""Deepgram over HTTP through the recording proxy: texts to speak, and whole recordings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from urllib.parse import parse_qsl

from gramophone.core.timeline import SpeechConnected
from gramophone.standin.proxy.forwarding import pass_on
from gramophone.standin.proxy.observe_listen_v1 import ListenObserver
from gramophone.standin.proxy.observe_speak_rest import SpeakRequestObserver
from gramophone.standin.proxy.session_recorder import AudioEncoding, SessionRecorder
from gramophone.standin.proxy.upstream import UpstreamAnswer
from gramophone.standin.server.credentials import secrets_in, without_secrets
from gramophone.standin.server.http import Handler, Reply, Request
from gramophone.wire.deepgram.paths import LISTEN_PATH, SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.parameters import ParameterRefused, bytes_per_sample
from gramophone.wire.deepgram.speak_v1.rest import RestParameters, TextRefused, text_of

_LARGEST_TRANSCRIPT_BYTES = 32 * 2**20


class SpeechRequests:
    """The proxy's handlers for speech over HTTP, and their counts in one run."""

    def __init__(
        self, upstream: str, recorder: SessionRecorder, hide: Callable[[Iterable[str]], None]
    ) -> None:
        """`upstream` begins with http or https; paths begin with `/v1`."""
        self._upstream = upstream
        self._recorder = recorder
        self._hide = hide
        self.requests = 0
        self.refused = 0
        self.unrecorded = 0

    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        """The handlers by method and path."""
        return {
            ("POST", SPEAK_PATH): partial(self._ask, _SpeakWatcher),
            ("POST", LISTEN_PATH): partial(self._ask, _ListenWatcher),
        }

    async def _ask(
        self, watched: type[_SpeakWatcher] | type[_ListenWatcher], request: Request, reply: Reply
    ) -> None:
        self.requests += 1
        self._hide(secrets_in(request.headers, request.query))
        address = f"{self._upstream}{request.path}"
        if query := without_secrets(request.query):
            address = f"{address}?{query}"
        watcher = watched(address, request, self._recorder)
        await pass_on(self._upstream, request, reply, watcher)
        self.refused += watcher.refused
        self.unrecorded += watcher.unrecorded


# The recorder must not forget the session while a request is under way, though nothing of it is
# recorded before the service has granted it: a refused request leaves no trace. `await_answer` and
# `answer_came` count such requests, and each watcher calls the second exactly once (`_waiting`),
# whichever of its methods comes last.
class _SpeechWatcher:
    """Watcher of one request; nothing is recorded before the service has granted it."""

    def __init__(self, address: str, request: Request, recorder: SessionRecorder) -> None:
        self._address = address
        self._request = request
        self._recorder = recorder
        self._asked_us = recorder.now_us()
        self._waiting = True
        recorder.await_answer()
        self.refused = 0
        self.unrecorded = 0

    def _pass_over(self, *, refused: bool) -> None:
        self.refused, self.unrecorded = int(refused), int(not refused)
        self._settle()

    def _settle(self) -> None:
        """Take note that it is decided whether the request is recorded; a refused one is not."""
        if self._waiting:
            self._waiting = False
            self._recorder.answer_came()

    def _connect(self, answer: UpstreamAnswer) -> int:
        """Record the request as a connection of its own; gives its ordinal."""
        recorder = self._recorder
        ordinal = next(recorder.connections)
        request_id = answer.header("dg-request-id")
        recorder.record(
            [
                SpeechConnected(
                    at_us=self._asked_us,
                    connection=ordinal,
                    url=self._address,
                    request_id=request_id,
                )
            ]
        )
        self._settle()
        return ordinal


class _SpeakWatcher(_SpeechWatcher):
    """Watcher of a text and its sound."""

    _observer: SpeakRequestObserver | None = None

    def answered(self, answer: UpstreamAnswer) -> None:
        request, recorder = self._request, self._recorder
        content_type = answer.header("content-type")
        try:
            parameters = RestParameters.from_query(request.query)
            text = text_of(request.header("content-type"), request.body)
        except (ParameterRefused, TextRefused):
            self._pass_over(refused=answer.status >= 400)
            return
        if answer.status >= 300 or content_type.startswith("application/json"):
            self._pass_over(refused=answer.status >= 300)
            return
        form = AudioEncoding(parameters.encoding, parameters.sample_rate_hz)
        fits = parameters.raw and recorder.expect_speech(form, parameters.model)
        connection = self._connect(answer)
        sample_bytes = bytes_per_sample(parameters.encoding) if fits else 0
        turn = next(recorder.speeches)
        self._observer = SpeakRequestObserver(connection, turn, text, content_type, sample_bytes)
        recorder.record_speech(
            self._observer.begun(request.body.decode("utf-8", "replace"), self._asked_us)
        )

    def received(self, piece: bytes) -> None:
        if self._observer is not None:
            self._recorder.record_speech(self._observer.received(piece, self._recorder.now_us()))

    def ended(self) -> None:
        if self._observer is not None:
            self._recorder.record_speech(self._observer.ended(self._recorder.now_us()))
            self._observer = None

    def broken(self) -> None:
        if self._observer is not None:
            self._recorder.record_speech(self._observer.broken(self._recorder.now_us()))
            self._observer = None
        else:
            self._pass_over(refused=True)

    def left(self) -> None:
        if self._observer is not None:
            self._recorder.record_speech(self._observer.left(self._recorder.now_us()))
            self._observer = None
        self._settle()


class _ListenWatcher(_SpeechWatcher):
    """Watcher of a recording and its transcript."""

    _answer: UpstreamAnswer | None = None

    def __init__(self, address: str, request: Request, recorder: SessionRecorder) -> None:
        super().__init__(address, request, recorder)
        self._body = bytearray()

    def answered(self, answer: UpstreamAnswer) -> None:
        if answer.status >= 300:
            self._pass_over(refused=True)
        else:
            self._answer = answer

    def received(self, piece: bytes) -> None:
        if self._answer is not None and len(self._body) < _LARGEST_TRANSCRIPT_BYTES:
            self._body += piece

    def ended(self) -> None:
        if self._answer is None:
            return
        recorder = self._recorder
        recorder.expect_listening(dict(parse_qsl(self._request.query)).get("model", ""))
        recorder.on_client_audio()
        connection = self._connect(self._answer)
        observer = ListenObserver(connection, recorder.speeches)
        at_us = recorder.now_us()
        recorder.record_speech(observer.answered(self._body.decode("utf-8", "replace"), at_us))
        recorder.record_speech(observer.ended(1000, "", at_us))

    def broken(self) -> None:
        self._pass_over(refused=True)

    def left(self) -> None:
        self._settle()
