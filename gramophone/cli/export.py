"""`gramophone export`: sessions, all or part of them, as files in the forms of others."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from gramophone.cli.output import note, write_out
from gramophone.cli.sessions import telling
from gramophone.core.errors import StorageError
from gramophone.library.export_request import FORMS, ExportRequest, ExportResult
from gramophone.library.library import SessionSummary
from gramophone.system.temporary_files import scratch_directory
from storage.library import StoredLibrary

STANDARD_OUTPUT = Path("-")
_PAGE = 1000
_CLOCK = re.compile(r"(?:(\d{1,5}):)?(\d{1,5}):(\d{1,2}(?:\.\d{1,6})?)", re.ASCII)
_LENGTH = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|)", re.ASCII)
_TURNS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_UNITS_US = {"ms": 1_000, "s": 1_000_000, "": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


def duration_us(text: str) -> int:
    """`90`, `90s`, `1.5m`, `200ms`, `1:30` and `1:02:03.5` in microseconds.

    Raises:
        ValueError: it is none of them.
    """
    if found := _LENGTH.fullmatch(text):
        return round(float(found[1]) * _UNITS_US[found[2]])
    if found := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return round((hours * 3600 + minutes * 60 + seconds) * 1_000_000)
    raise ValueError(f"{text!r} is not a time such as 90, 1:30, 200ms or 1:02:03.5")


def turn_numbers(text: str) -> frozenset[int]:
    """`3`, `1,3` and `2-5` as numbers of turns.

    Raises:
        ValueError: it is none of them.
    """
    numbers = set[int]()
    for part in text.split(","):
        found = _TURNS.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if last < first:
            raise ValueError(f"{text!r} is not a turn such as 3, 1,3 or 2-5")
        numbers.update(range(first, last + 1))
    return frozenset(numbers)


async def export(
    home: Path, references: Sequence[str], search: str | None, order: ExportRequest
) -> int:
    """Write sessions, named or searched for; exit code 1 when one of them could not be."""
    async with await StoredLibrary.open(home) as library:
        ids = [await library.resolve(reference) for reference in references]
        if search is not None:
            ids += [found.id for found in await _found(library, search)]
        ids = list(dict.fromkeys(ids))
        if not ids:
            note("No session matches, so nothing was written.")
            return 1
        if order.path == STANDARD_OUTPUT:
            await _to_standard_output(library, ids, order)
            return 0
        with telling(f"Writing {order.path.name or order.path}") as tell:
            done = await library.export(ids, order, tell=tell)
    return _told(done)


def _told(done: ExportResult) -> int:
    for sentence in (*done.failures, *done.notes):
        note(sentence)
    if len(done.paths) == 1:
        note(f"wrote {done.paths[0]}")
    else:
        note(f"wrote {len(done.paths):,} files to {done.paths[0].parent}")
    return 1 if done.failures else 0


async def _found(library: StoredLibrary, search: str) -> list[SessionSummary]:
    """All sessions that match, oldest first."""
    found: list[SessionSummary] = []
    while True:
        last = found[-1].id if found else None
        page = await library.sessions(limit=_PAGE, older_than=last, search=search)
        found += page
        if len(page) < _PAGE:
            return found[::-1]


async def _to_standard_output(
    library: StoredLibrary, ids: Sequence[str], order: ExportRequest
) -> None:
    """Written whole beside, then given out: a reader of the pipe gets all of it or nothing."""
    if sys.stdout.isatty() and (FORMS[order.form].sound or order.form == "bundle"):
        raise StorageError(
            f"A {order.form} is not for the eye; send standard output to a file or a pipe."
        )
    with scratch_directory() as directory:
        path = Path(directory, f"out{FORMS[order.form].suffix}")
        with telling(f"Writing {order.form}") as tell:
            done = await library.export(ids, replace(order, path=path), tell=tell)
        for sentence in done.notes:
            note(sentence)
        await asyncio.to_thread(_give_out, path)


def _give_out(path: Path) -> None:
    if sys.stdout.isatty():
        # Line by line: the file may be long. What is no UTF-8 is not for the eye anyway.
        with path.open(encoding="utf-8", errors="replace", newline="") as lines:
            for line in lines:
                write_out(line)
        return
    with path.open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)
    sys.stdout.buffer.flush()
