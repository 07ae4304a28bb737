"""The list of what can be completed, over the rows above the prompt. It never has the focus."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.widget import Widget

from tui.messages import CandidateTaken
from tui.prompt.completion_model import Completion, CompletionState, first_shown
from tui.theme.colour_names import ACCENT, MUTED

MOST_ROWS = 6
MOST_ROWS_SHORT = 3
SHORT_BELOW_ROWS = 16
_GAP_CELLS = 3


class Completions(Widget):
    """Draws a `CompletionState`; a click on a row takes it."""

    DEFAULT_CSS = """
    Completions {
        overlay: screen;
        width: 100%;
        height: auto;
        padding: 0 1 0 0;
        background: $surface;
        display: none;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._offer: CompletionState | None = None

    def show(self, offer: CompletionState | None) -> None:
        self._offer = offer
        self.display = offer is not None
        self._stand_above()
        self.refresh(layout=True)

    @property
    def rows(self) -> int:
        """Number of rows now."""
        most = MOST_ROWS_SHORT if self.app.size.height < SHORT_BELOW_ROWS else MOST_ROWS
        return min(most, len(self._offer.candidates)) if self._offer is not None else 0

    def _stand_above(self) -> None:
        # In the layout it takes no row: it stands where the prompt begins, lifted by its height.
        self.styles.offset = (0, -self.rows)

    def on_resize(self) -> None:
        self._stand_above()

    def render(self) -> Content:
        offer = self._offer
        if offer is None:
            return Content("")
        count, rows = len(offer.candidates), self.rows
        first = first_shown(offer.index, count, rows)
        width = self.content_size.width or self.app.size.width
        labels = max(Content(candidate.label).cell_length for candidate in offer.candidates)
        lines: list[Content] = []
        for index in range(first, first + rows):
            chosen = index == offer.index
            counter = f" {index + 1} of {count}" if chosen and count > rows else ""
            row = _row(offer.candidates[index], labels, chosen=chosen)
            row = row.truncate(max(4, width - len(counter)), ellipsis=True)
            gap = max(0, width - row.cell_length - len(counter))
            lines.append(row + Content.styled(" " * gap + counter, MUTED))
        return Content("\n").join(lines)

    def on_click(self, event: events.Click) -> None:
        offer = self._offer
        if offer is not None:
            event.stop()
            first = first_shown(offer.index, len(offer.candidates), self.rows)
            self.post_message(CandidateTaken(first + event.y))


def _row(candidate: Completion, labels_cells: int, *, chosen: bool) -> Content:
    """The label stands above the prompt's text; the mark tells the chosen one without colour."""
    mark = Content.styled("› ", ACCENT) if chosen else Content("  ")
    row = mark + Content.styled(candidate.label, f"bold {ACCENT}" if chosen else "")
    if not candidate.words:
        return row
    gap = labels_cells - Content(candidate.label).cell_length + _GAP_CELLS
    return row + Content(" " * gap) + Content.styled(candidate.words, MUTED)
