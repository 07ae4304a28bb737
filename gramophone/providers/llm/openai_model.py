"""A model behind the SDK of OpenAI: everything that its two protocols have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.http_model import READ_TIMEOUT_S, HttpModel, Sdk

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI_BASE_URL = "https://api.openai.com/v1"


class OpenAIModel(HttpModel["AsyncOpenAI"]):
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
        options: EndpointOptions | None = None,
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
        self._max_tokens = self._options.settings.max_tokens or max_tokens

    def _sdk(self) -> Sdk[AsyncOpenAI]:
        import openai

        return Sdk(
            client=openai.AsyncOpenAI,
            error=openai.OpenAIError,
            timeout_error=openai.APITimeoutError,
            connection_error=openai.APIConnectionError,
            status_error=openai.APIStatusError,
        )

    def _is_openai(self) -> bool:
        """Whether it is OpenAI's own service."""
        return urlsplit(self._base_url).hostname == urlsplit(OPENAI_BASE_URL).hostname
