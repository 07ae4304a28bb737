"""`--accessible`: the program's output as text, as a screen reader has it."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.support.deadlines import HANG_S
from tests.support.programs import Gramophone, environment
from tests.support.scenario_standin import served

SCENARIO = '''
[[answer]]
asked = "Fruit?"
text = """An **apple** is red. A pear is green.

| Fruit | Price |
|---|---|
| Apple | 1 |
"""
'''
DRAWN = re.compile(r"[\u2190-\u2bff\u2800-\u28ff\x00-\x09\x0b-\x1f\x7f-\x9f]")


@pytest.mark.parametrize(
    ("flags", "variables"),
    [(["--accessible"], {}), ([], {"GRAMOPHONE_ACCESSIBLE": "1"})],
    ids=["flag", "variable"],
)
async def test_a_talk_is_lines_of_sentences(
    gramophone: Gramophone, flags: list[str], variables: dict[str, str]
) -> None:
    async with served(SCENARIO) as address:
        base_url = f"http://127.0.0.1:{address.port}/v1"
        model = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": base_url, **variables}
        completed = await asyncio.to_thread(
            gramophone, *flags, stdin="Fruit?\n/read\n/quit\n", env=model
        )
    assert completed.returncode == 0, completed.stderr
    lines = completed.stdout.splitlines()
    # This machine has no sound card, which is said when the device is opened.
    lines = [line for line in lines if not line.startswith("No sound device")]
    assert lines[2:] == [
        "You: Fruit?",
        "gpt-5-mini: An apple is red.",
        "A pear is green.",
        "Table with the columns Fruit, Price.",
        "Row 1: Fruit: Apple; Price: 1.",
        "You: /read",
        "An apple is red.",
        "A pear is green.",
        "Table with the columns Fruit, Price.",
        "Row 1: Fruit: Apple; Price: 1.",
        "You: /quit",
    ]
    assert not DRAWN.search(completed.stdout)
    assert {unicodedata.category(char) for char in completed.stdout} <= {
        *("Lu", "Ll", "Nd", "Po", "Pd", "Ps", "Pe", "Zs", "Cc", "Sm"),
    }
    recorded = gramophone.json("show", "last")["turns"]
    assert recorded[1]["audio"]["samples"] > 0


def test_no_full_screen_in_a_terminal(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    env = environment(
        tmp_path / "home", {"TERM": "dumb", "GRAMOPHONE_SPEAK_URL": "ws://127.0.0.1:1"}
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "gramophone.cli", "--accessible", "--provider", "local"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=env,
        start_new_session=True,
    )
    os.close(theirs)
    os.write(ours, b"/quit\n")
    printed = b""
    try:
        while piece := os.read(ours, 65_536):
            printed += piece
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(HANG_S) == 0
    assert b"You: " in printed
    assert b"\x1b" not in printed


@pytest.mark.parametrize("value", ["maybe", "2"])
def test_a_variable_is_a_switch(gramophone: Gramophone, value: str) -> None:
    completed = gramophone("sessions", env={"GRAMOPHONE_ACCESSIBLE": value})
    assert completed.returncode == 1
    assert f"accessible is {value!r} in the environment; it must be 1 or 0." in completed.stderr
