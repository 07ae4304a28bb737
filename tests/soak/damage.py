"""Damaged bytes, rows, sound, bundles, settings and exports of chats: every command ends with a
sentence of ours and an exit code, in bounded time, and never with a traceback.

Each mutation is made on a copy of one small library and read by several commands, each in a
forked process of its own. A case is named by its number and shown again with the same seed.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.soak.damage_commands import Outcome, run_command
from tests.soak.damage_mutations import MUTATIONS, Library, build_library
from tests.soak.figures import Figures

CASES = 1200
SLOW_S = 10.0
_COMMANDS_A_CASE = 4
_FORMS = ("wav", "flac", "ogg", "opus", "mp3", "srt", "vtt", "txt", "md", "json", "jsonl")
_FORMS_TOO = ("csv", "cast", "html", "bundle")
_EXPORT = ("export", "--all", "--force", "-o", "{out}/", "--format")
READING: tuple[tuple[str, ...], ...] = (
    ("sessions",),
    ("sessions", "--search", "tower", "--json"),
    ("show", "last"),
    ("show", "last", "--json"),
    ("verify",),
    ("stats",),
    ("stats", "--json"),
    ("gc", "--dry-run"),
    ("replay", "last", "--mute"),
    ("fixture", "diff", "last", "last"),
    ("backup", "{out}/backup"),
    ("compact", "--dry-run"),
    ("recover", "{out}/saved"),
    *((*_EXPORT, form) for form in (*_FORMS, *_FORMS_TOO)),
    (*_EXPORT, "wav", "--stereo", "--pauses", "real"),
)


@dataclass(slots=True)
class Case:
    """One mutated copy of the library."""

    number: int
    kind: str
    detail: str
    directory: Path


def run(seed: int, effort: float) -> Figures:
    """Attack `CASES * effort` copies of a library."""
    figures = Figures({"mutations": 0, "commands": 0, "refused": 0, "slowest (s)": 0.0})
    with tempfile.TemporaryDirectory(prefix="damage-") as scratch:
        library = asyncio.run(build_library(Path(scratch, "template")))
        for number in range(max(1, round(CASES * effort))):
            _attack(library, Path(scratch, "case"), seed, number, figures)
    return figures


def _attack(library: Library, directory: Path, seed: int, number: int, figures: Figures) -> None:
    chance = random.Random(f"{seed}/{number}")
    shutil.copytree(library.directory, directory, symlinks=True)
    try:
        kinds: list[str] = [*MUTATIONS]
        kind = kinds[number % len(kinds)]
        mutate: Callable[[Path, random.Random], str] = MUTATIONS[kind]
        case = Case(number, kind, mutate(directory, chance), directory)
        figures.counts["mutations"] += 1
        for arguments in _commands(case, chance):
            _judge(case, arguments, run_command(directory, arguments), figures)
    finally:
        for entry in directory.rglob("*"):
            if entry.is_dir() and not entry.is_symlink():
                os.chmod(entry, 0o700)
        shutil.rmtree(directory)


def _commands(case: Case, chance: random.Random) -> list[tuple[str, ...]]:
    out = case.directory / "out"
    if case.kind.startswith("bundle"):
        chosen = [("import", f"{case.directory}/talk.gramophone"), ("show", "last")]
        chosen += [("fixture", "diff", f"{case.directory}/talk.gramophone", "last")]
    elif case.kind.startswith("chats"):
        chosen = [("import", f"{case.directory}/chats.json"), ("show", "last"), ("sessions",)]
    elif case.kind.startswith("config"):
        chosen = [("sessions",), ("doctor", "--json")] if case.number % 7 == 0 else [("sessions",)]
    else:
        chosen = [("verify",), *chance.sample(READING, _COMMANDS_A_CASE)]
    return [tuple(part.replace("{out}", str(out)) for part in words) for words in chosen]


def _judge(case: Case, arguments: tuple[str, ...], outcome: Outcome, figures: Figures) -> None:
    figures.counts["commands"] += 1
    figures.counts["refused"] += outcome.code != 0
    figures.counts["slowest (s)"] = max(figures.counts["slowest (s)"], round(outcome.seconds, 1))
    words = " ".join(arguments).replace(str(case.directory), "")
    if outcome.seconds > SLOW_S:
        print(f"  slow: case {case.number} ({case.detail}), {words}: {outcome.seconds:.1f} s")
    if fault := outcome.fault():
        figures.broken.append(f"case {case.number} ({case.kind}: {case.detail}), {words}: {fault}")
