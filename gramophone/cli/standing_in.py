"""`fixture serve`: the stand-in from the command line, with a kept session as one of its voices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from gramophone.standin.process import main
from gramophone.standin.recording import RecordedSpeech, recorded_speech
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
    recording = asyncio.run(_recorded(home, source))
    return main(["--voice", "recording", *arguments], recording, PROGRAM)


async def _recorded(home: Path, reference: str) -> RecordedSpeech:
    async with await Library.open(home) as library:
        return recorded_speech(await library.events(await library.resolve(reference)))
