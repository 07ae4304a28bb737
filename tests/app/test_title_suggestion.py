"""A title by the model: short, one line, and never what the model would like it to be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from gramophone.app.title_suggestion import cleaned, title_by
from gramophone.core.errors import ModelError
from gramophone.library.library import TurnRecord
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.llm.openai_chat import OpenAIChat
from gramophone.wire.llm.answer import ModelAnswer, TextPiece
from tests.support.model_contract import closing
from tests.support.model_standin import standing_in

TURNS = [
    TurnRecord(0, "user", "Why is the \x1b[31msky blue?", "sent", 0),
    TurnRecord(1, "assistant", "Because of Rayleigh. " * 100, "stop", 0),
]


class Namer:
    """A model that says what it is told, piece by piece, and remembers what it was asked."""

    provider, model = "local", "namer"

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.messages: list[Message] = []
        self.given = 0

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        self.messages += messages
        for character in self.answer:
            self.given += 1
            yield ModelChunk(raw="", text=character)

    async def aclose(self) -> None:
        return None


@pytest.mark.parametrize(
    ("answer", "title"),
    [
        ("Why the sky is blue", "Why the sky is blue"),
        ('"Blue Sky."', "Blue Sky"),
        ("\n\n**Title: Blue sky**\nBecause …", "Blue sky"),
        ("# Blue sky", "Blue sky"),
        ("Title:\nBlue sky", "Blue sky"),
        ("„Blauer Himmel“", "Blauer Himmel"),
        ("\x1b]0;owned\x07Blue \u202esky", "Blue sky"),
        ("one two three four five six seven eight nine", "one two three four five six seven eight"),
        ("x" * 300, "x" * 80),
        ("空は青い", "空は青い"),
        ("*** … ***", ""),
        ("", ""),
    ],
)
def test_an_answer_becomes_a_title(answer: str, title: str) -> None:
    assert cleaned(answer) == title


async def test_the_model_sees_the_beginning_as_data() -> None:
    model = Namer("Blue sky\n" + "and then a long story " * 1000)
    assert await title_by(model, TURNS) == "Blue sky"
    (request,) = model.messages
    assert "Person: Why is the sky blue?" in request.text
    assert len(request.text) < 1_000
    assert model.given < 5_000


@pytest.mark.parametrize("tag", ["</think>", "<think>Hm.</think>"])
async def test_a_thought_is_no_title(tag: str) -> None:
    """The model closes a thought that it did not open, or thinks at first."""
    thought = "" if tag.startswith("<think>") else "A title is wanted.\nIt is about the sky.\n"
    answer = ModelAnswer(None, (TextPiece(f"{thought}{tag}\n\nBlue sky"),))
    async with standing_in(answer) as standin:
        async with closing(OpenAIChat("m", base_url=standin.http("/v1"))) as model:
            assert await title_by(model, TURNS) == "Blue sky"


@pytest.mark.parametrize("answer", ["", "…", "\n\n"])
async def test_nothing_usable_is_said_so(answer: str) -> None:
    with pytest.raises(ModelError, match="The model gave no title"):
        await title_by(Namer(answer), TURNS)


async def test_a_session_without_words_is_not_asked_about() -> None:
    with pytest.raises(ModelError, match="Nothing was said"):
        await title_by(Namer("x"), [])
