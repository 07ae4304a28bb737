"""`fixture serve`: the stand-in from the command line, with a kept session as one of its voices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from gramophone.standin.process import main
from gramophone.standin.recorded_answers import answers_of
from gramophone.standin.recording import recorded_speech
from gramophone.timeline import Event
from storage.library import Library

ENGINES = ("tone", "piper")
PROGRAM = "gramophone fixture serve"


def serve(home: Path, source: str, arguments: Sequence[str]) -> int:
    """Serve until SIGTERM or Ctrl+C; `arguments` are those of the stand-in's own process.

    Raises:
        StorageError: `source` is neither an engine nor a session.
    """
    if source in ENGINES:
        return main(["--voice", source, *arguments], prog=PROGRAM)
    events = asyncio.run(_events(home, source))
    voice = ["--voice", "recording"]
    return main([*voice, *arguments], recorded_speech(events), PROGRAM, answers_of(events))


async def _events(home: Path, reference: str) -> Sequence[Event]:
    async with await Library.open(home) as library:
        return await library.events(await library.resolve(reference))
