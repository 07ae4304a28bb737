"""Text of files and functions as a model: what they give, and what they give instead."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path

import pytest

from fixtures.answers import Case, cases
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.llm.plain_text import PlainTextModel, TextFile, TextFunction
from gramophone.wire.limits import MOST_ANSWER_CHARS
from tests.support.model_contract import (
    QUESTION,
    chunks_of,
    close,
    closing,
    failure,
    text_of,
)

MODULE = """
import asyncio, threading
from collections.abc import AsyncIterator, Iterator

blocked = threading.Event()
released = threading.Event()
closed = threading.Event()

def string(question): return f"You asked: {question}"
def generator(question):
    yield "One. "
    yield question
def items(question): return ["One. ", "Two."]
async def coroutine(question): return "A coroutine."
async def coroutine_of_items(question): return ["One. ", "Two."]
async def asynchronous(question):
    for word in ("One. ", "Two."):
        await asyncio.sleep(0)
        yield word

def thread_bound(question):
    thread = threading.current_thread()
    class Bound:
        def __iter__(self): return self
        def __next__(self):
            assert threading.current_thread() is thread
            raise StopIteration
    return Bound()

def broken(question):
    yield "Well. "
    raise ValueError("my\\x1b[31m fault\\nof two lines")
def number(question): return 42
def numbers(question): yield 42
def raw(question): return b"bytes"
def mapping(question): return {"a": "b"}
def nothing(question): pass
def endless(question):
    while True: yield "x" * 10_000
def arguments(): return ""
VALUE = "no function"

def blocking(question):
    try:
        yield "Before. "
        blocked.set()
        released.wait()
    finally:
        closed.set()
async def blocking_the_loop(question):
    try:
        yield "Before. "
        blocked.set()
        released.wait()
    finally:
        closed.set()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with modules of a user."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "texts_of_a_user.py").write_text(MODULE)
    (folder / "a_broken_module.py").write_text("import a_module_that_nobody_has")
    (folder / "a_wrong_module.py").write_text("1 +")
    return folder


@pytest.fixture(autouse=True)
def in_its_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in that folder; Python's path is afterwards as it was."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(folder)


def function(name: str, module: str = "texts_of_a_user") -> PlainTextModel:
    return PlainTextModel(f"{module}:{name}", TextFunction(module, name))


class TestFunctions:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("string", "You asked: Say hello."),
            ("generator", "One. Say hello."),
            ("items", "One. Two."),
            ("coroutine", "A coroutine."),
            ("coroutine_of_items", "One. Two."),
            ("asynchronous", "One. Two."),
            ("thread_bound", ""),
        ],
    )
    async def test_whatever_gives_strings_is_spoken(self, name: str, text: str) -> None:
        async with closing(function(name)) as model:
            chunks = await chunks_of(model)
            assert text_of(chunks) == text
            assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["stop"]
            assert text_of(await chunks_of(model)) == text, "and once more"

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("broken", r"The text failed \(ValueError: my fault of two lines\); correct it"),
            ("number", "gave a value of type int; let it return a string, or yield strings"),
            ("numbers", "has a piece of type int; give strings alone"),
            ("raw", "gave a value of type bytes"),
            ("mapping", "gave a value of type dict"),
            ("nothing", "gave a value of type NoneType"),
            ("endless", "The text does not end"),
            ("arguments", r"The text failed \(TypeError: arguments\(\) takes 0"),
            ("VALUE", "is of type str; name a function that takes the question"),
            ("missing", "The module texts_of_a_user has no 'missing'; check the name"),
        ],
    )
    async def test_what_is_wrong_is_one_sentence(self, name: str, sentence: str) -> None:
        async with closing(function(name)) as model:
            assert re.search(sentence, await failure(model))

    @pytest.mark.parametrize(
        ("module", "sentence"),
        [
            ("nobody_has_this", "There is no module 'nobody_has_this' in "),
            ("a_broken_module", r"The module a_broken_module failed \(ModuleNotFoundError: "),
            ("a_wrong_module", r"The module a_wrong_module failed \(SyntaxError: "),
        ],
    )
    async def test_a_module_that_cannot_be_imported(self, module: str, sentence: str) -> None:
        async with closing(function("f", module)) as model:
            assert re.search(sentence, await failure(model))

    async def test_an_endless_text_is_bounded(self) -> None:
        texts: list[str] = []
        async with closing(function("endless")) as model:
            await failure(model, lambda chunk: texts.append(chunk.text))
        assert len("".join(texts)) <= MOST_ANSWER_CHARS

    @pytest.mark.parametrize("name", ["blocking", "blocking_the_loop"])
    async def test_code_that_blocks_can_be_stopped(self, name: str) -> None:
        async with closing(function(name)) as model:
            user = import_module("texts_of_a_user")
            for flag in (user.blocked, user.released, user.closed):
                flag.clear()
            stream = model.stream(QUESTION, "")
            assert (await anext(stream)).text == "Before. "
            async with asyncio.TaskGroup() as group:
                waiting = group.create_task(read_to_its_end(stream))
                await asyncio.to_thread(user.blocked.wait)
                waiting.cancel()
            assert not user.closed.is_set()
            # Another answer does not wait for it.
            again = model.stream(QUESTION, "")
            assert (await anext(again)).text == "Before. "
            await close(again)
            user.released.set()
            await asyncio.to_thread(user.closed.wait)


