"""OpenAI's Chat Completions, of OpenAI or any server that speaks them, with the official SDK.

llama.cpp, Ollama and vLLM are reached through `base_url`. The SDK is imported at the first use:
it takes half a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gramophone.core.errors import ModelError
from gramophone.ports.language_model import Message
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.http_model import (
    READ_TIMEOUT_S,
    HttpModel,
    Sdk,
    SdkStream,
)
from gramophone.wire.llm.give_back import chat_fields
from gramophone.wire.llm.stream_parts import error_part

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI_BASE_URL = "https://api.openai.com/v1"


class OpenAIChat(HttpModel["AsyncOpenAI"]):
    """A `ports.LanguageModel`.

    `api_key` may be empty for servers that want none. `provider` is the name shown and stored.
    `read_timeout_s` is how long the stream may stay silent.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str = "",
        base_url: str = OPENAI_BASE_URL,
        max_tokens: int | None = None,
        provider: str = "openai",
        read_timeout_s: float = READ_TIMEOUT_S,
        options: EndpointOptions = EndpointOptions(),  # noqa: B008 (frozen)
    ) -> None:
        super().__init__(
            model,
            provider=provider,
            name="OpenAI" if provider == "openai" else f"The {provider} model",
            key_name="OPENAI_API_KEY",
            api_key=api_key,
            base_url=base_url or OPENAI_BASE_URL,
            read_timeout_s=read_timeout_s,
            options=options,
        )
        self._max_tokens = options.settings.max_tokens or max_tokens

    def _sdk(self) -> Sdk[AsyncOpenAI]:
        import openai

        return Sdk(
            client=openai.AsyncOpenAI,
            error=openai.OpenAIError,
            timeout_error=openai.APITimeoutError,
            connection_error=openai.APIConnectionError,
            status_error=openai.APIStatusError,
        )

    async def _request(
        self, client: AsyncOpenAI, messages: Sequence[Message], system_prompt: str
    ) -> SdkStream:
        return await client.chat.completions.create(
            model=self.model,
            messages=_messages(messages, system_prompt),
            stream=True,
            extra_body=self._extra_body(),
        )

    def _refusal(self, error: Any) -> ModelError:
        reason = error_part(error.body).message or str(error.message)
        return self._failures.refused(error.status_code, reason)

    def _parameters(self) -> dict[str, Any]:
        parameters = {"stream_options": {"include_usage": True}, **self._options.settings.chosen()}
        if self._max_tokens is None:
            return parameters
        parameters.pop("max_tokens", None)
        # OpenAI's newer models refuse `max_tokens`; most other servers know nothing else.
        is_openai = urlsplit(self._base_url).hostname == urlsplit(OPENAI_BASE_URL).hostname
        name = "max_completion_tokens" if is_openai else "max_tokens"
        return {**parameters, name: self._max_tokens}


def _messages(messages: Sequence[Message], system_prompt: str) -> Any:
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return [
        *system,
        *({**chat_fields(m.give_back), "role": m.role, "content": m.text} for m in messages),
    ]
