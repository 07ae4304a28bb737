"""The embedded model: the real engine, and what is done so that a talk fits into it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from gramophone.core.errors import EngineMissing, ModelError
from gramophone.ports.language_model import LanguageModel, Message
from gramophone.providers.llm.local import LocalModel
from tests.support.model_contract import ModelContract, chunks_of, close, closing, text_of
from tests.support.processes import gone, killed_parent

PARENT = """
import asyncio
from gramophone.providers.llm.local import LocalModel

async def main():
    model = LocalModel(progress=lambda detail: None)
    await model.start()
    print(model._child._process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def ignore(detail: str) -> None:
    pass


def pid_of(model: LocalModel) -> int:
    process = model._child._process  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    return process.pid


@pytest.mark.engines
class TestEmbeddedEngine(ModelContract):
    @pytest.fixture
    async def local(self) -> AsyncGenerator[LocalModel]:
        model = LocalModel(max_tokens=24, progress=ignore)
        try:
            yield model
        finally:
            await model.aclose()

    @pytest.fixture
    def model(self, local: LocalModel) -> LanguageModel:
        return local

    async def test_a_prompt_that_does_not_fit_is_refused_in_a_sentence(
        self, local: LocalModel
    ) -> None:
        prompt = "Tell me about the sea. " * 4_400
        assert len(prompt) > 100_000
        with pytest.raises(ModelError) as caught:
            await chunks_of(local, [Message("user", prompt)])
        sentence = str(caught.value)
        assert sentence.startswith("The local model refused the request (400: ")
        assert sentence.endswith("shorten the prompt or choose another model with --model.")
        assert text_of(await chunks_of(local)).strip(), "and it answers the next one"

    async def test_it_is_started_once(self, local: LocalModel) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(local.start())
        first = pid_of(local)
        await local.start()
        assert pid_of(local) == first

    async def test_it_starts_again_when_its_process_was_killed(self, local: LocalModel) -> None:
        await chunks_of(local)
        first = pid_of(local)
        os.kill(first, signal.SIGKILL)
        await local._child.ended(10)  # pyright: ignore[reportPrivateUsage]
        assert text_of(await chunks_of(local)).strip()
        assert pid_of(local) != first

    async def test_killed_in_mid_answer_it_breaks_off(self, local: LocalModel) -> None:
        async with closing(LocalModel(max_tokens=2_000, progress=ignore)) as model:
            assert isinstance(model, LocalModel)
            stream = model.stream([Message("user", "Tell me a very long story.")], "")
            async for chunk in stream:
                if chunk.text:
                    break
            os.kill(pid_of(model), signal.SIGKILL)
            with pytest.raises(ModelError, match="broke the answer off"):
                _ = [chunk async for chunk in stream]
            await close(stream)

    async def test_the_process_ends_with_the_model(self, local: LocalModel) -> None:
        await local.start()
        pid = pid_of(local)
        await local.aclose()
        await gone(pid)

    async def test_the_process_ends_when_its_parent_is_killed(self) -> None:
        await gone(await killed_parent(PARENT))

    async def test_a_file_that_is_no_model(self, tmp_path: Path) -> None:
        rubbish = tmp_path / "rubbish.gguf"
        rubbish.write_bytes(b"GGUF" + bytes(1_000))
        async with closing(LocalModel(model_file=str(rubbish), progress=ignore)) as model:
            with pytest.raises(EngineMissing, match=r"cannot be loaded from rubbish\.gguf"):
                await chunks_of(model)

    async def test_progress_is_told_and_taken_away(self) -> None:
        reports: list[str] = []
        async with closing(LocalModel(progress=reports.append)) as model:
            assert isinstance(model, LocalModel)
            await model.start()
        assert reports[0].startswith("loading ")
        assert reports[-1] == ""


async def test_a_missing_file_is_said_in_one_sentence(tmp_path: Path) -> None:
    missing = tmp_path / "missing.gguf"
    async with closing(LocalModel(model_file=str(missing), progress=ignore)) as model:
        with pytest.raises(EngineMissing) as caught:
            await chunks_of(model)
    sentence = str(caught.value)
    assert sentence.startswith(f"The embedded model cannot start: no file {missing};")
    assert "GRAMOPHONE_LOCAL_MODEL" in sentence


async def test_closed_before_its_first_use() -> None:
    model = LocalModel(progress=ignore)
    model.load()
    await model.aclose()
