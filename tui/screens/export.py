"""Asks where a session's WAV is to go."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui import wav_path
from tui.widgets.key_bar import KeyBar


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
        Binding("escape", "leave", "Cancel", id="export.leave"),
    ]

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self._agreed: Path | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialogue"):
            yield Static("Export the sound as WAV to", classes="title", markup=False)
            yield PathInput(wav_path.suggested(self._title))
            yield Static("", classes="detail", markup=False)
        yield KeyBar()

    @on(Input.Changed)
    def _path_changed(self) -> None:
        self._agreed = None

    @on(Input.Submitted)
    def _path_given(self) -> None:
        text = self.query_one(Input).value
        if not text.strip():
            self._say("Write a path first.")
            return
        path = wav_path.chosen(text)
        if Path(text.strip()).expanduser().is_dir():
            self._say("This is a directory: add a file name.")
        elif path.exists() and path != self._agreed:
            self._agreed = path
            self._say("A file is there already. Enter replaces it.")
        else:
            self.dismiss(path)

    def _say(self, words: str) -> None:
        self.query_one(".detail", Static).update(words)

    def action_leave(self) -> None:
        self.dismiss(None)
