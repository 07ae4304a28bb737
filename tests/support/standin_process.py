"""The stand-in as a process: its lines, its end, and a recording handed to it."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

STANDIN = ("-m", "gramophone.standin")


def started(*arguments: str) -> AbstractAsyncContextManager[Process]:
    return started_with(*STANDIN, *arguments)


@asynccontextmanager
async def started_with(*arguments: str) -> AsyncGenerator[Process, None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: Process) -> dict[str, Any]:
    assert process.stdout is not None
    return json.loads(await process.stdout.readline())


async def ended(process: Process) -> tuple[int | None, bytes | None, bytes]:
    out, err = await process.communicate()
    return process.returncode, out, err


async def summed_up(process: Process) -> tuple[int | None, dict[str, Any], bytes]:
    """The exit code, the last line on stdout and what stands on stderr."""
    code, out, err = await ended(process)
    assert out is not None
    # A voice that is slow to load is reported more than once before.
    summary = json.loads(out.splitlines()[-1])
    assert summary.pop("event") == "summary"
    return code, summary, err


NOTHING: dict[str, Any] = {"connections": 0, "requests": 0, "matched": True, "differences": []}


RECORDED = (
    "import sys; from gramophone.standin.run.process import main; "
    "from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech; "
    "from gramophone.standin.source.source import StandinSource; "
    "from gramophone.wire.llm.answer import ModelAnswer, TextPiece; "
    "segments = (RecordedSegment('Hello.', ((0, b'abc'),)),); "
    "speech = RecordedSpeech('linear16', 24_000, segments); "
    "answers = (ModelAnswer('Who?', (TextPiece('Me.'),)),)[ANSWERS:]; "
    "source = StandinSource(speech=speech, answers=answers); "
    "sys.exit(main(['--voice', 'recording', *sys.argv[1:]], source))"
)
SPOKEN, ASKED = RECORDED.replace("ANSWERS", "1"), RECORDED.replace("ANSWERS", "0")
