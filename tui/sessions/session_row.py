"""Row of a session in the list: title, sound, time, facts, and the hit of a search."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from textual.content import Content

from gramophone.core.frozen import frozen
from gramophone.library.library import SessionSummary
from gramophone.library.search_query import SearchWord, highlights
from gramophone.text.graphemes import after
from gramophone.text.sanitize import plain, plain_line
from tui.sessions.date_heading import time_beneath
from tui.support.formatting import counted, length, local_time
from tui.theme.colour_names import ACCENT, MUTED, WARNING

# Characters for private use, which the library's search puts around a hit (`storage.sessions`).
HIT_BEGINS, HIT_ENDS = "\ue000", "\ue001"
GUTTER_CELLS = 2

_DOT = Content.styled(" · ", MUTED)


@frozen
class RowLook:
    """Look of a row: `words` are those of a search, `note` says what is being done with the
    session; `by_beginning` shows when it began, else when it was last active."""

    today: date
    words: Sequence[SearchWord] = ()
    marked: bool = False
    note: str = ""
    one_line: bool = False
    by_beginning: bool = False


def session_row(summary: SessionSummary, width: int, look: RowLook) -> Content:
    """Title left, length of the sound right; the time and dim facts below, or a note of what is
    being done; the hit of a search below that. In one line the time stands at the right. A mark
    stands in the gutter, so that no text moves."""
    inner = width - GUTTER_CELLS
    title = lifted(title_of(summary), look.words).stylize_before("bold")
    at = _when(summary, look)
    gutter = Content.styled("✓ ", f"bold {ACCENT}") if look.marked else Content("  ")
    if look.one_line:
        right = look.note or " · ".join(part for part in (sound_words(summary), at) if part)
        return gutter + _apart(title, Content.styled(right, MUTED), inner)
    lines = [_apart(title, Content.styled(sound_words(summary), MUTED), inner)]
    facts = Content.styled(look.note, ACCENT) if look.note else _facts(summary, at)
    lines.append(facts.truncate(inner, ellipsis=True))
    if summary.snippet:
        lines.append(_hit_in_sight(snippet(summary.snippet), inner))
    lines[0] = gutter + lines[0]
    return Content("\n  ").join(lines)


def _when(summary: SessionSummary, look: RowLook) -> str:
    """The time, as much of it as the heading above does not say."""
    if look.by_beginning:
        return time_beneath(summary.created_at, look.today)
    if summary.pinned:
        return local_time(summary.latest_at)
    return time_beneath(summary.latest_at, look.today)


def sound_words(summary: SessionSummary) -> str:
    """Length of the sound: `♪ 51 s`; empty where there is none."""
    return f"♪ {length(summary.spoken_ms)}" if summary.spoken_ms else ""


def title_of(summary: SessionSummary) -> str:
    return plain_line(summary.title) or "Untitled"


def facts_of(summary: SessionSummary, at: str | None = None) -> str:
    """Date (or `at`, the time in other words), number of turns, provider and model."""
    spoke_with = " ".join(plain_line(name) for name in (summary.provider, summary.model) if name)
    when = local_time(summary.created_at) if at is None else at
    return " · ".join(part for part in (when, counted(summary.turns, "turn"), spoke_with) if part)


def tags_of(summary: SessionSummary) -> str:
    """Its tags as they are read: `#one #two`."""
    return " ".join(f"#{plain_line(name)}" for name in summary.tags)


def snippet(marked: str) -> Content:
    """The text around a hit, its words lifted."""
    line = Content("")
    for index, part in enumerate(plain(marked).replace("\n", " ").split(HIT_BEGINS)):
        hit, closed, rest = part.partition(HIT_ENDS)
        if index and closed:
            line += Content.styled(hit, f"bold {ACCENT}") + Content.styled(rest, MUTED)
        else:
            line += Content.styled(hit + rest, MUTED)
    return line


def _hit_in_sight(line: Content, width: int) -> Content:
    """Cut to the width, on the left as well where the first hit would not be seen."""
    hit = next((span for span in line.spans if span.style != MUTED), None)
    over = line[: hit.end].cell_length + 1 - width if hit is not None else 0
    if over > 0 and hit is not None:
        start = 1
        while start < hit.start and line[:start].cell_length <= over:
            start = after(line.plain, start)
        line = Content.styled("…", MUTED) + line[start:]
    return line.truncate(width, ellipsis=True)


def lifted(text: str, words: Sequence[SearchWord]) -> Content:
    """The text with the words that are looked for in the accent colour."""
    content = Content(text)
    for start, end in highlights(text, words):
        content = content.stylize(f"bold {ACCENT}", start, end)
    return content


def _facts(summary: SessionSummary, at: str) -> Content:
    """States first, because they are what is looked for; tags before the rest, because a narrow
    list cuts the end."""
    parts: list[Content] = []
    if summary.pinned:
        parts.append(Content.styled("pinned", ACCENT))
    if summary.recovered:
        parts.append(Content.styled("recovered", WARNING))
    if summary.archived:
        parts.append(Content.styled("archived", MUTED))
    if summary.tags:
        parts.append(Content(tags_of(summary)))
    return _DOT.join([*parts, Content.styled(facts_of(summary, at), MUTED)])


def _apart(left: Content, right: Content, width: int) -> Content:
    left = left.truncate(max(1, width - right.cell_length - 2), ellipsis=True)
    gap = max(1, width - left.cell_length - right.cell_length)
    return left + Content(" " * gap) + right
