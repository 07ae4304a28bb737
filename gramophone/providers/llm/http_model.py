"""A language model behind an official SDK: everything that is the same for every provider.

A subclass says which SDK it is, how to request a stream, and how to describe a refusal; what comes
is read alike for all (`chunk_reader`). SDKs are imported at the first use, half a second each.
"""

from __future__ import annotations

import asyncio
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from gramophone.core.errors import ModelError
from gramophone.core.frozen import frozen
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.llm.chunk_reader import ChunkReader
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.error_messages import ModelFailures, RequestError
from gramophone.providers.llm.outgoing_request import OutgoingRequest, own_items
from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.providers.llm.retry_policy import RetryPolicy, Trouble, waiting_for
from gramophone.providers.llm.window_query import WindowQuery
from gramophone.wire.limits import MOST_GIVE_BACK_CHARS, TextBound, TooMuch
from gramophone.wire.llm.refusal_reader import ServerRefusal, read_refusal
from gramophone.wire.llm.stream_parts import ErrorPart, error_part
from gramophone.wire.loopback import host_of, lacks_path, on_this_machine

if TYPE_CHECKING:
    import httpx2

STATUS_OF_ERROR = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "invalid_prompt": 400,
}
"""Status by the kind of an error inside a stream, of Anthropic and of OpenAI's Responses."""

_STATUS_OF_TROUBLE = {"timeout_error": 504, "overloaded_error": 529}
"""Status of errors that may pass by themselves; within an answer they break it off."""

READ_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5.0


class SdkClient(Protocol):
    """A client of an SDK."""

    async def close(self) -> None:
        """Close idle connections."""
        ...


class SdkStream(Protocol):
    """A streamed answer of an SDK: its events, in a context that closes the request."""

    response: httpx2.Response

    def __aiter__(self) -> AsyncIterator[object]: ...

    async def __aenter__(self) -> object: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None: ...


ClientT = TypeVar("ClientT", bound=SdkClient)


@frozen
class Sdk(Generic[ClientT]):
    """Names of an SDK for its client and its errors.

    Attributes:
        client: takes `api_key`, `base_url`, `timeout`, `max_retries` and `http_client`.
        error: base class of all its errors.
        timeout_error: the one for an answer that does not come.
        connection_error: the one for a connection that is not made or is lost.
        status_error: the one for an answer with an error status.
    """

    client: Callable[..., ClientT]
    error: type[Exception]
    timeout_error: type[Exception]
    connection_error: type[Exception]
    status_error: type[Exception]


