"""OpenAI and Anthropic through the recording proxy: answers pass as they come, and are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from urllib.parse import urlsplit

from gramophone.standin.proxy.forwarding import pass_on
from gramophone.standin.proxy.observe_llm import AnswerObserver
from gramophone.standin.proxy.session_recorder import SessionRecorder
from gramophone.standin.proxy.upstream import UpstreamAnswer
from gramophone.standin.server.client_service import means_deepgram
from gramophone.standin.server.credentials import secrets_in
from gramophone.standin.server.http import Handler, Reply, Request
from gramophone.wire.lenient_json import as_text, read_object

_QUESTIONS = {
    "/v1/chat/completions": "openai",
    "/v1/responses": "openai-responses",
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

    async def _ask(self, protocol: str, request: Request, reply: Reply) -> None:
        self.requests += 1
        upstream = self._upstreams[provider := _provider(request)]
        self._hide(secrets_in(request.headers, request.query))
        recorder = self._recorder
        recorder.expect_answer(provider, as_text(read_object(request.body).get("model")))
        observer = AnswerObserver(protocol, urlsplit(upstream).netloc, recorder.turns)
        recorder.record_answer(
            observer.requested(request.body, recorder.now_us(), recorder.heard_text)
        )
        await pass_on(upstream, request, reply, _AnswerWatcher(observer, recorder))

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
