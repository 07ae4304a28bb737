"""Text area in which large pasted texts stand folded, each as a label that keys cannot divide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.document._edit import Edit

from tui.prompt.draft import label, label_spans, unfolded
from tui.prompt.pasted_keys_area import PastedKeysArea

if TYPE_CHECKING:
    from rich.text import Text
    from textual.document._document import EditResult, Location

# A label is plain text in the document, because Textual's text area has no other content. So every
# way into it is closed: the cursor steps over it, and an edit that touches part of it takes all of
# it. Undo may bring a part back all the same; then it is no label any more (`label_spans`), only
# text. The texts stay in `_pasted` until the prompt is sent: undo needs them, and their numbers
# must not be given to others.


class FoldingArea(PastedKeysArea):
    """Holds the folded texts by the numbers in their labels."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"prompt--folded"}
    DEFAULT_CSS = """
    FoldingArea {
        .prompt--folded { color: $ink-accent; }
    }
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._pasted: dict[int, str] = {}

    def fold(self, text: str) -> str:
        """Keep a text, and return the label that stands for it."""
        number = max(self._pasted, default=0) + 1
        self._pasted[number] = text
        return label(text, number)

    @property
    def selected_whole(self) -> str:
        """Selected text, with nothing folded."""
        return unfolded(self.selected_text, self._pasted)

    def action_cut(self) -> None:
        if whole := self.selected_whole:
            self._delete_via_keyboard(*self.selection)
            self.app.copy_to_clipboard(whole)

    def edit(self, edit: Edit) -> EditResult:
        top, bottom = edit.top, edit.bottom
        if top == bottom:
            top = bottom = self._beside_label(top, after=True)
        else:
            top = self._beside_label(top, after=False)
            bottom = self._beside_label(bottom, after=True)
        return super().edit(Edit(edit.text, top, bottom, edit.maintain_selection_offset))

    def get_cursor_left_location(self) -> Location:
        return self._beside_label(super().get_cursor_left_location(), after=False)

    def get_cursor_right_location(self) -> Location:
        return self._beside_label(super().get_cursor_right_location(), after=True)

    def _beside_label(self, location: Location, *, after: bool) -> Location:
        """The location, or one end of the label that it lies in."""
        row, column = location
        for start, end in label_spans(self.document[row], self._pasted) if self._pasted else ():
            if start < column < end:
                return row, end if after else start
        return location

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        if self._pasted:
            style = self.get_component_rich_style("prompt--folded")
            for start, end in label_spans(line.plain, self._pasted):
                line.stylize(style, start, end)
        return line
