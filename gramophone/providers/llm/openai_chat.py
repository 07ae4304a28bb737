"""OpenAI's Chat Completions, of OpenAI or any server that speaks them, with the official SDK.

llama.cpp, Ollama and vLLM are reached through `base_url`. The SDK is imported at the first use:
it takes half a second.
"""

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
    import httpx2
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

    def _reader(self) -> AnswerReader:
        return _ChatReader()

    def _refusal(self, error: Any) -> ModelError:
        reason = _field(error.body, "message")
        reason = reason if isinstance(reason, str) else str(error.message)
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


class _ChatReader(AnswerReader):
    """Remembers whether the server gave a reason for the end."""

    def __init__(self) -> None:
        self._finished = False

    def read(self, fields: object, raw: str) -> ModelChunk:
        text, finish_reason = "", None
        for choice in _objects(_field(fields, "choices")):
            # Local servers put thoughts into fields of their own; only `content` is the answer.
            content = _field(choice.get("delta"), "content")
            text += content if isinstance(content, str) else ""
            finish_reason = as_text(choice.get("finish_reason")) or finish_reason
        self._finished = self._finished or finish_reason is not None
        usage = None
        tokens = _field(fields, "usage")
        prompt, completion = _field(tokens, "prompt_tokens"), _field(tokens, "completion_tokens")
        if isinstance(prompt, int) and isinstance(completion, int):
            usage = Usage(as_count(prompt), as_count(completion))
        return ModelChunk(raw=raw, text=text, usage=usage, finish_reason=finish_reason)

    def end(self, response: httpx2.Response) -> ModelChunk | None:
        from gramophone.providers.llm.http_client import said_done

        # Some servers give no finish reason, but end the stream with `[DONE]`.
        if self._finished or not said_done(response):
            return None
        return ModelChunk(raw="", finish_reason="stop")


def _messages(messages: Sequence[Message], system_prompt: str) -> Any:
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return [*system, *({"role": m.role, "content": m.text} for m in messages)]


def _field(value: object, name: str) -> object:
    return cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [cast("dict[str, Any]", item) for item in value if isinstance(item, dict)]  # pyright: ignore[reportUnknownVariableType]
