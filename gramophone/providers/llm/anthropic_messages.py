"""Anthropic's Messages API, streamed with the official SDK, which is imported at the first use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gramophone.ports.language_model import Message
from gramophone.providers.llm import sent_pictures
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.error_messages import RequestError
from gramophone.providers.llm.http_model import (
    READ_TIMEOUT_S,
    HttpModel,
    Sdk,
    SdkStream,
)
from gramophone.wire.lenient_json import as_object
from gramophone.wire.llm.give_back import messages_blocks
from gramophone.wire.llm.stream_parts import ErrorPart, error_part

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

ANTHROPIC_BASE_URL = "https://api.anthropic.com"
DEFAULT_MAX_TOKENS = 1024
"""The API requires a limit; a spoken answer is shorter."""


class AnthropicMessages(HttpModel["AsyncAnthropic"]):
    """A `ports.LanguageModel`. `read_timeout_s` is how long the stream may stay silent."""

    _always_sent = frozenset({"max_tokens"})
    _base_url_has_path = False

    def __init__(
        self,
        model: str,
        *,
        api_key: str,
        base_url: str = "",
        max_tokens: int | None = None,
        read_timeout_s: float = READ_TIMEOUT_S,
        provider: str = "anthropic",
        options: EndpointOptions | None = None,
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
        self._max_tokens = self._options.settings.max_tokens or max_tokens or DEFAULT_MAX_TOKENS

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

    def _refusal(self, error: Any, *, arrived: bool) -> RequestError:
        # An error event inside a stream that has begun has status 200; its type says what it is.
        if error.status_code < 400:
            sent = error_part(as_object(error.body).get("error"))
            part = ErrorPart(sent.kind, sent.message or str(error.message))
            return self._error_in_stream(part, arrived=arrived)
        return super()._refusal(error, arrived=arrived)


def _messages(messages: Sequence[Message]) -> Any:
    return [{"role": message.role, "content": _content(message)} for message in messages]


def _content(message: Message) -> str | list[dict[str, Any]]:
    blocks = [*messages_blocks(message.items), *sent_pictures.messages_blocks(message)]
    return [*blocks, {"type": "text", "text": message.text}] if blocks else message.text
