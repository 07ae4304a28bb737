"""The turns of a pane by number, their text as it streams, and which of them have changed."""

from __future__ import annotations

from gramophone.text.sanitize import PlainStream
from tui.transcript.turn_view import TurnView, overwrite


class TurnViews:
    """A collection of views that remembers what its reader has not taken yet.

    A turn that only speaks an earlier one again has no view: whatever happens to it is shown at
    the earlier turn, where the text stands. `repeats` maps its number to that one.
    """

    def __init__(self) -> None:
        self.by_turn: dict[int, TurnView] = {}
        self.repeats: dict[int, int] = {}
        self._changed: dict[int, None] = {}
        self._removed: dict[int, None] = {}
        self._streams: dict[int, PlainStream] = {}
        self._arrived: dict[int, list[str]] = {}
        self._thought_streams: dict[int, PlainStream] = {}
        self._thoughts_arrived: dict[int, list[str]] = {}

    def shown_for(self, turn: int) -> TurnView | None:
        """The view at which `turn` is shown, if there is one."""
        return self.by_turn.get(self.repeats.get(turn, turn))

    def touch(self, turn: int) -> TurnView:
        """The view at which `turn` is shown, made if it is missing, and marked as changed."""
        turn = self.repeats.get(turn, turn)
        self._changed[turn] = None
        return self.by_turn.setdefault(turn, TurnView(turn, "assistant"))

    def is_quiet(self, turn: int) -> bool:
        """Whether the model of a turn has sent nothing for long."""
        view = self.by_turn.get(turn)
        return view is not None and view.quiet_s > 0

    def add(self, view: TurnView) -> None:
        """Put in a view that is complete."""
        self.by_turn[view.turn] = view
        self._changed[view.turn] = None

    # --- changes ------------------------------------------------------------------------------

    def mark_changed(self, turn: int) -> None:
        self._changed[turn] = None

    def take_changed(self) -> list[TurnView]:
        """The views touched since the last call, in order of their first change."""
        changed = [self.by_turn[turn] for turn in self._changed]
        self._changed.clear()
        return changed

    def take_removed(self) -> list[int]:
        """The turns that are no more since the last call: the source went back."""
        removed = [turn for turn in self._removed if turn not in self.by_turn]
        self._removed.clear()
        return removed

    def replace(self, previous: TurnViews) -> None:
        """Take the place of `previous`, whose source went back and began again.

        A view of `previous` stays the object it is, and counts as changed only where it differs:
        what is on the screen and still holds is left alone.
        """
        fresh = self.by_turn
        changed = dict(previous._changed)
        for turn, view in fresh.items():
            if overwrite(previous.by_turn.get(turn, view), view) or turn not in previous.by_turn:
                changed[turn] = None
        removed = {turn: None for turn in previous.by_turn if turn not in fresh}
        self.by_turn = {turn: previous.by_turn.get(turn, view) for turn, view in fresh.items()}
        self._removed = previous._removed | removed
        self._changed = {turn: None for turn in changed if turn in self.by_turn}

    # --- text ---------------------------------------------------------------------------------

    # Strings are immutable: `text += delta` copies the whole text, so an answer of n deltas would
    # cost O(n²) characters. Deltas are therefore collected for as long as one batch of entries is
    # folded, and joined to the text once at its end. Sanitizing cannot wait for the join: an
    # escape sequence may be cut anywhere between two deltas, so each turn has a stream that holds
    # back what may still become part of one.

    def set_text(self, turn: int, text: str) -> TurnView:
        """Replace the text by one that came whole, harmless already."""
        view = self.touch(turn)
        self._arrived.pop(turn, None)
        view.text = text
        return view

    def append(self, turn: int, delta: str) -> None:
        """Take in more text of a turn, which appears in its view with the next `join`."""
        stream = self._streams.setdefault(turn, PlainStream())
        self._arrived.setdefault(turn, []).append(stream.feed(delta))

    def append_thought(self, turn: int, thought: str) -> bool:
        """Take in more thoughts of a turn, which appear in its view with the next `join`.

        Returns:
            Whether the turn had thoughts before.
        """
        had_thoughts = turn in self._thought_streams or bool(self.by_turn[turn].thoughts)
        stream = self._thought_streams.setdefault(turn, PlainStream())
        self._thoughts_arrived.setdefault(turn, []).append(stream.feed(thought))
        return had_thoughts

    def finish_text(self, turn: int) -> None:
        """End the streams of a turn: what they held back is text after all."""
        for streams, arrived in (
            (self._streams, self._arrived),
            (self._thought_streams, self._thoughts_arrived),
        ):
            if (stream := streams.pop(turn, None)) is not None:
                arrived.setdefault(turn, []).append(stream.finish())
        self.join()

    def retract(self, turn: int) -> TurnView:
        """Take the text of a turn so far for a thought."""
        self.finish_text(turn)
        view = self.touch(turn)
        view.thoughts += view.text
        view.text = ""
        view.rewrites += 1
        return view

    def join(self) -> None:
        """Put all that has arrived at the end of the texts."""
        for turn, pieces in self._arrived.items():
            if (view := self.by_turn.get(turn)) is not None and any(pieces):
                view.text += "".join(pieces)
        for turn, pieces in self._thoughts_arrived.items():
            if (view := self.by_turn.get(turn)) is not None and any(pieces):
                view.thoughts += "".join(pieces)
        self._arrived.clear()
        self._thoughts_arrived.clear()
