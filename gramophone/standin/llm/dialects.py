"""Dialects of the three protocols of language models, behind one interface for the endpoints.

Requests and answers are read and written by `gramophone.wire`; here are the parts of HTTP: keys,
headers, and the bodies of errors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from sys import maxsize
from typing import Any, Protocol
from uuid import NAMESPACE_DNS, uuid5

from gramophone.core.clock import wall_clock
from gramophone.core.frozen import frozen
from gramophone.standin.llm.message_threads import MessageThreads
from gramophone.standin.llm.rate_limits import (
    AnthropicLimits,
    Headers,
    OpenAILimits,
    RateLimits,
)
from gramophone.standin.llm.stored_responses import StoredResponses
from gramophone.standin.server.cors import OPENAI_HEADERS
from gramophone.standin.server.credentials import bearer_in
from gramophone.standin.server.http import Request
from gramophone.standin.server.wall_time import WallTime
from gramophone.wire.lenient_json import as_list, read_object
from gramophone.wire.llm.answer import AnswerFailure, ModelAnswer
from gramophone.wire.llm.anthropic_messages import (
    MessagesRequest,
    message_events,
    message_id,
    parse_messages,
    render_count,
    render_message,
)
from gramophone.wire.llm.deterministic_ids import CREATED_S, made_id
from gramophone.wire.llm.errors import (
    ModelRefusal,
    anthropic_error,
    anthropic_refusal,
    body,
    openai_error,
    openai_refusal,
    refusal_of,
)
from gramophone.wire.llm.limits import AnswerLimits
from gramophone.wire.llm.openai_chat import ChatRequest, chat_events, parse_chat, render_chat
from gramophone.wire.llm.openai_responses import (
    ResponsesRequest,
    parse_responses,
    render_response,
    response_events,
)
from gramophone.wire.llm.openai_responses_closing import failure_event
from gramophone.wire.llm.refusals.betas import beta_refusal
from gramophone.wire.llm.refusals.openai_rules import shown
from gramophone.wire.llm.request_pictures import RequestPictures
from gramophone.wire.llm.request_validation import refuse_if
from gramophone.wire.sse import SseReader, Timed, event_bytes, raw_event

JSON = ("content-type", "application/json")
EVENT_STREAM = ("content-type", "text/event-stream; charset=utf-8")
_OPENAI_ORGANIZATION = made_id("user-", 0)
_OPENAI_PROJECT = made_id("proj_", 0)
_ANTHROPIC_ORGANIZATION = str(uuid5(NAMESPACE_DNS, "gramophone"))


@frozen
class Question:
    """A request as it was read, and the writers of its answer.

    Attributes:
        prompt: the user's last text.
        step: the number of its answers with calls to tools so far.
        stream: whether the answer is asked for as a stream.
        events: writes the answer of this ordinal as a stream.
        whole: writes the answer of this ordinal as one body.
        model: the name of the model that is asked.
        limits: where the answer has to end.
        prompt_chars: its length, by which its tokens are guessed.
        pictures: those that it shows.
    """

    prompt: str
    step: int
    stream: bool
    events: Callable[[ModelAnswer, int], list[Timed]]
    whole: Callable[[ModelAnswer, int], bytes]
    model: str
    limits: AnswerLimits = AnswerLimits()
    prompt_chars: int = 0
    pictures: RequestPictures = RequestPictures()


def _question(
    parsed: ChatRequest | ResponsesRequest | MessagesRequest,
    events: Callable[[ModelAnswer, int], list[Timed]],
    whole: Callable[[ModelAnswer, int], bytes],
) -> Question:
    """A request as it was parsed, with the writers of its answer."""
    return Question(
        parsed.prompt,
        parsed.step,
        parsed.stream,
        events,
        whole,
        parsed.model,
        parsed.limits,
        parsed.prompt_chars,
        parsed.pictures,
    )


class ProviderDialect(Protocol):
    """A protocol of a provider."""

    @property
    def rate_limits(self) -> RateLimits:
        """The limits of the account, common to all protocols of the provider."""
        ...

    @property
    def overloaded_status(self) -> int:
        """The status of a provider that is overloaded."""
        ...

    @property
    def rubbish(self) -> bytes:
        """An event that is not JSON."""
        ...

    def keys(self, request: Request) -> Sequence[str]:
        """The keys of a request, in all headers that this provider's clients use."""
        ...

    def read(self, request: Request) -> Question:
        """Read a request.

        Raises:
            RequestRefused: the service would refuse it.
        """
        ...

    def headers(self, request_id: str, waited_us: int) -> Headers:
        """The headers of every answer, which begins so long after its request."""
        ...

    def refusal(self, status: int) -> ModelRefusal:
        """The usual refusal with this status."""
        ...

    def refusal_of(self, failure: AnswerFailure) -> ModelRefusal:
        """A failure as this provider refuses with it."""
        ...

    def error(self, refusal: ModelRefusal, request_id: str) -> bytes:
        """The body of a refusal."""
        ...

    def error_event(self, refusal: ModelRefusal, request_id: str, stream: bytes) -> bytes:
        """An error in the middle of a stream, behind what has been sent of it."""
        ...

    def model_list(self, models: Sequence[str]) -> bytes:
        """The body of the list of models."""
        ...

    def model(self, name: str) -> bytes:
        """The body of one model."""
        ...

    def unknown_model(self, name: str) -> ModelRefusal:
        """The refusal of a model that there is not."""
        ...


