"""Anthropic's Messages, streamed with the official SDK, which is imported at the first use."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from gramophone.core.errors import ModelError
from gramophone.ports.engine import Message, ModelChunk, Usage
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.wire.lenient_json import as_count, as_text
from gramophone.wire.limits import TextBound, TooMuch
from gramophone.wire.loopback import host_of, on_this_machine

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

ANTHROPIC_BASE_URL = "https://api.anthropic.com"
READ_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5.0
DEFAULT_MAX_TOKENS = 1024

_STATUS_OF_ERROR = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
}


class AnthropicMessages:
    """A `ports.LanguageModel`. `read_timeout_s` is how long the stream may stay silent."""

    provider = "anthropic"

    def __init__(
        self,
        model: str,
        *,
        api_key: str,
        base_url: str = "",
        max_tokens: int | None = None,
        read_timeout_s: float = READ_TIMEOUT_S,
    ) -> None:
        self.model = model
        self._api_key = api_key
        self._base_url = base_url or ANTHROPIC_BASE_URL
        self._max_tokens = max_tokens or DEFAULT_MAX_TOKENS
        self._read_timeout_s = read_timeout_s
        self._client: AsyncAnthropic | None = None
        self._loading = threading.Lock()
        self._failures = ModelFailures(
            "Anthropic", model, "ANTHROPIC_API_KEY", host_of(self._base_url), api_key
        )

    def load(self) -> None:
        """Import the SDK and build the client ahead of the first request; from any thread.

        What is wrong with address, proxy or key is told by the first request.
        """
        with suppress(ModelError):
            self._ready()

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        """Stream one answer; see `ports.LanguageModel.stream`."""
        if self._client is None:
            # The import takes too long for a loop that carries sound.
            await asyncio.to_thread(self._ready)
        import anthropic
        import httpx2

        assert self._client is not None
        begun = False
        bound = TextBound()
        try:
            stream = await self._client.messages.create(
                model=self.model,
                max_tokens=self._max_tokens,
                messages=_messages(messages),
                system=system_prompt or anthropic.omit,
                stream=True,
            )
            input_tokens = 0
            async with stream:
                async for event in stream:
                    begun = True
                    fields = _fields(event)
                    input_tokens = _input_tokens(fields) or input_tokens
                    chunk = _chunk(fields, input_tokens)
                    bound.add(chunk.text)
                    yield chunk
        except (anthropic.APITimeoutError, httpx2.TimeoutException) as error:
            if isinstance(error.__cause__, httpx2.ConnectTimeout):
                raise self._failures.unreachable() from error
            raise self._failures.too_slow(begun=begun) from error
        except anthropic.APIConnectionError as error:
            raise self._failures.unreachable() from error
        except anthropic.APIStatusError as error:
            raise self._status_failure(error) from error
        except httpx2.TransportError as error:
            raise self._failures.broke_off("the connection was lost") from error
        except httpx2.InvalidURL as error:
            raise self._failures.misconfigured(str(error)) from error
        except TooMuch as error:
            raise self._failures.sent_too_much(str(error), begun=begun) from error
        except RecursionError as error:
            said = "an event of too many parts within each other"
            raise self._failures.sent_too_much(said, begun=begun) from error
        except (anthropic.AnthropicError, httpx2.HTTPError, ValueError) as error:
            raise self._failures.broke_off(str(error)) from error
        if not begun:
            raise self._failures.not_an_answer()

    async def aclose(self) -> None:
        """Close idle connections."""
        if self._client is not None:
            await self._client.close()

    def _ready(self) -> None:
        self._failures.check_key()
        with self._loading:
            if self._client is None:
                self._client = self._build()

    def _build(self) -> AsyncAnthropic:
        import anthropic
        import httpx2

        from gramophone.providers.llm.http_client import bounded_client

        timeout = anthropic.Timeout(self._read_timeout_s, connect=CONNECT_TIMEOUT_S)
        # No proxy stands before this machine, whatever the environment says.
        by_environment = not on_this_machine(self._base_url)
        try:
            http = bounded_client(timeout=timeout, trust_env=by_environment)
            return anthropic.AsyncAnthropic(
                api_key=self._api_key or "none",
                base_url=self._base_url,
                timeout=timeout,
                max_retries=1,
                http_client=http,
            )
        except (ImportError, ValueError, httpx2.InvalidURL) as error:
            raise self._failures.misconfigured(str(error)) from error

    def _status_failure(self, error: Any) -> ModelError:
        inner = _object(_object(error.body).get("error"))
        kind, said = str(inner.get("type", "")), str(inner.get("message") or error.message)
        status: int = error.status_code
        # An error inside a started stream comes with status 200; its type tells.
        if status < 400 and kind not in _STATUS_OF_ERROR:
            return self._failures.broke_off(f"{kind}: {said}")
        return self._failures.refused(_STATUS_OF_ERROR.get(kind, status), said)


def _messages(messages: Sequence[Message]) -> Any:
    return [{"role": message.role, "content": message.text} for message in messages]


def _fields(event: Any) -> dict[str, Any]:
    """An event as it came, whatever is in it: the SDK does not check what a server sends."""
    return _object(
        event.to_dict(mode="json", warnings=False) if hasattr(event, "to_dict") else event
    )


def _input_tokens(fields: dict[str, Any]) -> int:
    usage = _object(fields.get("usage")) or _object(_object(fields.get("message")).get("usage"))
    return as_count(usage.get("input_tokens"))


def _chunk(fields: dict[str, Any], input_tokens: int) -> ModelChunk:
    raw = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    delta = _object(fields.get("delta"))
    match fields.get("type"), delta.get("type"):
        case "content_block_delta", "text_delta":
            return ModelChunk(raw=raw, text=str(delta.get("text") or ""))
        case "message_delta", _:
            made = _object(fields.get("usage")).get("output_tokens")
            usage = Usage(input_tokens, as_count(made)) if isinstance(made, int) else None
            reason = as_text(delta.get("stop_reason")) or None
            return ModelChunk(raw=raw, usage=usage, finish_reason=reason)
        case _:
            return ModelChunk(raw=raw)


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
