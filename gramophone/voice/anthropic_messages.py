"""Anthropic's Messages, streamed with the official SDK, which is imported at the first use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gramophone.ports import Message, ModelChunk, Usage
from gramophone.voice import model_failures

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import RawMessageStreamEvent

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
    """A `ports.LanguageModel`."""

    provider = "anthropic"

    def __init__(
        self, model: str, *, api_key: str, base_url: str = "", max_tokens: int | None = None
    ) -> None:
        self.model = model
        self._api_key = api_key
        self._base_url = base_url or ANTHROPIC_BASE_URL
        self._max_tokens = max_tokens or DEFAULT_MAX_TOKENS
        self._client: AsyncAnthropic | None = None

    def load(self) -> None:
        """Import the SDK and build the client ahead of the first request."""
        if self._client is None:
            import anthropic

            self._client = anthropic.AsyncAnthropic(
                api_key=self._api_key or "none",
                base_url=self._base_url,
                timeout=anthropic.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
                max_retries=1,
            )

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        """Stream one answer; see `ports.LanguageModel.stream`."""
        self.load()
        import anthropic
        import httpx2

        assert self._client is not None
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
                    if event.type == "message_start":
                        input_tokens = event.message.usage.input_tokens
                    yield _chunk(event, input_tokens)
        except anthropic.APITimeoutError as error:
            raise model_failures.too_slow("Anthropic") from error
        except anthropic.APIConnectionError as error:
            where = urlsplit(self._base_url).netloc.rpartition("@")[2]
            raise model_failures.unreachable("Anthropic", where) from error
        except anthropic.APIStatusError as error:
            kind, said = _said(error)
            # An error inside a started stream comes with status 200; its type tells.
            if error.status_code < 400 and kind not in _STATUS_OF_ERROR:
                raise model_failures.broke_off("Anthropic", f"{kind}: {said}") from error
            status = _STATUS_OF_ERROR.get(kind, error.status_code)
            raise model_failures.refused(
                "Anthropic", self.model, "ANTHROPIC_API_KEY", status, said
            ) from error
        except (anthropic.AnthropicError, httpx2.HTTPError, ValueError) as error:
            raise model_failures.broke_off("Anthropic", str(error)) from error

    async def aclose(self) -> None:
        """Close idle connections."""
        if self._client is not None:
            await self._client.close()


def _messages(messages: Sequence[Message]) -> Any:
    return [{"role": message.role, "content": message.text} for message in messages]


def _chunk(event: RawMessageStreamEvent, input_tokens: int) -> ModelChunk:
    raw = event.to_json(indent=None, warnings=False)
    if event.type == "content_block_delta" and event.delta.type == "text_delta":
        return ModelChunk(raw=raw, text=event.delta.text)
    if event.type == "message_delta":
        usage = Usage(input_tokens, event.usage.output_tokens)
        return ModelChunk(raw=raw, usage=usage, finish_reason=event.delta.stop_reason)
    return ModelChunk(raw=raw)


def _said(error: Any) -> tuple[str, str]:
    body = error.body
    if isinstance(body, dict):
        inner: Any = body.get("error", body)  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
        if isinstance(inner, dict):
            return str(inner.get("type", "")), str(inner.get("message", ""))  # pyright: ignore[reportUnknownMemberType,reportUnknownArgumentType]
    return "", str(error.message)
