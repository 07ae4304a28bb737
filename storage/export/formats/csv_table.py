"""Turns and their figures as a table (`csv`), by RFC 4180: a line of names, then a line a turn."""

from __future__ import annotations

import csv
import re
from collections.abc import Generator, Iterable
from io import TextIOWrapper
from typing import BinaryIO

from gramophone.analysis.attribution import ATTRIBUTION_EVENTS, NO_ANSWERER, answerers
from gramophone.library.export_request import ExportRequest
from gramophone.text.sanitize import plain
from storage.export.excerpt_audio import ReportProgress
from storage.export.stored_session import ExportedSession
from storage.export.text_labels import spoken_ms

COLUMNS = (
    "session", "created_at", "title", "turn", "role", "text", "finish_reason", "withdrawn",
    "provider", "model", "voice", "started_ms", "spoken_ms", "ttft_ms", "ttfb_ms", "ttfa_ms",
    "response_ms", "tokens_per_s", "input_tokens", "output_tokens", "flushes", "underruns",
    "heard_characters",
)  # fmt: skip

# A spreadsheet takes such a cell for a formula, and may run it.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠|%]|[\t\r\n]")


def write_csv(
    sessions: Iterable[ExportedSession],
    file: BinaryIO,
    _order: ExportRequest,
    _progress: ReportProgress,
) -> None:
    """Write the turns, those of one session after those of the other."""
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        rows = csv.writer(text)
        rows.writerow(COLUMNS)
        for session in sessions:
            rows.writerows(_rows(session))
    finally:
        text.detach()


def _rows(session: ExportedSession) -> Generator[tuple[object, ...]]:
    about = session.record.summary
    by_turn = answerers(session.events(*ATTRIBUTION_EVENTS))
    for turn in session.turns:
        answerer = by_turn.get(turn.turn, NO_ANSWERER)
        took = turn.metrics
        # What a user's turn does not have is left open; nothing counted is 0.
        counts = (took.flushes, took.underruns) if turn.role == "assistant" else (None, None)
        yield (
            about.id, about.created_at, _cell(about.title),
            turn.turn, turn.role, _cell(turn.text), _cell(turn.finish_reason),
            "true" if turn.withdrawn else "false",
            _cell(answerer.provider), _cell(answerer.model), _cell(answerer.voice),
            turn.started_us / 1000, spoken_ms(turn),
            took.ttft_ms, took.ttfb_ms, took.ttfa_ms, took.response_ms, took.tokens_per_s,
            took.input_tokens, took.output_tokens, *counts,
            turn.heard_chars,
        )  # fmt: skip


def _cell(text: str) -> str:
    """A text that no spreadsheet calculates: an apostrophe says that it is one."""
    text = plain(text)
    return f"'{text}" if _FORMULA.match(text) else text