class HttpModel(ABC, Generic[ClientT]):
    """A `ports.LanguageModel`. `read_timeout_s` is how long the stream may stay silent."""

    _always_sent: frozenset[str] = frozenset()
    """Settings that the protocol requires, and that are not among the parameters."""
    _base_url_has_path: bool = True
    """Whether base URLs of this protocol usually have a path, such as /v1."""

    def __init__(
        self,
        model: str,
        *,
        provider: str,
        name: str,
        key_name: str,
        api_key: str,
        base_url: str,
        read_timeout_s: float,
        options: EndpointOptions | None = None,
    ) -> None:
        """`provider` is stored; `name` and `key_name` (the variable) stand in sentences, unless
        `options` have others."""
        self.provider = provider
        self.model = model
        self._api_key = api_key
        self._base_url = base_url
        self._read_timeout_s = read_timeout_s
        self._client: ClientT | None = None
        self._loading = threading.Lock()
        self._noticed: set[str] = set()
        # Not a default of the parameter: all clients would have one memory.
        self._options = options = options or EndpointOptions()
        ask_window = options.ask_window if options.context_tokens is None else None
        self._window = WindowQuery(ask_window, options.memory)
        self._failures = ModelFailures(
            options.title or name,
            model,
            options.key_name or key_name,
            host_of(base_url),
            api_key,
            lacks_path=self._base_url_has_path and lacks_path(base_url),
        )

    @abstractmethod
    def _sdk(self) -> Sdk[ClientT]:
        """Import the SDK."""

    @abstractmethod
    async def _request(
        self, client: ClientT, messages: Sequence[Message], system_prompt: str
    ) -> SdkStream:
        """Ask for one streamed answer."""

    @abstractmethod
    def _parameters(self) -> dict[str, Any]:
        """Parameters of the request, by the protocol's names, that it could do without."""

    def _extra_body(self) -> dict[str, Any]:
        """Parameters of the request, but for those that the endpoint has refused, and what it
        wants besides."""
        refused = self._options.memory.refused
        parameters = self._parameters()
        taken = {name: value for name, value in parameters.items() if name not in refused}
        return {**taken, **self._options.extra_body}

    def _refusal(self, error: Any, *, arrived: bool) -> RequestError:
        """Describe an answer with an error status; `error` is a `status_error` of the SDK.

        Only one that an SDK raises in mid-stream can come when pieces have `arrived`.
        """
        response: httpx2.Response = error.response
        refusal = read_refusal(response.status_code, response.content, response.headers)
        if not refusal.reason:
            refusal = replace(refusal, reason=response.reason_phrase)
        return self._failures.refused(refusal)

    def load(self) -> None:
        """Import the SDK and build the client ahead of the first request; from any thread.

        Errors of address, proxy or key are left to the first request, which reports them.
        """
        with suppress(ModelError):
            self._ready()

    def ask_window(self) -> None:
        """Ask the server for the context window, in the background; call it on a loop."""
        self._window.start()

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        """Stream one answer; see `LanguageModel.stream`.

        A request that fails before the first piece may be made again: after a while, or without
        what the endpoint does not take. Afterwards it never is, because words would come twice.
        """
        await self._window.before(messages)
        await self._learn_pictures(messages)
        policy = RetryPolicy(self._options.clock.now_us())
        own = own_items(messages, self.provider, self.model)
        plan = OutgoingRequest(own, system_prompt, self._options, self._failures)
        while True:
            begun = noticed = False
            try:
                async with aclosing(self._attempt(*plan.prompt())) as chunks:
                    async for chunk in chunks:
                        if not noticed:
                            noticed = True
                            for notice in self._notices(plan):
                                yield ModelChunk("", notice=notice)
                        begun = begun or chunk.has_content
                        yield chunk
                        if chunk.usage is not None:
                            for notice in self._once("cut", plan.counted(chunk.usage)):
                                yield ModelChunk("", notice=notice)
            except RequestError as error:
                if not begun and (refused := plan.pictures_failure(error.trouble)) is not None:
                    raise refused from error
                if begun or not await self._may_try_again(error.trouble, policy, plan):
                    raise
            else:
                return

    async def _learn_pictures(self, messages: Sequence[Message]) -> None:
        """Find out whether the model takes pictures, if some are to go out and nothing is known."""
        options = self._options
        unknown = options.pictures is None and options.memory.takes_pictures is None
        if options.picture_support is not None and unknown and any(m.pictures for m in messages):
            options.memory.takes_pictures = await options.picture_support()

    async def _may_try_again(
        self, trouble: ServerRefusal | Trouble, policy: RetryPolicy, plan: OutgoingRequest
    ) -> bool:
        """Prepare another try, or wait until it is due; False if there is to be none."""
        clock, progress = self._options.clock, self._options.progress
        if (
            isinstance(trouble, ServerRefusal)
            and policy.may_change()
            and plan.change(trouble, self._parameters())
        ):
            return True
        now_us = clock.now_us()
        wait_s = policy.wait_s(trouble, now_us)
        if wait_s is None:
            return False
        progress(waiting_for(self.provider, trouble, wait_s))
        try:
            await clock.sleep_until_us(now_us + int(wait_s * 1e6))
        finally:
            # Also when the user ends the wait.
            progress("")
        return True

    def _notices(self, plan: OutgoingRequest) -> list[str]:
        """Sentences about an answer that begins."""
        sent = {*self._parameters(), *self._always_sent} - self._options.memory.refused
        return [
            *plan.notices(sent),
            *self._once("pictures", plan.pictures_notice()),
            *self._once("left out", plan.left_out_notice()),
        ]

    def _once(self, subject: str, notice: str) -> list[str]:
        """The notice, if it is the first about its subject in this conversation."""
        if not notice or subject in self._noticed:
            return []
        self._noticed.add(subject)
        return [notice]

    async def _attempt(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncGenerator[ModelChunk]:
        """Make the request once."""
        client = self._client
        if client is None:
            # The import takes too long for a loop that carries sound.
            client = await asyncio.to_thread(self._ready)
        import httpx2

        sdk = self._sdk()
        begun = False
        bound = _AnswerBound()
        reader = ChunkReader(self._options.memory.think_tags)
        try:
            answer = await self._request(client, messages, system_prompt)
            async with answer:
                async for event in answer:
                    begun = True
                    for chunk in reader.read(*_as_sent(event)):
                        bound.add(chunk)
                        yield chunk
                    if reader.error is not None:
                        raise self._error_in_stream(reader.error, arrived=bound.arrived)
            if begun:
                for chunk in reader.end(said_done=_said_done(answer.response)):
                    yield chunk
        except (
            sdk.error,
            httpx2.HTTPError,
            httpx2.InvalidURL,
            RecursionError,
            ValueError,
        ) as error:
            raise self._failure(error, sdk, begun=begun, arrived=bound.arrived) from error
        if not begun:
            raise self._failures.not_an_answer()

    async def aclose(self) -> None:
        """Close idle connections."""
        await self._window.aclose()
        if self._client is not None:
            await self._client.close()

    def _ready(self) -> ClientT:
        self._failures.check_key()
        with self._loading:
            if self._client is None:
                self._client = self._build()
            return self._client

    def _build(self) -> ClientT:
        import httpx2

        from gramophone.providers.llm.http_client import bounded_client

        sdk = self._sdk()
        timeout = httpx2.Timeout(self._read_timeout_s, connect=CONNECT_TIMEOUT_S)
        # No proxy stands before this machine, whatever the environment says.
        by_environment = not on_this_machine(self._base_url)
        try:
            headers = HeaderPolicy(
                base_url=self._base_url, key=self._api_key, headers=self._options.headers
            )
            http = bounded_client(timeout=timeout, trust_env=by_environment, headers=headers)
            return sdk.client(
                # SDKs refuse an empty key even where the server wants none.
                api_key=self._api_key or "none",
                base_url=self._base_url,
                timeout=timeout,
                # Other tries are made here, where the user sees that one waits.
                max_retries=0,
                http_client=http,
            )
        except (ImportError, ValueError, httpx2.InvalidURL) as error:
            raise self._failures.misconfigured(str(error)) from error

    def _failure(
        self, error: Exception, sdk: Sdk[ClientT], *, begun: bool, arrived: bool
    ) -> RequestError:
        """Describe a failure, after the stream has `begun`, and pieces of the answer have arrived.

        Some SDKs let errors of httpx through instead of their own.
        """
        import httpx2

        failures = self._failures
        if isinstance(error, (sdk.timeout_error, httpx2.TimeoutException)):
            # An SDK has one error for all timeouts; only its cause tells them apart.
            if isinstance(error.__cause__, httpx2.ConnectTimeout):
                return failures.unreachable()
            return failures.too_slow(arrived=arrived)
        if isinstance(error, sdk.connection_error) and not begun:
            return failures.unreachable(refused=isinstance(error.__cause__, httpx2.ConnectError))
        if isinstance(error, (sdk.connection_error, httpx2.TransportError)):
            return failures.broke_off("the connection was lost", arrived=arrived)
        if isinstance(error, sdk.status_error):
            return self._refusal(error, arrived=arrived)
        if isinstance(error, httpx2.InvalidURL):
            return failures.misconfigured(str(error))
        if isinstance(error, TooMuch):
            return failures.sent_too_much(str(error), arrived=arrived)
        if isinstance(error, RecursionError):
            reason = "an event of too many parts within each other"
            return failures.sent_too_much(reason, arrived=arrived)
        # Where the error is a bare text, the SDK has a sentence of its own in its place.
        words = error_part(getattr(error, "body", None)).message
        return failures.broke_off(words or str(error), arrived=arrived)

    def _error_in_stream(self, error: ErrorPart, *, arrived: bool) -> RequestError:
        """Describe an error that stands in the stream as an event."""
        status = STATUS_OF_ERROR.get(error.kind) or _STATUS_OF_TROUBLE.get(error.kind, 0)
        body = json.dumps({"error": {"type": error.kind, "message": error.message}})
        refusal = read_refusal(status, body, {})
        if error.kind in STATUS_OF_ERROR:
            return self._failures.refused(refusal)
        reason = ": ".join(filter(None, (error.kind, error.message)))
        return self._failures.broke_off(reason, refusal, arrived=arrived)


class _AnswerBound:
    """Bound on all that one answer says, its thoughts and calls included.

    `arrived` is whether there is anything of it to keep.
    """

    def __init__(self) -> None:
        self.arrived = False
        self._bound = TextBound()
        self._give_back = TextBound(MOST_GIVE_BACK_CHARS)

    def add(self, chunk: ModelChunk) -> None:
        """Add a chunk.

        Raises:
            TooMuch: the answer is longer than any.
        """
        self.arrived = self.arrived or bool(chunk.text or chunk.thought or chunk.calls)
        self._bound.add(chunk.text or chunk.thought)
        self._give_back.add(chunk.give_back)
        for call in chunk.calls:
            self._give_back.add(call.give_back)
            self._bound.add(call.id)
            self._bound.add(call.name)
            self._bound.add(call.arguments)


def _said_done(response: httpx2.Response) -> bool:
    from gramophone.providers.llm.http_client import said_done

    return said_done(response)


def _as_sent(event: Any) -> tuple[object, str]:
    """An event as the server sent it: as values of JSON's types, and as text.

    With `warnings=False` pydantic keeps values that do not fit the SDK's model.
    """
    fields = event.to_dict(mode="json", warnings=False) if hasattr(event, "to_dict") else event
    return fields, json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
