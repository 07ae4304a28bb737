"""Command palette: bindings of the present screen by their words, and themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

_NOT_COMMANDS = frozenset({"command_palette"})


class BindingCommands(Provider):
    """Offers the described bindings of the screen below, and runs their actions there."""

    async def discover(self) -> Hits:
        for words, key, run in self._commands():
            yield DiscoveryHit(words, run, help=f"Key: {key}")

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for words, key, run in self._commands():
            score = matcher.match(words)
            if score > 0:
                yield Hit(score, matcher.highlight(words), run, help=f"Key: {key}")

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        actions: set[str] = set()
        for active in self.screen.active_bindings.values():
            binding = active.binding
            # Bindings with an id are ours; the others are editing keys of Textual's widgets.
            if not binding.id or not active.enabled or binding.action in actions | _NOT_COMMANDS:
                continue
            actions.add(binding.action)
            run = partial(self.app.run_action, binding.action, active.node)
            yield binding.description, self.app.get_key_display(binding), run


class ThemeCommands(Provider):
    """Finds a theme by its name at once; without a query there would be too many."""

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for name in sorted(self.app.available_themes):
            words = f"Theme: {name}"
            score = matcher.match(words)
            if score > 0:
                yield Hit(score, matcher.highlight(words), partial(self._choose, name))

    def _choose(self, name: str) -> None:
        self.app.theme = name
