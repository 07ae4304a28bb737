"""Endpoints of OpenAI's and Anthropic's language models, with answers from an `AnswerSelector`.

The clock and the speed decide when pieces go out, faults what goes wrong; `@N` in a fault counts
the requests for an answer.
"""

from __future__ import annotations

import logging
from asyncio import Event, to_thread
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TypeAlias, TypeVar

from websockets.datastructures import Headers as WebsocketHeaders
from websockets.http11 import Response

from gramophone.core.clock import Clock
from gramophone.core.frozen import frozen
from gramophone.standin.faults import Fault, FaultName, on_connection, refusal_at
from gramophone.standin.llm.answer_quirks import with_quirk
from gramophone.standin.llm.answer_selection import AnswerSelector
from gramophone.standin.llm.dialects import (
    EVENT_STREAM,
    JSON,
    ChatDialect,
    MessagesDialect,
    ProviderDialect,
    Question,
    ResponsesDialect,
    TokenCountDialect,
    other_request_id_of,
    request_id_of,
)
from gramophone.standin.llm.media_body import MediaBody, json_body
from gramophone.standin.llm.rate_limits import Headers, tokens_of
from gramophone.standin.llm.response_plan import (
    Ending,
    InjectedEvents,
    ResponsePlan,
    TimedBytes,
    plan_of,
)
from gramophone.standin.llm.responses_websocket import ResponsesWebsocket
from gramophone.standin.llm.served_models import MODELS_PATH, ServedModels
from gramophone.standin.llm.shown_pictures import shown_to
from gramophone.standin.llm.stored_responses import (
    RESPONSES_PATH,
    ConnectionResponses,
    StoredResponses,
)
from gramophone.standin.server.http import Handler, Reply, Request, answer_whole
from gramophone.standin.server.routes import HandshakeRequest, Routes
from gramophone.standin.server.wall_time import wall_time
from gramophone.wire.llm.answer import CUT, SILENT, WORDLESS, ModelAnswer
from gramophone.wire.llm.embeddings import (
    EMBEDDINGS_PATH,
    EmbeddingsRequest,
    parse_embeddings,
    render_embeddings,
)
from gramophone.wire.llm.errors import NOT_JSON, ModelRefusal, RequestRefused, detailed
from gramophone.wire.llm.limits import within_limits
from gramophone.wire.llm.served_windows import ServedWindow
from gramophone.wire.sse import event_bytes

_log = logging.getLogger(__name__)

_UNKNOWN_EVENT = event_bytes({"type": "applause", "volume": 11}, "applause")
_FEW_INPUTS = 16
ReadT = TypeVar("ReadT")
BodyMaker: TypeAlias = Callable[[Request], MediaBody | Awaitable[MediaBody]]
"""Makes the body of the answer to a request; may raise RequestRefused."""

_OF_STREAMS = frozenset({FaultName.DUPLICATE, FaultName.REORDER, FaultName.UNKNOWN_TYPE})
_ENDING_OF_FAILURE = {CUT: Ending.CUT, SILENT: Ending.SILENCE}


@frozen(kw_only=True)
class ModelOptions:
    """Options of the stand-in of a language model.

    Attributes:
        speed: factor on the timing of the answers; 0 sends all at once.
        api_key: the one key that is accepted; None accepts any, and none.
        faults: injected on purpose.
        models: the models there are; empty allows any name.
        window: the context of the models, and how it is told; None does not tell it.
        betas: names in `anthropic-beta` that are known beside the service's.
        tolerant: answer also what the services refuse, as far as it can be read.
    """

    speed: float = 1.0
    api_key: str | None = None
    faults: tuple[Fault, ...] = ()
    models: tuple[str, ...] = ()
    window: ServedWindow | None = None
    betas: tuple[str, ...] = ()
    tolerant: bool = False


