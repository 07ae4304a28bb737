"""`ask` and `say`: one spoken turn, or the answers of a session, without the app."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gramophone.app.session import SessionOptions, open_session
from gramophone.cli.interrupts import ctrl_c
from gramophone.cli.output import AnswerText, JsonLines, Notes, Waiter, note
from gramophone.config.config import Config
from gramophone.core.errors import SessionNotFound
from gramophone.core.intents import Interrupt, RepeatTurn, Say, Submit
from gramophone.core.sinks import Sink
from gramophone.core.timeline import Entry, Failed, TurnCompleted
from gramophone.library.export_request import ExportRequest
from gramophone.library.library import SessionRecord
from gramophone.ports.engine import Message
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.orphaned_audio import stray_warning
from storage.recording.ephemeral_audio import EphemeralAudio


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
    unkept = EphemeralAudio() if wav is not None and not config.keep else None
    sinks = [printed, notes, waiter, *([unkept] if unkept is not None else [])]
    options = SessionOptions(with_model=isinstance(intent, Submit))
    async with open_session(config, sinks, options) as running:

        def interrupt() -> None:
            nonlocal interrupted
            interrupted = True
            running.engine.post(Interrupt())

        with ctrl_c(interrupt):
            running.engine.post(intent)
            await done.wait()
    if not as_json:
        answer.finish()
    if not intent.text.strip():
        return 1
    note(f"session {running.session_id}" if config.keep else "not kept")
    note_strays(config)
    if unkept is not None and wav is not None:
        await asyncio.to_thread(unkept.write, wav)
    elif wav is not None:
        async with await StoredLibrary.open(config.home) as library:
            order = ExportRequest("wav", wav, replace=True)
            await library.export([running.session_id], order)
    if interrupted:
        return 130
    return 1 if notes.failed else 0


def note_strays(config: Config) -> None:
    """Say that there is sound without sessions, where there is."""
    if config.keep and (sentence := stray_warning(Home.at(config.home))):
        note(sentence)


async def speak_session(
    config: Config, reference: str, *, turn: int | None, as_json: bool, wav: Path | None
) -> int:
    """The answers of a session, or one of them, spoken in a session that goes on from it; the
    one that was kept stays as it is. Returns the exit code."""
    async with await StoredLibrary.open(config.home) as library:
        record = await library.session(await library.resolve(reference))
    inherited, wanted = _answers(record, turn)
    notes, over = Notes(), asyncio.Event()
    printed: list[Sink] = [JsonLines()] if as_json else []
    interrupted = False
    options = SessionOptions(with_model=False, inherited=inherited)
    sinks = [*printed, notes, Waiter(_over, over.set)]
    async with open_session(config, sinks, options) as running:

        def interrupt() -> None:
            nonlocal interrupted
            interrupted = True
            running.engine.post(Interrupt())

        with ctrl_c(interrupt):
            for answer in wanted:
                over.clear()
                running.engine.post(RepeatTurn(answer))
                await over.wait()
                if interrupted or notes.failed:
                    break
    note(f"session {running.session_id}")
    note_strays(config)
    async with await StoredLibrary.open(config.home) as library:
        if record.summary.title:
            await library.rename(running.session_id, record.summary.title)
        if wav is not None:
            await library.export([running.session_id], ExportRequest("wav", wav, replace=True))
    return 130 if interrupted else int(notes.failed)


def _answers(record: SessionRecord, turn: int | None) -> tuple[list[Message], list[int]]:
    """What was said in a session, and which of it is to be spoken.

    Raises:
        SessionNotFound: there is no such answer.
    """
    said = [each for each in record.turns if each.counts and each.text.strip()]
    wanted = [
        place
        for place, each in enumerate(said)
        if each.role == "assistant" and turn in (None, each.turn)
    ]
    if not wanted:
        which = "no answer" if turn is None else f"no answer that counts as its turn {turn}"
        raise SessionNotFound(
            f"The session {record.summary.id} has {which}; `gramophone show` prints its turns."
        )
    return [Message(each.role, each.text, each.heard) for each in said], wanted


def _over(entry: Entry) -> bool:
    """Whether the turn has ended, or could not begin."""
    match entry:
        case TurnCompleted(role="assistant") | Failed(stage="session"):
            return True
        case _:
            return False
