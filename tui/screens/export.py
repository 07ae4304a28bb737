"""Asks where an export of a session is to go. The end of the name says what is written."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui import export_path
from tui.widgets.key_bar import KeyBar

_WAV_TITLE = "Export the sound as WAV to"
_BUNDLE_TITLE = "Export the whole session as a bundle to"


class PathInput(Input):
    """One line with a path in it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Write", id="export.write"),
    ]

    def __init__(self, path: str) -> None:
        super().__init__(path, compact=True, select_on_focus=False)


class ExportScreen(ModalScreen[Path | None]):
    """Gives the path, or None when nothing is to be written."""

    CSS_PATH = "dialogue.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "change_kind", "Kind", id="export.kind"),
        Binding("escape", "leave", "Cancel", id="export.leave"),
    ]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._agreed: Path | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static(_WAV_TITLE, classes="title", markup=False)
            yield PathInput(export_path.suggested(self._title))
            yield Static("", classes="detail", markup=False)
        yield KeyBar()

    @on(Input.Changed)
    def _path_changed(self, changed: Input.Changed) -> None:
        self._agreed = None
        bundle = export_path.is_bundle(Path(changed.value.strip()))
        self.query_one(".title", Static).update(_BUNDLE_TITLE if bundle else _WAV_TITLE)
        self._say("`gramophone import` takes it into any library." * bundle)

    @on(Input.Submitted)
    def _path_given(self) -> None:
        text = self.query_one(Input).value
        if not text.strip():
            self._say("Write a path first.")
            return
        path = export_path.chosen(text)
        if Path(text.strip()).expanduser().is_dir():
            self._say("This is a directory: add a file name.")
        elif path.exists() and path != self._agreed:
            self._agreed = path
            self._say("A file is there already. Enter replaces it.")
        else:
            self.dismiss(path)

    def _say(self, words: str) -> None:
        self.query_one(".detail", Static).update(words)

    def action_change_kind(self) -> None:
        field = self.query_one(Input)
        field.value = export_path.other_kind(field.value)
        field.cursor_position = len(field.value)

    def action_leave(self) -> None:
        self.dismiss(None)
