"""A scroll view that moves at once, and takes another height without asking for a layout."""

from __future__ import annotations

from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.widget import Widget


class InstantScroll(ScrollView):
    """A scroll view without animations: they would end at a row computed from guessed heights."""

    DEFAULT_CSS = "InstantScroll { overflow-x: hidden; }"

    def __init__(self) -> None:
        super().__init__()
        self._adjusting = False

    def adjust(self, height: int, y: float | None) -> None:
        """Take over the height of the contents, and go to `y`; the user has not scrolled."""
        self._adjusting = True
        size = Size(self.size.width, height)
        if size != self.virtual_size:
            # Assigned, it would ask for a layout of the whole screen.
            self.set_reactive(Widget.virtual_size, size)  # pyright: ignore[reportArgumentType]
            self._scroll_update(size)
        if y is not None:
            self.scroll_target_y = self.scroll_y = y
        self._adjusting = False

    def go_to(self, y: float) -> None:
        self.scroll_to(y=y, animate=False)

    def action_scroll_up(self) -> None:
        self.go_to(self.scroll_offset.y - 1)

    def action_scroll_down(self) -> None:
        self.go_to(self.scroll_offset.y + 1)

    def action_page_up(self) -> None:
        self.go_to(self.scroll_offset.y - self.size.height)

    def action_page_down(self) -> None:
        self.go_to(self.scroll_offset.y + self.size.height)

    def action_scroll_home(self) -> None:
        self.go_to(0)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn_wheel(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn_wheel(event, 1)

    def _turn_wheel(self, event: events.MouseEvent, direction: int) -> None:
        event.prevent_default()
        event.stop()
        self.go_to(self.scroll_offset.y + direction * self.app.scroll_sensitivity_y)
