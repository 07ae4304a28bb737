"""Export formats, requests and results; plain values."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import field
from pathlib import Path

from gramophone.core.frozen import frozen

_LONGEST_SLUG = 48


@frozen
class ExportFormat:
    """A form of file. `sound` when it is made of samples, `joins` when several sessions can stand
    in one file, `timed` when it tells when something is heard, `whole` when a part of a session
    would not be one, `read` when people read all of its text, so that thoughts can stand in it.
    `pause_us` lies between its spoken turns unless told otherwise."""

    name: str
    suffix: str
    words: str
    sound: bool = False
    joins: bool = False
    timed: bool = True
    whole: bool = False
    read: bool = False
    pause_us: int = 0


_FORMS = (
    ExportFormat("wav", ".wav", "the sound as WAV", sound=True, joins=True),
    ExportFormat("flac", ".flac", "the sound as FLAC", sound=True, joins=True),
    ExportFormat("ogg", ".ogg", "the sound as Ogg Vorbis", sound=True, joins=True),
    ExportFormat("opus", ".opus", "the sound as Opus", sound=True, joins=True),
    ExportFormat("mp3", ".mp3", "the sound as MP3", sound=True, joins=True),
    ExportFormat("srt", ".srt", "captions as SubRip", joins=True),
    ExportFormat("vtt", ".vtt", "captions as WebVTT, each word in time", joins=True),
    ExportFormat(
        "txt", ".txt", "the conversation as plain text", joins=True, timed=False, read=True
    ),
    ExportFormat(
        "md",
        ".md",
        "the conversation as Markdown, with figures",
        joins=True,
        timed=False,
        read=True,
    ),
    ExportFormat("json", ".json", "turns, figures and words in time as JSON", joins=True),
    ExportFormat("jsonl", ".jsonl", "the timeline as JSON lines", joins=True, whole=True),
    ExportFormat("csv", ".csv", "turns and figures as a table", joins=True, timed=False),
    ExportFormat("cast", ".cast", "the conversation as it streamed, for asciinema", joins=True),
    ExportFormat("html", ".html", "a page that plays in a browser", pause_us=600_000, read=True),
    ExportFormat("bundle", ".gramophone", "the whole session as a bundle", whole=True),
)

FORMS = {form.name: form for form in _FORMS}
"""By name, in the order they are offered."""


def form_of(path: Path) -> ExportFormat | None:
    """The form that the end of a name asks for."""
    return next((form for form in _FORMS if form.suffix == path.suffix.lower()), None)


@frozen
class TurnSelection:
    """Selected turns by number (all if empty), and a part of the replay's clock in microseconds.
    Turns that were taken back count only with `withdrawn`."""

    turns: frozenset[int] = frozenset()
    from_us: int = 0
    to_us: int | None = None
    withdrawn: bool = False

    @property
    def timed(self) -> bool:
        return self.from_us > 0 or self.to_us is not None


@frozen
class Pauses:
    """Pause between two spoken turns: the real one, or `given_us` microseconds."""

    real: bool = False
    given_us: int = 0


@frozen
class ExportRequest:
    """A request for an export. `path` is a file, or a directory that takes one file a session
    (`folder`); with `each_turn` one a spoken turn. Existing files are replaced only with `replace`.
    `thoughts` writes the model's thoughts into formats that people read (`ExportFormat.read`).
    0 Hz is the rate as recorded; `loudness_lufs` normalises by EBU R 128."""

    form: str
    path: Path
    folder: bool = False
    replace: bool = False
    cut: TurnSelection = field(default_factory=TurnSelection)
    pauses: Pauses = field(default_factory=Pauses)
    each_turn: bool = False
    stereo: bool = False
    thoughts: bool = False
    sample_rate_hz: int = 0
    loudness_lufs: float | None = None
    compress: bool = False


@frozen
class ExportResult:
    """Written files, one sentence for each session that could not be written, and notes on the
    others."""

    paths: tuple[Path, ...]
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def slug(title: str) -> str:
    """`What is a gramophone?` as `what-is-a-gramophone`."""
    bare = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", bare.lower()).strip("-")
    return words[:_LONGEST_SLUG].rstrip("-") or "session"
