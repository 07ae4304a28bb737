"""Export as a flow that every screen with a session can start: the sound, or all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual.screen import Screen

from gramophone.errors import GramophoneError, StorageError
from gramophone.exports import ExportOrder, slug
from gramophone.library import Library, SessionSummary
from gramophone.plain import plain_line
from tui import export_path
from tui.facts import counted
from tui.failing import tell_failure
from tui.screens.export import ExportScreen
from tui.screens.progress import Progress, with_progress
from tui.screens.write import WriteScreen
from tui.session_row import title_of


async def export_session(screen: Screen[Any], library: Library, summary: SessionSummary) -> None:
    """Ask for a path, write there, say where it went or why it did not. Runs in a worker."""
    path = await screen.app.push_screen_wait(ExportScreen(title_of(summary)))
    if path is None:
        return
    target = path

    async def write(progress: Progress) -> bool:
        # The dialogue asked before it let a file that is there be named.
        order = ExportOrder(export_path.form(target).name, target, replace=True)
        await library.export([summary.id], order, tell=progress.part)
        return True

    progress = Progress(f"Exporting to {shown(path)}")
    try:
        written = await with_progress(screen, progress, write, cancels=True)
    except GramophoneError as error:
        tell_failure(screen, error)
        return
    if written:
        screen.notify(f"Written to {shown(path)}", title="Exported", markup=False)


async def export_wavs(
    screen: Screen[Any], library: Library, rows: Sequence[SessionSummary]
) -> None:
    """Ask for a directory and write one file a session there; what is there already stays."""
    typed = await screen.app.push_screen_wait(
        WriteScreen(
            f"Export the sound of {counted(len(rows), 'session')} to the directory",
            "~/gramophone",
            detail="Files are named by the titles; none is replaced.",
            take=_no_directory,
        )
    )
    if typed is None:
        return
    directory = export_path.directory(typed)
    try:
        await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    except OSError as error:
        tell_failure(screen, StorageError(f"{directory} cannot be made ({error.strerror})."))
        return
    written, failures = await _write_all(screen, library, rows, directory)
    screen.notify(
        f"{counted(written, 'file')} written to {shown(directory)}", title="Exported", markup=False
    )
    if failures:
        more = f" ({counted(len(failures) - 1, 'session')} more failed.)" * (len(failures) > 1)
        screen.notify(f"{plain_line(str(failures[0]))}{more}", severity="error", markup=False)


async def _write_all(
    screen: Screen[Any], library: Library, rows: Sequence[SessionSummary], directory: Path
) -> tuple[int, list[GramophoneError]]:
    """How many were written, and what kept the others from it."""
    failures: list[GramophoneError] = []

    async def write(progress: Progress) -> int:
        written = 0
        for number, row in enumerate(rows):
            progress.show(number, title_of(row))
            try:
                order = ExportOrder("wav", _free(directory, title_of(row)))
                await library.export([row.id], order)
                written += 1
            except GramophoneError as error:
                failures.append(error)
            if progress.stopped:
                break
        return written

    progress = Progress(f"Exporting to {shown(directory)}", len(rows))
    return await with_progress(screen, progress, write) or 0, failures


async def _no_directory(typed: str) -> str:
    if not typed.strip():
        return "Write a directory first."
    there = export_path.directory(typed)
    return "This is a file: name a directory." if there.exists() and not there.is_dir() else ""


def _free(directory: Path, title: str) -> Path:
    """A path named by the title that no file has yet."""
    name = slug(title)
    path, number = directory / f"{name}.wav", 1
    while path.exists():
        number += 1
        path = directory / f"{name}-{number}.wav"
    return path


def shown(path: Path) -> str:
    """The path, short where it lies in the user's home."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
