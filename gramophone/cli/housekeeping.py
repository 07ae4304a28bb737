"""Keeps the library small and safe: what `compact` and its neighbours do and say."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from gramophone.cli.output import note, result, result_json
from gramophone.cli.updating import Updating
from gramophone.clock import wall_clock
from storage.compacting import Compacted
from storage.compacting import compact as pack
from storage.home import Home
from storage.library import Library
from storage.stopping import stoppable


async def compact(home: Path, older_than: timedelta, *, dry_run: bool, as_json: bool) -> int:
    """Pack what is old enough; exit code 1 when some sound is not what was recorded."""
    # Opening mends what a killed process left.
    await (await Library.open(home)).aclose()
    stopped = "Compacting was stopped; the session under way stays as it was."
    with _telling("Packing sound") as bar, stoppable(stopped, bar) as tell:
        before = wall_clock() - older_than
        done = await asyncio.to_thread(pack, Home.at(home), before, dry_run=dry_run, tell=tell)
    if as_json:
        result_json(
            {
                "dry_run": dry_run,
                "sessions": done.sessions,
                "turns": done.turns,
                "wav_bytes": done.wav_bytes,
                "flac_bytes": None if dry_run else done.flac_bytes,
                "saved_bytes": None if dry_run else done.saved_bytes,
                "stay_wav": done.stay_wav,
                "busy": done.busy,
                "left": done.left,
            }
        )
    else:
        result(_compacted(done, dry_run=dry_run))
    for sentence in done.left:
        note(sentence)
    if done.busy:
        note(f"{_count(done.busy, 'session is', 'sessions are')} in use and left alone.")
    return 1 if done.left else 0


def size_words(size_bytes: int) -> str:
    """A size as people say it."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if size < 999.5 or unit == "GB":
            break
    return f"{size:.1f} {unit}" if size < 99.95 else f"{size:.0f} {unit}"


def _compacted(done: Compacted, *, dry_run: bool) -> str:
    if not done.turns:
        return "Nothing to pack: no sound is old enough, or all of it is packed."
    what = (
        f"{_count(done.turns, 'turn', 'turns')} of {_count(done.sessions, 'session', 'sessions')}"
    )
    if dry_run:
        return f"Would pack {what}: {size_words(done.wav_bytes)} of WAV."
    percent = round(100 * done.saved_bytes / done.wav_bytes)
    return (
        f"Packed {what}: {size_words(done.wav_bytes)} are {size_words(done.flac_bytes)} now, "
        f"{size_words(done.saved_bytes)} ({percent} %) saved."
    )


def _count(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _telling(words: str) -> closing[Updating]:
    return closing(Updating(sys.stderr, words=f"{words}; Ctrl+C stops it", in_parts=False))
