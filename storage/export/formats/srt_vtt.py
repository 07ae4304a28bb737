"""Captions of what was spoken: SubRip (`srt`) and WebVTT (`vtt`).

Their times are those of the sound that is exported with the same options. Words come from a model
and are hostile: no word can end a cue, begin another or be taken for markup.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from typing import BinaryIO

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.library.export_request import ExportRequest
from gramophone.library.library import SessionSummary
from gramophone.text.sanitize import plain_line
from storage.export.caption_layout import CaptionCue, CaptionWord, cues, line_text
from storage.export.excerpt_audio import ReportProgress
from storage.export.stored_session import ExportedSession

_ARROW = re.compile(r"-{2,}>")
_TAG = re.compile(r"<(?=[/!?A-Za-z])")


@frozen
class _Placed:
    """A cue on the file's clock, in milliseconds, as both forms count."""

    start_ms: int
    end_ms: int
    shift_us: int
    cue: CaptionCue

    def ms(self, at_us: int) -> int:
        return (self.shift_us + at_us) // 1000


def write_srt(
    sessions: Iterable[ExportedSession],
    file: BinaryIO,
    _order: ExportRequest,
    _progress: ReportProgress,
) -> None:
    """Write SubRip: numbered cues, those of one session after those of the other.

    Raises:
        StorageError: nothing was spoken.
    """
    number = 0
    for _, placed in _sessions(sessions):
        for cue in placed:
            number += 1
            times = f"{_clock(cue.start_ms, ',')} --> {_clock(cue.end_ms, ',')}"
            text = "\n".join(_bare(line_text(line)) for line in cue.cue.lines)
            file.write(f"{number}\n{times}\n{text}\n\n".encode())


def write_vtt(
    sessions: Iterable[ExportedSession],
    file: BinaryIO,
    _order: ExportRequest,
    _progress: ReportProgress,
) -> None:
    """Write WebVTT, every word with its time; a note names each session.

    Raises:
        StorageError: nothing was spoken.
    """
    # No STYLE block: ffmpeg 5 reads no cue behind one.
    file.write(b"WEBVTT\n\n")
    for about, placed in _sessions(sessions):
        file.write(f"NOTE\n{_note(about)}\n\n".encode())
        for cue in placed:
            times = f"{_clock(cue.start_ms, '.')} --> {_clock(cue.end_ms, '.')}"
            file.write(f"{times}\n{_highlighted(cue)}\n\n".encode())


def _sessions(
    sessions: Iterable[ExportedSession],
) -> Generator[tuple[SessionSummary, Generator[_Placed]]]:
    """Each session with its cues, which begin where the sound of the one before ends."""
    shift_us = with_captions = 0
    silent = ""
    for session in sessions:
        excerpt = session.timed_excerpt
        if not any(turn.passages for turn in excerpt.turns):
            silent = silent or session.id
        else:
            with_captions += 1
            yield session.record.summary, _placed(cues(excerpt), shift_us)
        shift_us += excerpt.samples * 1_000_000 // excerpt.rate_hz
    if not with_captions:
        raise StorageError(
            f"The session {silent} has no captions to export; nothing was spoken in it."
        )


def _placed(cues: Iterable[CaptionCue], shift_us: int) -> Generator[_Placed]:
    """On whole milliseconds; a cue that has none of its own is shown for one."""
    free_ms = shift_us // 1000
    for cue in cues:
        start_ms = max(free_ms, (shift_us + cue.start_us) // 1000)
        free_ms = max(start_ms + 1, (shift_us + cue.end_us) // 1000)
        yield _Placed(start_ms, free_ms, shift_us, cue)


def _clock(at_ms: int, mark: str) -> str:
    seconds, ms = divmod(at_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{ms:03}"


def _bare(text: str) -> str:
    """SubRip knows no escapes: what a player would read as more than text is written otherwise."""
    text = _TAG.sub("‹", _ARROW.sub("→", text))
    return text.replace("{", "(").replace("}", ")")


def _highlighted(placed: _Placed) -> str:
    """The lines of a cue, each word after the moment at which it is spoken. WebVTT wants those
    moments to rise within the cue; words that share one light up together."""
    before_ms = placed.start_ms
    lines: list[str] = []
    for line in placed.cue.lines:
        parts: list[str] = []
        for word in line:
            if parts and not word.glued:
                parts.append(" ")
            at_ms = placed.ms(word.start_us)
            if before_ms < at_ms < placed.end_ms:
                parts.append(f"<{_clock(at_ms, '.')}>")
                before_ms = at_ms
            parts.append(_marked(word))
        lines.append("".join(parts))
    return "\n".join(lines)


def _marked(word: CaptionWord) -> str:
    text = word.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<c>{text}</c>"


def _note(about: SessionSummary) -> str:
    """A session's description as the text of a NOTE block, in which nothing can be escaped."""
    texts = [about.title, f"{about.created_at} {about.provider} {about.model} {about.voice}"]
    lines = [_ARROW.sub("→", plain_line(line)) for line in texts]
    return "\n".join(line for line in lines if line)
