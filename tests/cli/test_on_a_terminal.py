"""On a terminal nothing is printed that the terminal would obey; a pipe gets the exact values."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gramophone.core.timeline import DeltaReceived, Event, Failed, SessionEnded, TurnCompleted
from tests.support.builders import session_started, spoken_exchange
from tests.support.model_servers import Reply, serving
from tests.support.programs import Gramophone, environment
from tests.support.recordings import record

HOSTILE = "A\u009b31mB\x1b[31mC\u202eD\u2066E\u009d0;F\x07G\u2028H\x7fI"
ACTS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
# Colours of our own, and what the pseudoterminal makes of line ends.
OURS = re.compile(r"\x1b\[[0-9;]*m|\r(?=\n)")


def on_a_terminal(home: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """What a command prints where its three streams are a terminal."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "gramophone.cli", *arguments]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment(home, env)
    )
    os.close(theirs)
    printed = b""
    try:
        while piece := os.read(ours, 65_536):
            printed += piece
    except OSError:
        pass  # the other side of the terminal is closed
    os.close(ours)
    process.wait()
    return OURS.sub("", printed.decode())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("terminal") / "home"
    home.mkdir(mode=0o700)
    events: list[Event] = [
        session_started(provider=HOSTILE, model=HOSTILE, voice=HOSTILE, system_prompt=HOSTILE),
        *spoken_exchange(question=HOSTILE, answer=f"{HOSTILE} is what it is."),
        DeltaReceived(at_us=1_900_000, turn=3, text=HOSTILE),
        Failed(at_us=1_950_000, stage="model", detail=f"The service said: {HOSTILE}"),
        TurnCompleted(
            at_us=1_990_000, turn=3, role="assistant", text=HOSTILE, finish_reason=HOSTILE
        ),
        SessionEnded(at_us=2_000_000),
    ]
    asyncio.run(record(home, events))
    return home


COMMANDS = [
    *(["show", "last"], ["show", "last", "--json"], ["sessions"], ["sessions", "--json"]),
    *(["stats"], ["stats", "--by", "model"], ["stats", "--json"]),
    *(["replay", "last", "--mute", "--speed", "4"],),
    *(["replay", "last", "--mute", "--speed", "4", "--json"],),
    *(["fixture", "diff", "last", "last"], ["fixture", "check", "last"], ["verify"]),
    *(["show", HOSTILE], ["sessions", "--search", HOSTILE], ["export", HOSTILE]),
    *(["import", f"/nowhere/{HOSTILE}.gramophone"], ["fixture", "serve", f"{HOSTILE}.toml"]),
    *(["doctor"], ["delete", HOSTILE, "--yes"], ["rename", "last", HOSTILE]),
    *(
        ["export", "last", "--format", form, "-o", "-"]
        for form in ("txt", "md", "json", "jsonl", "csv", "cast", "srt", "vtt")
    ),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: " ".join(words)[:60])
def test_nothing_that_a_terminal_obeys_is_printed(home: Path, arguments: list[str]) -> None:
    printed = on_a_terminal(home, *arguments)
    assert ACTS.findall(printed) == []
    assert "Traceback" not in printed


def test_json_is_the_same_value_on_a_terminal_and_exact_in_a_pipe(home: Path) -> None:
    arguments = ("show", "last", "--json")
    output = on_a_terminal(home, *arguments)
    piped = Gramophone(home)(*arguments).stdout
    assert json.loads(output) == json.loads(piped)
    assert "\\u009b" in output
    assert "\u009b" in piped
    exported = ("export", "last", "--format", "jsonl", "-o", "-")
    output, piped = on_a_terminal(home, *exported), Gramophone(home)(*exported).stdout
    lines = [json.loads(line) for line in output.split("\n") if line.startswith("{")]
    assert lines == [json.loads(line) for line in piped.strip().split("\n")]


async def test_what_a_service_says_is_harmless_too(tmp_path: Path) -> None:
    body = json.dumps({"error": {"message": HOSTILE}}).encode()
    refusal = Reply([body], status=400, content_type="application/json")
    async with serving(refusal, refusal) as server:
        env = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": f"{server.origin}/v1"}
        for more in ((), ("--json",)):
            printed = await asyncio.to_thread(
                on_a_terminal, tmp_path / "home", "ask", "Hi.", "--mute", *more, env=env
            )
            assert "A" in printed
            assert ACTS.findall(printed) == []
