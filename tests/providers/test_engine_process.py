"""Engines as processes: how they start, fail to start, and end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from gramophone.core.errors import EngineMissing
from gramophone.providers import engine_process as child_module
from gramophone.providers.engine_process import EngineProcess
from tests.support.processes import gone, killed_parent

PROGRAMS = "tests.support.engine_programs"

PARENT = """
import asyncio, sys
from gramophone.providers.engine_process import EngineProcess

async def main():
    program = "tests.support.engine_programs"
    child = EngineProcess("The engine", program, ["good"], lambda detail: None)
    await child.start()
    print(child._process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Engine(EngineProcess):
    """A child that remembers its progress, the process id first."""

    def __init__(self, program: str, **timeouts: float) -> None:
        self.heard: list[str] = []
        super().__init__("The engine", PROGRAMS, [program], self.heard.append, **timeouts)

    @property
    def pid(self) -> int:
        return int(self.heard[0])


@asynccontextmanager
async def engine(program: str, **timeouts: float) -> AsyncGenerator[Engine]:
    running = Engine(program, **timeouts)
    try:
        yield running
    finally:
        await running.aclose()


async def refusal(program: str, **timeouts: float) -> str:
    async with engine(program, **timeouts) as running:
        with pytest.raises(EngineMissing) as caught:
            await running.start()
        assert not running.alive
        # One that is given up may not have come as far as its first word.
        if any(running.heard):
            await gone(running.pid)
    return str(caught.value)


async def test_it_tells_how_it_loads_and_where_it_is() -> None:
    async with engine("good") as running:
        assert not running.alive
        ready = await running.start()
        assert running.alive
        assert ready == {"event": "ready", "address": "here"}
        assert running.heard[1:] == ["half way", ""], "the last word takes the progress away"


async def test_it_gets_the_environment_of_an_engine_and_no_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = "c4nary-0f-the-k3y-0123456789"
    for name in ("OPENAI_API_KEY", "DEEPGRAM_API_KEY", "LLAMA_API_KEY", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, key)
    monkeypatch.setenv("https_proxy", f"http://ada:{key}@127.0.0.1:9")
    monkeypatch.setenv("LC_TIME", "C.UTF-8")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    async with engine("environment") as running:
        ready = await running.start()
    variables: dict[str, str] = ready["environment"]
    assert not [name for name, value in variables.items() if key in value]
    assert variables["PATH"] == os.environ["PATH"]
    assert (variables["LC_TIME"], variables["OMP_NUM_THREADS"]) == ("C.UTF-8", "1")


async def test_it_ends_politely() -> None:
    async with engine("good") as running:
        await running.start()
        await running.aclose()
        assert not running.alive
        await gone(running.pid)
        await running.aclose()


async def test_it_starts_anew_after_its_end() -> None:
    async with engine("good") as running:
        await running.start()
        first = running.pid
        os.kill(first, signal.SIGKILL)
        assert await running.ended(10)
        running.heard.clear()
        await running.start()
        assert running.alive
        assert running.pid != first


async def test_no_news_of_its_end_is_no_end() -> None:
    async with engine("good") as running:
        await running.start()
        assert not await running.ended(0.01)
        assert running.alive


async def test_a_second_start_leaves_no_first_one_behind() -> None:
    async with engine("good") as running:
        await running.start()
        first = running.pid
        await running.start()
        await gone(first)


async def test_its_own_sentence_is_handed_on() -> None:
    async with engine("failed") as running:
        with pytest.raises(EngineMissing):
            await running.start()
        assert running.heard[-1] == "", "what failed loads no more"
    assert await refusal("failed") == "The engine has no fuel; fill it up."
    assert await refusal("failed_without_words") == "The engine failed."


async def test_its_last_words_are_told() -> None:
    assert await refusal("dies") == (
        "The engine ended before it was ready (Traceback boiler burst)."
    )
    assert await refusal("dies_without_words") == (
        "The engine ended before it was ready (it said nothing)."
    )


async def test_long_last_words_are_told_by_their_end() -> None:
    sentence = await refusal("dies_with_long_words")
    assert sentence.endswith("x the end).")
    assert len(sentence) < 400


async def test_one_that_closes_its_stdout_and_stays_is_ended() -> None:
    assert "ended before it was ready" in await refusal(
        "closes_stdout_and_stays", stop_timeout_s=0.05
    )


@pytest.mark.parametrize("program", ["rubbish", "long_line"])
async def test_rubbish_is_passed_over(program: str) -> None:
    async with engine(program) as running:
        assert (await running.start())["address"] == "here"


async def test_a_slow_one_is_given_up() -> None:
    sentence = await refusal("slow", start_timeout_s=1)
    assert sentence == ("The engine did not start in 1 s; close some programs and try again.")


async def test_a_stubborn_one_is_killed() -> None:
    async with engine("stubborn", stop_timeout_s=0.05) as running:
        await running.start()
        await running.aclose()
        await gone(running.pid)


async def test_a_talkative_one_is_heard_out() -> None:
    async with engine("talkative", stop_timeout_s=20) as running:
        await running.start()
        process = running._process  # pyright: ignore[reportPrivateUsage]
        await running.aclose()
        assert process is not None
        assert process.returncode == 0, "it ended by itself, so all it wrote was taken"


async def test_a_start_that_nobody_waits_for_leaves_nothing_behind() -> None:
    async with engine("slow") as running:
        begun = asyncio.Event()
        running.heard.clear()

        class Heard(list[str]):
            def append(self, detail: str) -> None:
                super().append(detail)
                begun.set()

        process_ids = Heard()
        running._progress = process_ids.append  # pyright: ignore[reportPrivateUsage]
        async with asyncio.TaskGroup() as group:
            starting = group.create_task(running.start())
            await begun.wait()
            starting.cancel()
        assert not running.alive
        await gone(int(process_ids[0]))


async def test_an_interpreter_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_module.sys, "executable", "/nowhere/python")
    async with engine("good") as running:
        with pytest.raises(EngineMissing, match="cannot be started \\(No such file"):
            await running.start()


async def test_it_ends_when_its_parent_is_killed() -> None:
    await gone(await killed_parent(PARENT))
