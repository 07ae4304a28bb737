"""The line in which words are looked for in a transcript, with the number of hits."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from tui import bindings
from tui.prompt.grapheme_input import GraphemeInput
from tui.transcript.find import MOST_CHARACTERS
from tui.transcript.transcript import Transcript


class FindField(GraphemeInput):
    """Words to be found, as one types."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.FIND]

    def action_close(self) -> None:
        """End the search, and leave the line."""
        if isinstance(self.parent, FindBar):
            self.parent.close()


class FindBar(Horizontal):
    """Shown while words are looked for."""

    DEFAULT_CSS = """
    FindBar {
        display: none;
        height: 1;
        padding: 0 2;
        Static { width: auto; color: $text-muted; }
        FindField { width: 1fr; background: $background; padding: 0 1 0 0; }
    }
    """

    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self._transcript = transcript
        self._field = FindField(compact=True, max_length=MOST_CHARACTERS, select_on_focus=False)
        self._position = Static(markup=False)
        self._position_words = ""

    def compose(self) -> ComposeResult:
        yield Static("/", markup=False)
        yield self._field
        yield self._position

    def open(self, words: str = "") -> None:
        """Look for these words, or let them be typed."""
        self._transcript.begin_find()
        if words:
            with self.prevent(Input.Changed):
                self._field.value = words
            self._transcript.find(words)
            self.look()
            self._transcript.focus()
            return
        self.look()
        self._field.focus()

    def close(self) -> None:
        """Look for nothing any more."""
        self._transcript.end_find()
        self.look()
        self._transcript.focus()

    def look(self) -> None:
        """Take over whether something is looked for, and how much of it was found."""
        transcript = self._transcript
        if transcript.finding != self.display:
            # Not by a class: only what is displayed can take the focus, which comes at once.
            self.display = transcript.finding
            if not transcript.finding:
                with self.prevent(Input.Changed):
                    self._field.value = ""
        if transcript.find_position != self._position_words:
            self._position_words = transcript.find_position
            self._position.update(self._position_words)

    @on(Input.Changed)
    def _words_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._transcript.find(event.value)
        self.look()

    @on(Input.Submitted)
    def _words_given(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip():
            self._transcript.end_find()
            self.look()
        self._transcript.focus()
