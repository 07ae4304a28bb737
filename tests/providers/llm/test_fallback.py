"""Models that are asked when the first one fails: in order, with a notice, never in mid-answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from gramophone.core.errors import ModelError
from gramophone.ports.language_model import AskedModel, Message, ModelChunk
from gramophone.providers.llm.fallback import FallbackModel
from tests.support.model_contract import chunks_of, failure


class Scripted:
    """A model that sends these chunks, and then fails with the sentence, if there is one."""

    def __init__(self, provider: str, *texts: str, sentence: str = "") -> None:
        self.provider = provider
        self.model = f"{provider}-1"
        self.closed = False
        self._chunks = [ModelChunk(raw="{}"), *(ModelChunk(raw="{}", text=text) for text in texts)]
        self._sentence = sentence

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        for chunk in self._chunks:
            yield chunk
        if self._sentence:
            raise ModelError(self._sentence)

    async def aclose(self) -> None:
        self.closed = True


async def test_the_next_one_answers_and_it_is_said() -> None:
    made: list[Scripted] = []

    def second() -> Scripted:
        made.append(Scripted("second", "Hi."))
        return made[-1]

    first = Scripted("first", sentence="First is away.")
    model = FallbackModel(first, [second])
    assert (model.provider, model.model) == ("first", "first-1")
    for _ in range(2):
        chunks = await chunks_of(model)
        assert [chunk.notice for chunk in chunks if chunk.notice] == [
            "First is away. second (second-1) answers instead."
        ]
        assert [chunk.instead for chunk in chunks if chunk.instead] == [
            AskedModel("second", "second-1")
        ]
        assert [chunk.text for chunk in chunks if chunk.text] == ["Hi."]
    await model.aclose()
    assert len(made) == 1, "made at the first use"
    assert first.closed
    assert made[0].closed


async def test_whoever_answers_is_not_followed_by_another() -> None:
    model = FallbackModel(Scripted("first", "Hel", sentence="Cut."), [lambda: Scripted("second")])
    assert await failure(model) == "Cut."


async def test_a_signed_thought_is_a_piece_of_the_answer() -> None:
    """It goes back to whoever sent it, so that nobody else may answer behind it."""

    class Signing(Scripted):
        async def stream(
            self, messages: Sequence[Message], system_prompt: str
        ) -> AsyncIterator[ModelChunk]:
            yield ModelChunk("{}", give_back="{}")
            raise ModelError("Cut.")

    assert await failure(FallbackModel(Signing("first"), [lambda: Scripted("second")])) == "Cut."


async def test_one_that_cannot_be_made_is_passed_over() -> None:
    def unusable() -> Scripted:
        raise ModelError("Second has no key.")

    others = [unusable, lambda: Scripted("third", "Hi.")]
    chunks = await chunks_of(FallbackModel(Scripted("first", sentence="Away."), others))
    assert [chunk.notice for chunk in chunks if chunk.notice] == [
        "Second has no key. third (third-1) answers instead."
    ]


async def test_when_all_fail_the_last_one_says_why() -> None:
    model = FallbackModel(
        Scripted("first", sentence="Away."), [lambda: Scripted("second", sentence="Away, too.")]
    )
    with pytest.raises(ModelError, match=r"Away, too\."):
        await chunks_of(model)
