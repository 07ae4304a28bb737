"""Command palette: everything that can be done now, one line an entry, found as one types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gramophone.core.frozen import frozen
from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.palette_entries import PaletteEntry, listed, matching
from tui.prompt.completion_model import fitting
from tui.prompt.grapheme_input import GraphemeInput
from tui.support.screen_guard import GuardedModalScreen
from tui.theme.colour_names import ACCENT, MUTED

_SEARCH = "Find a command"
_RECENT = "Recent"
_MOST_CHOICES = 500
_SIDE_CELLS = 4
_WIDE_CELLS = 48


@frozen
class Chosen:
    """An entry that was chosen, with the argument that was typed for it."""

    entry: PaletteEntry
    argument: str = ""


class PaletteInput(GraphemeInput):
    """Field in which the palette is searched; its keys move in the list beneath."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.PALETTE_INPUT]


# The list shows one of two things. At first it shows entries. Where the chosen one has to be told
# something (a model, a title), it then shows what that may be, and the field takes it. The prompt
# keeps what stands in it all the while.


class CommandPalette(GuardedModalScreen[Chosen | None]):
    """Gives what was chosen, or None. The app runs it once the palette is gone."""

    CSS_PATH = "command_palette.tcss"
    AUTO_FOCUS = "PaletteInput"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.PALETTE]

    def __init__(self, entries: Sequence[PaletteEntry], recent: Sequence[str] = ()) -> None:
        super().__init__()
        self._entries = entries
        self._recent = recent
        self._asking: PaletteEntry | None = None
        self._choices: Sequence[str] = ()
        self._rows: list[PaletteEntry | str | None] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="palette"):
            yield PaletteInput(placeholder=_SEARCH, compact=True)
            yield OptionList(compact=True, markup=False)
            yield Static("", classes="hint", markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).can_focus = False
        self._show()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._show)

    # --- what is listed -----------------------------------------------------------------------

    @on(Input.Changed)
    def _show(self) -> None:
        query = self.query_one(PaletteInput).value.strip()
        self._rows = []
        options: list[Option] = []
        if self._asking is not None:
            for choice in fitting(query, self._choices, str)[:_MOST_CHOICES]:
                self._rows.append(choice)
                options.append(Option(plain_line(choice)))
        elif query:
            for entry, words in matching(self._entries, query, self._recent):
                self._add(options, entry, words)
        else:
            self._add_by_subject(options)
        self._fill(options, query)

    def _add_by_subject(self, options: list[Option]) -> None:
        heading = ""
        for entry in listed(self._entries, self._recent):
            subject = _RECENT if entry.name in self._recent else entry.subject
            if subject != heading:
                heading = subject
                self._rows.append(None)
                options.append(Option(Content.styled(subject, f"bold {ACCENT}"), disabled=True))
            self._add(options, entry, Content(entry.words))

    def _add(self, options: list[Option], entry: PaletteEntry, words: Content) -> None:
        self._rows.append(entry)
        options.append(Option(_line(entry, words, self._width)))

    def _fill(self, options: list[Option], query: str) -> None:
        rows = self.query_one(OptionList)
        rows.set_options(options)
        rows.highlighted = next((n for n, row in enumerate(self._rows) if row is not None), None)
        rows.display = bool(options)
        hint = self.query_one(".hint", Static)
        hint.display = not options
        hint.update(self._hint(query))

    def _hint(self, query: str) -> str:
        if self._asking is None:
            return "No command has these words."
        return "Enter takes it." if query else f"Type it, then Enter: {self._asking.argument_words}"

    @property
    def _width(self) -> int:
        return max(20, self.query_one(".palette").size.width - _SIDE_CELLS)

    # --- choosing -----------------------------------------------------------------------------

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self._choose(self.query_one(OptionList).highlighted)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option_index)

    def _choose(self, index: int | None) -> None:
        row = self._rows[index] if index is not None and index < len(self._rows) else None
        field = self.query_one(PaletteInput)
        typed = field.value.strip()
        if isinstance(row, PaletteEntry):
            if row.argument_words:
                self._ask(row)
            else:
                self.dismiss(Chosen(row))
        elif self._asking is not None:
            self._take(self._asking, row or typed, typed)

    def _ask(self, entry: PaletteEntry) -> None:
        """Ask for the argument of an entry."""
        self._asking = entry
        self._choices = entry.choices() if entry.choices is not None else ()
        field = self.query_one(PaletteInput)
        field.placeholder = f"{entry.words}: {entry.argument_words}"
        field.clear()
        self._show()

    def _take(self, entry: PaletteEntry, argument: str, typed: str) -> None:
        """Take the chosen argument, or the first of two words, behind which the other is typed."""
        field = self.query_one(PaletteInput)
        if not argument:
            return
        if " " in entry.argument_words and " " not in typed:
            field.value = f"{argument} "
            field.cursor_position = len(field.value)
        else:
            self.dismiss(Chosen(entry, argument))

    # --- actions ------------------------------------------------------------------------------

    def action_move(self, step: int) -> None:
        rows = self.query_one(OptionList)
        if step > 0:
            rows.action_cursor_down()
        else:
            rows.action_cursor_up()

    def action_page(self, step: int) -> None:
        rows = self.query_one(OptionList)
        if step > 0:
            rows.action_page_down()
        else:
            rows.action_page_up()

    def action_leave(self) -> None:
        """Go back from the argument to the entries, else close."""
        if self._asking is None:
            self.dismiss(None)
            return
        self._asking = None
        field = self.query_one(PaletteInput)
        field.placeholder = _SEARCH
        field.clear()
        self._show()


def _line(entry: PaletteEntry, words: Content, width: int) -> Content:
    """Words at the left; the command, where there is room, and the key at the right."""
    command = f"/{entry.command}" if entry.command and not entry.command.startswith("/") else ""
    command = command or entry.command
    ways = [entry.key, "" if entry.key and width < _WIDE_CELLS else command]
    right = Content.styled("  ".join(way for way in reversed(ways) if way), MUTED)
    if entry.argument_words:
        words += Content(" …")
    words = words.truncate(max(1, width - right.cell_length - 2), ellipsis=True)
    gap = max(1, width - words.cell_length - right.cell_length)
    return words + Content(" " * gap) + right
