"""`ask` and `say`: one spoken turn without the app."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from gramophone.cli.compose import talk
from gramophone.cli.output import AnswerText, JsonLines, Notes, Waiter, note
from gramophone.config import Config
from gramophone.exports import ExportOrder
from gramophone.intents import Interrupt, Say, Submit
from gramophone.ports import Sink
from gramophone.timeline import Entry, Failed, TurnCompleted
from storage.library import Library
from storage.unkept import UnkeptSound


async def speak_once(
    config: Config, intent: Submit | Say, *, as_json: bool, wav: Path | None
) -> int:
    """One turn from intent to its last sample; returns the exit code."""
    notes = Notes()
    answer = AnswerText()
    done = asyncio.Event()
    waiter = Waiter(_over, done.set)
    printed: Sink = JsonLines() if as_json else answer
    interrupted = False
    unkept = UnkeptSound() if wav is not None and not config.keep else None
    sinks = [printed, notes, waiter, *([unkept] if unkept is not None else [])]
    async with talk(config, sinks, with_model=isinstance(intent, Submit)) as running:

        def interrupt() -> None:
            nonlocal interrupted
            interrupted = True
            running.engine.post(Interrupt())

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, interrupt)
        try:
            running.engine.post(intent)
            await done.wait()
        finally:
            loop.remove_signal_handler(signal.SIGINT)
    if not as_json:
        answer.finish()
    if not intent.text.strip():
        return 1
    note(f"session {running.session_id}" if config.keep else "not kept")
    if unkept is not None and wav is not None:
        await asyncio.to_thread(unkept.write, wav)
    elif wav is not None:
        async with await Library.open(config.home) as library:
            order = ExportOrder("wav", wav, replace=True)
            await library.export([running.session_id], order)
    if interrupted:
        return 130
    return 1 if notes.failed else 0


def _over(entry: Entry) -> bool:
    """Whether the turn has ended, or could not begin."""
    match entry:
        case TurnCompleted(role="assistant") | Failed(stage="session"):
            return True
        case _:
            return False
