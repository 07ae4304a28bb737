"""Anthropic's Messages API, streamed with the official SDK, which is imported at the first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from gramophone.core.errors import ModelError
from gramophone.ports.language_model import Message, ModelChunk, Usage
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.http_model import (
    READ_TIMEOUT_S,
    AnswerReader,
    HttpModel,
    Sdk,
    SdkStream,
)
from gramophone.wire.lenient_json import as_count, as_text

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

ANTHROPIC_BASE_URL = "https://api.anthropic.com"
DEFAULT_MAX_TOKENS = 1024
"""The API requires a limit; a spoken answer is shorter."""

_STATUS_OF_ERROR = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
}


class AnthropicMessages(HttpModel["AsyncAnthropic"]):
    """A `ports.LanguageModel`. `read_timeout_s` is how long the stream may stay silent."""

    def __init__(
        self,
        model: str,
        *,
        api_key: str,
        base_url: str = "",
        max_tokens: int | None = None,
        read_timeout_s: float = READ_TIMEOUT_S,
        provider: str = "anthropic",
        options: EndpointOptions = EndpointOptions(),  # noqa: B008 (frozen)
    ) -> None:
        super().__init__(
            model,
            provider=provider,
            name="Anthropic",
            key_name="ANTHROPIC_API_KEY",
            api_key=api_key,
            base_url=base_url or ANTHROPIC_BASE_URL,
            read_timeout_s=read_timeout_s,
            options=options,
        )
        self._max_tokens = options.settings.max_tokens or max_tokens or DEFAULT_MAX_TOKENS

    def _sdk(self) -> Sdk[AsyncAnthropic]:
        import anthropic

        return Sdk(
            client=anthropic.AsyncAnthropic,
            error=anthropic.AnthropicError,
            timeout_error=anthropic.APITimeoutError,
            connection_error=anthropic.APIConnectionError,
            status_error=anthropic.APIStatusError,
        )

    async def _request(
        self, client: AsyncAnthropic, messages: Sequence[Message], system_prompt: str
    ) -> SdkStream:
        from anthropic import omit

        return await client.messages.create(
            model=self.model,
            max_tokens=self._max_tokens,
            messages=_messages(messages),
            system=system_prompt or omit,
            stream=True,
            extra_body=self._extra_body(),
        )

    def _parameters(self) -> dict[str, Any]:
        # Anthropic's own API refuses `temperature` and the like, whatever their value.
        if urlsplit(self._base_url).hostname == urlsplit(ANTHROPIC_BASE_URL).hostname:
            return {}
        settings = self._options.settings.chosen()
        return {name: settings[name] for name in ("temperature", "top_p") if name in settings}

    def _reader(self) -> AnswerReader:
        return _MessageReader()

    def _refusal(self, error: Any) -> ModelError:
        inner = _object(_object(error.body).get("error"))
        kind, reason = str(inner.get("type", "")), str(inner.get("message") or error.message)
        status: int = error.status_code
        # An error event inside a stream that has begun has status 200; its type says what it is.
        if status < 400 and kind not in _STATUS_OF_ERROR:
            return self._failures.broke_off(f"{kind}: {reason}")
        return self._failures.refused(_STATUS_OF_ERROR.get(kind, status), reason)


class _MessageReader(AnswerReader):
    """Keeps the input tokens of the first event (`message_start`) for the usage of the last."""

    def __init__(self) -> None:
        self._input_tokens = 0

    def read(self, fields: object, raw: str) -> ModelChunk:
        event = _object(fields)
        self._input_tokens = _input_tokens(event) or self._input_tokens
        delta = _object(event.get("delta"))
        match event.get("type"), delta.get("type"):
            case "content_block_delta", "text_delta":
                return ModelChunk(raw=raw, text=str(delta.get("text") or ""))
            case "message_delta", _:
                output = _object(event.get("usage")).get("output_tokens")
                counted = isinstance(output, int)
                usage = Usage(self._input_tokens, as_count(output)) if counted else None
                reason = as_text(delta.get("stop_reason")) or None
                return ModelChunk(raw=raw, usage=usage, finish_reason=reason)
            case _:
                return ModelChunk(raw=raw)


def _messages(messages: Sequence[Message]) -> Any:
    return [{"role": message.role, "content": message.text} for message in messages]


def _input_tokens(fields: dict[str, Any]) -> int:
    usage = _object(fields.get("usage")) or _object(_object(fields.get("message")).get("usage"))
    return as_count(usage.get("input_tokens"))


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