async def read_to_its_end(stream: AsyncIterator[ModelChunk]) -> None:
    async for _ in stream:
        pass


@pytest.mark.parametrize(
    "case",
    [case for case in cases("chat") if case["name"] in ("plain", "unicode", "empty")],
    ids=lambda case: case["name"],
)
async def test_texts_of_the_common_answers(case: Case) -> None:
    assert text_of(await chunks_of(PlainTextModel.of(iter(case["text"])))) == case["text"]


class TestFiles:
    async def test_a_file_is_read_anew_for_each_answer(self, tmp_path: Path) -> None:
        file = tmp_path / "text.txt"
        file.write_text("\ufeffNé 日本 " * 3000, encoding="utf-8")
        model = PlainTextModel("text.txt", TextFile("text.txt", file))
        assert text_of(await chunks_of(model)) == ("Né 日本 " + "\ufeffNé 日本 " * 2999)
        file.write_text("Another.")
        assert text_of(await chunks_of(model)) == "Another."

    async def test_a_pipe_is_spoken_while_it_comes_and_answers_once(self) -> None:
        reader, writer = os.pipe()
        with os.fdopen(reader), os.fdopen(writer, "wb", buffering=0) as pipe:
            model = PlainTextModel("-", TextFile("Standard input", reader))
            stream = model.stream((), "")
            pipe.write("One. né"[:-1].encode() + b"\xc3")
            assert (await anext(stream)).text == "One. n"
            pipe.write(b"\xa9")
            assert (await anext(stream)).text == "é"
            pipe.close()
            assert [chunk.finish_reason async for chunk in stream] == ["stop"]
            assert await failure(model) == (
                "Standard input has been read to its end, and answers once."
            )

    @pytest.mark.parametrize("text", [b"bad \xff", b"cut \xc3"])
    async def test_what_is_not_utf_8_is_refused(self, tmp_path: Path, text: bytes) -> None:
        file = tmp_path / "text.txt"
        file.write_bytes(text)
        model = PlainTextModel("text.txt", TextFile("text.txt", file))
        assert await failure(model) == "text.txt is not text in UTF-8; convert it first."

    async def test_a_file_that_is_gone_is_one_sentence(self, tmp_path: Path) -> None:
        model = PlainTextModel("a", TextFile("a.txt", tmp_path / "a.txt"))
        assert await failure(model) == "a.txt cannot be read (No such file or directory)."

    async def test_the_history_is_not_the_question(self) -> None:
        messages = (Message("user", "A?"), Message("assistant", "B."), Message("user", "C?"))
        async with closing(function("string")) as model:
            assert text_of(await chunks_of(model, messages)) == "You asked: C?"
