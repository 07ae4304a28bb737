"""List of the settings of one page: a name to the left, its value beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui import bindings
from tui.settings.rows import SettingRow
from tui.theme.colour_names import ACCENT, MUTED

_SIDE_CELLS = 4
_LABEL_CELLS = 34


class SettingList(OptionList):
    """Rows of `SettingRow` with their values; words between them are headings."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SETTING_LIST]

    def __init__(self) -> None:
        super().__init__(compact=True, markup=False)
        self.rows: list[SettingRow | str] = []

    @property
    def chosen(self) -> SettingRow | None:
        """The setting under the cursor."""
        index = self.highlighted
        row = self.rows[index] if index is not None and index < len(self.rows) else None
        return row if isinstance(row, SettingRow) else None

    def fill(self, rows: Sequence[SettingRow | str], index: int | None = None) -> None:
        """Show these rows, the cursor on `index` or on the first that can have it."""
        self.rows = list(rows)
        self._draw(index)

    def on_resize(self, event: events.Resize) -> None:
        if self.option_count:
            self._draw(self.highlighted)

    def _draw(self, index: int | None) -> None:
        width = max(20, self.size.width - _SIDE_CELLS)
        self.set_options(Option(_line(row, width), disabled=_is_heading(row)) for row in self.rows)
        if not self.rows:
            return
        first = next((n for n, row in enumerate(self.rows) if not _is_heading(row)), None)
        self.highlighted = first if index is None else min(index, len(self.rows) - 1)


def _is_heading(row: SettingRow | str) -> bool:
    return isinstance(row, str)


def _line(row: SettingRow | str, width: int) -> Content:
    if isinstance(row, str):
        return Content.styled(row, f"bold {ACCENT}")
    label = Content(row.label).truncate(width, ellipsis=True)
    room = min(_LABEL_CELLS, max(width // 2, 12))
    gap = max(2, room - label.cell_length)
    value = Content.styled(row.value, MUTED)
    return (label + Content(" " * gap) + value).truncate(width, ellipsis=True)
