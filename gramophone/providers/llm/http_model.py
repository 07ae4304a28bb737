"""A language model behind an official SDK: everything that is the same for every provider.

A subclass says which SDK it is, how to request a stream, and how to describe a refusal; what comes
is read alike for all (`chunk_reader`). SDKs are imported at the first use, half a second each.
"""

from __future__ import annotations

import asyncio
import json
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from gramophone.core.errors import ModelError
from gramophone.core.frozen import frozen
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.llm.chunk_reader import ChunkReader
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.providers.llm.own_headers import HeaderPolicy
from gramophone.wire.limits import TextBound, TooMuch
from gramophone.wire.llm.stream_parts import ErrorPart, error_part
from gramophone.wire.llm.think_tags import ThinkTagMemory
from gramophone.wire.loopback import host_of, on_this_machine

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
        options: EndpointOptions = EndpointOptions(),  # noqa: B008 (frozen)
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
        self._think_tags = options.think_tags or ThinkTagMemory()
        self._options = options
        self._failures = ModelFailures(
            options.title or name, model, options.key_name or key_name, host_of(base_url), api_key
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
        """Parameters of the request, and what the endpoint wants besides."""
        return {**self._parameters(), **self._options.extra_body}

    @abstractmethod
    def _refusal(self, error: Any) -> ModelError:
        """Describe an answer with an error status; `error` is a `status_error` of the SDK."""

    def load(self) -> None:
        """Import the SDK and build the client ahead of the first request; from any thread.

        Errors of address, proxy or key are left to the first request, which reports them.
        """
        with suppress(ModelError):
            self._ready()

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        """Stream one answer; see `LanguageModel.stream`."""
        client = self._client
        if client is None:
            # The import takes too long for a loop that carries sound.
            client = await asyncio.to_thread(self._ready)
        import httpx2

        sdk = self._sdk()
        begun = False
        bound = _AnswerBound()
        reader = ChunkReader(self._think_tags)
        try:
            answer = await self._request(client, messages, system_prompt)
            async with answer:
                async for event in answer:
                    begun = True
                    for chunk in reader.read(*_as_sent(event)):
                        bound.add(chunk)
                        yield chunk
                    if reader.error is not None:
                        raise self._error_in_stream(reader.error)
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
            raise self._failure(error, sdk, begun=begun) from error
        if not begun:
            raise self._failures.not_an_answer()

    async def aclose(self) -> None:
        """Close idle connections."""
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
                # Requests that fail before an answer begins are tried once more by the SDK. More
                # attempts would keep the user waiting without a word.
                max_retries=1,
                http_client=http,
            )
        except (ImportError, ValueError, httpx2.InvalidURL) as error:
            raise self._failures.misconfigured(str(error)) from error

    def _failure(self, error: Exception, sdk: Sdk[ClientT], *, begun: bool) -> ModelError:
        """Describe a failure. Some SDKs let errors of httpx through instead of their own."""
        import httpx2

        failures = self._failures
        if isinstance(error, (sdk.timeout_error, httpx2.TimeoutException)):
            # An SDK has one error for all timeouts; only its cause tells them apart.
            if isinstance(error.__cause__, httpx2.ConnectTimeout):
                return failures.unreachable()
            return failures.too_slow(begun=begun)
        if isinstance(error, sdk.connection_error) and not begun:
            return failures.unreachable()
        if isinstance(error, (sdk.connection_error, httpx2.TransportError)):
            return failures.broke_off("the connection was lost")
        if isinstance(error, sdk.status_error):
            return self._refusal(error)
        if isinstance(error, httpx2.InvalidURL):
            return failures.misconfigured(str(error))
        if isinstance(error, TooMuch):
            return failures.sent_too_much(str(error), begun=begun)
        if isinstance(error, RecursionError):
            reason = "an event of too many parts within each other"
            return failures.sent_too_much(reason, begun=begun)
        # Where the error is a bare text, the SDK has a sentence of its own in its place.
        words = error_part(getattr(error, "body", None)).message
        return failures.broke_off(words or str(error))

    def _error_in_stream(self, error: ErrorPart) -> ModelError:
        """Describe an error that stands in the stream as an event."""
        status = STATUS_OF_ERROR.get(error.kind)
        if status is not None:
            return self._failures.refused(status, error.message)
        return self._failures.broke_off(": ".join(filter(None, (error.kind, error.message))))


class _AnswerBound:
    """Bound on all that one answer says, its thoughts and calls included."""

    def __init__(self) -> None:
        self._bound = TextBound()

    def add(self, chunk: ModelChunk) -> None:
        """Add a chunk.

        Raises:
            TooMuch: the answer is longer than any.
        """
        self._bound.add(chunk.text or chunk.thought)
        for call in chunk.calls:
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
