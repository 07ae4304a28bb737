"""`recover`: saves what can still be read of a damaged library into a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from gramophone.cli.output import note, result, result_json
from gramophone.cli.progress import LEAVES_NOTHING, progress_bar
from gramophone.core.clock import wall_clock
from storage.home import Home
from storage.maintenance.orphaned_audio import counted
from storage.maintenance.salvage import Salvaged, salvage
from storage.sqlite.cancellation import cancellable


async def recover(
    home: Path, path: Path | None, *, new_id: Callable[[], str], as_json: bool
) -> int:
    """Save what can be read of the library in `home` at `path`, by default beside it."""
    target = path or home.with_name(f"{home.name}.recovered")
    stopped = f"The recovery was stopped; there is nothing at {target}."
    with (
        progress_bar("Recovering", LEAVES_NOTHING) as bar,
        cancellable(stopped, bar) as progress,
    ):
        salvaged = await asyncio.to_thread(
            salvage, Home.at(home), target, now=wall_clock(), new_id=new_id, progress=progress
        )
    if as_json:
        result_json({"path": str(target)} | asdict(salvaged))
        return 0
    result(_summary(salvaged, target))
    note(
        f"{home} is as it was. Look at the new library with GRAMOPHONE_HOME={target} gramophone; "
        f"if nothing is missing, move {home} away and {target} into its place."
    )
    return 0


def _summary(salvaged: Salvaged, target: Path) -> str:
    turns = f"{salvaged.turns:,} turn{'' if salvaged.turns == 1 else 's'}"
    parts = [f"Recovered {counted(salvaged.sessions)}, {turns} into {target}"]
    if salvaged.from_sound:
        parts.append(f"{counted(salvaged.from_sound)} of sound alone, without text")
    if salvaged.completed:
        parts.append(f"{counted(salvaged.completed)} whose own row was lost")
    if salvaged.lost_rows:
        parts.append(f"{salvaged.lost_rows:,} rows could not be read")
    if salvaged.lost_files:
        parts.append(f"{salvaged.lost_files:,} sound files could not be read")
    return "; ".join(parts) + "."
