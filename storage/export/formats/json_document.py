"""A session as one JSON document, with words and their times: `docs/session.schema.json`.

What was said stands in it as it was, unlike in the forms for the eye: whoever shows it makes it
harmless.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from typing import Any, BinaryIO

from gramophone.analysis.attribution import ATTRIBUTION_EVENTS, NO_ANSWERER, Answerer, answerers
from gramophone.analysis.metrics import TurnMetrics
from gramophone.library.export_request import ExportRequest
from gramophone.library.library import TurnAudio
from storage.export.excerpt import ExcerptTurn, SpokenSentence
from storage.export.excerpt_audio import ReportProgress
from storage.export.stored_session import ExportedSession

VERSION = 1


def write_json(
    sessions: Iterable[ExportedSession],
    file: BinaryIO,
    _order: ExportRequest,
    _progress: ReportProgress,
) -> None:
    """Write an object, or of several sessions an array of them; a turn stands on a line."""
    written = 0
    for session in sessions:
        if written == 1:
            # Only now it is known that they are several.
            file.seek(0)
            alone = file.read().rstrip(b"\n")
            file.seek(0)
            file.write(b"[" + alone)
        if written:
            file.write(b",\n")
        for piece in _document(session):
            # Half of a surrogate pair is written as its JSON escape.
            file.write(piece.encode("utf-8", "backslashreplace"))
        written += 1
    file.write(b"]\n" if written > 1 else b"\n")


def _document(session: ExportedSession) -> Generator[str]:
    head = _line(_session(session))
    yield f'{head[:-1]},"turns":['
    by_turn = answerers(session.events(*ATTRIBUTION_EVENTS))
    for number, turn in enumerate(session.timed_excerpt.turns):
        yield ",\n" if number else "\n"
        yield _line(_turn(turn, by_turn.get(turn.record.turn, NO_ANSWERER)))
    yield "\n]}"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _session(session: ExportedSession) -> dict[str, Any]:
    record, excerpt = session.record, session.timed_excerpt
    about = record.summary
    return {
        "format": "gramophone session",
        "version": VERSION,
        "id": about.id,
        "title": about.title,
        "created_at": about.created_at,
        "provider": about.provider,
        "model": about.model,
        "voice": about.voice,
        "system_prompt": record.system_prompt,
        "tags": list(about.tags),
        "recovered": about.recovered,
        "encoding": record.encoding,
        "sample_rate": record.sample_rate_hz,
        "duration_us": excerpt.duration_us,
        "samples": excerpt.samples,
    }


def _turn(turn: ExcerptTurn, answerer: Answerer) -> dict[str, Any]:
    record = turn.record
    return {
        "turn": record.turn,
        "role": record.role,
        "text": record.text,
        "finish_reason": record.finish_reason,
        "heard_characters": record.heard_chars,
        "withdrawn": record.withdrawn,
        "provider": answerer.provider,
        "model": answerer.model,
        "voice": answerer.voice,
        "started_ms": record.started_us / 1000,
        "start_us": turn.start_us,
        "end_us": turn.end_us,
        "metrics": _metrics(record.metrics) if record.role == "assistant" else None,
        "audio": _audio(record.audio) if record.audio is not None else None,
        "pictures": [picture.facts for picture in record.pictures],
        "passages": [_passage(passage) for passage in turn.passages],
    }


def _metrics(took: TurnMetrics) -> dict[str, Any]:
    return {
        "ttft_ms": took.ttft_ms,
        "ttfb_ms": took.ttfb_ms,
        "ttfa_ms": took.ttfa_ms,
        "response_ms": took.response_ms,
        "underruns": took.underruns,
        "flushes": took.flushes,
        "input_tokens": took.input_tokens,
        "output_tokens": took.output_tokens,
        "tokens_per_s": took.tokens_per_s,
    }


def _audio(audio: TurnAudio) -> dict[str, Any]:
    return {
        "sample_rate": audio.sample_rate_hz,
        "samples": audio.samples,
        "sha256": audio.sha256,
    }


def _passage(passage: SpokenSentence) -> dict[str, Any]:
    return {
        "start_us": passage.start_us,
        "end_us": passage.end_us,
        "text": passage.text,
        "words": [
            {
                "start_us": word.start_us,
                "end_us": word.end_us,
                "text": word.text,
                "source_start": word.source_start,
                "source_end": word.source_end,
            }
            for word in passage.words
        ],
    }
