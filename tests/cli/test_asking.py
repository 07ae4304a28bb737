"""`ask` with input, files, an earlier session, and a reader that goes away."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.programs import Gramophone, environment
from tests.support.scenario_standin import served

SCENARIO = """
[[answer]]
asked = "First?"
text = "One."

[[answer]]
asked = "Second?"
text = "Two."
"""


@pytest.fixture
async def model(tmp_path: Path) -> AsyncGenerator[dict[str, str]]:
    """Environment in which a stand-in answers as OpenAI."""
    async with served(SCENARIO) as address:
        yield {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": f"http://127.0.0.1:{address.port}/v1"}


def turns_of(gramophone: Gramophone) -> list[str]:
    return [turn["text"] for turn in gramophone.json("show", "last")["turns"]]


def test_a_question_takes_what_comes_through_a_pipe(gramophone: Gramophone, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Noted.")
    arguments = ("ask", "--mute", "--provider", f"text:{tmp_path / 'notes.txt'}")
    completed = gramophone(*arguments, "Review this", stdin="+ ```\n")
    assert (completed.returncode, completed.stdout) == (0, "Noted.\n"), completed.stderr
    question = "Review this\n\n`standard input`:\n````\n+ ```\n````"
    assert turns_of(gramophone) == [question, "Noted."]


async def test_the_last_session_goes_on_by_its_model_and_system_prompt(
    tmp_path: Path, model: dict[str, str]
) -> None:
    gramophone = Gramophone(tmp_path / "home")

    def ask(*arguments: str) -> None:
        completed = gramophone("ask", "--mute", *arguments, env=model)
        assert completed.returncode == 0, completed.stderr

    await asyncio.to_thread(ask, "First?", "--model", "gpt-5-nano", "--system", "Digits.")
    await asyncio.to_thread(ask, "Second?", "-c")
    document = await asyncio.to_thread(gramophone.json, "show", "last")
    assert [turn["text"] for turn in document["turns"]] == ["First?", "One.", "Second?", "Two."]
    assert document["model"] == "gpt-5-nano"
    assert document["system_prompt"] == "Digits."


def test_there_must_be_a_session_to_go_on_with(gramophone: Gramophone) -> None:
    completed = gramophone("ask", "-c", "--mute", "Hi")
    assert completed.returncode == 1
    assert "no session" in completed.stderr.lower()


@pytest.mark.parametrize("flags", [["--json"], []], ids=["json", "text"])
def test_nobody_hears_of_a_reader_that_has_gone(gramophone: Gramophone, flags: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    completed = subprocess.run(
        [sys.executable, "-m", "gramophone.cli", "ask", "--mute", "--provider", "text:-", *flags],
        input="Nobody reads this.",
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        env=environment(gramophone.home, {"GRAMOPHONE_SPEAK_URL": gramophone.speak_url}),
    )
    os.close(write)
    assert completed.returncode == 0
    assert completed.stderr.startswith("session ")
    assert len(completed.stderr.splitlines()) == 1
    assert turns_of(gramophone) == ["Nobody reads this."]
