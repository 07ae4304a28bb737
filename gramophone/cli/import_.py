"""`import`: bundles, and the conversations of other programs' data exports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from gramophone.cli.output import note, result
from gramophone.cli.sessions import telling
from gramophone.config.config import Config
from gramophone.text.sanitize import plain_line
from storage.chat_import.archive import is_export
from storage.chat_import.importer import ChatImportResult
from storage.library import StoredLibrary

_MOST_BROKEN_TOLD = 20


async def import_files(
    config: Config, paths: Sequence[Path], *, as_new: bool, new_id: Callable[[], str]
) -> int:
    """Files into the library, one after another; those before one that is refused stay. Exit code
    1 when a conversation was left out."""
    failed = False
    async with await StoredLibrary.open(config.home) as library:
        for path in paths:
            if is_export(path):
                failed |= await _import_chats(library, config, path, new_id if as_new else None)
            else:
                await _import_bundle(library, path, new_id() if as_new else "")
    return int(failed)


async def _import_bundle(library: StoredLibrary, path: Path, new_id: str) -> None:
    with telling(f"Reading {path.name}") as tell:
        taken = await library.import_bundle(path, new_id=new_id, tell=tell)
    titled = plain_line(taken.title) or "(untitled)"
    if taken.already:
        note(f"{taken.session_id} “{titled}” is in the library already; nothing to do")
    else:
        note(f"imported {taken.session_id} “{titled}”")
    result(taken.session_id)


async def _import_chats(
    library: StoredLibrary, config: Config, path: Path, new_id: Callable[[], str] | None
) -> bool:
    """Conversations; whether any was left out."""
    with telling(f"Reading {path.name}", kept=True) as tell:
        taken = await library.import_chats(
            path, secrets=config.secrets, patterns=config.redact, new_id=new_id, tell=tell
        )
    for session_id in (*taken.already, *taken.refreshed, *taken.new):
        result(session_id)
    for sentence in taken.broken[:_MOST_BROKEN_TOLD]:
        note(f"{path.name}: {sentence}")
    if len(taken.broken) > _MOST_BROKEN_TOLD:
        note(f"{path.name}: {len(taken.broken) - _MOST_BROKEN_TOLD:,} more were left out.")
    note(_summed_up(path, taken))
    return bool(taken.broken)


def _summed_up(path: Path, taken: ChatImportResult) -> str:
    count = len(taken.new)
    told = [f"imported {count:,} conversation{'' if count == 1 else 's'} from {path.name}"]
    told += [f"{len(taken.refreshed):,} were updated"] if taken.refreshed else []
    told += [f"{len(taken.already):,} were there already"] if taken.already else []
    told += [f"{taken.empty:,} had no words"] if taken.empty else []
    told += [f"{len(taken.broken):,} were broken and left out"] if taken.broken else []
    return "; ".join(told)
