"""Ctrl+C in a real `ask`, wherever it is: code 130, no traceback, all text that came is kept."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import sys
import termios
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.model_servers import Reply, Step, serving
from tests.support.programs import Gramophone, environment

LARGE = "A sentence of words. " * 20_000
SHORT = "Records turn, and needles listen to them. " * 5


def delta(text: str) -> bytes:
    """A chunk of Chat Completions."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"


@dataclass
class Asking:
    """A running `ask --json`, and what it has printed so far."""

    process: Process
    events: list[dict[str, Any]]

    async def until(self, kind: str) -> None:
        """Read events up to the first of this kind."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == kind:
                return
        raise AssertionError(f"it ended without {kind}: {self.events[-3:]}")

    async def ended(self) -> tuple[int, str]:
        """Its exit code, and what it wrote to stderr."""
        out, err = await self.process.communicate()
        self.events += [json.loads(line) for line in out.splitlines()]
        return self.process.returncode or 0, err.decode()

    @property
    def text(self) -> str:
        """The text of the answer that was printed."""
        return "".join(e["text"] for e in self.events if e["event"] == "DeltaReceived")


def settings(gramophone: Gramophone, origin: str) -> Mapping[str, str]:
    return environment(
        gramophone.home,
        {
            "GRAMOPHONE_SPEAK_URL": gramophone.speak_url,
            "OPENAI_BASE_URL": f"{origin}/v1",
            "OPENAI_API_KEY": "key-0123456789",
        },
    )


@asynccontextmanager
async def asking(gramophone: Gramophone, reply: Reply) -> AsyncGenerator[Asking]:
    """`ask --json` of a model that answers so."""
    async with serving(reply) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gramophone.cli", "ask", "--json", "Hello?"),
            env=settings(gramophone, server.origin),
            stdout=PIPE,
            stderr=PIPE,
            limit=2**24,
        )
        try:
            yield Asking(process, [])
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()


def check_kept(gramophone: Gramophone, text: str | None) -> None:
    """The library is well, and has the answer as far as it was printed, or begins with it."""
    verified = gramophone("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    turns = gramophone.json("show", "last")["turns"]
    assert turns[0]["text"] == "Hello?"
    if text is not None:
        assert "".join(turn["text"] for turn in turns[1:]) == text


REPLIES = {
    "while the model is silent": (Reply([Step.HANG], silent=True), "RequestSent"),
    "before the first text": (Reply([Step.HANG]), "RequestSent"),
    "while a long answer streams": (Reply([delta(LARGE)] * 50 + [Step.HANG]), "DeltaReceived"),
    "while it speaks": (Reply([delta(SHORT), Step.HANG]), "PlaybackStarted"),
}


@pytest.mark.parametrize("when", REPLIES)
async def test_ctrl_c_ends_it_and_keeps_what_came(gramophone: Gramophone, when: str) -> None:
    reply, kind = REPLIES[when]
    async with asking(gramophone, reply) as ask:
        await ask.until(kind)
        ask.process.send_signal(signal.SIGINT)
        code, stderr = await ask.ended()
    assert code == 130
    assert "Traceback" not in stderr
    assert "session " in stderr
    assert ask.events[-1]["event"] == "SessionEnded"
    if when == "while it speaks":
        assert ask.text == SHORT
    await asyncio.to_thread(check_kept, gramophone, ask.text)


@pytest.mark.parametrize("when", REPLIES)
async def test_ctrl_c_twice_ends_it_at_once(gramophone: Gramophone, when: str) -> None:
    reply, kind = REPLIES[when]
    async with asking(gramophone, reply) as ask:
        await ask.until(kind)
        ask.process.send_signal(signal.SIGINT)
        ask.process.send_signal(signal.SIGINT)
        code, stderr = await ask.ended()
    assert code == 130
    assert "Traceback" not in stderr
    await asyncio.to_thread(check_kept, gramophone, None)


def read_until(terminal: int, expected: bytes) -> bytes:
    """What is printed up to these bytes, or to the end."""
    printed = b""
    try:
        while expected not in printed and (piece := os.read(terminal, 65_536)):
            printed += piece
    except OSError:
        pass  # the other side of the terminal is closed
    return printed


async def test_the_key_ends_it_on_a_terminal(gramophone: Gramophone) -> None:
    ours, theirs = os.openpty()
    async with serving(Reply([delta(SHORT), Step.HANG])) as server:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gramophone.cli", "ask", "Hello?"),
            env=settings(gramophone, server.origin),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        # Its last words may come with the first, so no more than they is waited for.
        printed = await asyncio.to_thread(read_until, ours, b"listen")
        os.write(ours, b"\x03")
        printed += await asyncio.to_thread(read_until, ours, b"never printed")
        code = await process.wait()
    os.close(ours)
    assert code == 130
    assert b"Traceback" not in printed
    assert b"session " in printed
    await asyncio.to_thread(check_kept, gramophone, SHORT)