class _OpenAIDialect:
    """Keys, headers and errors of OpenAI, common to Chat Completions and Responses."""

    overloaded_status = 503

    def __init__(
        self,
        *,
        strict: bool = False,
        rate_limits: RateLimits | None = None,
        wall: WallTime = wall_clock,
    ) -> None:
        """Refuse all that the service refuses if `strict`; likewise in the other protocols.

        `wall` dates the answers.
        """
        self._strict = strict
        self._wall = wall
        self.rate_limits = rate_limits or OpenAILimits()

    def _now_s(self) -> int:
        return int(self._wall().timestamp())

    def keys(self, request: Request) -> Sequence[str]:
        return [bearer_in(request.header("authorization"))]

    def headers(self, request_id: str, waited_us: int) -> Headers:
        return [
            *OPENAI_HEADERS,
            ("openai-organization", _OPENAI_ORGANIZATION),
            ("openai-processing-ms", str(waited_us // 1000)),
            ("openai-project", _OPENAI_PROJECT),
            ("openai-version", "2020-10-01"),
            ("x-request-id", request_id),
        ]

    def refusal(self, status: int) -> ModelRefusal:
        return openai_refusal(status)

    def refusal_of(self, failure: AnswerFailure) -> ModelRefusal:
        return refusal_of(failure, anthropic=False)

    def error(self, refusal: ModelRefusal, request_id: str) -> bytes:
        return body(openai_error(refusal))

    def error_event(self, refusal: ModelRefusal, request_id: str, stream: bytes) -> bytes:
        return event_bytes(openai_error(refusal))

    def model_list(self, models: Sequence[str]) -> bytes:
        return body({"object": "list", "data": [_openai_model(name) for name in models]})

    def model(self, name: str) -> bytes:
        return body(_openai_model(name))

    def unknown_model(self, name: str) -> ModelRefusal:
        message = f"The model `{shown(name)}` does not exist or you do not have access to it."
        return replace(self.refusal(404), message=message)


class ChatDialect(_OpenAIDialect):
    """`POST /v1/chat/completions`."""

    rubbish = raw_event('{"choices":[{"index":0,"delta":{"content":"')

    def read(self, request: Request) -> Question:
        parsed = parse_chat(request.body, strict=self._strict, created_s=self._now_s())

        def events(answer: ModelAnswer, ordinal: int) -> list[Timed]:
            return chat_events(answer, parsed, ordinal)

        def whole(answer: ModelAnswer, ordinal: int) -> bytes:
            return render_chat(answer, parsed, ordinal)

        return _question(parsed, events, whole)


# Responses keeps conversations on the server: a client may name the response it goes on from
# (`previous_response_id`) and send only what is new, the results of tools for one. The question is
# then the one of that response, one step further.
class ResponsesDialect(_OpenAIDialect):
    """`POST /v1/responses`. A later turn may name an earlier one instead of repeating it."""

    rubbish = raw_event('{"type":"response.output_text.de', "response.output_text.delta")

    def __init__(
        self,
        stored: StoredResponses | None = None,
        *,
        strict: bool = False,
        rate_limits: RateLimits | None = None,
        wall: WallTime = wall_clock,
    ) -> None:
        super().__init__(strict=strict, rate_limits=rate_limits, wall=wall)
        self._stored = stored or StoredResponses()

    def read(self, request: Request) -> Question:
        parsed = parse_responses(request.body, strict=self._strict, created_s=self._now_s())
        earlier = self._stored.previous(parsed, strict=self._strict)
        if earlier is not None:
            parsed = earlier.continued(parsed)

        def events(answer: ModelAnswer, ordinal: int) -> list[Timed]:
            self._stored.add(request.body, parsed, answer, ordinal)
            return response_events(answer, parsed, ordinal)

        def whole(answer: ModelAnswer, ordinal: int) -> bytes:
            self._stored.add(request.body, parsed, answer, ordinal)
            return render_response(answer, parsed, ordinal)

        return _question(parsed, events, whole)

    def error_event(self, refusal: ModelRefusal, request_id: str, stream: bytes) -> bytes:
        return failure_event(
            [read_object(data) for data in SseReader(maxsize).feed(stream)], refusal
        )


class _AnthropicDialect:
    """Keys, headers and errors of Anthropic."""

    overloaded_status = 529
    rubbish = raw_event('{"type":"content_block_delta","index":0,"de', "content_block_delta")

    def __init__(
        self,
        betas: Collection[str] = (),
        *,
        strict: bool = False,
        wall: WallTime = wall_clock,
    ) -> None:
        """Know `betas` beside those of the service; `wall` is the time of day."""
        self._betas = betas
        self._strict = strict
        self.rate_limits = AnthropicLimits(wall=wall)

    def keys(self, request: Request) -> Sequence[str]:
        # Clients since 2.0 send the key as a bearer, those before as a header of its own.
        return [request.header("x-api-key").strip(), bearer_in(request.header("authorization"))]

    def headers(self, request_id: str, waited_us: int) -> Headers:
        return [
            ("request-id", request_id),
            ("anthropic-organization-id", _ANTHROPIC_ORGANIZATION),
        ]

    def refusal(self, status: int) -> ModelRefusal:
        return anthropic_refusal(status)

    def refusal_of(self, failure: AnswerFailure) -> ModelRefusal:
        return refusal_of(failure, anthropic=True)

    def error(self, refusal: ModelRefusal, request_id: str) -> bytes:
        return body(anthropic_error(refusal, request_id))

    def error_event(self, refusal: ModelRefusal, request_id: str, stream: bytes) -> bytes:
        return event_bytes(anthropic_error(refusal, request_id), "error")

    def model_list(self, models: Sequence[str]) -> bytes:
        first, last = (models[0], models[-1]) if models else (None, None)
        listed = [_anthropic_model(name) for name in models]
        return body({"data": listed, "has_more": False, "first_id": first, "last_id": last})

    def model(self, name: str) -> bytes:
        return body(_anthropic_model(name))

    def unknown_model(self, name: str) -> ModelRefusal:
        return replace(self.refusal(404), message=f"model: {shown(name)}")

    def _parse(self, request: Request, body: bytes, *, counting: bool = False) -> MessagesRequest:
        if self._strict and any(name == "anthropic-beta" for name, _ in request.headers):
            refuse_if(beta_refusal(request.header("anthropic-beta"), self._betas))
        return parse_messages(
            body,
            request.header("anthropic-version"),
            counting=counting,
            strict=self._strict,
            betas=request.header("anthropic-beta"),
        )


class MessagesDialect(_AnthropicDialect):
    """`POST /v1/messages`, in a thread or without one."""

    def __init__(
        self, betas: Collection[str] = (), *, strict: bool = False, wall: WallTime = wall_clock
    ) -> None:
        super().__init__(betas, strict=strict, wall=wall)
        self._threads = MessageThreads()

    def read(self, request: Request) -> Question:
        turn = self._threads.turn_of(request.body, request.header("anthropic-beta"))
        parsed = self._parse(request, turn.body if turn else request.body)

        def hold(answer: ModelAnswer, ordinal: int) -> None:
            if turn is not None and answer.failure is None:
                message = read_object(render_message(answer, parsed, ordinal))
                id_ = message_id(answer, ordinal)
                self._threads.hold(turn, id_, as_list(message.get("content")))

        def events(answer: ModelAnswer, ordinal: int) -> list[Timed]:
            hold(answer, ordinal)
            return message_events(answer, parsed, ordinal)

        def whole(answer: ModelAnswer, ordinal: int) -> bytes:
            hold(answer, ordinal)
            return render_message(answer, parsed, ordinal)

        return _question(parsed, events, whole)


class TokenCountDialect(_AnthropicDialect):
    """`POST /v1/messages/count_tokens`, answered with a guess."""

    def read(self, request: Request) -> Question:
        parsed = self._parse(request, request.body, counting=True)
        return Question(
            "",
            0,
            False,
            lambda answer, ordinal: [],
            lambda answer, ordinal: render_count(parsed),
            parsed.model,
        )


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED_S, "owned_by": "gramophone"}


def _anthropic_model(name: str) -> dict[str, Any]:
    return {
        "id": name,
        "type": "model",
        "display_name": name,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
    }


def request_id_of(ordinal: int) -> str:
    """The id of the request of this ordinal, among those for an answer."""
    return made_id("req_", ordinal)


def other_request_id_of(ordinal: int) -> str:
    """The id of the request of this ordinal, among those for something else."""
    return made_id("req_", ordinal, 1)
