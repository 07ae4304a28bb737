"""`gramophone export`: sessions, all or part of them, as files in common formats.

The library is imported when the command runs, not when its options are defined.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gramophone.cli.runner import configured, finish
from gramophone.core.errors import StorageError
from gramophone.library.export_request import (
    FORMS,
    ExportRequest,
    ExportResult,
    Pauses,
    TurnSelection,
    form_of,
)
from gramophone.system.temporary_files import scratch_directory

if TYPE_CHECKING:
    from gramophone.library.library import SessionSummary
    from storage.library import StoredLibrary

STANDARD_OUTPUT = Path("-")
_PAGE = 1000
# ASCII, because \d and float() would also take the digits of other scripts.
_CLOCK = re.compile(r"(?:(\d{1,5}):)?(\d{1,5}):(\d{1,2}(?:\.\d{1,6})?)", re.ASCII)
_LENGTH = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|)", re.ASCII)
_TURNS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_UNITS_US = {"ms": 1_000, "s": 1_000_000, "": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_SOUND = tuple(name for name, form in FORMS.items() if form.sound)

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

# --- values of options ------------------------------------------------------------------------


def duration_us(text: str) -> int:
    """Read `90`, `90s`, `1.5m`, `200ms`, `1:30` or `1:02:03.5` as microseconds.

    Raises:
        ValueError: it is not a duration.
    """
    if length := _LENGTH.fullmatch(text):
        return round(float(length[1]) * _UNITS_US[length[2]])
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
        return round((hours * 3600 + minutes * 60 + seconds) * 1_000_000)
    raise ValueError(f"{text!r} is not a time such as 90, 1:30, 200ms or 1:02:03.5")


def turn_numbers(text: str) -> frozenset[int]:
    """Read `3`, `1,3` or `2-5` as numbers of turns.

    Raises:
        ValueError: it is not a list of turns.
    """
    numbers = set[int]()
    for part in text.split(","):
        span = _TURNS.fullmatch(part)
        first, last = (int(span[1]), int(span[2] or span[1])) if span else (1, 0)
        if last < first:
            raise ValueError(f"{text!r} is not a turn such as 3, 1,3 or 2-5")
        numbers.update(range(first, last + 1))
    return frozenset(numbers)


class ParsedType(click.ParamType[Any]):
    """Type of an option whose value a function parses; its ValueError is wrong usage."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._parse(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


TIME = ParsedType("TIME", duration_us)
TURNS = ParsedType("N", turn_numbers)

# --- the command ------------------------------------------------------------------------------


def options(*decorators: Callable[[Any], Any]) -> Callable[[CommandT], CommandT]:
    """Join several options into one decorator; `--help` lists them in this order."""

    def decorate(command: CommandT) -> CommandT:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


_SELECTION = options(
    click.argument("sessions", metavar="SESSION...", nargs=-1),
    click.option("--search", metavar="Q", help="All sessions that match, as in `sessions`."),
    click.option("--all", "everything", is_flag=True, help="All sessions."),
    click.option("--turn", "turns", type=TURNS, multiple=True, help="Turns, e.g. 3, 1,3 or 2-5."),
    click.option(
        "--from", "from_us", type=TIME, default=0, help="Start, as a time in the replay, e.g. 1:30."
    ),
    click.option("--to", "to_us", type=TIME, help="End, as a time in the replay."),
    click.option("--withdrawn", is_flag=True, help="Include turns that were taken back."),
    click.option("--thoughts", is_flag=True, help="Include the model's thoughts."),
)
_TARGET = options(
    click.option(
        "--format",
        "form",
        type=click.Choice(list(FORMS)),
        help="Default: from the suffix of PATH, or wav.",
    ),
    click.option("-o", "--output", metavar="PATH", help="File or directory; - is standard output."),
    click.option("--force", is_flag=True, help="Replace files that exist."),
)
_RENDERING = options(
    click.option("--pauses", metavar="real|TIME", help="Pauses between spoken turns, e.g. 2s."),
    click.option("--each-turn", is_flag=True, help="Write a file for each spoken turn."),
    click.option("--stereo", is_flag=True, help="User on the left channel, answers on the right."),
    click.option(
        "--rate", type=click.IntRange(8_000, 192_000), help="Sample rate in Hz to resample to."
    ),
    click.option("--loudness", type=click.FloatRange(-70, -5), help="Loudness in LUFS (EBU R128)."),
    click.option(
        "--compress", is_flag=True, help="With --format bundle: compress the sound and text."
    ),
)


@click.command()
@_SELECTION
@_TARGET
@_RENDERING
def export(
    sessions: tuple[str, ...],
    search: str | None,
    everything: bool,
    form: str | None,
    output: str | None,
    pauses: str | None,
    **flags: Any,
) -> None:
    """Export sessions, or parts of them, as files in common formats.

    If PATH is a directory, or ends in /, each session becomes a file in it. Without -o that is the
    current directory.
    """
    if not sessions and search is None and not everything:
        raise click.UsageError("name a SESSION (`last` is the newest), or give --search or --all")
    if flags["to_us"] is not None and flags["to_us"] <= flags["from_us"]:
        raise click.UsageError("--to must come after --from")
    chosen, path, folder = _target(form, output)
    request = ExportRequest(
        form=chosen,
        path=path,
        folder=folder,
        replace=flags["force"],
        cut=TurnSelection(
            frozenset[int]().union(*flags["turns"]),
            flags["from_us"],
            flags["to_us"],
            flags["withdrawn"],
        ),
        pauses=_pauses(pauses, chosen),
        each_turn=flags["each_turn"],
        thoughts=flags["thoughts"],
        stereo=flags["stereo"],
        sample_rate_hz=flags["rate"] or 0,
        loudness_lufs=flags["loudness"],
        compress=flags["compress"],
    )
    _check(request)
    finish(export_sessions(configured().home, sessions, "" if everything else search, request))


