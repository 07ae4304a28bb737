"""OpenAI's Chat Completions, streamed with the official SDK; any server that speaks them too.

llama.cpp, Ollama and vLLM are reached through `base_url`. The SDK is imported at the first use:
it takes half a second.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from gramophone.core.errors import ModelError
from gramophone.ports.engine import Message, ModelChunk, Usage
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.wire.lenient_json import as_count, as_text
from gramophone.wire.limits import TextBound, TooMuch
from gramophone.wire.loopback import host_of, on_this_machine

if TYPE_CHECKING:
    from openai import AsyncOpenAI

OPENAI_BASE_URL = "https://api.openai.com/v1"
READ_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 5.0


class OpenAIChat:
    """A `ports.LanguageModel`.

    `api_key` may be empty for servers that want none. `provider` is the name shown and kept.
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
    ) -> None:
        self.provider = provider
        self.model = model
        self._api_key = api_key
        self._base_url = base_url or OPENAI_BASE_URL
        self._max_tokens = max_tokens
        self._read_timeout_s = read_timeout_s
        self._client: AsyncOpenAI | None = None
        self._loading = threading.Lock()
        self._failures = ModelFailures(
            "OpenAI" if provider == "openai" else f"The {provider} model",
            model,
            "OPENAI_API_KEY",
            host_of(self._base_url),
            api_key,
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
        import httpx2
        import openai

        from gramophone.providers.llm.http_client import said_done

        assert self._client is not None
        begun = finished = False
        bound = TextBound()
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
                    begun = True
                    answered = _chunk(chunk)
                    bound.add(answered.text)
                    finished = finished or answered.finish_reason is not None
                    yield answered
            if begun and not finished and said_done(stream.response):
                # Some servers give no reason, but say that it is the end.
                yield ModelChunk(raw="", finish_reason="stop")
        except openai.APITimeoutError as error:
            if isinstance(error.__cause__, httpx2.ConnectTimeout):
                raise self._failures.unreachable() from error
            raise self._failures.too_slow(begun=begun) from error
        except openai.APIConnectionError as error:
            if begun:
                raise self._failures.broke_off("the connection was lost") from error
            raise self._failures.unreachable() from error
        except openai.APIStatusError as error:
            raise self._failures.refused(error.status_code, _said(error)) from error
        except httpx2.InvalidURL as error:
            raise self._failures.misconfigured(str(error)) from error
        except TooMuch as error:
            raise self._failures.sent_too_much(str(error), begun=begun) from error
        except RecursionError as error:
            said = "an event of too many parts within each other"
            raise self._failures.sent_too_much(said, begun=begun) from error
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
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

    def _build(self) -> AsyncOpenAI:
        import httpx2
        import openai

        from gramophone.providers.llm.http_client import bounded_client

        timeout = openai.Timeout(self._read_timeout_s, connect=CONNECT_TIMEOUT_S)
        # No proxy stands before this machine, whatever the environment says.
        by_environment = not on_this_machine(self._base_url)
        try:
            http = bounded_client(timeout=timeout, trust_env=by_environment)
            return openai.AsyncOpenAI(
                # The SDK refuses an empty key even where the server wants none.
                api_key=self._api_key or "none",
                base_url=self._base_url,
                timeout=timeout,
                max_retries=1,
                http_client=http,
            )
        except (ImportError, ValueError, httpx2.InvalidURL) as error:
            raise self._failures.misconfigured(str(error)) from error

    def _length(self) -> dict[str, Any]:
        if self._max_tokens is None:
            return {}
        # OpenAI's newer models refuse `max_tokens`; most other servers know nothing else.
        ours = urlsplit(self._base_url).hostname == urlsplit(OPENAI_BASE_URL).hostname
        return {"max_completion_tokens" if ours else "max_tokens": self._max_tokens}


def _messages(messages: Sequence[Message], system_prompt: str) -> Any:
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return [*system, *({"role": m.role, "content": m.text} for m in messages)]


def _chunk(chunk: Any) -> ModelChunk:
    """Read a chunk whatever is in it: the SDK does not check what a server sends."""
    fields = chunk.to_dict(mode="json", warnings=False) if hasattr(chunk, "to_dict") else chunk
    raw = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    text, finish_reason = "", None
    for choice in _objects(_field(fields, "choices")):
        # Local servers put thoughts into fields of their own; only `content` is the answer.
        content = _field(choice.get("delta"), "content")
        text += content if isinstance(content, str) else ""
        finish_reason = as_text(choice.get("finish_reason")) or finish_reason
    usage = None
    counted = _field(fields, "usage")
    given, made = _field(counted, "prompt_tokens"), _field(counted, "completion_tokens")
    if isinstance(given, int) and isinstance(made, int):
        usage = Usage(as_count(given), as_count(made))
    return ModelChunk(raw=raw, text=text, usage=usage, finish_reason=finish_reason)


def _field(value: object, name: str) -> object:
    return cast("dict[str, object]", value).get(name) if isinstance(value, dict) else None


def _objects(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [cast("dict[str, Any]", item) for item in value if isinstance(item, dict)]  # pyright: ignore[reportUnknownVariableType]


def _said(error: Any) -> str:
    said = _field(error.body, "message")
    return said if isinstance(said, str) else str(error.message)
