"""Sessions into files: which file takes what, written by the form's own writer."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, TypeAlias

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.library.export_request import FORMS, ExportFormat, ExportRequest, ExportResult, slug
from gramophone.system.temporary_files import sweep
from storage.bundle.writer import write_bundle
from storage.export.atomic_file import atomic_write, free_path, made_folder
from storage.export.excerpt_audio import ReportProgress
from storage.export.formats.cast import write_cast
from storage.export.formats.csv_table import write_csv
from storage.export.formats.encoded_audio import write_encoded
from storage.export.formats.html.page import write_html
from storage.export.formats.json_document import write_json
from storage.export.formats.jsonl import write_jsonl
from storage.export.formats.markdown import write_md
from storage.export.formats.srt_vtt import write_srt, write_vtt
from storage.export.formats.txt import write_txt
from storage.export.formats.wav import write_wav
from storage.export.stored_session import ExportedSession, KeptSessions, kept_session
from storage.home import Home
from storage.sqlite.error_messages import storage_error

_PARTS = 1000
"""How finely progress is told, a file."""

Writer: TypeAlias = Callable[[KeptSessions, BinaryIO, ExportRequest, ReportProgress], None]

_WRITERS: dict[str, Writer] = {
    "wav": write_wav,
    **dict.fromkeys(("flac", "ogg", "opus", "mp3"), write_encoded),
    "srt": write_srt,
    "vtt": write_vtt,
    "txt": write_txt,
    "md": write_md,
    "json": write_json,
    "jsonl": write_jsonl,
    "csv": write_csv,
    "cast": write_cast,
    "html": write_html,
}
"""By the name of the form. What a writer needs that is slow to import, it imports itself."""


@frozen
class _Target:
    """One file, and what goes into it."""

    path: Path
    ids: tuple[str, ...]
    order: ExportRequest


def export(
    home: Home, ids: Sequence[str], order: ExportRequest, progress: ReportProgress
) -> ExportResult:
    """Write sessions as `order` says. Of several files, those that can be written are.

    Raises:
        StorageError: nothing could be written, and why.
    """
    form = FORMS[order.form]
    targets = list(_targets(home, ids, order, form))
    sweep(order.path if order.folder else order.path.parent)
    for target in targets:
        if not target.order.replace:
            free_path(target.path)
    paths: list[Path] = []
    failures: list[str] = []
    notes = dict[str, None]()
    for index, target in enumerate(targets):
        try:
            result = _write(home, target, partial(_report_part, progress, index, len(targets)))
            notes.update(dict.fromkeys(result))
            paths.append(target.path)
        except StorageError as error:
            progress(_PARTS * index, _PARTS * len(targets))  # raises where it is to stop
            if len(targets) == 1:
                raise
            failures.append(str(error))
    if not paths and failures:
        raise StorageError(failures[0])
    return ExportResult(tuple(paths), tuple(failures), tuple(notes))


def _targets(
    home: Home, ids: Sequence[str], order: ExportRequest, form: ExportFormat
) -> Generator[_Target]:
    if not order.folder and not order.each_turn:
        if len(ids) > 1 and not form.joins:
            raise StorageError(
                f"A {form.name} holds one session; give a directory with -o, and each session "
                "becomes a file there."
            )
        yield _Target(order.path, tuple(ids), order)
        return
    for session_id in ids:
        base = order.path
        with kept_session(home, session_id, order) as session:
            if order.folder:
                base = order.path / f"{_name(session)}{form.suffix}"
            if not order.each_turn:
                yield _Target(base, (session_id,), order)
                continue
            spoken_turns = [turn.record.turn for turn in session.excerpt.turns if turn.stretches]
        for turn in spoken_turns:
            cut = replace(order.cut, turns=frozenset({turn}))
            named = base.with_name(f"{base.stem}-turn-{turn}{base.suffix}")
            yield _Target(named, (session_id,), replace(order, cut=cut))


def _name(session: ExportedSession) -> str:
    """A name that sorts by day, can be read, and belongs to one session alone."""
    about = session.record.summary
    return f"{about.created_at[:10]}-{slug(about.title)}-{about.id[:12]}"


def _report_part(progress: ReportProgress, index: int, files: int, done: int, total: int) -> None:
    progress(_PARTS * index + _PARTS * done // max(1, total), _PARTS * files)


def _write(home: Home, target: _Target, progress: ReportProgress) -> list[str]:
    """Write one file; what the user should be told of it."""
    progress(0, 1)
    order = target.order
    if order.folder:
        made_folder(order.path)
    with atomic_write(target.path, replace=order.replace) as file:
        if order.form == "bundle":
            write_bundle(home, target.ids[0], file, compress=order.compress, progress=progress)
            return []
        # Sound tells itself how far it is.
        telling = None if FORMS[order.form].sound else progress
        try:
            with closing(KeptSessions(home, target.ids, order, telling)) as sessions:
                _WRITERS[order.form](sessions, file, order, progress)
                return sessions.notes
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            # Rows are read while the file is written. An OSError is about the file.
            raise storage_error(error, home) from error
