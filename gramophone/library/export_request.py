"""What can leave the library, as what, and how it is asked for; plain values."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import field
from pathlib import Path

from gramophone.core.frozen import value

_LONGEST_SLUG = 48


@value
class ExportForm:
    """A form of file. `sound` when it is made of samples, `joins` when several sessions can stand
    in one file, `timed` when it tells when something is heard, `whole` when a part of a session
    would not be one. `pause_us` lies between its spoken turns unless told otherwise."""

    name: str
    suffix: str
    words: str
    sound: bool = False
    joins: bool = False
    timed: bool = True
    whole: bool = False
    pause_us: int = 0


_FORMS = (
    ExportForm("wav", ".wav", "the sound as WAV", sound=True, joins=True),
    ExportForm("flac", ".flac", "the sound as FLAC", sound=True, joins=True),
    ExportForm("ogg", ".ogg", "the sound as Ogg Vorbis", sound=True, joins=True),
    ExportForm("opus", ".opus", "the sound as Opus", sound=True, joins=True),
    ExportForm("mp3", ".mp3", "the sound as MP3", sound=True, joins=True),
    ExportForm("srt", ".srt", "captions as SubRip", joins=True),
    ExportForm("vtt", ".vtt", "captions as WebVTT, each word in time", joins=True),
    ExportForm("txt", ".txt", "the conversation as plain text", joins=True, timed=False),
    ExportForm("md", ".md", "the conversation as Markdown, with figures", joins=True, timed=False),
    ExportForm("json", ".json", "turns, figures and words in time as JSON", joins=True),
    ExportForm("jsonl", ".jsonl", "the timeline as JSON lines", joins=True, whole=True),
    ExportForm("csv", ".csv", "turns and figures as a table", joins=True, timed=False),
    ExportForm("cast", ".cast", "the conversation as it streamed, for asciinema", joins=True),
    ExportForm("html", ".html", "a page that plays in a browser", pause_us=600_000),
    ExportForm("bundle", ".gramophone", "the whole session as a bundle", whole=True),
)

FORMS = {form.name: form for form in _FORMS}
"""By name, in the order they are offered."""


def form_of(path: Path) -> ExportForm | None:
    """The form that the end of a name asks for."""
    return next((form for form in _FORMS if form.suffix == path.suffix.lower()), None)


@value
class Cut:
    """What is taken: turns by number (none named: all), and a part of the replay's clock. Turns
    that were taken back only when `withdrawn`."""

    turns: frozenset[int] = frozenset()
    from_us: int = 0
    to_us: int | None = None
    withdrawn: bool = False

    @property
    def timed(self) -> bool:
        return self.from_us > 0 or self.to_us is not None


@value
class Pauses:
    """What lies between two spoken turns: the real pause, or one of `given_us`."""

    real: bool = False
    given_us: int = 0


@value
class ExportOrder:
    """What is to be written. `path` is a file, or a directory that takes one file a session
    (`folder`); with `each_turn` one a spoken turn. What stands there is replaced only on
    `replace`. 0 Hz is the rate as recorded; `loudness_lufs` normalises to EBU R128."""

    form: str
    path: Path
    folder: bool = False
    replace: bool = False
    cut: Cut = field(default_factory=Cut)
    pauses: Pauses = field(default_factory=Pauses)
    each_turn: bool = False
    stereo: bool = False
    sample_rate_hz: int = 0
    loudness_lufs: float | None = None
    compress: bool = False


@value
class Exported:
    """What was written, in a sentence each what could not be, and what should be known of the
    rest."""

    paths: tuple[Path, ...]
    failures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def slug(title: str) -> str:
    """`What is a gramophone?` as `what-is-a-gramophone`."""
    bare = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", bare.lower()).strip("-")
    return words[:_LONGEST_SLUG].rstrip("-") or "session"
