"""The tone stand-in in a process of its own, for the benchmarks that speak to it."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from gramophone.standin.deepgram.routes import serving
from gramophone.standin.options import StandinOptions
from gramophone.standin.voices.tone import ToneVoice

VOICE = ToneVoice(character_ms=70, gap_ms=60)
"""About 15 characters a second, as real voices speak."""


@contextmanager
def tone_service(options: StandinOptions) -> Generator[str]:
    """Serve while the block runs; gives the address to speak to."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs, options), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def _serve(parent: Connection, options: StandinOptions) -> None:
    asyncio.run(_until_parent_closes(parent, options))


async def _until_parent_closes(parent: Connection, options: StandinOptions) -> None:
    async with serving(VOICE, options) as speak_url:
        parent.send(speak_url)
        await asyncio.to_thread(parent.poll, None)
