"""Export as a flow that every screen with sessions can start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.screen import Screen

from gramophone.core.errors import GramophoneError
from gramophone.library.export_request import ExportResult
from gramophone.library.library import LibraryOpener, SessionExport, SessionSummary
from gramophone.text.sanitize import plain_line
from tui.screens.dialogs.progress import Progress, with_progress
from tui.screens.export import ExportScreen
from tui.sessions.session_row import title_of
from tui.support.error_toast import notify_error
from tui.support.formatting import counted


async def export_sessions(
    screen: Screen[Any],
    opener: LibraryOpener[SessionExport],
    rows: Sequence[SessionSummary],
    *,
    turn: int | None = None,
) -> None:
    """Ask as what and where, write there, say where it went or why it did not. Runs in a worker.
    `turn` is the one that is offered beside the whole session."""
    dialogue = ExportScreen([title_of(row) for row in rows], turn)
    order = await screen.app.push_screen_wait(dialogue)
    if order is None:
        return

    async def write(progress: Progress) -> ExportResult:
        library = await opener()
        return await library.export([row.id for row in rows], order, progress=progress.part)

    progress = Progress(f"Exporting to {shown(order.path)}")
    try:
        result = await with_progress(screen, progress, write, cancels=True)
    except GramophoneError as error:
        notify_error(screen, error)
        return
    if result is not None:
        _tell(screen, result, order.path)
    elif order.folder:
        screen.notify("Stopped. The files that were whole stay.", title="Exported", markup=False)


def _tell(screen: Screen[Any], result: ExportResult, path: Path) -> None:
    words = f"Written to {shown(path)}"
    if len(result.paths) != 1:
        words = f"{counted(len(result.paths), 'file')} written to {shown(path)}"
    screen.notify(words, title="Exported", markup=False)
    if result.failures:
        more = f" ({counted(len(result.failures) - 1, 'session')} more failed.)"
        words = plain_line(result.failures[0]) + more * (len(result.failures) > 1)
        screen.notify(words, severity="error", markup=False)


def shown(path: Path) -> str:
    """The path, short where it lies in the user's home."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
