"""Following in the view of a transcript: the voice, the end, or nothing while the user reads.

Rows count from the top of the transcript; nothing of the screen is in it.
"""

from __future__ import annotations

from enum import Enum

from tui.transcript.turn_view import TurnView


class Follow(Enum):
    """Targets that a view goes along with."""

    LATEST = "latest"
    """The voice while a word is lit, else the end."""
    END = "end"
    """The end, though a voice is heard elsewhere."""
    HELD = "held"
    """Nothing until text comes: a voice has ended above the end."""
    NOTHING = "nothing"
    """Nothing: the user reads elsewhere."""


class ViewFollow:
    """The choice between these, made anew by what the user does and by what comes."""

    def __init__(self) -> None:
        self.mode = Follow.LATEST
        self.voice: int | None = None
        """The turn whose words are lit."""
        self._held_characters = 0

    @property
    def follows_end(self) -> bool:
        return self.mode is Follow.END or (self.mode is Follow.LATEST and self.voice is None)

    @property
    def follows_voice(self) -> bool:
        return self.mode is Follow.LATEST and self.voice is not None

    @property
    def voice_elsewhere(self) -> bool:
        """Whether a voice is heard, and the view does not go along with it."""
        return self.voice is not None and not self.follows_voice

    # --- what the user does -------------------------------------------------------------------

    def clear(self, *, follow: bool) -> None:
        """Begin with no turns: at the end as it grows, or at the top to be read."""
        self.mode = Follow.LATEST if follow else Follow.NOTHING
        self.voice = None

    def latest(self) -> None:
        """Follow the voice while there is one, and else the end."""
        self.mode = Follow.LATEST

    def end(self) -> None:
        """Follow the end, and leave a voice that is heard elsewhere."""
        self.mode = Follow.LATEST if self.voice is None else Follow.END

    def scrolled(self, *, to_end: bool) -> None:
        """Take note that the user moved the view."""
        if to_end:
            self.end()
        else:
            self.mode = Follow.NOTHING

    # --- what comes ---------------------------------------------------------------------------

    def show(self, view: TurnView, *, is_new: bool, end_in_view: bool) -> None:
        """Take over where a turn is heard, and whether it has got text."""
        if view.heard_chars is not None and not view.hidden:
            self._begin(view.turn)
        elif self.voice == view.turn:
            self.voice = None
            if self.mode is Follow.LATEST and not end_in_view:
                self.mode, self._held_characters = Follow.HELD, len(view.text)
                return
        if self.mode is Follow.HELD and (is_new or self._grows(view)):
            self.mode = Follow.LATEST

    def _begin(self, turn: int) -> None:
        is_other, self.voice = turn != self.voice, turn
        # Who wanted the end of one answer did not ask for that of the next.
        if self.mode is Follow.HELD or (self.mode is Follow.END and is_other):
            self.mode = Follow.LATEST

    def _grows(self, view: TurnView) -> bool:
        return not view.over and len(view.text) > self._held_characters

    def forget(self, turn: int) -> None:
        """Take note that a turn is no more."""
        if turn == self.voice:
            self.voice = None


def top_with_row(top: int, rows: int, row: int) -> int:
    """The top of a view of so many rows, moved as little as shows the row in its middle third.

    A row that stays within the third moves nothing: with the voice, a view goes by lines and not by
    words.
    """
    return max(min(top, row - rows // 3), row - 2 * rows // 3)
