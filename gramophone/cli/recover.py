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
        done = await asyncio.to_thread(
            salvage, Home.at(home), target, now=wall_clock(), new_id=new_id, progress=progress
        )
    if as_json:
        result_json({"path": str(target)} | asdict(done))
        return 0
    result(_summary(done, target))
    note(
        f"{home} is as it was. Look at the new library with GRAMOPHONE_HOME={target} gramophone; "
        f"if nothing is missing, move {home} away and {target} into its place."
    )
    return 0


def _summary(done: Salvaged, target: Path) -> str:
    turns = f"{done.turns:,} turn{'' if done.turns == 1 else 's'}"
    parts = [f"Recovered {counted(done.sessions)}, {turns} into {target}"]
    if done.from_sound:
        parts.append(f"{counted(done.from_sound)} of sound alone, without text")
    if done.completed:
        parts.append(f"{counted(done.completed)} whose own row was lost")
    if done.lost_rows:
        parts.append(f"{done.lost_rows:,} rows could not be read")
    if done.lost_files:
        parts.append(f"{done.lost_files:,} sound files could not be read")
    return "; ".join(parts) + "."
