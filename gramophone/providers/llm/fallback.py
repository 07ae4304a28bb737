"""A language model with others that are asked when it fails."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import cast

from gramophone.core.errors import GramophoneError
from gramophone.ports.language_model import AskedModel, LanguageModel, Message, ModelChunk


class FallbackModel:
    """A `ports.LanguageModel` that asks the next of several when one fails before its first piece.

    It is called by the name of the first; an answer of another begins with a notice that says so.
    """

    def __init__(self, first: LanguageModel, others: Sequence[Callable[[], LanguageModel]]) -> None:
        """`others` make the models in the order in which they are asked; each at its first use."""
        self.first = first
        self._others = others
        self._made: dict[int, LanguageModel] = {}

    @property
    def provider(self) -> str:
        return self.first.provider

    @property
    def model(self) -> str:
        return self.first.model

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        """Stream one answer; see `LanguageModel.stream`."""
        failure: GramophoneError | None = None
        for index in range(len(self._others) + 1):
            begun = False
            try:
                model = self._at(index)
                if failure is not None:
                    yield _instead(failure, model)
                stream = cast("AsyncGenerator[ModelChunk]", model.stream(messages, system_prompt))
                async with aclosing(stream) as chunks:
                    async for chunk in chunks:
                        begun = begun or chunk.has_content
                        yield chunk
            except GramophoneError as error:
                if begun or index == len(self._others):
                    raise
                failure = error
            else:
                return

    async def aclose(self) -> None:
        """Close all that were asked."""
        for model in (self.first, *self._made.values()):
            await model.aclose()

    def _at(self, index: int) -> LanguageModel:
        if not index:
            return self.first
        if index not in self._made:
            self._made[index] = self._others[index - 1]()
        return self._made[index]


def _instead(failure: GramophoneError, model: LanguageModel) -> ModelChunk:
    return ModelChunk(
        raw="",
        notice=f"{failure} {model.provider} ({model.model}) answers instead.",
        instead=AskedModel(model.provider, model.model),
    )
