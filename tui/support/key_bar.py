"""Footer: at most six keys for what can be done now, and a mark that opens the palette by mouse."""

from __future__ import annotations

from typing import Any

from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.style import Style
from textual.widget import Widget

MOST_KEYS = 6
MENU = "≡"
_LONG_ITEM_CELLS = 12


class KeyBar(Widget):
    """Shows the keys of the screen's active bindings that are meant to be shown."""

    DEFAULT_CSS = """
    KeyBar {
        dock: bottom;
        height: 1;
        padding: 0 1 0 2;
        background: $surface;
        color: $text-muted;
        link-color: $ink-muted 70%;
        link-style: not underline;
        link-background: transparent;
    }
    """

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)

    def _bindings_changed(self, screen: Screen[Any]) -> None:
        if screen is self.screen:
            self.refresh()

    def render(self) -> Content:
        items = [self._item(binding) for binding in self._shown()[:MOST_KEYS]]
        menu = self._menu()
        width = self.content_size.width - (menu.cell_length + 1 if menu else 0)
        # Long items go first, then those of the outermost bindings, which stand last.
        if _width(items) > width:
            items = [item for item in items if item.cell_length <= _LONG_ITEM_CELLS]
        while items and _width(items) > width:
            items.pop()
        gap = width - _width(items) + 1 if menu else 0
        return Content("  ").join(items) + Content(" " * gap) + menu

    def _menu(self) -> Content:
        if isinstance(self.screen, ModalScreen):
            return Content("")
        return Content(MENU).stylize(Style.from_meta({"@click": "app.command_palette"}))

    def _item(self, binding: Binding) -> Content:
        key = self.app.get_key_display(binding)
        item = Content.assemble((key, "bold"), f" {binding.description}")
        return item.stylize_before(_click(binding))

    def _shown(self) -> list[Binding]:
        """Bindings to show, one an action, in the order of the chain from the focus outward."""
        actions: set[str] = set()
        bindings: list[Binding] = []
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled and binding.action not in actions:
                actions.add(binding.action)
                bindings.append(binding)
        return bindings


def _width(items: list[Content]) -> int:
    return sum(item.cell_length for item in items) + 2 * max(0, len(items) - 1)


def _click(binding: Binding) -> Style:
    return Style.from_meta({"@click": f"app.simulate_key({binding.key!r})"})
