"""The head of one pane of several: who answers there, how fast, and whether it is heard."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from gramophone.analysis.metrics import TurnMetrics
from gramophone.core.frozen import frozen
from tui.support.formatting import first_moments
from tui.theme.colour_names import ACCENT, MUTED, PLAIN, SOUND, TROUBLE, WARNING

_LEAST_NAME_CELLS = 12


@frozen
class HeaderFacts:
    """Content of a header. `position` is `1`, or `1/3` where the others are not seen."""

    position: str
    name: str
    chosen: bool = False
    sound: str = ""
    muted: bool = False
    recording: bool = False
    stored: bool = True
    metrics: TurnMetrics = TurnMetrics()


class PaneHeader(Widget):
    """One row, or two where the pane is narrow and has them. What does not fit is left out, the
    least wanted first."""

    DEFAULT_CSS = """
    PaneHeader {
        height: 1;
        padding: 0 1;
        background: $surface;
        color: $text-muted;
        display: none;
        &.-tall { height: 2; }
        &.-chosen { background: $accent 20%; color: $text; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._facts = HeaderFacts("", "")

    def show(self, facts: HeaderFacts) -> None:
        """Take over what is to be seen, and repaint only if it differs."""
        if facts != self._facts:
            self._facts = facts
            self.set_class(facts.chosen, "-chosen")
            self.refresh()

    def render(self) -> Content:
        facts, width = self._facts, self.content_size.width
        name, pills = _name(facts), Content("  ").join(_pills(facts))
        if self.content_size.height < 2:
            room = width - name.cell_length - pills.cell_length - 4
            figures = Content(figures_within(facts.metrics, room))
            return _row(
                name, Content("  ").join([part for part in (figures, pills) if part]), width
            )
        below = Content(figures_within(facts.metrics, width))
        return _row(name, pills, width) + Content("\n") + below


def figures_within(metrics: TurnMetrics, room_cells: int) -> str:
    """The figures of an answer, spelt out if there is room, else tight, else the first ones."""
    tight = _tight(metrics)
    tries = [" · ".join(_spelt(metrics))]
    tries += [" ".join(tight[:count]) for count in range(len(tight), 0, -1)]
    return next((figures for figures in tries if len(figures) <= room_cells), "")


def _spelt(metrics: TurnMetrics) -> list[str]:
    figures = first_moments(metrics)
    if metrics.tokens_per_s is not None:
        figures.append(f"{metrics.tokens_per_s:.0f} tok/s")
    if metrics.output_tokens is not None:
        figures.append(f"{metrics.input_tokens or 0} + {metrics.output_tokens} tokens")
    return figures


def _tight(metrics: TurnMetrics) -> list[str]:
    """`words 319ms sound 469ms 61t/s 12+186tok`."""
    shorter = {"first ": "", " tok/s": "t/s", " tokens": "tok", " ms": "ms", " s": "s"}
    figures = _spelt(metrics)
    for long, short in shorter.items():
        figures = [figure.replace(long, short) for figure in figures]
    return [figure.replace(" + ", "+") for figure in figures]


def _row(left: Content, right: Content, width: int) -> Content:
    gap = width - left.cell_length - right.cell_length
    room = width - right.cell_length - 2
    if gap < 2 and room >= _LEAST_NAME_CELLS:
        left = left.truncate(room, ellipsis=True)
        gap = width - left.cell_length - right.cell_length
    return (left + Content(" " * max(1, gap)) + right).truncate(width)


def _name(facts: HeaderFacts) -> Content:
    mark = Content.styled("▸ ", f"bold {ACCENT}") if facts.chosen else Content("  ")
    style = f"bold {PLAIN}" if facts.chosen else MUTED
    return mark + Content.styled(f"{facts.position} {facts.name}", style)


def _pills(facts: HeaderFacts) -> list[Content]:
    pills: list[Content] = []
    if facts.muted:
        pills.append(Content.styled("muted", WARNING))
    if facts.sound:
        pills.append(Content.styled(f"♪ {facts.sound}", SOUND))
    if not facts.stored:
        pills.append(Content.styled("not kept", WARNING))
    elif facts.recording:
        pills.append(Content.styled("● REC", TROUBLE))
    return pills
