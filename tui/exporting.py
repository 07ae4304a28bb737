"""WAV export as a flow that every screen with a session can start."""

from __future__ import annotations

from pathlib import Path

from textual.screen import Screen

from gramophone.errors import GramophoneError
from gramophone.plain import plain_line
from gramophone.ports import Library, SessionSummary
from tui.screens.export import ExportScreen
from tui.session_row import title_of


async def export_wav(screen: Screen[None], library: Library, summary: SessionSummary) -> None:
    """Ask for a path, write there, say where it went or why it did not. Runs in a worker."""
    path = await screen.app.push_screen_wait(ExportScreen(title_of(summary)))
    if path is None:
        return
    try:
        await library.export_wav(summary.id, path)
    except GramophoneError as error:
        tell_failure(screen, error)
    else:
        screen.notify(f"Written to {shown(path)}", title="Exported", markup=False)


def tell_failure(screen: Screen[None], error: GramophoneError) -> None:
    """One sentence that says what to do."""
    screen.notify(plain_line(str(error)), severity="error", markup=False)


def shown(path: Path) -> str:
    """The path, short where it lies in the user's home."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