def _target(form: str | None, output: str | None) -> tuple[str, Path, bool]:
    """Format and path, and whether the path is a directory that takes a file for each session."""
    if output is None:
        return form or "wav", Path(), True
    path = Path(output)
    suggested = form_of(path)
    # Asked of the typed text: `Path` drops the slash at its end.
    folder = output.endswith("/") or path.is_dir()
    if form is None and suggested is None and path.suffix and not folder:
        raise click.UsageError(
            f"no format has the suffix {path.suffix!r}; give --format, or one of "
            f"{', '.join(form.suffix for form in FORMS.values())}"
        )
    return form or (suggested.name if suggested and not folder else "wav"), path, folder


def _pauses(text: str | None, form: str) -> Pauses:
    if text is None:
        return Pauses(given_us=FORMS[form].pause_us)
    return Pauses(real=True) if text == "real" else Pauses(given_us=TIME.convert(text, None, None))


def _check(request: ExportRequest) -> None:
    """Refuse options that would have no effect: a user who gives one expects an effect."""
    if request.compress and request.form != "bundle":
        raise click.UsageError("--compress belongs to --format bundle")
    if FORMS[request.form].whole and (request.cut != TurnSelection() or request.pauses != Pauses()):
        raise click.UsageError(f"{request.form} takes whole sessions, without --turn, --from, --to")
    if request.thoughts and not FORMS[request.form].read:
        forms = ", ".join(form.name for form in FORMS.values() if form.read)
        raise click.UsageError(
            f"--thoughts belongs to {forms}; jsonl and bundle have everything, as it came"
        )
    if request.each_turn and str(request.path) == "-":
        raise click.UsageError("--each-turn writes several files; name a directory with -o")
    of_sound = {
        "--stereo": request.stereo,
        "--rate": request.sample_rate_hz,
        "--loudness": request.loudness_lufs is not None,
        "--each-turn": request.each_turn,
    }
    wrong = [name for name, is_set in of_sound.items() if is_set]
    if wrong and request.form not in _SOUND:
        raise click.UsageError(f"{wrong[0]} belongs to sound: --format {', '.join(_SOUND)}")


# --- the work ---------------------------------------------------------------------------------


async def export_sessions(
    home: Path, references: Sequence[str], search: str | None, request: ExportRequest
) -> int:
    """Write sessions, named or searched for; exit code 1 if one of them could not be written."""
    from gramophone.cli.output import note
    from gramophone.cli.progress import LEAVES_NOTHING, progress_bar
    from storage.library import StoredLibrary

    async with await StoredLibrary.open(home) as library:
        ids = [await library.resolve(reference) for reference in references]
        if search is not None:
            ids += [session.id for session in await _matching(library, search)]
        ids = list(dict.fromkeys(ids))
        if not ids:
            note("No session matches, so nothing was written.")
            return 1
        if request.path == STANDARD_OUTPUT:
            await _to_standard_output(library, ids, request)
            return 0
        name = request.path.name or request.path
        with progress_bar(f"Writing {name}", LEAVES_NOTHING) as progress:
            result = await library.export(ids, request, progress=progress)
    return _report(result)


def _report(result: ExportResult) -> int:
    from gramophone.cli.output import note

    for sentence in (*result.failures, *result.notes):
        note(sentence)
    if len(result.paths) == 1:
        note(f"wrote {result.paths[0]}")
    else:
        note(f"wrote {len(result.paths):,} files to {result.paths[0].parent}")
    return 1 if result.failures else 0


async def _matching(library: StoredLibrary, search: str) -> list[SessionSummary]:
    """Find every session that matches, oldest first."""
    sessions: list[SessionSummary] = []
    while True:
        last = sessions[-1].id if sessions else None
        page = await library.sessions(limit=_PAGE, older_than=last, search=search)
        sessions += page
        if len(page) < _PAGE:
            return sessions[::-1]


async def _to_standard_output(
    library: StoredLibrary, ids: Sequence[str], request: ExportRequest
) -> None:
    """Write a temporary file first: a reader of the pipe gets all of it or nothing."""
    from gramophone.cli.output import note
    from gramophone.cli.progress import LEAVES_NOTHING, progress_bar

    if sys.stdout.isatty() and (FORMS[request.form].sound or request.form == "bundle"):
        raise StorageError(
            f"A {request.form} cannot be shown on a terminal; send it to a file or a pipe."
        )
    with scratch_directory() as directory:
        path = Path(directory, f"out{FORMS[request.form].suffix}")
        with progress_bar(f"Writing {request.form}", LEAVES_NOTHING) as progress:
            result = await library.export(ids, replace(request, path=path), progress=progress)
        for sentence in result.notes:
            note(sentence)
        await asyncio.to_thread(_print_file, path)


def _print_file(path: Path) -> None:
    from gramophone.cli.output import write_out

    if sys.stdout.isatty():
        # Line by line, because the file may be long. A terminal cannot show other bytes than UTF-8.
        with path.open(encoding="utf-8", errors="replace", newline="") as lines:
            for line in lines:
                write_out(line)
        return
    with path.open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)
    sys.stdout.buffer.flush()
