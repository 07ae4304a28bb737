"""`import`: bundles, and the conversations of other programs' data exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from gramophone.cli.output import note, result
from gramophone.cli.progress import KEEPS_FINISHED, LEAVES_NOTHING, progress_bar
from gramophone.config.config import Config
from gramophone.text.sanitize import plain_line
from storage.chat_import.archive import is_export
from storage.chat_import.importer import ChatImportResult
from storage.library import StoredLibrary

# A damaged export may have thousands, which would push the summary off the terminal.
_MOST_BROKEN_LISTED = 20


async def import_files(
    config: Config, paths: Sequence[Path], *, as_new: bool, new_id: Callable[[], str]
) -> int:
    """Import files one after another; those before one that is refused stay.

    Exit code 1 if a conversation was left out.
    """
    failed = False
    async with await StoredLibrary.open(config.home) as library:
        for path in paths:
            if is_export(path):
                failed |= await _import_chats(library, config, path, new_id if as_new else None)
            else:
                await _import_bundle(library, path, new_id() if as_new else "")
    return int(failed)


async def _import_bundle(library: StoredLibrary, path: Path, new_id: str) -> None:
    with progress_bar(f"Reading {path.name}", LEAVES_NOTHING) as progress:
        imported = await library.import_bundle(path, new_id=new_id, progress=progress)
    title = plain_line(imported.title) or "(untitled)"
    if imported.already:
        note(f"{imported.session_id} “{title}” is in the library already; nothing to do")
    else:
        note(f"imported {imported.session_id} “{title}”")
    result(imported.session_id)


async def _import_chats(
    library: StoredLibrary, config: Config, path: Path, new_id: Callable[[], str] | None
) -> bool:
    """Import the conversations of a data export; returns whether any was left out."""
    with progress_bar(f"Reading {path.name}", KEEPS_FINISHED) as progress:
        imported = await library.import_chats(
            path, secrets=config.secrets, patterns=config.redact, new_id=new_id, progress=progress
        )
    for session_id in (*imported.already, *imported.refreshed, *imported.new):
        result(session_id)
    for sentence in imported.broken[:_MOST_BROKEN_LISTED]:
        note(f"{path.name}: {sentence}")
    if len(imported.broken) > _MOST_BROKEN_LISTED:
        note(f"{path.name}: {len(imported.broken) - _MOST_BROKEN_LISTED:,} more were left out.")
    note(_summary(path, imported))
    return bool(imported.broken)


def _summary(path: Path, imported: ChatImportResult) -> str:
    count = len(imported.new)
    parts = [f"imported {count:,} conversation{'' if count == 1 else 's'} from {path.name}"]
    parts += [f"{len(imported.refreshed):,} were updated"] if imported.refreshed else []
    parts += [f"{len(imported.already):,} were there already"] if imported.already else []
    parts += [f"{imported.empty:,} had no words"] if imported.empty else []
    parts += [f"{len(imported.broken):,} were broken and left out"] if imported.broken else []
    return "; ".join(parts)
