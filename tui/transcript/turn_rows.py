"""Rows around the text of a turn: who speaks, the facts, how it ended; and those of a prompt."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len, set_cell_size

from gramophone.text.sanitize import plain_line
from tui.markdown.flow import lines_of, plain_flow
from tui.markdown.layout import Decoration, Slice, TextRow
from tui.support.formatting import file_size, first_moments, seconds
from tui.transcript.turn_view import LONGEST_PROMPT_SHOWN, Phase, TurnView

LEAST_NAME_CELLS: Final = 12
_MARKS: Final = {"user": ("›", "accent"), "assistant": ("•", ""), "notice": ("!", "trouble")}


def heading(view: TurnView, width: int, *, marked: bool = False) -> TextRow:
    """The row that says who speaks, with the facts of the turn at the right; how fast it came only
    where the turn is under the cursor (`marked`)."""
    mark, look = _MARKS[view.voice]
    name = {"user": "You", "notice": "Problem"}.get(view.voice) or _cut(view.speaker, width // 2)
    if view.voice == "notice" and not view.failures:
        mark, name, look = "•", "Note", "muted"
    left = [Decoration(f"{mark} ", look), Decoration(name, f"strong+{look}", copied=True)]
    if view.speaking:
        left.append(Decoration("  ▶ speaking", "sound"))
    elif view.voice == "assistant" and view.phase is Phase.WAITING:
        left.append(Decoration("  thinking" if view.thoughts else "  waiting", "muted"))
    if view.withdrawn:
        left.append(Decoration("  taken back", "muted"))
    right = " · ".join(_facts(view, marked=marked))
    gap = width - sum(cell_len(decoration.text) for decoration in left) - len(right)
    if right and gap >= 2:
        left += Decoration(" " * gap), Decoration(right, "muted")
    return TextRow(tuple(left), 0, 0)


def _cut(name: str, cells: int) -> str:
    """The name, with an end that is left out where it is too long."""
    cells = max(LEAST_NAME_CELLS, cells)
    return name if cell_len(name) <= cells else set_cell_size(name, cells - 1).rstrip() + "…"


def _facts(view: TurnView, *, marked: bool) -> list[str]:
    facts = first_moments(view.metrics) if marked else []
    if view.metrics.output_tokens is not None:
        facts.append(f"{view.metrics.output_tokens} tokens")
    if view.spoken_ms:
        facts.append(seconds(view.spoken_ms / 1000))
    return facts


def prompt_rows(text: str, width: int) -> list[TextRow]:
    """The rows of a prompt, as it was typed."""
    rows = list(plain_rows(text[:LONGEST_PROMPT_SHOWN], width))
    if (rest := len(text) - LONGEST_PROMPT_SHOWN) > 0:
        rows += plain_rows(f"… and {rest:,} more characters", width, "muted", LONGEST_PROMPT_SHOWN)
    return rows


def foot_rows(view: TurnView, width: int) -> list[TextRow]:
    """Rows that say how the turn ended, if there is something to say."""
    look = "trouble" if view.failures else "muted"
    return [row for line in _foot_lines(view) for row in plain_rows(line, width, look)]


def plain_rows(text: str, width: int, look: str = "", source: int = 0) -> Iterable[TextRow]:
    """Rows of text that is not Markdown, wrapped between words."""
    for line in text.split("\n"):
        flow = plain_flow(line, source, look)
        lines = lines_of(flow.text, width)
        for number, (start, end) in enumerate(lines):
            last = number + 1 == len(lines)
            between = "" if last else flow.text[end : lines[number + 1][0]]
            join = "\n" if last else " " if between else ""
            first = flow.source_at(start)
            until = flow.source_at(end - 1) + 1 if end > start else first
            yield TextRow((Slice(flow, start, end),), first, until, join)
        source += len(line) + 1


def _foot_lines(view: TurnView) -> list[str]:
    pictures = [
        f"picture: {plain_line(picture.name)}, {picture.size}, {file_size(picture.file_bytes)}"
        for picture in view.pictures
    ]
    lines = [*pictures, *view.failures, *view.notices]
    if view.phase is Phase.STOPPED:
        if not view.text:
            lines.append("■ stopped before anything came")
        elif view.unheard_characters:
            lines.append(_heard_up_to(view))
        else:
            lines.append("■ stopped")
    elif view.phase is Phase.DONE and view.unheard_characters:
        lines.append(_heard_up_to(view))
    elif view.quiet_s and not view.over:
        thinks = "The model thinks; no text" if view.thoughts else "No text from the model"
        lines.append(
            f"{thinks} for {view.quiet_s} s. Esc stops it; then ask again, or choose another with "
            "/model."
        )
    elif view.phase is Phase.FAILED and not view.failures:
        lines.append("The answer failed before its end.")
    return lines


def _heard_up_to(view: TurnView) -> str:
    if not view.stopped_at:
        return "■ stopped before anything was heard"
    return f"■ sound stopped at the mark; {view.unheard_characters:,} characters were not heard"
