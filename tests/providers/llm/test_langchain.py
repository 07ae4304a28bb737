"""Chains of the real LangChain and LangGraph as a model (`tests/support/chains.py`)."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from importlib import import_module

import pytest

from fixtures.answers import Case, all_cases
from gramophone.core.errors import PicturesRefused
from gramophone.ports.language_model import CallPart, Message, Usage
from gramophone.providers.llm.langchain import LangChainModel
from gramophone.wire.limits import MOST_ANSWER_CHARS
from tests.support.langchain_answers import is_langchains, message_chunks
from tests.support.model_contract import (
    QUESTION,
    calls_in,
    chunks_of,
    close,
    closing,
    failure,
    text_of,
)
from tests.support.picture_files import picture, png

ANSWERS = [
    pytest.param(protocol, case, id=f"{protocol}-{case['name']}")
    for protocol, case in all_cases()
    if is_langchains(case)
]
CHAINS = "tests.support.chains"
SHOWN = (Message("user", "This?", pictures=(picture(),)),)
TALK = (Message("user", "A?"), Message("assistant", "B."), Message("user", "C?"))


def model_of(path: str, run: str = "") -> LangChainModel:
    return LangChainModel(f"chains:{path}", CHAINS, path, run)


async def text(path: str, run: str = "") -> str:
    """The answer to the last question of the talk."""
    async with closing(model_of(path, run)) as model:
        return text_of(await chunks_of(model, TALK)).strip()


class TestInput:
    @pytest.mark.parametrize(
        ("path", "answer"),
        [
            ("echo", "system: Be brief. | human: A? | ai: B. | human: C?"),
            ("chain", "human: Q: C?"),
            ("with_history", "system: Be brief. | human: A? | ai: B. | human: C?"),
            ("documents", "human: [C?] C?"),
            ("graph", "human: A? | ai: B. | human: C?"),
            ("uncompiled", "human: A? | ai: B. | human: C?"),
            ("make", "Hello, there."),
            ("make_later", "Hello, there."),
        ],
    )
    async def test_each_kind_gets_what_it_wants(self, path: str, answer: str) -> None:
        assert await text(path) == answer

    @pytest.mark.parametrize("path", ["echo", "graph"])
    async def test_who_takes_messages_gets_pictures(self, path: str) -> None:
        async with closing(model_of(path)) as model:
            answer = text_of(await chunks_of(model, SHOWN))
        assert "human: [{'type': 'text', 'text': 'This?'}, {'type': 'image_url'," in answer
        assert f"data:image/png;base64,{b64encode(png()).decode()}" in answer

    @pytest.mark.parametrize("path", ["chain", "documents"])
    async def test_who_takes_a_text_refuses_them(self, path: str) -> None:
        async with closing(model_of(path)) as model:
            with pytest.raises(PicturesRefused, match="takes its question as a text"):
                await chunks_of(model, SHOWN)


class TestOutput:
    @pytest.mark.parametrize(
        ("path", "run", "answer"),
        [
            ("assigned", "", "human: Q: C?"),
            ("counting", "", "3 messages."),
            ("output", "", "Done."),
            ("rewriting", "", "human: Q: Rewritten."),
            ("rewriting", "answer", "human: Q: Rewritten."),
            ("rewriting", "rewrite", "Rewritten."),
            ("rewriting", "StrOutputParser", "Rewritten.human: Q: Rewritten."),
            ("graph", "ask_model", "human: A? | ai: B. | human: C?"),
            ("both", "count", "4 messages."),
        ],
    )
    async def test_no_word_comes_twice(self, path: str, run: str, answer: str) -> None:
        assert await text(path, run) == answer

    async def test_pieces_come_as_they_stream(self) -> None:
        async with closing(model_of("hello")) as model:
            chunks = await chunks_of(model)
        assert [chunk.text for chunk in chunks if chunk.text] == ["Hello,", " ", "there."]

    async def test_thoughts_usage_and_reason_come_along(self) -> None:
        async with closing(model_of("thinking")) as model:
            chunks = await chunks_of(model)
        assert text_of(chunks) == "Well."
        assert "".join(chunk.thought for chunk in chunks) == "Hm."
        assert (chunks[-1].usage, chunks[-1].finish_reason) == (Usage(9, 4), "length")

    async def test_thoughts_in_tags_are_no_text(self) -> None:
        async with closing(model_of("tagged")) as model:
            chunks = await chunks_of(model)
        assert text_of(chunks) == "Well."
        assert "".join(chunk.thought for chunk in chunks) == "Hm."

    @pytest.mark.parametrize(("protocol", "case"), ANSWERS)
    async def test_the_common_answers(
        self, protocol: str, case: Case, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chains = import_module(CHAINS)
        scripted = chains.Scripted(chunks=list(message_chunks(protocol, case)))
        monkeypatch.setattr(chains, "of_case", scripted, raising=False)
        async with closing(model_of("of_case")) as model:
            chunks = await chunks_of(model)
        retraction = next((n for n, chunk in enumerate(chunks) if chunk.retracts), 0)
        assert text_of(chunks[:retraction]) == case.get("retracted", "")
        assert text_of(chunks[retraction:]) == case["text"]
        assert any(chunk.unclosed for chunk in chunks) == case.get("unclosed", False)
        assert "".join(chunk.thought for chunk in chunks) == case.get("thought", "")
        # LangChain has no place for what else a provider wants back with a call.
        calls = [{**call, "give_back": None} for call in case.get("calls", [])]
        assert [{**call, "give_back": None} for call in calls_in(chunks)] == calls
        usage = [chunk.usage for chunk in chunks if chunk.usage]
        assert usage == ([Usage(*case["usage"])] if "usage" in case else [])
        reasons = [chunk.finish_reason for chunk in chunks if chunk.finish_reason]
        assert reasons == [case.get("finish") or "stop"]

    async def test_calls_of_a_model_come_along(self) -> None:
        async with closing(model_of("calling")) as model:
            chunks = await chunks_of(model)
        assert [part for chunk in chunks for part in chunk.calls] == [
            CallPart(0, "c0", "f", ""),
            CallPart(0, "", "", '{"a": 1}'),
        ]


class TestFailing:
    @pytest.mark.parametrize(
        ("path", "run", "sentence"),
        [
            ("failing", "", r"The chain chains:failing failed \(ValueError: my fault\); correct"),
            ("number", "", "gave a value of type int; let it give strings, messages, or a dict"),
            ("other_keys", "", "gave a dict with result, score; its text must be in answer"),
            ("nothing", "", "is of type int; name a chat model, a Runnable, a graph"),
            ("wants_arguments", "", "takes arguments; name a function without any"),
            ("missing", "", "has no 'missing'; check the name"),
            ("rewriting", "nobody", "has no run 'nobody'; its runs are RunnableSequence, "),
            ("endless", "", "sent a text of more than 600,000 characters, and was stopped"),
        ],
    )
    async def test_what_is_wrong_is_one_sentence(self, path: str, run: str, sentence: str) -> None:
        texts: list[str] = []
        async with closing(model_of(path, run)) as model:
            assert re.search(sentence, await failure(model, lambda chunk: texts.append(chunk.text)))
        assert len("".join(texts)) <= MOST_ANSWER_CHARS
        if path == "failing":
            assert texts == ["Well, "]

    async def test_a_chain_that_blocks_can_be_stopped(self) -> None:
        chains = import_module(CHAINS)
        async with closing(model_of("blocking")) as model:
            stream = model.stream(QUESTION, "")
            assert (await anext(stream)).text == "Before. "
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(_next_text(stream))
                await asyncio.to_thread(chains.blocked.wait)
                waiting.cancel()
            assert not chains.closed.is_set()
            chains.released.set()
            await asyncio.to_thread(chains.closed.wait)

    async def test_closing_stops_the_chain(self) -> None:
        chains = import_module(CHAINS)
        chains.released.set()
        chains.closed.clear()
        async with closing(model_of("blocking")) as model:
            stream = model.stream(QUESTION, "")
            assert (await anext(stream)).text == "Before. "
            await close(stream)
            await asyncio.to_thread(chains.closed.wait)


async def _next_text(stream: object) -> object:
    return await anext(stream)  # pyright: ignore[reportArgumentType, reportUnknownVariableType]
