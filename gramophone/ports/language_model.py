"""Port of a language model, and the values that it exchanges with a conversation.

`providers/llm` implements it, and `app` hands it to the engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from gramophone.core.frozen import frozen
from gramophone.core.timeline import Role


@frozen
class Message:
    """One turn of the history. Models see `role` and `text`.

    `heard_chars` is the number of characters that were heard before the sound was stopped; None
    where it was not. Whether the rest counts is a setting of the conversation (`Memory`).
    """

    role: Role
    text: str
    heard_chars: int | None = None


@frozen
class Usage:
    """Tokens of a request and its answer, as the provider counted them."""

    input_tokens: int
    output_tokens: int


@frozen
class ModelChunk:
    """One chunk of a provider's stream: its raw JSON, and the parts of it that are used.

    `raw` is empty where the provider sent no JSON, such as for `[DONE]`.
    """

    raw: str
    text: str = ""
    usage: Usage | None = None
    finish_reason: str | None = None


class LanguageModel(Protocol):
    """A streaming language model, one module a provider."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    def stream(self, messages: Sequence[Message], system_prompt: str) -> AsyncIterator[ModelChunk]:
        """Stream one answer. An async generator: closing it closes the request.

        Raises:
            ModelError: with one sentence for the user.
        """
        ...

    async def aclose(self) -> None:
        """Close connections and end processes."""
        ...
