"""Bringing the conversations of a data export into the library, each by itself.

All are looked at first: only then are their times known, and the oldest goes in first, so that the
list has the newest on top. Some dozens go into one transaction, so that a talk that is being
recorded meanwhile waits for none of them.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    Event,
    SessionEnded,
    SessionStarted,
    SettingsChanged,
    TurnCompleted,
    TurnStarted,
)
from gramophone.text.redaction import Redactor
from gramophone.text.sanitize import plain_line
from storage.chat_import.archive import JsonText, ReportProgress, opened_export
from storage.chat_import.format import ChatConversation, ChatError, ChatMessage
from storage.chat_import.json_spans import JsonSpan
from storage.home import Home
from storage.recording.redaction_key import marking_key
from storage.sessions.titles import title_of
from storage.sqlite import rows
from storage.sqlite.database import open_library, transaction
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.schema import FORMAT_VERSION, turn_number

IMPORTED = "imported"
"""The finish reason of an answer that was given elsewhere, and has no sound."""

ENCODING, SAMPLE_RATE_HZ = "linear16", 48_000

_AT_ONCE = 25
MOST_CHATS = 100_000
"""Conversations of one export; where each stands is held."""

_LATEST_US = 1 << 52


@frozen
class ChatImportResult:
    """Result of an import: session ids by what was done with them, oldest first; the number of
    conversations without words; one sentence for each that is broken."""

    new: tuple[str, ...]
    refreshed: tuple[str, ...]
    already: tuple[str, ...]
    empty: int
    broken: tuple[str, ...]


@frozen
class _ChatLocation:
    """A conversation that can be taken in, and where it stands."""

    session_id: str
    created_ms: int
    ended_ms: int
    part: JsonText
    span: JsonSpan


def import_chats(
    home: Home,
    path: Path,
    *,
    secrets: Sequence[str] = (),
    patterns: Sequence[str] = (),
    now: datetime,
    progress: ReportProgress,
    new_id: Callable[[], str] | None = None,
) -> ChatImportResult:
    """Take the conversations of a data export into the library under `home`, made where it is
    missing; with `new_id` as sessions of their own. A conversation that is there is left alone
    unless it went on since. `progress` gets how far it is, in bytes; what it raises ends the
    import, and what was taken in by then stays.

    Raises:
        StorageError: the file is not an export, or the library cannot be written.
    """
    with storage_errors(home):
        database = open_library(home)
        try:
            redactor = Redactor.of(secrets, patterns=patterns, key=marking_key(home))
            work = _ChatImport(database, redactor, int(now.timestamp() * 1000), new_id)
            with opened_export(path, home.root, progress) as parts:
                return work.run(path, parts, progress)
        finally:
            database.close()


class _ChatImport:
    def __init__(
        self,
        database: sqlite3.Connection,
        redactor: Redactor,
        now_ms: int,
        new_id: Callable[[], str] | None,
    ) -> None:
        self._database = database
        self._redactor = redactor
        self._now_ms = now_ms
        self._new_id = new_id
        self._empty = 0
        self._broken: list[str] = []
        self._ids_by_kind: dict[str, list[str]] = {"new": [], "refreshed": [], "already": []}

    def run(
        self, path: Path, parts: Sequence[JsonText], progress: ReportProgress
    ) -> ChatImportResult:
        """Import all conversations of an export.

        Raises:
            StorageError: it holds none.
        """
        locations = list(self._looked_through(path, parts, progress))
        if not locations and not self._broken and not self._empty:
            raise StorageError(
                f"{plain_line(str(path))} holds no conversations of ChatGPT or Claude; the "
                "file that does is conversations.json, or the zip it came in."
            )
        # One that stands in it twice counts as it was last.
        newest = {
            location.session_id: location
            for location in sorted(locations, key=lambda location: location.ended_ms)
        }
        inorder = sorted(
            newest.values(), key=lambda location: (location.created_ms, location.session_id)
        )
        total = max(1, sum(location.span.end - location.span.start for location in inorder))
        done_bytes = 0
        groups = iter(lambda: list(itertools.islice(waiting, _AT_ONCE)), [])
        waiting = iter(inorder)
        for group in groups:
            progress(done_bytes, total)
            with transaction(self._database):
                kinds = [(self._take(location), location.session_id) for location in group]
            for kind, session_id in kinds:
                self._ids_by_kind[kind].append(session_id)
            done_bytes += sum(location.span.end - location.span.start for location in group)
        return ChatImportResult(
            tuple(self._ids_by_kind["new"]),
            tuple(self._ids_by_kind["refreshed"]),
            tuple(self._ids_by_kind["already"]),
            self._empty,
            tuple(self._broken),
        )

    # --- looking ------------------------------------------------------------------------------

    def _looked_through(
        self, path: Path, parts: Sequence[JsonText], progress: ReportProgress
    ) -> Generator[_ChatLocation]:
        """Every conversation with words, one after another; what is broken is noted."""
        done_bytes, total_bytes = 0, max(1, sum(part.size_bytes for part in parts))
        looked_at = 0

        def report(size_bytes: int) -> None:
            nonlocal done_bytes
            done_bytes += size_bytes
            progress(min(done_bytes, total_bytes), total_bytes)

        for part in parts:
            for nth, span in enumerate(part.spans(report), 1):
                looked_at += 1
                if looked_at > MOST_CHATS:
                    raise StorageError(
                        f"{plain_line(str(path))} holds more than {MOST_CHATS:,} conversations; "
                        "cut it into parts and import them one by one."
                    )
                try:
                    chat = part.chat(span)
                except ChatError as error:
                    self._broken.append(f"Conversation {nth} was left out: {error}.")
                    continue
                if chat is None:
                    continue
                if not chat.messages:
                    self._empty += 1
                    continue
                created_ms = self._created_ms(chat)
                ended_ms = created_ms + _times_us(chat.messages, created_ms)[-1] // 1000
                session_id = self._new_id() if self._new_id else chat.session_id
                yield _ChatLocation(session_id, created_ms, ended_ms, part, span)

    def _created_ms(self, chat: ChatConversation) -> int:
        first_s = next(
            (message.at_s for message in chat.messages if message.at_s is not None), None
        )
        began_s = chat.created_s if chat.created_s is not None else first_s
        return self._now_ms if began_s is None else round(began_s * 1000)

    # --- taking in ----------------------------------------------------------------------------

    def _take(self, location: _ChatLocation) -> str:
        """Bring one in, within a transaction; what was done with it."""
        chat = location.part.chat(location.span)
        assert chat is not None, "it was looked at before"
        messages = [_clean(message, self._redactor) for message in chat.messages]
        title = rows.plain(plain_line(self._redactor(chat.title))) or _first_words(messages)
        there = self._database.execute(
            "SELECT number, created_at FROM session WHERE id = ?", (location.session_id,)
        ).fetchone()
        if there is None:
            number = self._insert_session(location, chat.service, title, messages)
            self._insert_turns(number, location, chat.service, messages)
            return "new"
        number, created_at = there
        # It may have been deleted in an app that can still undo it.
        self._database.execute(
            "UPDATE session SET discarded_at = NULL WHERE number = ? AND discarded_at IS NOT NULL",
            (number,),
        )
        if not self._went_on(number, created_at, location, messages):
            return "already"
        self._database.execute("DELETE FROM event WHERE session = ?", (number,))
        self._database.execute("DELETE FROM turn WHERE session = ?", (number,))
        self._database.execute(
            "UPDATE session SET title = CASE renamed WHEN 1 THEN title ELSE ? END, "
            "created_at = ?, provider = ?, model = ?, turns = ? WHERE number = ?",
            (
                title,
                _iso(location.created_ms),
                chat.service,
                _last_model(messages),
                len(messages),
                number,
            ),
        )
        self._insert_turns(number, location, chat.service, messages)
        return "refreshed"

    def _went_on(
        self, number: int, created_at: str, location: _ChatLocation, messages: Sequence[ChatMessage]
    ) -> bool:
        """Whether the export has a later last word than the library. A session that was not
        imported, or was spoken since, is nobody's to replace."""
        stored = self._database.execute(
            "SELECT role, text, finish_reason, audio_file, completed_us FROM turn "
            "WHERE session = ? ORDER BY turn",
            (number,),
        ).fetchall()
        if [(role, text) for role, text, *_ in stored] == [
            (message.role, message.text) for message in messages
        ]:
            return False
        if any(row[2] not in ("sent", IMPORTED) or row[3] is not None for row in stored):
            return False
        began = datetime.fromisoformat(created_at).timestamp()
        last_us = max((row[4] or 0 for row in stored), default=0)
        return location.ended_ms > round(began * 1000) + last_us // 1000

    def _insert_session(
        self, location: _ChatLocation, service: str, title: str, messages: Sequence[ChatMessage]
    ) -> int:
        cursor = self._database.execute(
            "INSERT INTO session (id, title, created_at, provider, model, voice, encoding, "
            "sample_rate_hz, system_prompt, format_version, ended, turns) "
            "VALUES (?, ?, ?, ?, ?, '', ?, ?, '', ?, 1, ?)",
            (
                *(
                    location.session_id,
                    title,
                    _iso(location.created_ms),
                    service,
                    _last_model(messages),
                ),
                *(ENCODING, SAMPLE_RATE_HZ, FORMAT_VERSION, len(messages)),
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _insert_turns(
        self, number: int, location: _ChatLocation, service: str, messages: Sequence[ChatMessage]
    ) -> None:
        times = _times_us(messages, location.created_ms)
        self._database.executemany(
            "INSERT INTO turn (number, session, turn, role, text, finish_reason, started_us, "
            "completed_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *(turn_number(number, turn), number, turn, message.role, message.text),
                    *(_reason(message), at_us, at_us),
                )
                for turn, (message, at_us) in enumerate(zip(messages, times, strict=True))
            ),
        )
        events = _events(location.session_id, service, messages, times)
        self._database.executemany(
            rows.INSERT, (rows.row_of(event, number, seq) for seq, event in enumerate(events))
        )


