"""Dialogue about the format and the path of an export; the suffix of the path sets the format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.style import Style
from textual.widgets import Input, Static

from gramophone.library.export_request import (
    FORMS,
    ExportFormat,
    ExportRequest,
    Pauses,
    TurnSelection,
)
from gramophone.text.sanitize import plain_line
from tui import bindings
from tui.prompt.grapheme_input import GraphemeInput
from tui.sessions import export_path
from tui.support.formatting import counted
from tui.support.key_bar import KeyBar
from tui.support.screen_guard import GuardedModalScreen

_PAUSES = (
    (Pauses(), "none between answers"),
    (Pauses(given_us=600_000), "0.6 s between answers"),
    (Pauses(real=True), "as they were"),
)


class PathInput(GraphemeInput):
    """Field for the path."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.EXPORT_PATH]

    def __init__(self, path: str) -> None:
        super().__init__(path, compact=True, select_on_focus=False)


class ExportScreen(GuardedModalScreen[ExportRequest | None]):
    """Gives what is to be written, or None for nothing. `turn` is the one that may be taken
    instead of the whole session."""

    CSS_PATH = "dialogs/dialogue.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.EXPORT]

    def __init__(self, titles: Sequence[str], turn: int | None = None) -> None:
        super().__init__()
        self._titles = titles
        self._turn = turn
        self._form = FORMS["wav"]
        self._turn_alone = False
        self._chosen_pauses: int | None = None
        self._agreed: ExportRequest | None = None

    @property
    def _pauses(self) -> int:
        """Index into `_PAUSES`: the chosen one, else the usual one of the format."""
        if self._chosen_pauses is not None:
            return self._chosen_pauses
        usual = Pauses(given_us=self._form.pause_us)
        return next((at for at, (pauses, _) in enumerate(_PAUSES) if pauses == usual), 0)

    @property
    def _several(self) -> bool:
        return len(self._titles) > 1

    def compose(self) -> ComposeResult:
        if self._several:
            title, path = f"Export {counted(len(self._titles), 'session')}", export_path.FOLDER
        else:
            title = f"Export “{plain_line(self._titles[0])}”"
            path = export_path.suggested(self._titles[0], self._form)
        with Vertical(classes="dialogue"):
            yield Static(title, classes="title", markup=False)
            yield Static("", classes="forms", markup=False)
            yield PathInput(path)
            yield Static("", classes="facts", markup=False)
            yield Static("", classes="detail", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "change_scope":
                return self._turn is not None and not self._form.whole
            case "change_pauses":
                return self._form.timed and not self._form.whole
            case _:
                return True

    # --- what is shown ------------------------------------------------------------------------

    def _draw(self) -> None:
        self.query_one(".forms", Static).update(self._forms())
        self.query_one(".facts", Static).update(self._facts())
        self.refresh_bindings()

    def _forms(self) -> Content:
        names: list[Content] = []
        for name in FORMS:
            style = "bold reverse" if name == self._form.name else ""
            click = Style.from_meta({"@click": f"screen.take_form('{name}')"})
            names.append(Content.styled(name, style).stylize(click))
        return Content("  ").join(names)

    def _facts(self) -> str:
        facts = [self._form.words[:1].upper() + self._form.words[1:]]
        if self.check_action("change_scope", ()):
            facts.append("this turn alone" if self._turn_alone else "all of it")
        if self.check_action("change_pauses", ()):
            facts.append(f"pauses: {_PAUSES[self._pauses][1]}")
        return " · ".join(facts)

    def _say(self, words: str) -> None:
        self.query_one(".detail", Static).update(plain_line(words))

    # --- what is asked ------------------------------------------------------------------------

    def _order(self, text: str) -> ExportRequest | str:
        """Request for the export, or a sentence about why it is not possible."""
        folder = self._several and export_path.named(text) is None
        path = export_path.directory(text) if folder else export_path.chosen(text, self._form)
        if not text.strip():
            return "Write a path first."
        if folder and path.exists() and not path.is_dir():
            return "This is a file: name a directory."
        if not folder and Path(text.strip()).expanduser().is_dir():
            return "This is a directory: add a file name."
        if self._several and not folder and not self._form.joins:
            return f"One {self._form.name} holds one session: name a directory."
        whole = self._form.whole
        turns = {self._turn} if self._turn_alone and self._turn is not None else set[int]()
        return ExportRequest(
            form=self._form.name,
            path=path,
            folder=folder,
            replace=True,
            cut=TurnSelection() if whole else TurnSelection(frozenset(turns)),
            pauses=Pauses() if whole or not self._form.timed else _PAUSES[self._pauses][0],
        )

    @on(Input.Changed)
    def _path_changed(self, changed: Input.Changed) -> None:
        self._agreed = None
        self._form = export_path.named(changed.value) or self._form
        self._say(f"A file each, named by day and title, in {changed.value}." * self._into_folder)
        self._draw()

    @property
    def _into_folder(self) -> bool:
        return self._several and export_path.named(self.query_one(Input).value) is None

    @on(Input.Submitted)
    def _path_given(self) -> None:
        order = self._order(self.query_one(Input).value)
        if isinstance(order, str):
            self._say(order)
        # The same request twice replaces a file; any change in between asks again.
        elif not order.folder and order.path.exists() and order != self._agreed:
            self._agreed = order
            self._say("A file is there already. Enter replaces it.")
        else:
            self.dismiss(order)

    def action_change_form(self, steps: int) -> None:
        self._take(export_path.neighbour(self._form, steps))

    def action_take_form(self, name: str) -> None:
        self._take(FORMS[name])

    def _take(self, form: ExportFormat) -> None:
        field = self.query_one(Input)
        self._form = form
        field.value = export_path.renamed(field.value, form)
        field.cursor_position = len(field.value)
        self._draw()

    def action_change_scope(self) -> None:
        self._turn_alone = not self._turn_alone
        self._draw()

    def action_change_pauses(self) -> None:
        self._chosen_pauses = (self._pauses + 1) % len(_PAUSES)
        self._draw()

    def action_leave(self) -> None:
        self.dismiss(None)
