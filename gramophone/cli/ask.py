"""`ask` and `say`: one spoken turn, or the answers of a session, without the app."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gramophone.app.session import SessionOptions, open_session
from gramophone.cli.interrupts import ctrl_c
from gramophone.cli.output import AnswerPrinter, JsonLines, Notes, Waiter, note
from gramophone.config.config import Config
from gramophone.core.errors import SessionNotFound
from gramophone.core.intents import Interrupt, RepeatTurn, Say, Submit
from gramophone.core.sinks import Sink
from gramophone.core.timeline import Entry, Failed, TurnCompleted, TurnStarted
from gramophone.library.export_request import ExportRequest
from gramophone.library.library import SessionRecord
from gramophone.ports.language_model import Message
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.orphaned_audio import stray_warning
from storage.recording.ephemeral_audio import EphemeralAudio


async def speak_once(
    config: Config, intent: Submit | Say, *, as_json: bool, wav: Path | None
) -> int:
    """Run one turn from the intent to its last sample; returns the exit code."""
    answer = AnswerPrinter()
    notes = Notes(answer.make_room)
    over = asyncio.Event()
    printed: Sink = JsonLines() if as_json else answer
    interrupted = False
    ephemeral = EphemeralAudio() if wav is not None and not config.keep else None
    waiters = [Waiter(_is_over, over.set), Waiter(_is_repetition, over.clear)]
    sinks = [printed, notes, *waiters, *([ephemeral] if ephemeral is not None else [])]
    options = SessionOptions(with_model=isinstance(intent, Submit))
    async with open_session(config, sinks, options) as session:

        def interrupt() -> None:
            nonlocal interrupted
            interrupted = True
            session.engine.post(Interrupt())

        with ctrl_c(interrupt):
            session.engine.post(intent)
            # Cleared again if the answer is still to be spoken: see `_is_repetition`.
            while not over.is_set():
                await over.wait()
    if not as_json:
        answer.finish()
    if not intent.text.strip():
        return 1
    note(f"session {session.session_id}" if config.keep else "not kept")
    note_strays(config)
    if ephemeral is not None and wav is not None:
        await asyncio.to_thread(ephemeral.write, wav)
    elif wav is not None:
        async with await StoredLibrary.open(config.home) as library:
            request = ExportRequest("wav", wav, replace=True)
            await library.export([session.session_id], request)
    if interrupted:
        return 130
    return 1 if notes.failed or notes.unanswered else 0


def note_strays(config: Config) -> None:
    """Note if there is sound in the library that belongs to no session."""
    if config.keep and (sentence := stray_warning(Home.at(config.home))):
        note(sentence)


async def speak_session(
    config: Config, reference: str, *, turn: int | None, as_json: bool, wav: Path | None
) -> int:
    """Speak the answers of a session, or one of them, in a new session that continues it.

    The stored session stays as it is. Returns the exit code.
    """
    async with await StoredLibrary.open(config.home) as library:
        record = await library.session(await library.resolve(reference))
    inherited, answers = _answers(record, turn)
    notes, over = Notes(), asyncio.Event()
    printed: list[Sink] = [JsonLines()] if as_json else []
    interrupted = False
    options = SessionOptions(with_model=False, inherited=inherited)
    sinks = [*printed, notes, Waiter(_is_over, over.set)]
    async with open_session(config, sinks, options) as session:

        def interrupt() -> None:
            nonlocal interrupted
            interrupted = True
            session.engine.post(Interrupt())

        with ctrl_c(interrupt):
            for answer in answers:
                over.clear()
                session.engine.post(RepeatTurn(answer))
                await over.wait()
                if interrupted or notes.failed:
                    break
    note(f"session {session.session_id}")
    note_strays(config)
    async with await StoredLibrary.open(config.home) as library:
        if record.summary.title:
            await library.rename(session.session_id, record.summary.title)
        if wav is not None:
            await library.export([session.session_id], ExportRequest("wav", wav, replace=True))
    return 130 if interrupted else int(notes.failed)


def _answers(record: SessionRecord, turn: int | None) -> tuple[list[Message], list[int]]:
    """The turns of a session as messages, and indices of the answers that are to be spoken.

    Raises:
        SessionNotFound: there is no such answer.
    """
    turns = [entry for entry in record.turns if entry.counts and entry.text.strip()]
    answers = [
        index
        for index, entry in enumerate(turns)
        if entry.role == "assistant" and turn in (None, entry.turn)
    ]
    if not answers:
        missing = "no answer" if turn is None else f"no answer that counts as its turn {turn}"
        raise SessionNotFound(
            f"The session {record.summary.id} has {missing}; `gramophone show` prints its turns."
        )
    messages = [
        Message(entry.role, entry.text, entry.heard_chars, entry.aside.give_back) for entry in turns
    ]
    return messages, answers


def _is_repetition(entry: Entry) -> bool:
    """Whether an answer is spoken whose sound was stopped, because a thought was spoken first."""
    return isinstance(entry, TurnStarted) and entry.repeats is not None


def _is_over(entry: Entry) -> bool:
    """Whether the turn has ended, or could not begin."""
    match entry:
        case TurnCompleted(role="assistant") | Failed(stage="session"):
            return True
        case _:
            return False
