"""The line above the prompt that says where it goes, and what else can be done there."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui.theme.colour_names import ACCENT, MUTED


class TargetBar(Widget):
    """Gone while there is nothing to say. Its keys can be clicked."""

    DEFAULT_CSS = """
    TargetBar {
        height: 1;
        padding: 0 2;
        display: none;
        link-style: not underline;
        link-color: $foreground 60%;
        link-background: transparent;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._words = ""
        self._keys: tuple[tuple[str, str], ...] = ()
        self._lifted = False

    def show(self, words: str, keys: Sequence[tuple[str, str]] = (), *, lifted: bool) -> None:
        """`keys` are ids of bindings and what they do in a word or two; what does not fit is
        left out from the end. `lifted` is what must not be overlooked."""
        self._words, self._keys, self._lifted = words, tuple(keys), lifted
        self.display = bool(words)
        self.set_class(lifted, "-lifted")
        self.refresh()

    def render(self) -> Content:
        line = Content.styled(self._words, f"bold {ACCENT}" if self._lifted else MUTED)
        by_id = {each.binding.id: each.binding for each in self.screen.active_bindings.values()}
        for binding_id, words in self._keys:
            binding = by_id.get(binding_id)
            if binding is None:
                continue
            key = self.app.get_key_display(binding)
            item = Content.assemble((key, "bold"), f" {words}").stylize_before(
                Style.from_meta({"@click": f"app.simulate_key({binding.key!r})"})
            )
            longer = line + Content.styled(" · ", MUTED) + item
            if longer.cell_length > self.content_size.width:
                break
            line = longer
        return line.truncate(self.content_size.width, ellipsis=True)
