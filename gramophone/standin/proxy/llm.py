"""OpenAI and Anthropic through the recording proxy: answers pass as they come, and are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection

from gramophone.standin.llm.stored_responses import RESPONSES_PATH
from gramophone.standin.proxy.forwarding import pass_on
from gramophone.standin.proxy.observe_llm import AnswerObserver
from gramophone.standin.proxy.observe_responses import ResponsesFrames
from gramophone.standin.proxy.session_recorder import SessionRecorder
from gramophone.standin.proxy.upstream import UpstreamAnswer
from gramophone.standin.proxy.websocket_relay import connected, headers_of, relay
from gramophone.standin.server.client_service import means_deepgram
from gramophone.standin.server.credentials import secrets_in
from gramophone.standin.server.http import Handler, Reply, Request
from gramophone.standin.server.routes import Accept, Endpoint, HandshakeRequest, HandshakeResult
from gramophone.wire.lenient_json import as_text, read_object

_QUESTIONS = {
    "/v1/chat/completions": "openai",
    RESPONSES_PATH: "openai-responses",
    "/v1/messages": "anthropic",
}
PROVIDERS = ("openai", "anthropic")
_FORWARDED = (
    ("GET", "/v1/models"),
    ("GET", "/v1/models/"),
    ("POST", "/v1/messages/count_tokens"),
)


class ModelProxy:
    """The proxy's handlers for language models, and the number of questions in one run."""

    def __init__(
        self,
        upstreams: Mapping[str, str],
        recorder: SessionRecorder,
        hide: Callable[[Iterable[str]], None],
    ) -> None:
        """`upstreams` by `PROVIDERS` and `deepgram`, beginning with http or https; paths begin
        with `/v1`."""
        self._upstreams = upstreams
        self._recorder = recorder
        self._hide = hide
        self.requests = 0

    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        """The handlers by method and path; requests other than questions are not recorded."""
        asking = {("POST", path): partial(self._ask, name) for path, name in _QUESTIONS.items()}
        return {**asking, **dict.fromkeys(_FORWARDED, self._forward)}

    def endpoints(self) -> Mapping[str, Endpoint]:
        """The endpoint of Responses over a websocket."""
        return {RESPONSES_PATH: self._open}

    async def _ask(self, protocol: str, request: Request, reply: Reply) -> None:
        provider = _provider(request)
        self._hide(secrets_in(request.headers, request.query))
        observer = self._requested(protocol, provider, request.body)
        watcher = _AnswerWatcher(observer, self._recorder)
        await pass_on(self._upstreams[provider], request, reply, watcher)

    async def _open(self, handshake: HandshakeRequest) -> HandshakeResult:
        self._hide(secrets_in(handshake.headers, handshake.query))
        address = self._upstreams["openai"].replace("http", "ws", 1)
        upstream = await connected(address, handshake)
        if not isinstance(upstream, ClientConnection):
            return upstream
        request = partial(self._requested, "openai-responses", "openai")
        watcher = ResponsesFrames(request, self._recorder)
        return Accept(headers_of(upstream), partial(relay, upstream, watcher))

    def _requested(self, protocol: str, provider: str, body: bytes) -> AnswerObserver:
        """Record a question; gives the observer of its answer."""
        self.requests += 1
        recorder, host = self._recorder, urlsplit(self._upstreams[provider]).netloc
        recorder.expect_answer(provider, as_text(read_object(body).get("model")))
        observer = AnswerObserver(protocol, host, recorder.turns)
        recorder.record_answer(observer.requested(body, recorder.now_us(), recorder.heard_text))
        return observer

    async def _forward(self, request: Request, reply: Reply) -> None:
        is_deepgrams = means_deepgram(request.header)
        upstream = self._upstreams["deepgram" if is_deepgrams else _provider(request)]
        await pass_on(upstream, request, reply)


class _AnswerWatcher:
    """Watcher of an answer, whose events go to the recorder."""

    def __init__(self, observer: AnswerObserver, recorder: SessionRecorder) -> None:
        self._observer = observer
        self._recorder = recorder

    def answered(self, answer: UpstreamAnswer) -> None:
        self._observer.answered(answer.status, answer.header("content-type"))

    def received(self, piece: bytes) -> None:
        self._recorder.record_answer(self._observer.received(piece, self._recorder.now_us()))

    def ended(self) -> None:
        self._recorder.record_answer(self._observer.ended(self._recorder.now_us()))

    def broken(self) -> None:
        self._recorder.record_answer(self._observer.broken(self._recorder.now_us()))

    def left(self) -> None:
        self._recorder.record_answer(self._observer.left(self._recorder.now_us()))


def _provider(request: Request) -> str:
    """The provider of a request, by its headers: both have the list of models at one path."""
    return "anthropic" if request.header("anthropic-version") else "openai"
