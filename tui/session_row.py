"""How a kept session looks in a list. Pure but for Textual's text type."""

from __future__ import annotations

from textual.content import Content

from gramophone.plain import plain, plain_line
from gramophone.ports import SessionSummary
from tui.colours import ACCENT, MUTED, WARNING
from tui.facts import counted, local_time, seconds

HIT_BEGINS, HIT_ENDS = "\ue000", "\ue001"


def session_row(summary: SessionSummary, width: int) -> Content:
    """Title left, duration right; dim facts below; the hit of a search below that."""
    spoken = seconds(summary.spoken_ms / 1000) if summary.spoken_ms else "no sound"
    title = Content.styled(title_of(summary), "bold")
    row = _apart(title, Content.styled(spoken, MUTED), width)
    facts = Content.styled(facts_of(summary), MUTED)
    if summary.recovered:
        facts = Content.styled("recovered", WARNING) + Content.styled(" · ", MUTED) + facts
    row += Content("\n") + facts.truncate(width, ellipsis=True)
    if summary.snippet:
        row += Content("\n") + snippet(summary.snippet).truncate(width, ellipsis=True)
    return row


def title_of(summary: SessionSummary) -> str:
    return plain_line(summary.title) or "Untitled"


def facts_of(summary: SessionSummary) -> str:
    """When, how much, with whom."""
    spoke_with = " ".join(plain_line(each) for each in (summary.provider, summary.model) if each)
    return " · ".join(
        part
        for part in (local_time(summary.created_at), counted(summary.turns, "turn"), spoke_with)
        if part
    )


def snippet(marked: str) -> Content:
    """The text around a hit, its words lifted."""
    line = Content("")
    for place, part in enumerate(plain(marked).replace("\n", " ").split(HIT_BEGINS)):
        hit, closed, rest = part.partition(HIT_ENDS)
        if place and closed:
            line += Content.styled(hit, f"bold {ACCENT}") + Content.styled(rest, MUTED)
        else:
            line += Content.styled(hit + rest, MUTED)
    return line


def _apart(left: Content, right: Content, width: int) -> Content:
    left = left.truncate(max(1, width - right.cell_length - 2), ellipsis=True)
    gap = max(1, width - left.cell_length - right.cell_length)
    return left + Content(" " * gap) + right
