"""The recording proxy's part for OpenAI and Anthropic: requests go on, answers come as they do."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from urllib.parse import urlsplit

from gramophone.standin.credentials import secrets_in
from gramophone.standin.http import ClientGone, Handler, Reply, Request, answer_whole
from gramophone.standin.model_observer import AnswerObserver
from gramophone.standin.tape import Tape
from gramophone.standin.upstream_http import UpstreamAnswer, UpstreamLost, passed_on, passes
from gramophone.wire.loose_json import as_text, read_object

_log = logging.getLogger(__name__)

_ASKING = {
    "/v1/chat/completions": "openai",
    "/v1/responses": "openai-responses",
    "/v1/messages": "anthropic",
}
PROVIDERS = ("openai", "anthropic")
_TELLING = ("GET", "/v1/models"), ("POST", "/v1/messages/count_tokens")
_UNREACHABLE = json.dumps(
    {"error": {"message": "The proxy cannot reach its upstream; check --upstream."}}
).encode()


class ModelProxy:
    """All requests of one run."""

    def __init__(
        self, upstreams: Mapping[str, str], tape: Tape, hide: Callable[[Iterable[str]], None]
    ) -> None:
        """`upstreams` by `PROVIDERS`, beginning with http or https; paths begin with `/v1`."""
        self._upstreams = upstreams
        self._tape = tape
        self._hide = hide
        self.requests = 0

    def handlers(self) -> Mapping[tuple[str, str], Handler]:
        """What is passed on; what is no question is not recorded."""
        asking = {("POST", path): partial(self._ask, name) for path, name in _ASKING.items()}
        return {**asking, **dict.fromkeys(_TELLING, self._pass)}

    async def _ask(self, words: str, request: Request, reply: Reply) -> None:
        self.requests += 1
        provider = _provider(request)
        self._hide(secrets_in(request.headers, request.query))
        tape = self._tape
        model = as_text(read_object(request.body).get("model"))
        tape.asks(provider, model)
        host = urlsplit(self._upstreams[provider]).netloc
        observer = AnswerObserver(words, host, tape.turns)
        tape.tell(observer.asked(request.body, tape.now_us()))
        try:
            await self._pass(request, reply, observer)
        except (ClientGone, asyncio.CancelledError):
            tape.tell(observer.left(tape.now_us()))
            raise

    async def _pass(
        self, request: Request, reply: Reply, observer: AnswerObserver | None = None
    ) -> None:
        tape, begun = self._tape, False
        headers = [
            (name, value)
            for name, value in request.headers
            if passes(name) and name != "accept-encoding"
        ]
        try:
            address = f"{self._upstreams[_provider(request)]}{request.path}"
            async with passed_on(address, request, headers) as answer:
                begun = True
                if observer is not None:
                    observer.answered(answer.status, answer.header("content-type"))
                await reply.start(answer.status, _headers(answer))
                async for piece in answer.pieces():
                    if observer is not None:
                        tape.tell(observer.received(piece, tape.now_us()))
                    await reply.send(piece)
                if observer is not None:
                    tape.tell(observer.ended(tape.now_us()))
                await reply.end()
        except UpstreamLost as error:
            _log.warning("%s %s: the upstream is gone (%s)", request.method, request.path, error)
            if observer is not None:
                tape.tell(observer.broken(tape.now_us()))
            if begun:
                reply.cut()
            else:
                await answer_whole(reply, 502, [("content-type", "application/json")], _UNREACHABLE)


def _provider(request: Request) -> str:
    """Whose client this is; the list of models is at the same path with both."""
    return "anthropic" if request.header("anthropic-version") else "openai"


def _headers(answer: UpstreamAnswer) -> list[tuple[str, str]]:
    """Those of the answer; without a length it goes on in chunks, as it came."""
    return [
        (name, value)
        for name, value in answer.headers
        if name == "content-length" or (passes(name) and name != "date")
    ]
