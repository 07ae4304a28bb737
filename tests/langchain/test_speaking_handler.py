"""`gramophone.langchain.SpeakingHandler` in chains of the real LangChain."""

from __future__ import annotations

import asyncio
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from gramophone.api.answer import Answer
from gramophone.core.errors import ConfigError, ModelError
from storage.library import StoredLibrary
from tests.support.recordings import everything_in


def handler(**settings: Any) -> Any:
    # Imported late, as by a program: the module needs LangChain.
    from gramophone.langchain import SpeakingHandler

    return SpeakingHandler(mute=True, **settings)


def texts(answers: tuple[Answer, ...]) -> list[str]:
    return [answer.text.strip() for answer in answers]


async def stored(home: Path, session_id: str) -> list[str]:
    async with await StoredLibrary.open(home) as library:
        turns = (await library.session(session_id)).turns
    assert all(turn.audio for turn in turns)
    return [turn.text.strip() for turn in turns]


chains: Any = import_module("tests.support.chains")
REWRITING = chains.rewriting
QUESTION = {"question": "Why?"}
ANSWER = "human: Q: Rewritten."


class TestSpeaking:
    async def test_what_streams_is_spoken_and_recorded(self, home: Path) -> None:
        speaking = handler()
        pieces = [piece async for piece in REWRITING.astream(QUESTION, {"callbacks": [speaking]})]
        answers = await speaking.finished()
        assert "".join(pieces).strip() == ANSWER
        assert texts(answers) == ["Rewritten.", ANSWER]
        assert await stored(home, answers[0].session_id) == ["Rewritten.", ANSWER]

    @pytest.mark.parametrize("name", ["answer", "rewrite"])
    async def test_one_run_is_spoken_where_it_is_named(self, home: Path, name: str) -> None:
        speaking = handler(run_name=name)
        await REWRITING.ainvoke(QUESTION, {"callbacks": [speaking]})
        expected = {"answer": [ANSWER], "rewrite": ["Rewritten."]}
        assert texts(await speaking.finished()) == expected[name]

    async def test_models_within_a_named_chain_are_meant(self, home: Path) -> None:
        speaking = handler(run_name="whole")
        config = {"callbacks": [speaking], "run_name": "whole"}
        await REWRITING.ainvoke(QUESTION, config)
        assert texts(await speaking.finished()) == ["Rewritten.", ANSWER]

    async def test_chains_without_a_loop_are_spoken_too(self, home: Path) -> None:
        speaking = handler(run_name="answer")
        config = {"callbacks": [speaking]}
        await asyncio.to_thread(REWRITING.invoke, QUESTION, config)
        assert texts(await speaking.finished()) == [ANSWER]

    async def test_it_can_be_used_again(self, home: Path) -> None:
        speaking = handler()
        model = chains.hello
        sessions: set[str] = set()
        for _ in range(2):
            await model.ainvoke("Hm?", {"callbacks": [speaking]})
            (answer,) = await speaking.finished()
            sessions.add(answer.session_id)
        assert len(sessions) == 2
        assert await speaking.finished() == ()

    async def test_nothing_is_left_where_it_is_not_wanted(self, home: Path) -> None:
        speaking = handler(record=False)
        model = chains.hello
        await model.ainvoke("Hm?", {"callbacks": [speaking]})
        assert texts(await speaking.finished()) == ["Hello, there."]
        assert everything_in(home) == {}


class TestFailing:
    async def test_a_model_that_fails_is_told_of(self, home: Path) -> None:
        speaking = handler()
        model = chains.failing
        config = {"callbacks": [speaking]}
        with pytest.raises(ValueError, match="fault"):
            await anext(piece async for piece in model.astream("Hm?", config) if not piece.content)
        with pytest.raises(ModelError, match="The chain's model failed") as caught:
            await speaking.finished()
        assert caught.value.partial_text == "Well, "

    async def test_a_wrong_setting_does_not_stop_the_chain(self, home: Path) -> None:
        speaking = handler(speed=9.0)
        model = chains.hello
        assert (await model.ainvoke("Hm?", {"callbacks": [speaking]})).content == "Hello, there."
        with pytest.raises(ConfigError, match="speed is 9"):
            await speaking.finished()
