"""Distinguishes lines that a terminal types for a paste from lines that a person types.

A terminal without bracketed paste sends a pasted text as keys, its line ends as Enter. They follow
each other far faster than anybody types. An Enter within such a burst is therefore held until it
is known what follows: more keys make a new line of it, silence makes it what it is. One line with
an Enter at its end is sent, because a slow connection delivers typed lines like that, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final, Literal, TypeAlias

GAP_S: Final = 0.05
"""Keys of one burst are at most so far apart. Nobody types, ends a line and goes on so fast."""

PAUSE_S: Final = 1.0
"""A paste of several lines may pause so long on its way over a network."""

EnterMeaning: TypeAlias = Literal["", "newline", "send"]


@dataclass(slots=True)
class KeyBurst:
    """The keys that followed each other fast. Times are seconds on any one clock."""

    lines: int = 0
    """Line ends that were part of a paste."""
    text: str = ""
    """Characters that the burst typed."""
    held: bool = False
    """Whether an Enter waits for what follows it."""
    holds: int = 0
    """Number of Enters held so far."""
    _last_s: float = -inf

    def follows(self, at_s: float) -> bool:
        """Whether a key at this time belongs to the burst."""
        return at_s - self._last_s <= GAP_S

    def over(self, at_s: float) -> bool:
        """Whether a key at this time begins another burst."""
        return at_s - self._last_s > (PAUSE_S if self.lines else GAP_S)

    def key(self, at_s: float, character: str = "") -> None:
        """A key was pressed; `character` is what it types."""
        if self.over(at_s):
            self.lines, self.text = 0, ""
        self._last_s = at_s
        self.text += character

    def hold(self) -> int:
        """Hold the Enter that was the last key; its number."""
        self.held = True
        self.holds += 1
        return self.holds

    def settle(self, at_s: float | None) -> EnterMeaning:
        """Decide about the held Enter; empty where none is held.

        Another key came at `at_s`, or none did (None).
        """
        if not self.held:
            return ""
        self.held = False
        if not self.lines and (at_s is None or not self.follows(at_s)):
            return "send"
        self.lines += 1
        self.text += "\n"
        return "newline"
