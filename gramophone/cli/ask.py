"""`ask` and `say`: one spoken turn, or the answers of a session, without the app."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

from gramophone.api.talk import Talk, open_talk
from gramophone.app.session import SessionOptions
from gramophone.cli.interrupts import ctrl_c
from gramophone.cli.output import AnswerPrinter, JsonLines, Notes, note
from gramophone.config.config import Config
from gramophone.core.errors import SessionNotFound
from gramophone.core.intents import RepeatTurn, Request, Say, SayStream, Submit
from gramophone.core.sinks import Sink
from gramophone.library.export_request import ExportRequest
from gramophone.library.library import SessionRecord
from gramophone.ports.language_model import Message
from gramophone.ports.stored_turns import message_of
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.orphaned_audio import stray_warning
from storage.recording.ephemeral_audio import EphemeralAudio


async def speak_once(
    config: Config,
    request: Submit | Say | SayStream,
    *,
    as_json: bool,
    wav: Path | None,
    inherited: Sequence[Message] = (),
) -> int:
    """Run one turn from the request to its last sample; returns the exit code.

    `inherited` are turns of an earlier session, with which the history begins.
    """
    printer = AnswerPrinter()
    notes = Notes(printer.make_room)
    printed: Sink = JsonLines() if as_json else printer
    ephemeral = EphemeralAudio() if wav is not None and not config.keep else None
    sinks = [printed, notes, *([ephemeral] if ephemeral is not None else [])]
    options = SessionOptions(with_model=not isinstance(request, Say), inherited=inherited)
    async with open_talk(config, sinks, options) as talk:
        interrupted = await _perform(talk, [request], notes)
    if not as_json:
        printer.finish()
    if not isinstance(request, SayStream) and not request.text.strip():
        return 1
    note(f"session {talk.session_id}" if config.keep else "not kept")
    note_strays(config)
    if ephemeral is not None and wav is not None:
        await asyncio.to_thread(ephemeral.write, wav)
    elif wav is not None:
        await _write_wav(config, talk.session_id, wav)
    if interrupted:
        return 130
    return 1 if notes.failed or notes.unanswered else 0


async def _perform(talk: Talk, requests: Sequence[Request], notes: Notes) -> bool:
    """Carry out requests, up to the first that fails; whether Ctrl+C stopped them."""
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        talk.stop()

    with ctrl_c(interrupt):
        for request in requests:
            await talk.perform(request)
            if interrupted or notes.failed:
                break
    return interrupted


async def _write_wav(config: Config, session_id: str, wav: Path) -> None:
    async with await StoredLibrary.open(config.home) as library:
        await library.export([session_id], ExportRequest("wav", wav, replace=True))


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
        session_id = await library.resolve(reference)
        record = await library.session(session_id)
        pictures = await library.pictures(session_id)
    inherited, answers = _answers(record, turn, pictures)
    notes = Notes()
    printed: list[Sink] = [JsonLines()] if as_json else []
    options = SessionOptions(with_model=False, inherited=inherited)
    async with open_talk(config, [*printed, notes], options) as talk:
        interrupted = await _perform(talk, [RepeatTurn(answer) for answer in answers], notes)
    note(f"session {talk.session_id}")
    note_strays(config)
    if record.summary.title:
        async with await StoredLibrary.open(config.home) as library:
            await library.rename(talk.session_id, record.summary.title)
    if wav is not None:
        await _write_wav(config, talk.session_id, wav)
    return 130 if interrupted else int(notes.failed)


def _answers(
    record: SessionRecord, turn: int | None, pictures: Mapping[str, bytes]
) -> tuple[list[Message], list[int]]:
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
    messages = [message_of(entry, pictures, entry.aside.give_back) for entry in turns]
    return messages, answers