def _events(
    session_id: str, service: str, messages: Sequence[ChatMessage], times: Sequence[int]
) -> Generator[Event]:
    """The timeline: answers have their text as they begin, because nobody knows how it came."""
    model = next((message.model for message in messages if message.model), "")
    yield SessionStarted(
        at_us=0,
        session_id=session_id,
        provider=service,
        model=model,
        voice="",
        encoding=ENCODING,
        sample_rate_hz=SAMPLE_RATE_HZ,
        system_prompt="",
    )
    for turn, (message, at_us) in enumerate(zip(messages, times, strict=True)):
        if message.model and message.model != model:
            model = message.model
            yield SettingsChanged(
                at_us=at_us, provider=service, model=model, voice="", system_prompt=""
            )
        yield TurnStarted(at_us=at_us, turn=turn, role=message.role, text=message.text)
        yield TurnCompleted(
            at_us=at_us,
            turn=turn,
            role=message.role,
            text=message.text,
            finish_reason=_reason(message),
        )
    yield SessionEnded(at_us=times[-1])


def _times_us(messages: Sequence[ChatMessage], created_ms: int) -> list[int]:
    """Times of the messages in microseconds since the session began; they never fall."""
    times: list[int] = []
    at_us = 0
    for message in messages:
        if message.at_s is not None:
            at_us = max(at_us, min(round(message.at_s * 1_000_000) - created_ms * 1000, _LATEST_US))
        times.append(at_us)
    return times


def _clean(message: ChatMessage, redactor: Redactor) -> ChatMessage:
    """As it is kept: without secrets, and as UTF-8 can hold it."""
    return ChatMessage(
        message.role, rows.plain(redactor(message.text)), message.at_s, rows.plain(message.model)
    )


def _reason(message: ChatMessage) -> str:
    return "sent" if message.role == "user" else IMPORTED


def _last_model(messages: Sequence[ChatMessage]) -> str:
    return next((message.model for message in reversed(messages) if message.model), "")


def _first_words(messages: Sequence[ChatMessage]) -> str:
    return next((title for message in messages if (title := title_of(message.text))), "")


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
