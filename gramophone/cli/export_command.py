"""The command `export`: its flags, and what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from gramophone.cli.runner import configured, finish
from gramophone.library.export_request import FORMS, ExportRequest, Pauses, TurnSelection, form_of

F = TypeVar("F", bound=Callable[..., Any])

_SOUND = tuple(name for name, form in FORMS.items() if form.sound)


class Read(click.ParamType[Any]):
    """A value that a function of `gramophone.cli.export` reads."""

    def __init__(self, name: str, function: str) -> None:
        self.name = name
        self._function = function

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from gramophone.cli import export as exporting

        try:
            return getattr(exporting, self._function)(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)


TIME = Read("TIME", "duration_us")
TURNS = Read("N", "turn_numbers")


def options(*decorators: Callable[[Any], Any]) -> Callable[[F], F]:
    """Several options as one decorator, in the order they are read."""

    def decorated(command: F) -> F:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorated


_WHAT = options(
    click.argument("sessions", metavar="SESSION...", nargs=-1),
    click.option("--search", metavar="Q", help="All sessions that match, as in `sessions`."),
    click.option("--all", "everything", is_flag=True, help="All sessions."),
    click.option("--turn", "turns", type=TURNS, multiple=True, help="Turns, e.g. 3, 1,3 or 2-5."),
    click.option("--from", "from_us", type=TIME, default=0, help="Start in the replay, e.g. 1:30."),
    click.option("--to", "to_us", type=TIME, help="End in the replay."),
    click.option("--withdrawn", is_flag=True, help="Include turns that were taken back."),
)
_WHERE = options(
    click.option(
        "--format",
        "form",
        type=click.Choice(list(FORMS)),
        help="Default: from the suffix of PATH, or wav.",
    ),
    click.option("-o", "--output", metavar="PATH", help="File or directory; - is standard output."),
    click.option("--force", is_flag=True, help="Replace files that exist."),
)
_HOW = options(
    click.option("--pauses", metavar="real|TIME", help="Pauses between spoken turns."),
    click.option("--each-turn", is_flag=True, help="Write a file for each spoken turn."),
    click.option("--stereo", is_flag=True, help="Own voice left, answers right."),
    click.option(
        "--rate", type=click.IntRange(8_000, 192_000), help="Sample rate in Hz to resample to."
    ),
    click.option("--loudness", type=click.FloatRange(-70, -5), help="Loudness in LUFS (EBU R128)."),
    click.option("--compress", is_flag=True, help="With --format bundle: make it smaller."),
)


@click.command()
@_WHAT
@_WHERE
@_HOW
def export(
    sessions: tuple[str, ...],
    search: str | None,
    everything: bool,
    turns: tuple[frozenset[int], ...],
    from_us: int,
    to_us: int | None,
    withdrawn: bool,
    form: str | None,
    output: str | None,
    force: bool,
    pauses: str | None,
    each_turn: bool,
    stereo: bool,
    rate: int | None,
    loudness: float | None,
    compress: bool,
) -> None:
    """Export sessions, or parts of them, as files in common formats.

    If PATH is a directory, or ends in /, each session becomes a file in it. Without -o that is the
    current directory.
    """
    if not sessions and search is None and not everything:
        raise click.UsageError("name a SESSION (`last` is the newest), or give --search or --all")
    if to_us is not None and to_us <= from_us:
        raise click.UsageError("--to must come after --from")
    chosen, path, folder = _place(form, output)
    order = ExportRequest(
        form=chosen,
        path=path,
        folder=folder,
        replace=force,
        cut=TurnSelection(frozenset[int]().union(*turns), from_us, to_us, withdrawn),
        pauses=_pauses(pauses, chosen),
        each_turn=each_turn,
        stereo=stereo,
        sample_rate_hz=rate or 0,
        loudness_lufs=loudness,
        compress=compress,
    )
    _check(order)
    from gramophone.cli.export import export as write

    finish(write(configured().home, sessions, "" if everything else search, order))


def _place(form: str | None, output: str | None) -> tuple[str, Path, bool]:
    """The form, where to, and whether that takes a file a session."""
    if output is None:
        return form or "wav", Path(), True
    path = Path(output)
    known = form_of(path)
    # Asked of what was typed: a path drops the slash at its end.
    folder = output.endswith("/") or path.is_dir()
    return form or (known.name if known and not folder else "wav"), path, folder


def _pauses(text: str | None, form: str) -> Pauses:
    if text is None:
        return Pauses(given_us=FORMS[form].pause_us)
    return Pauses(real=True) if text == "real" else Pauses(given_us=TIME.convert(text, None, None))


def _check(order: ExportRequest) -> None:
    """Options that would have no effect are mistakes."""
    if order.compress and order.form != "bundle":
        raise click.UsageError("--compress belongs to --format bundle")
    if FORMS[order.form].whole and (order.cut != TurnSelection() or order.pauses != Pauses()):
        raise click.UsageError(f"{order.form} takes whole sessions, without --turn, --from, --to")
    if order.each_turn and str(order.path) == "-":
        raise click.UsageError("--each-turn writes several files; name a directory with -o")
    spoken = {
        "--stereo": order.stereo,
        "--rate": order.sample_rate_hz,
        "--loudness": order.loudness_lufs is not None,
        "--each-turn": order.each_turn,
    }
    wrong = [name for name, given in spoken.items() if given]
    if wrong and order.form not in _SOUND:
        raise click.UsageError(f"{wrong[0]} belongs to sound: --format {', '.join(_SOUND)}")
