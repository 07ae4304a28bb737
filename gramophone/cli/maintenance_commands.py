"""The commands `compact`, `gc`, `backup` and `recover`: options in, one function each."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path

import click

from gramophone.cli.runner import JSON, configured, finish, run

_AGE = re.compile(r"([0-9]{1,6})([hdw])", re.ASCII)
_HOURS = {"h": 1, "d": 24, "w": 24 * 7}


def _age(_context: click.Context, _parameter: click.Parameter, text: str) -> timedelta:
    age = _AGE.fullmatch(text)
    if age is None:
        raise click.BadParameter(f"{text!r} is not a duration; write 36h, 90d or 12w")
    return timedelta(hours=int(age[1]) * _HOURS[age[2]])


@click.command()
@click.option(
    "--older-than",
    default="1d",
    show_default=True,
    metavar="AGE",
    callback=_age,
    help="Only sessions that began longer ago: 36h, 90d, 12w.",
)
@click.option("--dry-run", is_flag=True, help="Only print what would be packed.")
@JSON
def compact(older_than: timedelta, dry_run: bool, as_json: bool) -> None:
    """Compress the sound of older sessions to FLAC, without loss."""
    from gramophone.cli import maintenance

    home = configured().home
    finish(maintenance.compact(home, older_than, dry_run=dry_run, as_json=as_json))


@click.command()
@click.option("--yes", is_flag=True, help="Free space without asking.")
@click.option(
    "--orphans", is_flag=True, help="Also free sound of sessions that the database does not have."
)
@click.option("--dry-run", is_flag=True, help="Only print what would be freed.")
@JSON
def gc(yes: bool, orphans: bool, dry_run: bool, as_json: bool) -> None:
    """Print the size of the library, and free space after asking."""
    from gramophone.cli import maintenance

    config = configured()
    examination = run(maintenance.examine_library(config, orphans=orphans))
    agreed = yes
    if not as_json:
        maintenance.print_sizes(examination)
        if not (examination.clean or yes or dry_run) and sys.stdin.isatty():
            agreed = click.confirm("Free this?", err=True)
    freeing = agreed and not dry_run and not examination.clean
    finish(maintenance.reclaim_space(examination, freeing=freeing, as_json=as_json))


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace an earlier backup.")
def backup(path: Path, force: bool) -> None:
    """Copy the whole library to PATH, a new data directory.

    Sessions can be recorded meanwhile.
    """
    from gramophone.cli import maintenance

    finish(maintenance.backup(configured().home, path, force=force))


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@JSON
def recover(path: Path | None, as_json: bool) -> None:
    """Save the readable part of a damaged library into a new one.

    Rows are read even if the database is damaged, and sound without rows becomes sessions. PATH is
    the new data directory, by default beside the old one. The old one is not changed.
    """
    from gramophone.app.session import new_session_id
    from gramophone.cli.recover import recover as save

    finish(save(configured().home, path, new_id=new_session_id, as_json=as_json))
