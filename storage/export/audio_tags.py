"""Tags of an audio file, and marks at the samples where turns and sentences begin."""

from __future__ import annotations

import unicodedata
from collections.abc import Generator, Iterable, Sequence
from datetime import UTC, datetime

from gramophone.core.frozen import frozen
from gramophone.library.library import SessionSummary
from gramophone.text.graphemes import cut
from gramophone.text.sanitize import plain_line
from storage.export.excerpt import Excerpt, ExcerptTurn

_LONGEST_LABEL = 120
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@frozen
class AudioMark:
    """Something begins at a sample of the file: a spoken turn, or a sentence of one."""

    at_samples: int
    label: str
    turn: bool = False


@frozen
class About:
    """Content of a file's tags. `begun` is the time the first session began, in UTC."""

    title: str
    voice: str
    begun: datetime
    comment: str
    reference: str
    software: str = "Gramophone"

    @property
    def date(self) -> str:
        return self.begun.date().isoformat()


def marks(excerpt: Excerpt, title: str = "") -> Generator[AudioMark]:
    """Marks of an excerpt in order, at its own rate. A turn and its first sentence share a mark if
    they begin together; the label of the first mark is preceded by `title`."""
    before = f"{_label(title)} – " if title else ""
    for turn in excerpt.turns:
        if not turn.stretches:
            continue
        number = f"{before}{turn.record.turn}: "
        before = ""
        start = turn.stretches[0].start_samples
        sentences = list(_sentences(turn, excerpt.rate_hz))
        if sentences and sentences[0].at_samples == start:
            yield AudioMark(start, number + sentences.pop(0).label, turn=True)
        else:
            yield AudioMark(start, number + _label(turn.record.text), turn=True)
        yield from sentences


def _sentences(turn: ExcerptTurn, rate_hz: int) -> Generator[AudioMark]:
    for passage in turn.passages:
        # Times were rounded down to microseconds; this is the sample they came from.
        yield AudioMark(-(-passage.start_us * rate_hz // 1_000_000), _label(passage.text))


def about(summaries: Sequence[SessionSummary]) -> About:
    """The tags of a file with these sessions in it."""
    first = summaries[0]
    title = _label(first.title) or "Session"
    comment = f"Session {first.id}"
    if len(summaries) > 1:
        title = f"{title} and {len(summaries) - 1:,} more"
        comment = f"{len(summaries):,} sessions, the first {first.id}"
    models = _several(summary.model for summary in summaries)
    return About(
        title=title,
        voice=_several(summary.voice for summary in summaries),
        begun=_moment(first.created_at),
        comment=f"{comment}; answers by {models}" if models else comment,
        reference=first.id[:32],
    )


def ascii_only(text: str) -> str:
    """`text` as well as ASCII can have it; empty where it can not at all."""
    bare = unicodedata.normalize("NFKD", text).replace("–", "-")
    return " ".join(bare.encode("ascii", "ignore").decode().split())


def _several(names: Iterable[str]) -> str:
    return ", ".join(list(dict.fromkeys(_label(name) for name in names if name))[:5])


def _label(text: str) -> str:
    line = plain_line(text)
    if len(line) <= _LONGEST_LABEL:
        return line
    short = cut(line, _LONGEST_LABEL - 1)
    return f"{short.rpartition(' ')[0] or short}…"


def _moment(iso: str) -> datetime:
    try:
        return datetime.fromisoformat(iso).astimezone(UTC)
    except ValueError:
        return _EPOCH