class ModelStandin:
    """Handlers for the requests of both providers."""

    def __init__(self, selector: AnswerSelector, options: ModelOptions, clock: Clock) -> None:
        self._selector = selector
        self._options = options
        self._clock = clock
        self._answer_requests = 0
        self._other_requests = 0
        self._at_path: Counter[str] = Counter()
        self._strict = not options.tolerant
        self._stored = StoredResponses()
        self._models = ServedModels(options.models, options.window, strict=self._strict)
        self._wall = wall = wall_time(clock)
        self._openai: ProviderDialect = ChatDialect(strict=self._strict, wall=wall)
        self._anthropic: ProviderDialect = MessagesDialect(
            options.betas, strict=self._strict, wall=wall
        )

    def openai_routes(self) -> Routes:
        """Routes of Chat Completions, Responses and Embeddings."""
        chat, stored = self._openai, self._stored
        responses = self._responses(stored)
        handlers = {
            ("POST", "/v1/chat/completions"): self._answering(chat),
            ("POST", RESPONSES_PATH): self._answering(responses),
            ("GET", f"{RESPONSES_PATH}/"): self._without_model(responses, stored.fetch),
            ("DELETE", f"{RESPONSES_PATH}/"): self._without_model(responses, stored.delete),
            ("POST", f"{RESPONSES_PATH}/"): self._without_model(responses, stored.cancel),
            ("POST", EMBEDDINGS_PATH): self._without_model(chat, self._embed),
        }
        websocket = ResponsesWebsocket(
            self._connection_handler, self._refusal_of_handshake, self._clock
        )
        return Routes({RESPONSES_PATH: websocket}, {**handlers, **self._model_handlers()})

    def anthropic_routes(self) -> Routes:
        """Routes of Messages."""
        counting = TokenCountDialect(self._options.betas, strict=self._strict)
        handlers = {
            ("POST", "/v1/messages"): self._answering(self._anthropic),
            ("POST", "/v1/messages/count_tokens"): self._without_model(
                counting, partial(self._count, counting)
            ),
        }
        return Routes(handlers={**handlers, **self._model_handlers()})

    def routes(self) -> Routes:
        """Routes of both providers."""
        return self.anthropic_routes() | self.openai_routes()

    # --- handlers -----------------------------------------------------------------------------

    def _answering(self, dialect: ProviderDialect) -> Handler:
        return partial(self._answer, dialect)

    def _without_model(self, dialect: ProviderDialect, make: BodyMaker) -> Handler:
        return partial(self._answer_otherwise, dialect, make)

    async def _answer_otherwise(
        self, dialect: ProviderDialect, make: BodyMaker, request: Request, reply: Reply
    ) -> None:
        """Answer a request that no answer of a model is for."""
        request_id, came_us = self._other_request_id(), self._clock.now_us()
        try:
            self._check_path(dialect, request)
            self._check_key(dialect, request)
            made = _bounded(make, request)
            made = made if isinstance(made, MediaBody) else await made
        except RequestRefused as refused:
            refusal = refused.refusal
            counts = request.path == EMBEDDINGS_PATH or refusal.status == 429
            limits = limits_of_refused(dialect, refusal.status, came_us) if counts else []
            await self._refuse(dialect, refusal, request_id, came_us, reply, limits)
            return
        head = self._whole_head(dialect, request_id, came_us, made.media_type)
        if made.tokens is not None:
            head += dialect.rate_limits.used(made.tokens, 0, came_us)
        await answer_whole(reply, 200, head, made.content)

    def _other_request_id(self) -> str:
        ordinal, self._other_requests = self._other_requests, self._other_requests + 1
        return other_request_id_of(ordinal)

    def _whole_head(
        self, dialect: ProviderDialect, request_id: str, came_us: int, media_type: str = JSON[1]
    ) -> Headers:
        spent_us = self._clock.now_us() - came_us
        return [("content-type", media_type), *dialect.headers(request_id, spent_us)]

    def _connection_handler(self) -> Handler:
        """The handler of the requests of one websocket."""
        return self._answering(self._responses(ConnectionResponses(self._stored)))

    def _responses(self, stored: StoredResponses) -> ResponsesDialect:
        limits = self._openai.rate_limits
        return ResponsesDialect(stored, strict=self._strict, rate_limits=limits, wall=self._wall)

    def _refusal_of_handshake(self, handshake: HandshakeRequest) -> Response | None:
        """The answer to a handshake with a wrong key."""
        request = Request("GET", handshake.path, handshake.query, handshake.headers, b"")
        try:
            self._check_key(self._openai, request)
        except RequestRefused as refused:
            refusal, request_id = refused.refusal, self._other_request_id()
            body = self._openai.error(refusal, request_id)
            fields = [
                JSON,
                *self._openai.headers(request_id, 0),
                ("content-length", str(len(body))),
            ]
            phrase = HTTPStatus(refusal.status).phrase
            return Response(refusal.status, phrase, WebsocketHeaders(fields), body)
        return None

    def _check_path(self, dialect: ProviderDialect, request: Request) -> None:
        """Refuse a request that is not for an answer, if a scenario names its path.

        Raises:
            RequestRefused: it does.
        """
        named = [fault for fault in self._options.faults if fault.path == request.path]
        if not named:
            return
        ordinal = self._at_path[request.path]
        self._at_path[request.path] += 1
        if (fault := refusal_at(named, ordinal, request.path)) is not None:
            raise RequestRefused(_by_fault(dialect, fault))

    def _model_handlers(self) -> dict[tuple[str, str], Handler]:
        elsewhere = {
            path: self._without_model(self._openai, partial(_always, content))
            for path, content in self._models.elsewhere().items()
        }
        paths = (MODELS_PATH, f"{MODELS_PATH}/")
        return {**{("GET", path): self._fetch_models for path in paths}, **elsewhere}

    async def _fetch_models(self, request: Request, reply: Reply) -> None:
        # Both providers have them at the same path; only Anthropic's clients send this header.
        dialect = self._anthropic if request.header("anthropic-version") else self._openai
        await self._answer_otherwise(dialect, partial(self._models.fetch, dialect), request, reply)

    def _count(self, dialect: ProviderDialect, request: Request) -> MediaBody:
        question = dialect.read(request)
        self._models.check(dialect, question.model)
        return json_body(question.whole(ModelAnswer(None, ()), 0))

    async def _embed(self, request: Request) -> MediaBody:
        parsed = _bounded(partial(_read_embeddings, strict=self._strict), request)
        self._models.check(self._openai, parsed.model)
        if len(parsed.inputs) <= _FEW_INPUTS:
            content = render_embeddings(parsed)
        else:
            # Two thousand vectors take seconds, and other connections have their instants to keep.
            content = await to_thread(render_embeddings, parsed)
        return MediaBody(JSON[1], content, parsed.tokens)

    async def _answer(self, dialect: ProviderDialect, request: Request, reply: Reply) -> None:
        came_us = self._clock.now_us()
        ordinal, self._answer_requests = self._answer_requests, self._answer_requests + 1
        request_id = request_id_of(ordinal)
        try:
            question, answer = await self._resolve(dialect, request, ordinal, came_us)
        except RequestRefused as refused:
            _log.info("request %d: %d, %s", ordinal, refused.refusal.status, refused)
            limits = limits_of_refused(dialect, refused.refusal.status, came_us)
            await self._refuse(dialect, refused.refusal, request_id, came_us, reply, limits)
            return
        _log.info("request %d: %s", ordinal, request.path)
        plan = self._plan(dialect, question, answer, ordinal)
        tokens = tokens_of(answer, question.prompt_chars)
        fields = dialect.rate_limits.used(*tokens, came_us)
        if question.stream:
            fields += [EVENT_STREAM, ("cache-control", "no-cache")]
        else:
            fields += [JSON, *_length(plan, question.whole(answer, ordinal))]

        def head() -> Headers:
            return [*dialect.headers(request_id, self._clock.now_us() - came_us), *fields]

        await self._carry_out(plan, came_us, head, reply)

    # --- what is answered ---------------------------------------------------------------------

    async def _resolve(
        self, dialect: ProviderDialect, request: Request, ordinal: int, came_us: int
    ) -> tuple[Question, ModelAnswer]:
        """Read the question and choose its answer.

        Raises:
            RequestRefused: by a fault, for the service's reasons, or as the recorded answer.
        """
        faults = on_connection(self._options.faults, ordinal)
        if (fault := refusal_at(faults, ordinal, request.path)) is not None:
            raise RequestRefused(_by_fault(dialect, fault))
        question = self._understood(dialect, request)
        if not question.stream and any(f.name is FaultName.OVERLOADED for f in faults):
            raise RequestRefused(dialect.refusal(dialect.overloaded_status))
        answer = self._selector(question.prompt, question.step, offers_tools=question.limits.tools)
        if answer is None:
            sentence = f"There is no answer to {question.prompt!r} here."
            raise RequestRefused(
                replace(dialect.refusal(404), message=sentence, code="not_recorded")
            )
        failure = answer.failure
        body = failure is not None and failure.kind not in WORDLESS
        if failure is not None and body and not (failure.in_stream and question.stream):
            await self._until(came_us + self._timed((answer.due_us, b""))[0])
            raise RequestRefused(dialect.refusal_of(failure))
        return with_quirk(question, within_limits(shown_to(question, answer), question.limits))

    def _understood(self, dialect: ProviderDialect, request: Request) -> Question:
        self._check_key(dialect, request)
        question = _bounded(dialect.read, request)
        self._models.check(dialect, question.model)
        return question

    def _check_key(self, dialect: ProviderDialect, request: Request) -> None:
        key = self._options.api_key
        if key is not None and key not in dialect.keys(request):
            raise RequestRefused(dialect.refusal(401))

    def _plan(
        self, dialect: ProviderDialect, question: Question, answer: ModelAnswer, ordinal: int
    ) -> ResponsePlan:
        failure = answer.failure
        ending = _ENDING_OF_FAILURE.get(failure.kind, Ending.WHOLE) if failure else Ending.WHOLE
        in_stream = failure is None or (failure.in_stream and question.stream)
        if ending is not Ending.WHOLE and not in_stream:
            return ResponsePlan((), ending, self._timed((answer.due_us, b""))[0], begins=False)
        faults = on_connection(self._options.faults, ordinal)
        if not question.stream:
            body = self._timed((answer.due_us, question.whole(answer, ordinal)))
            faults = [fault for fault in faults if fault.name not in _OF_STREAMS]
            return plan_of(
                [body], ending, faults, InjectedEvents(lambda stream: b"", b"{"), ordinal
            )
        pieces = [self._timed(piece) for piece in question.events(answer, ordinal)]
        overloaded = dialect.refusal(dialect.overloaded_status)
        error = partial(dialect.error_event, overloaded, request_id_of(ordinal))
        injected = InjectedEvents(error, dialect.rubbish, _UNKNOWN_EVENT)
        return plan_of(pieces, ending, faults, injected, ordinal)

    def _timed(self, piece: TimedBytes) -> TimedBytes:
        speed = self._options.speed
        return (round(piece[0] / speed) if speed > 0 else 0), piece[1]

    # --- how it goes out ----------------------------------------------------------------------

    async def _carry_out(
        self, plan: ResponsePlan, came_us: int, head: Callable[[], Headers], reply: Reply
    ) -> None:
        begun = False
        for instant_us, data in plan.pieces:
            await self._until(came_us + instant_us)
            if not begun:
                begun = True
                await reply.start(200, head())
            await reply.send(data)
        await self._until(came_us + plan.ends_us)
        if plan.begins and not begun:
            await reply.start(200, head())
        match plan.ending:
            case Ending.WHOLE:
                await reply.end()
            case Ending.CUT:
                reply.cut()
            case Ending.RESET:
                reply.cut(reset=True)
            case Ending.SPOILT:
                await reply.spoil()
            case Ending.SILENCE:
                # The handler is cancelled when the client goes away.
                await Event().wait()

    async def _until(self, instant_us: int) -> None:
        if instant_us > self._clock.now_us():
            await self._clock.sleep_until_us(instant_us)

    async def _refuse(
        self,
        dialect: ProviderDialect,
        refusal: ModelRefusal,
        request_id: str,
        came_us: int,
        reply: Reply,
        limits: Headers,
    ) -> None:
        details = refusal.details
        head = self._whole_head(dialect, request_id, came_us)
        usual = [*head, *limits, *refusal.headers]
        body = details.body_over(dialect.error(refusal, request_id))
        await answer_whole(reply, refusal.status, details.headers_over(usual), body)


