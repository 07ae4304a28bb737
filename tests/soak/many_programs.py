"""Two and twenty programs on one library, with some of them killed: `make soak ARGS=many_programs`.

In each round some programs talk, others list, export, tag and delete, all at once, and one of
those that talk is killed. Whatever a program reported as kept must be there afterwards.
"""

from __future__ import annotations

import asyncio
import random
import re
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from gramophone.core.errors import GramophoneError, SessionNotFound
from storage.library import StoredLibrary
from tests.soak.figures import Figures
from tests.soak.program_server import Program, ProgramServer, program_server
from tests.support.chat_server import answering
from tests.support.programs import standin

ROUNDS_OF_TWO, ROUNDS_OF_TWENTY = 20, 10
_ANSWER = "Needles listen, records turn, and the horn tells the room about it. " * 3
_KEPT = re.compile(r"session ([0-9a-f]+)")
_TALK = ("ask", "--provider", "openai", "--mute")
_OTHERS = (
    ("sessions", "--json"), ("sessions", "--search", "gramophone"), ("show", "last"), ("verify",),
    ("stats",), ("tag", "last", "+seen"), ("rename", "last", "Renamed"), ("pin", "last"),
    ("gc", "--yes"), ("compact", "--older-than", "0d"), ("export", "last", "-o", "talk.md"),
    ("export", "last", "-o", "talk.gramophone"), ("backup", "backup"), ("doctor", "--mute"),
)  # fmt: skip
# What a program may say when the session it wants is in use, is gone, or is not there yet.
_MAY_FAIL = re.compile(
    r"No session|in use|being recorded|is held by|no longer|already|is not over yet|has no sound"
)


def run(seed: int, effort: float) -> Figures:
    """20 rounds of two programs and 10 of twenty at effort 1."""
    chance = random.Random(seed)
    figures = Figures({"programs": 0, "killed": 0, "sessions kept": 0, "refused": 0})
    with (
        tempfile.TemporaryDirectory(prefix="soak-many-") as scratch,
        standin("--no-limits") as speak_url,
        answering(_ANSWER) as model_url,
        program_server(
            Path(scratch) / "runs",
            {"GRAMOPHONE_SPEAK_URL": speak_url, "OPENAI_BASE_URL": model_url},
        ) as server,
    ):
        for size, rounds in ((2, ROUNDS_OF_TWO), (20, ROUNDS_OF_TWENTY)):
            home = Path(scratch) / f"library-of-{size}" / "home"
            stored_ids: set[str] = set()
            for number in range(max(1, round(rounds * effort))):
                round_name = f"round {number} of {size}"
                broken = _round(server, home, size, stored_ids, figures, chance)
                figures.broken += [f"{round_name}: {sentence}" for sentence in broken]
            figures.counts["sessions kept"] += len(stored_ids)
    return figures


def _round(
    server: ProgramServer,
    home: Path,
    size: int,
    stored_ids: set[str],
    figures: Figures,
    chance: random.Random,
) -> list[str]:
    talking = max(1, size // 3)
    commands: list[Sequence[str]] = [(*_TALK, f"What is a gramophone? {n}") for n in range(talking)]
    commands += [chance.choice(_OTHERS) for _ in range(size - talking)]
    chance.shuffle(commands)
    programs = [(command, server.start(home, command)) for command in commands]
    victim = next(program for command, program in programs if command[0] == "ask")
    victim.ended(chance.uniform(0.0, 3.0))
    began_s = time.monotonic()
    victim.kill()
    broken: list[str] = []
    for command, program in programs:
        broken += _result(command, program, stored_ids, figures, is_victim=program is victim)
    if time.monotonic() - began_s > 120:
        broken.append("the programs hung")
    return broken + asyncio.run(_after(home, stored_ids))


def _result(
    command: Sequence[str],
    program: Program,
    stored_ids: set[str],
    figures: Figures,
    *,
    is_victim: bool,
) -> list[str]:
    code = program.code()
    figures.counts["programs"] += 1
    if command[0] == "ask" and code == 0 and (match_ := _KEPT.search(program.errors)):
        stored_ids.add(match_[1])
        return []
    if is_victim and code < 0:
        figures.counts["killed"] += 1
        return []
    if code == 0:
        return []
    if code == 1 and _MAY_FAIL.search(program.errors + program.output):
        figures.counts["refused"] += 1
        return []
    return [f"{' '.join(command)} ended with {code}: {(program.output + program.errors)[-300:]}"]


async def _after(home: Path, stored_ids: set[str]) -> list[str]:
    broken: list[str] = []
    try:
        async with await StoredLibrary.open(home) as library:
            broken += [finding.detail for finding in await library.verify()]
            for session_id in sorted(stored_ids):
                try:
                    record = await library.session(session_id)
                except SessionNotFound:
                    broken.append(f"the session {session_id} was kept and is gone")
                    continue
                texts = [turn.text.strip() for turn in record.turns]
                if len(texts) != 2 or texts[1] != _ANSWER.strip():
                    broken.append(f"the session {session_id} has lost text: {texts}")
    except GramophoneError as error:
        broken.append(str(error))
    return broken
