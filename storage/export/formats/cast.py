"""The conversation as it streamed, as an asciicast of version 3: plays in asciinema.

Words appear when they came, at most `IDLE_S` apart, wrapped for 80 columns; markers stand at the
questions. Several sessions follow each other, each after a line with its title.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Generator, Iterable
from datetime import datetime
from typing import Any, BinaryIO

from gramophone.core.timeline import (
    AnswerRetracted,
    DeltaReceived,
    Event,
    TurnCompleted,
    TurnStarted,
)
from gramophone.library.export_request import ExportRequest
from gramophone.library.library import TurnRecord
from gramophone.text.graphemes import cut, graphemes
from gramophone.text.sanitize import PlainStream, plain, plain_line
from storage.export.excerpt_audio import ReportProgress
from storage.export.stored_session import ExportedSession
from storage.export.text_labels import moment_of, remarks_on, speaker_of, title_of

COLUMNS, ROWS = 80, 24
IDLE_S = 2

_BOLD, _DIM, _CYAN, _GREEN, _OFF = "\x1b[1m", "\x1b[2m", "\x1b[1;36m", "\x1b[1;32m", "\x1b[0m"
_NO_CELLS = frozenset(("Mn", "Mc", "Me", "Cf"))
# What makes one emoji of several characters.
_PICTURE = re.compile("\ufe0f|[\U0001f3fb-\U0001f3ff]|\u200d[\u2190-\u2bff\U0001f000-\U0001faff]")
_TOKEN = re.compile(r"\n|[^\S\n]+|\S+")


def write_cast(
    sessions: Iterable[ExportedSession],
    file: BinaryIO,
    _order: ExportRequest,
    _progress: ReportProgress,
) -> None:
    """Write a header, made from the first session, and the events of all."""
    for number, session in enumerate(sessions):
        if not number:
            file.write(_line(_header(session)))
        else:
            file.write(_line([IDLE_S, "o", "\r\n"]))
        before_ms = 0
        for at_ms, code, data in _events(session):
            # Differences of rounded moments: what is rounded off does not add up.
            interval_ms = min(max(0, at_ms - before_ms), IDLE_S * 1000)
            before_ms = max(before_ms, at_ms)
            file.write(_line([interval_ms / 1000, code, data]))


def _line(value: Any) -> bytes:
    # Controls must be escapes in JSON; the rest may as well be.
    return json.dumps(value, separators=(", ", ": ")).encode() + b"\n"


def _header(session: ExportedSession) -> dict[str, Any]:
    about = session.record.summary
    return {
        "version": 3,
        "term": {"cols": COLUMNS, "rows": ROWS, "type": "xterm-256color"},
        "timestamp": int(datetime.fromisoformat(about.created_at).timestamp()),
        "idle_time_limit": IDLE_S,
        "title": title_of(about),
    }


def _events(session: ExportedSession) -> Generator[tuple[int, str, str]]:
    about = session.record.summary
    facts = " · ".join(
        part
        for part in (moment_of(about), *map(plain_line, (about.provider, about.model, about.voice)))
        if part
    )
    yield 0, "o", f"{_BOLD}{_whole(title_of(about))}{_OFF}\r\n{_DIM}{_whole(facts)}{_OFF}\r\n"
    began_us: int | None = None
    turns = {turn.turn: turn for turn in session.turns}
    written: dict[int, _CastTurn] = {}
    retracted = Counter[int]()
    for event in session.events(AnswerRetracted):
        assert isinstance(event, AnswerRetracted)
        retracted[event.turn] += len(event.text)
    for event in session.events(TurnStarted, DeltaReceived, TurnCompleted):
        turn = turns.get(_turn_of(event))
        if turn is None:
            continue
        began_us = event.at_us if began_us is None else began_us
        at_ms = (event.at_us - began_us) // 1000
        if turn.turn not in written:
            written[turn.turn] = _CastTurn(turn, retracted[turn.turn])
            if turn.role == "user":
                yield at_ms, "m", cut(plain_line(turn.text), COLUMNS)
            yield at_ms, "o", written[turn.turn].begin()
        if data := written[turn.turn].on(event):
            yield at_ms, "o", data


def _turn_of(event: Event) -> int:
    match event:
        case TurnStarted() | DeltaReceived() | TurnCompleted():
            return event.turn
        case _:
            return -1


def _whole(text: str) -> str:
    wrap = _Wrap()
    return wrap.feed(text) + wrap.finish()


class _CastTurn:
    """A turn while it is written, without the `retracted` characters at its beginning."""

    def __init__(self, record: TurnRecord, retracted: int) -> None:
        self._record = record
        self._retracted = retracted
        self._plain = PlainStream()
        self._wrap = _Wrap()
        self._streamed = False

    def begin(self) -> str:
        colour = _CYAN if self._record.role == "user" else _GREEN
        return f"\r\n{colour}{speaker_of(self._record)}{_OFF}\r\n"

    def on(self, event: Event) -> str:
        """Text that an event prints."""
        match event:
            case DeltaReceived():
                text = event.text[self._retracted :]
                self._retracted -= len(event.text) - len(text)
                self._streamed = self._streamed or bool(text)
                return self._wrap.feed(self._plain.feed(text))
            case TurnStarted() if event.text:
                self._streamed = True
                return self._wrap.feed(plain(event.text))
            case TurnCompleted():
                rest = self._wrap.feed(self._plain.finish())
                if not self._streamed:
                    rest += self._wrap.feed(plain(self._record.text))
                remarks = remarks_on(self._record).strip()
                ending = f"{_DIM}{remarks}{_OFF}\r\n" if remarks else ""
                return f"{rest}{self._wrap.finish()}\r\n{ending}"
            case _:
                return ""


class _Wrap:
    """Text that comes in pieces, broken between words; a word is given when it is whole."""

    def __init__(self) -> None:
        self._held = ""
        self._spaces = ""
        self._column = 0

    def feed(self, text: str) -> str:
        tokens = _TOKEN.findall(self._held + text.replace("\t", "    "))
        self._held = tokens.pop() if tokens and not tokens[-1].isspace() else ""
        return "".join(map(self._token, tokens))

    def finish(self) -> str:
        """No more comes."""
        text, self._held = self._held, ""
        return "".join(map(self._token, _TOKEN.findall(text)))

    def _token(self, token: str) -> str:
        if token == "\n":
            self._spaces, self._column = "", 0
            return "\r\n"
        if token.isspace():
            self._spaces += token
            return ""
        lead, self._spaces = self._spaces, ""
        if self._column + _cells(lead) + _cells(token) <= COLUMNS:
            self._column += _cells(lead) + _cells(token)
            return lead + token
        broken = "\r\n" if self._column else ""
        self._column = 0
        return broken + self._cut(token)

    def _cut(self, word: str) -> str:
        """A word at the beginning of a line; one that is longer than that goes on in the next."""
        parts: list[str] = []
        for start, end in graphemes(word):
            cells = _cells(word[start:end])
            if self._column + cells > COLUMNS:
                parts.append("\r\n")
                self._column = 0
            parts.append(word[start:end])
            self._column += cells
        return "".join(parts)


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    if not _PICTURE.search(text):
        return sum(map(_cells_of, text))
    return sum(_cells_of_grapheme(text[start:end]) for start, end in graphemes(text))


def _cells_of_grapheme(grapheme: str) -> int:
    # An emoji of several is as wide as one.
    return 2 if _PICTURE.search(grapheme) else sum(map(_cells_of, grapheme))


def _cells_of(char: str) -> int:
    if unicodedata.category(char) in _NO_CELLS:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
