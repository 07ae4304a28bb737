"""OpenAI's Chat Completions, streamed with the official SDK; any server that speaks them too.

llama.cpp, Ollama and vLLM are reached through `base_url`. The SDK is imported at the first use:
it takes half a second.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gramophone.ports import Message, ModelChunk, Usage
from gramophone.voice import model_failures

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from openai.types.chat import ChatCompletionChunk

OPENAI_BASE_URL = "https://api.openai.com/v1"
READ_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5.0


class OpenAIChat:
    """A `ports.LanguageModel`.

    `api_key` may be empty for servers that want none. `provider` is the name shown and kept.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str = "",
        base_url: str = OPENAI_BASE_URL,
        max_tokens: int | None = None,
        provider: str = "openai",
    ) -> None:
        self.provider = provider
        self.model = model
        self._api_key = api_key
        self._base_url = base_url or OPENAI_BASE_URL
        self._max_tokens = max_tokens
        self._client: AsyncOpenAI | None = None

    def load(self) -> None:
        """Import the SDK and build the client ahead of the first request."""
        if self._client is None:
            import openai

            self._client = openai.AsyncOpenAI(
                # The SDK refuses an empty key even where the server wants none.
                api_key=self._api_key or "none",
                base_url=self._base_url,
                timeout=openai.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                max_retries=1,
            )

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        """Stream one answer; see `ports.LanguageModel.stream`."""
        self.load()
        import httpx2
        import openai

        assert self._client is not None
        name = "OpenAI" if self.provider == "openai" else f"The {self.provider} model"
        try:
            stream = await self._client.chat.completions.create(
                model=self.model,
                messages=_messages(messages, system_prompt),
                stream=True,
                stream_options={"include_usage": True},
                **self._length(),
            )
            async with stream:
                async for chunk in stream:
                    yield _chunk(chunk)
        except openai.APITimeoutError as error:
            raise model_failures.too_slow(name) from error
        except openai.APIConnectionError as error:
            raise model_failures.unreachable(name, _host(self._base_url)) from error
        except openai.APIStatusError as error:
            said = _said(error)
            raise model_failures.refused(
                name, self.model, "OPENAI_API_KEY", error.status_code, said
            ) from error
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            raise model_failures.broke_off(name, str(error)) from error

    async def aclose(self) -> None:
        """Close idle connections."""
        if self._client is not None:
            await self._client.close()

    def _length(self) -> dict[str, Any]:
        if self._max_tokens is None:
            return {}
        # OpenAI's newer models refuse `max_tokens`; most other servers know nothing else.
        ours = urlsplit(self._base_url).hostname == urlsplit(OPENAI_BASE_URL).hostname
        return {"max_completion_tokens" if ours else "max_tokens": self._max_tokens}


def _messages(messages: Sequence[Message], system_prompt: str) -> Any:
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return [*system, *({"role": m.role, "content": m.text} for m in messages)]


def _chunk(chunk: ChatCompletionChunk) -> ModelChunk:
    text, finish_reason = "", None
    for choice in chunk.choices or []:
        # Local servers put thoughts into fields of their own; only `content` is the answer.
        text += (choice.delta.content if choice.delta else None) or ""
        finish_reason = choice.finish_reason or finish_reason
    usage = None
    if chunk.usage is not None:
        usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
    raw = chunk.to_json(indent=None, warnings=False)
    return ModelChunk(raw=raw, text=text, usage=usage, finish_reason=finish_reason)


def _said(error: Any) -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):  # pyright: ignore[reportUnknownMemberType]
        return str(body["message"])  # pyright: ignore[reportUnknownArgumentType]
    return str(error.message)


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]
