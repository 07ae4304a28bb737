"""The work of `compact`, `gc` and `backup`, which keep the library small and safe."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from gramophone.cli.output import note, result, result_json
from gramophone.cli.progress import progress_bar
from gramophone.config.config import Config
from gramophone.core.clock import wall_clock
from gramophone.core.errors import LibraryUnwritable
from gramophone.core.frozen import frozen
from gramophone.text.sanitize import plain_line
from storage.home import Home
from storage.library import StoredLibrary
from storage.maintenance.backup import back_up
from storage.maintenance.compaction import Compacted, finish_compactions
from storage.maintenance.compaction import compact as pack
from storage.maintenance.gc import FileGroup, Report, examine, reclaim, size_of
from storage.maintenance.orphaned_audio import counted as counted_sessions
from storage.maintenance.retention import Due, Limits, agree, counted, due, remove, words
from storage.recording.recovery import recover
from storage.sqlite.cancellation import cancellable
from storage.sqlite.database import open_library
from storage.sqlite.disk_reserve import make_room
from storage.sqlite.error_messages import no_library, storage_errors

_LISTED = 20


async def compact(home: Path, older_than: timedelta, *, dry_run: bool, as_json: bool) -> int:
    """Pack the sound of older sessions; exit code 1 if some is not as it was recorded."""
    # Opening repairs what a killed process left.
    await (await StoredLibrary.open(home)).aclose()
    stopped = "Compacting was stopped; the session under way stays as it was."
    with progress_bar("Packing sound") as bar, cancellable(stopped, bar) as tell:
        before = wall_clock() - older_than
        packed = await asyncio.to_thread(
            pack, Home.at(home), before, dry_run=dry_run, progress=tell
        )
    if as_json:
        result_json(
            {
                "dry_run": dry_run,
                "sessions": packed.sessions,
                "turns": packed.turns,
                "wav_bytes": packed.wav_bytes,
                "flac_bytes": None if dry_run else packed.flac_bytes,
                "saved_bytes": None if dry_run else packed.saved_bytes,
                "stay_wav": packed.stay_wav,
                "busy": packed.busy,
                "left": packed.left,
            }
        )
    else:
        result(_compacted(packed, dry_run=dry_run))
    for sentence in packed.left:
        note(sentence)
    if packed.busy:
        note(f"{_count(packed.busy, 'session is', 'sessions are')} in use and left alone.")
    return 1 if packed.left else 0


async def backup(home: Path, path: Path, *, force: bool) -> int:
    """Copy the library while others record."""
    # Opening repairs what a killed process left.
    await (await StoredLibrary.open(home)).aclose()
    with (
        progress_bar(f"Copying to {path.name}") as bar,
        cancellable("The backup was stopped.", bar) as t,
    ):
        summary = await asyncio.to_thread(back_up, Home.at(home), path, force=force, progress=t)
    sessions = _count(summary.sessions, "session", "sessions")
    note(f"backed up {sessions}, {size_words(summary.size_bytes)}, to {path}")
    if summary.missing:
        missing = _count(summary.missing, "sound file is", "sound files are")
        note(f"{missing} missing here and so in the backup; run `gramophone verify`.")
    return 0


@frozen
class Examined:
    """Sizes of the library, and what can be freed: leftovers, and sessions beyond `limits`."""

    home: Home
    report: Report
    limits: Limits
    due: Sequence[Due]
    orphans: bool = False
    """Whether sound of sessions that the database does not know is to be freed as well."""

    @property
    def clean(self) -> bool:
        strays = self.orphans and bool(self.report.strays.paths)
        return self.report.clean and not self.due and not strays

    @property
    def reclaimable_bytes(self) -> int:
        strays_bytes = self.report.strays.size_bytes if self.orphans else 0
        due_bytes = sum(session.size_bytes for session in self.due)
        return self.report.reclaimable_bytes + strays_bytes + due_bytes


async def examine_library(config: Config, *, orphans: bool = False) -> Examined:
    """Look through the library, after repairing what a killed process left.

    With `orphans`, sound of sessions that the database does not know counts as free, too.
    """
    return await asyncio.to_thread(_examine_library, config, orphans)


def _examine_library(config: Config, orphans: bool) -> Examined:
    home, limits = Home.at(config.home), Limits(config.keep_days, config.keep_gb)
    if not home.database.exists():
        raise no_library(home)
    # Not `StoredLibrary.open`, which deletes for good what is to be listed here first.
    try:
        database = open_library(home)
    except LibraryUnwritable as error:
        # On a full disk freeing must still be possible: it makes room.
        note(error.reading)
    else:
        with storage_errors(home), closing(database):
            recover(home, database)
            finish_compactions(home, database)
    now = wall_clock()
    report = examine(home, now, _other_places(config))
    return Examined(home, report, limits, due(home, limits, now), orphans)


def _other_places(config: Config) -> list[Path]:
    """Directories besides the library where killed commands may have left files."""
    places = [config.config_file.parent]
    # `gettempdir` raises where no directory for temporary files can be written.
    with suppress(OSError):
        places.append(Path(tempfile.gettempdir()))
    with suppress(OSError):
        places.append(Path.cwd())
    return places


def print_sizes(examination: Examined) -> None:
    """Print what takes how much, and what would be freed."""
    report = examination.report
    free = f", {size_words(report.free_bytes)} of it free" if report.free_bytes else ""
    result(f"Library   {examination.home.root}")
    result(f"Database  {size_words(report.database_bytes)}{free}")
    for name, kind in (("WAV", report.wav), ("FLAC", report.flac)):
        if kind.paths:
            files = _count(len(kind.paths), "file", "files")
            result(f"{name:9} {size_words(kind.size_bytes)} in {files}")
    result(f"Sessions  {report.sessions:,}")
    for line in (*_findings(report), *_beyond(examination)):
        result(line)
    if examination.clean:
        result("Nothing to free.")
    else:
        result(f"About {size_words(examination.reclaimable_bytes)} can be freed.")


def _beyond(examination: Examined) -> Generator[str]:
    if examination.due:
        yield f"- {counted(examination.due)} beyond {words(examination.limits)}, removed for good:"
    for session in examination.due[:_LISTED]:
        title = plain_line(session.title) or "(untitled)"
        size = size_words(session.size_bytes)
        yield f"    {session.id}  {session.created_at[:10]}  {size}  {title}"
    if len(examination.due) > _LISTED:
        yield f"    and {len(examination.due) - _LISTED:,} more"


def _findings(report: Report) -> Generator[str]:
    if report.discarded:
        sessions = _count(len(report.discarded), "deleted session", "deleted sessions")
        yield f"- {sessions}, {size_words(report.discarded_bytes)}"
    if report.undoable:
        sessions = _count(report.undoable, "session was", "sessions were")
        yield f"- {sessions} deleted within a day, or just now; not freed yet"
    for kind, group in (("sound of no session", report.orphans), ("left over", report.leftovers)):
        for path in group.paths:
            yield f"- {kind}: {path}, {size_words(size_of(path))}"
    yield from _strays(report)
    for path in report.strange:
        yield f"- not of Gramophone, left alone: {path}"
    if report.worth_a_vacuum:
        yield f"- free pages of the database, {size_words(report.free_bytes)}"
    elif report.recording:
        yield "- a session is being recorded; it and the database's free pages are left alone"


def _strays(report: Report) -> Generator[str]:
    ids = report.stray_sessions
    if not ids:
        return
    yield (
        f"- sound of {counted_sessions(len(ids))} that the database does not know, "
        f"{size_words(report.strays.size_bytes)}; `gramophone recover` makes sessions of it, "
        "`gramophone gc --orphans` frees it:"
    )
    sizes: dict[str, int] = {}
    for path in report.strays.paths:
        sizes[path.parent.name] = sizes.get(path.parent.name, 0) + size_of(path)
    for session_id in ids[:_LISTED]:
        yield f"    {session_id}  {size_words(sizes[session_id])}"
    if len(ids) > _LISTED:
        yield f"    and {len(ids) - _LISTED:,} more"


async def reclaim_space(examination: Examined, *, freeing: bool, as_json: bool) -> int:
    """Free what was found, if `freeing`; print the result."""
    freed_bytes, failures = 0, list[str]()
    if freeing:
        with progress_bar("Freeing") as bar, cancellable("Freeing was stopped.", bar) as tell:
            freed_bytes, failures = await asyncio.to_thread(_free, examination, tell)
    if as_json:
        result_json(_sizes(examination) | {"freed_bytes": freed_bytes if freeing else None})
    elif freeing:
        result(f"Freed {size_words(max(0, freed_bytes))}.")
    elif not examination.clean:
        note("Nothing was changed; `gramophone gc --yes` frees it.")
    for sentence in failures:
        note(sentence)
    return 0


def _free(examination: Examined, tell: Callable[[int, int], None]) -> tuple[int, list[str]]:
    make_room(examination.home)
    before_bytes = size_of(examination.home.root)
    report = examination.report
    if examination.due:
        agree(examination.home, examination.limits)
        remove(examination.home, examination.due)
        # Examined again, because the rows of removed sessions are free pages now.
        report = examine(examination.home, wall_clock())
    _, failures = reclaim(examination.home, report, tell, orphans=examination.orphans)
    return before_bytes - size_of(examination.home.root), failures


def _sizes(examination: Examined) -> dict[str, Any]:
    report = examination.report
    return {
        "sessions": report.sessions,
        "database_bytes": report.database_bytes,
        "free_bytes": report.free_bytes,
        "wav": _found(report.wav, named=False),
        "flac": _found(report.flac, named=False),
        "discarded": list(report.discarded),
        "discarded_bytes": report.discarded_bytes,
        "orphans": _found(report.orphans),
        "leftovers": _found(report.leftovers),
        "strange": [str(path) for path in report.strange],
        "recording": report.recording,
        "strays": _found(report.strays) | {"sessions": list(report.stray_sessions)},
        "beyond_limits": [session.id for session in examination.due],
        "reclaimable_bytes": examination.reclaimable_bytes,
    }


def _found(group: FileGroup, *, named: bool = True) -> dict[str, Any]:
    fields: dict[str, Any] = {"files": len(group.paths), "bytes": group.size_bytes}
    return fields | {"paths": [str(path) for path in group.paths]} if named else fields


def size_words(size_bytes: int) -> str:
    """A size in decimal units with three digits at most, such as 1.5 GB."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5 or unit == "GB":
            break
    return f"{size:.1f} {unit}" if size < 99.95 else f"{size:.0f} {unit}"


def _compacted(packed: Compacted, *, dry_run: bool) -> str:
    if not packed.turns:
        return "Nothing to pack: no sound is old enough, or all of it is packed."
    turns = _count(packed.turns, "turn", "turns")
    extent = f"{turns} of {_count(packed.sessions, 'session', 'sessions')}"
    if dry_run:
        return f"Would pack {extent}: {size_words(packed.wav_bytes)} of WAV."
    percent = round(100 * packed.saved_bytes / packed.wav_bytes)
    return (
        f"Packed {extent}: {size_words(packed.wav_bytes)} are {size_words(packed.flac_bytes)} now, "
        f"{size_words(packed.saved_bytes)} ({percent} %) saved."
    )


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
