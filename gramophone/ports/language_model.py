"""Port of a language model, and the values that it exchanges with a conversation.

`providers/llm` implements it, and `app` hands it to the engine.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from gramophone.core.frozen import frozen
from gramophone.core.give_back import GiveBack
from gramophone.core.picture import Picture
from gramophone.core.timeline import Role


@frozen
class Message:
    """One turn of the history. Models see `role`, `text`, `pictures` and `give_back`.

    `heard_chars` is the number of characters that were heard before the sound was stopped; None
    where it was not. Whether the rest counts is a setting of the conversation (`Memory`).
    `give_back` are the items of `ModelChunk.give_back` of an answer that came whole, in order; an
    adapter sends them back unchanged, and only to the model that they came from. `pictures` are
    those of a question, with their content.
    """

    role: Role
    text: str
    heard_chars: int | None = None
    give_back: tuple[GiveBack, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def items(self) -> list[str]:
        """The JSON texts of `give_back`."""
        return [own.item for own in self.give_back]


@frozen
class Usage:
    """Tokens of a request and its answer, as the provider counted them."""

    input_tokens: int
    output_tokens: int


@frozen
class CallPart:
    """A part of a call to a tool; `arguments` of one `index` are joined, and are JSON when whole.

    `index` counts the calls of the answer from 0, whatever the provider counts. `id` and `name`
    stand in the first part. `give_back` is what else the provider wants back with the call, as
    JSON text; empty where it is nothing.
    """

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""
    give_back: str = ""


@frozen
class AskedModel:
    """Name of the model that a request went to."""

    provider: str
    model: str


@frozen
class ModelChunk:
    """One chunk of a provider's stream: its raw JSON, and the parts of it that are used.

    Attributes:
        raw: empty where the provider sent no JSON, such as for `[DONE]`.
        text: a piece of the answer.
        thought: a piece of the model's reasoning, which is never spoken.
        calls: parts of calls to tools.
        usage: tokens so far.
        finish_reason: the provider's own word for the end.
        give_back: an item of the answer as JSON text that the provider wants back unchanged with
            the next request (a signed thought, encrypted reasoning).
        retracts: whether all text before this chunk turns out to have been a thought (a model that
            closes a thought which it did not open).
        notice: a sentence for the user about this answer that is not a failure (what was left out
            of the request, who answers instead).
        instead: the model that is asked from here on, since the one before has failed.
        refuses: whether `text` is the model's refusal to answer, where the protocol marks it so.
        unclosed: whether the thought before this chunk was opened by a tag and never closed, so
            that the answer may stand in it; it stays a thought, and is offered to the user.
    """

    raw: str
    text: str = ""
    thought: str = ""
    calls: tuple[CallPart, ...] = ()
    usage: Usage | None = None
    finish_reason: str | None = None
    give_back: str = ""
    retracts: bool = False
    refuses: bool = False
    unclosed: bool = False
    notice: str = ""
    instead: AskedModel | None = None

    @property
    def has_content(self) -> bool:
        """Whether it has a piece of the answer, after which no other try could be made."""
        return bool(self.text or self.thought or self.calls or self.give_back)


class LanguageModel(Protocol):
    """A streaming language model, one module a provider."""

    @property
    def provider(self) -> str: ...

    @property
    def model(self) -> str: ...

    def stream(self, messages: Sequence[Message], system_prompt: str) -> AsyncIterator[ModelChunk]:
        """Stream one answer. An async generator: closing it closes the request.

        A model that takes no pictures refuses those of the last question, and does without those of
        earlier ones.

        Raises:
            PicturesRefused: it does not take the last question's pictures.
            ModelError: with one sentence for the user.
        """
        ...

    async def aclose(self) -> None:
        """Close connections and end processes."""
        ...
