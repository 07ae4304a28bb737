"""Commands on a disk that fills up at a random byte: `make soak ARGS=full_disk`.

The kernel refuses writes that make the library larger than its quota
(`tests/support/refusing_kernel.py`).
Readers must work all the same, writers must say what the matter is, a deletion must free room, and
with room again the library must be whole.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from storage.maintenance.gc import size_of
from tests.soak.figures import Figures
from tests.soak.kill_library import TARGET, Template, build_template, examine
from tests.support.library_programs import KILLED, SEVERAL
from tests.support.programs import environment, standin

CASES = 60
_MOST_FREE_BYTES = 700_000
_TEXT = "Needles listen, records turn, and the horn tells the room about it. " * 4
_READERS = ("sessions", "sessions --search question", f"show {TARGET}", "show last", "verify",
            "replay last --mute --json", "stats", "gc", "export last -o OUT/talk.md --force",
            "export last -o OUT/talk.wav --force")  # fmt: skip
_WRITERS = ("say --mute TEXT", "import PLACE/chats.json", "import PLACE/talk.gramophone --as-new",
            f"tag {TARGET} +kept", f"rename {TARGET} Another", "compact --older-than 0d",
            "gc --yes", "backup OUT/backup --force")  # fmt: skip
_DELETE = f"delete {TARGET} --yes"
_PLAYING = ("say", "replay")
_MATTER = re.compile(r"no room|The sound of the session \w+ is removed")
_FAULTS = ("Traceback", "disk I/O error", "Check the disk", "defect of the program")


def run(seed: int, effort: float) -> Figures:
    """60 disks at effort 1."""
    chance = random.Random(seed)
    names = (
        "disks",
        "reads",
        "writes done",
        "writes refused",
        "deletions done",
        "sound freed alone",
    )
    figures = Figures(dict.fromkeys(names, 0))
    with tempfile.TemporaryDirectory(prefix="soak-full-") as scratch, standin("--no-limits") as url:
        directory = Path(scratch)
        template = asyncio.run(build_template(directory / "template"))
        for number in range(max(1, round(CASES * effort))):
            case = directory / f"case-{number}"
            broken = _case(template, case, url, figures, chance)
            figures.broken += [f"disk {number}: {sentence}" for sentence in broken]
            shutil.rmtree(case)
    return figures


def _case(
    template: Template, directory: Path, speak_url: str, figures: Figures, chance: random.Random
) -> list[str]:
    home = template.copied(directory)
    (directory / "out").mkdir()
    if chance.random() < 0.5:
        # A log that was not written back, and nobody who has it open.
        subprocess.run([sys.executable, "-c", KILLED, str(home)], check=False)
        (home / "library.db-shm").unlink()
    if chance.random() < 0.5:
        (home / "library.reserve").unlink(missing_ok=True)
    free_bytes = chance.choice((0, chance.randrange(20_000), chance.randrange(_MOST_FREE_BYTES)))
    writers = chance.sample(_WRITERS, 3)
    commands = [*writers, *_READERS, _DELETE, *chance.sample(_READERS, 3)]
    limit_bytes = size_of(home) + free_bytes
    results = _results(f"quota:{limit_bytes}:{home}", home, directory, speak_url, commands)
    figures.counts["disks"] += 1
    disk = f"{free_bytes} bytes free"
    broken = [f"{disk}: {sentence}" for sentence in _judged(commands, results, figures)]
    condition = examine(template, home)
    gone = f"/{TARGET}/"
    findings = [
        finding
        for finding in condition.findings
        if gone not in finding and "session's events" not in finding
    ]
    codes = dict(zip(commands, (code for code, _ in results), strict=True))
    return broken + condition.broken + (findings if codes[_DELETE] else condition.findings)


def _results(
    quota: str, home: Path, directory: Path, speak_url: str, commands: list[str]
) -> list[tuple[int, str]]:
    """Exit code and all that was said, of commands that run one after another."""
    lines = [
        [
            word.replace("OUT/", f"{directory}/out/").replace("PLACE/", f"{directory}/")
            if word != "TEXT"
            else _TEXT
            for word in command.split()
        ]
        for command in commands
    ]
    # A command that plays turns the errors of its process off, so it has one of its own.
    groups = [
        list(group) for _, group in itertools.groupby(lines, lambda line: line[0] in _PLAYING)
    ]
    results: list[tuple[int, str]] = []
    for group in groups:
        for part in [[line] for line in group] if group[0][0] in _PLAYING else [group]:
            completed = subprocess.run(
                [sys.executable, "-m", "tests.support.refusing_kernel", quota, "-c", SEVERAL],
                input=json.dumps(part), capture_output=True, text=True, check=False,
                env=environment(home, {"GRAMOPHONE_SPEAK_URL": speak_url}),
            )  # fmt: skip
            results += _split(completed.stdout, completed.stderr, len(part))
    return results


def _split(output: str, errors: str, commands: int) -> list[tuple[int, str]]:
    outputs = re.split(r"^# .*\n", output, flags=re.MULTILINE)[1:]
    noted = re.split(r"^# .*\n", errors, flags=re.MULTILINE)[1:]
    if len(outputs) != commands or len(noted) != commands:
        return [(99, output + errors)] * commands
    codes = [re.search(r"exit (\d+)\n\Z", output) for output in outputs]
    return [
        (int(code[1]) if code else 99, out + note)
        for code, out, note in zip(codes, outputs, noted, strict=True)
    ]


def _judged(commands: list[str], results: list[tuple[int, str]], figures: Figures) -> list[str]:
    broken: list[str] = []
    for command, (code, printed) in zip(commands, results, strict=True):
        fault = next((fault for fault in _FAULTS if fault in printed), "")
        if fault or code not in (0, 1):
            broken.append(f"{command} ended with {code}: {printed[-300:]}")
        elif command == _DELETE:
            figures.counts["deletions done"] += code == 0
            figures.counts["sound freed alone"] += code == 1
            broken += (
                [] if code == 0 or _MATTER.search(printed) else [f"{command}: {printed[-300:]}"]
            )
        elif command in _WRITERS:
            figures.counts["writes done"] += code == 0
            figures.counts["writes refused"] += code == 1
            broken += (
                [] if code == 0 or _MATTER.search(printed) else [f"{command}: {printed[-300:]}"]
            )
        else:
            figures.counts["reads"] += 1
            gone = re.search("[Nn]o session|has no sound", printed) or command == "verify"
            broken += [] if code == 0 or gone else [f"{command} ended with 1: {printed[-300:]}"]
    return broken