def _by_fault(dialect: ProviderDialect, fault: Fault) -> ModelRefusal:
    return detailed(dialect.refusal(fault.value), fault.text, fault.details)


def limits_of_refused(dialect: ProviderDialect, status: int, now_us: int) -> Headers:
    """The headers of the limits after a refused request, which counts as one without tokens."""
    match status:
        case 401:
            # Without a key there is no account.
            return []
        case 429:
            return dialect.rate_limits.exhausted(now_us)
        case _:
            return dialect.rate_limits.used(0, 0, now_us)


def _read_embeddings(request: Request, *, strict: bool) -> EmbeddingsRequest:
    return parse_embeddings(request.body, strict=strict)


def _bounded(read: Callable[[Request], ReadT], request: Request) -> ReadT:
    """The result of reading a request; one that nests too deep is refused."""
    try:
        return read(request)
    except RecursionError:
        raise RequestRefused(ModelRefusal(400, NOT_JSON)) from None


def _length(plan: ResponsePlan, body: bytes) -> Headers:
    """The `content-length`: of a body that is cut off the length of the whole."""
    if plan.ending is Ending.SPOILT:
        return []
    whole_body = b"".join(data for _, data in plan.pieces) if plan.ending is Ending.WHOLE else body
    return [("content-length", str(len(whole_body)))]


def _always(content: MediaBody, request: Request) -> MediaBody:
    return content
