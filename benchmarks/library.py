"""What a long history costs: the newest page and searches over many sessions.

    python -m benchmarks.library [--sessions 100000] [--json]

The rows are synthetic and written in bulk; the questions go through `storage.library`. Milliseconds
at the median of twenty.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from gramophone.ports import SessionSummary
from storage.database import open_library, transaction
from storage.home import Home
from storage.library import Library
from storage.schema import turn_number

TURNS_A_SESSION = 4
VOCABULARY = 3_000
RARE = "hippopotamus"
ASKED = 20


def fill(directory: Path, sessions: int) -> None:
    """A library of so many sessions of short turns; one turn in ten thousand has the rare word."""
    chance = random.Random(7)
    words = [f"{chance.choice('bcdfgklmprst')}{number:x}" for number in range(VOCABULARY)]
    database = open_library(Home.at(directory))
    with transaction(database):
        database.executemany(
            "INSERT INTO session (number, id, title, created_at, provider, model, voice, encoding, "
            "sample_rate_hz, system_prompt, format_version, ended, turns) VALUES "
            "(?, ?, 'A title', '2026-01-01T00:00:00+00:00', 'p', 'm', 'v', 'linear16', 48000, '', "
            f"1, 1, {TURNS_A_SESSION})",
            ((number, f"{number:016x}") for number in range(1, sessions + 1)),
        )
        database.executemany(
            "INSERT INTO turn (number, session, turn, role, text, started_us) "
            "VALUES (?, ?, ?, 'user', ?, 0)",
            (
                (
                    turn_number(session, turn),
                    session,
                    turn,
                    "with that answer "
                    + ("people " if chance.random() < 0.1 else "")
                    + " ".join(chance.choices(words, k=12))
                    + (f" {RARE}" if chance.random() < 1e-4 else ""),
                )
                for session in range(1, sessions + 1)
                for turn in range(TURNS_A_SESSION)
            ),
        )
    database.close()


async def asked_ms(question: Callable[[], Awaitable[list[SessionSummary]]]) -> float:
    """Median time of one question."""
    took: list[float] = []
    for _ in range(ASKED):
        began = time.perf_counter()
        await question()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


async def measure(directory: Path, sessions: int) -> dict[str, float]:
    async with await Library.open(directory) as library:
        deep = f"{sessions // 2:016x}"
        questions: dict[str, Callable[[], Awaitable[list[SessionSummary]]]] = {
            "newest 50": lambda: library.sessions(),
            "50 in the middle": lambda: library.sessions(older_than=deep),
            "two words of every turn": lambda: library.sessions(search="with that"),
            "a rare word": lambda: library.sessions(search=RARE),
            "2 letters of it": lambda: library.sessions(search=RARE[:2]),
            "3 letters of a common word": lambda: library.sessions(search="ans"),
            "5 letters of a common word": lambda: library.sessions(search="answe"),
            "6 letters, in a tenth of all": lambda: library.sessions(search="people"),
            "6 letters, in every turn": lambda: library.sessions(search="answer"),
            "a common and a rare word": lambda: library.sessions(search=f"answer {RARE}"),
            "no such word": lambda: library.sessions(search="zzzz"),
        }
        return {name: await asked_ms(question) for name, question in questions.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    sessions: int = arguments.sessions
    as_json: bool = arguments.json
    with tempfile.TemporaryDirectory() as directory:
        fill(Path(directory), sessions)
        figures = asyncio.run(measure(Path(directory), sessions))
    if as_json:
        print(json.dumps({"sessions": sessions, "ms": figures}))
        return
    print(f"{sessions:,} sessions of {TURNS_A_SESSION} turns; wanted < 5 ms")
    for name, took in figures.items():
        print(f"  {name:28} {took:7.2f} ms")


if __name__ == "__main__":
    main()
