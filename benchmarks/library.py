"""What a long history costs: pages, searches and filters, beside the bare query of each.

    python -m benchmarks.library [--sessions 100000] [--json]

The rows are synthetic and written in bulk; the questions go through `storage.library`. The bare
query is the least SQL that gives the same, asked of `sqlite3` in the same run. Milliseconds at the
median of twenty. One turn in ten is Chinese: it has no spaces, and the bare query for a part of it
reads every text.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.home import Home
from storage.library import StoredLibrary
from storage.sqlite.database import connect, open_library, transaction
from storage.sqlite.schema import turn_number
from storage.sqlite.time_order import position_of

TURNS_A_SESSION = 4
CHINESE_EACH = 10
CHINESE_WORDS = 30
RARE_CHINESE = "签证"
COMMON_CHINESE = "这里"
VOCABULARY = 3_000
RARE = "hippopotamus"
ASKED = 20

ROW = "*, (SELECT group_concat(name) FROM tag WHERE session = number)"
NEWEST = f"SELECT {ROW} FROM session WHERE position < ? ORDER BY position DESC LIMIT 50"
TEXTS = (
    "SELECT hit.number, text FROM ({}) AS hit "
    "CROSS JOIN session ON session.position = hit.number >> 20 "
    "CROSS JOIN turn ON turn.session = session.number AND turn.turn = hit.number & 1048575"
)
HITS = TEXTS.format(
    "SELECT rowid AS number FROM turn_text WHERE turn_text MATCH ? ORDER BY rowid DESC LIMIT 50"
)
WITHIN = "SELECT number, text FROM turn WHERE text LIKE ? ORDER BY number DESC LIMIT 50"
FILTERED = f"SELECT {ROW} FROM session WHERE {{}} ORDER BY position DESC LIMIT 50"
BOTH = (
    "SELECT turn_text.rowid AS number FROM turn_text "
    "JOIN session ON session.position = turn_text.rowid >> 20 "
    "WHERE turn_text MATCH ? AND {} ORDER BY turn_text.rowid DESC LIMIT 50"
)


def fill(directory: Path, sessions: int) -> None:
    """A library of so many sessions of short turns; one turn in ten thousand has the rare word."""
    chance = random.Random(7)
    words = [f"{chance.choice('bcdfgklmprst')}{number:x}" for number in range(VOCABULARY)]
    pairs = [chr(chance.randrange(0x4E00, 0x9000)) + chr(chance.randrange(0x4E00, 0x9000))
             for _ in range(VOCABULARY)]  # fmt: skip

    def sentence(number: int) -> str:
        if number % CHINESE_EACH == 0:
            rare = RARE_CHINESE if chance.random() < 1e-3 else ""
            run = "".join(chance.choices(pairs, k=CHINESE_WORDS))
            return f"{COMMON_CHINESE}{run[:20]}，{rare}{run[20:]}。"
        return (
            "with that answer "
            + ("people " if chance.random() < 0.1 else "")
            + " ".join(chance.choices(words, k=12))
            + (f" {RARE}" if chance.random() < 1e-4 else "")
        )

    database = open_library(Home.at(directory))
    with transaction(database):
        database.executemany(
            "INSERT INTO session (number, id, title, created_at, provider, model, voice, encoding, "
            "sample_rate_hz, system_prompt, format_version, ended, turns) VALUES "
            "(?, ?, 'A title', ?, 'p', 'm', 'v', 'linear16', 48000, '', "
            f"1, 1, {TURNS_A_SESSION})",
            ((number, f"{number:016x}", began_at(number)) for number in range(1, sessions + 1)),
        )
        database.executemany(
            "INSERT INTO turn (number, session, turn, role, text, started_us) "
            "VALUES (?, ?, ?, 'user', ?, 0)",
            (
                (
                    turn_number(session, turn),
                    session,
                    turn,
                    sentence(session * TURNS_A_SESSION + turn),
                )
                for session in range(1, sessions + 1)
                for turn in range(TURNS_A_SESSION)
            ),
        )
    database.close()


def began_at(number: int) -> str:
    """A session each minute."""
    began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    return began.isoformat(timespec="milliseconds")


def fill_in(directory: Path) -> None:
    """What people do with them: a title, a pin, tags, an archive."""
    database = connect(Home.at(directory))
    with transaction(database):
        database.execute("UPDATE session SET title = 'A zebra' WHERE number % 10000 = 7")
        database.execute("UPDATE session SET provider = 'rare' WHERE number % 20000 = 3")
        database.execute("UPDATE session SET pinned = 1 WHERE number % 20000 = 5")
        database.execute("UPDATE session SET archived = 1 WHERE number % 10 = 1")
        database.execute("UPDATE session SET spoken_samples = 96000 WHERE number % 3 > 0")
        database.execute(
            "INSERT INTO tag SELECT number, 'few' FROM session WHERE number % 9999 = 2"
        )
        database.execute("INSERT INTO tag SELECT number, 'many' FROM session WHERE number % 3 = 0")
    database.close()


async def asked_ms(question: Callable[[], Awaitable[object]]) -> float:
    """Median time of one question."""
    took: list[float] = []
    for _ in range(ASKED):
        began = time.perf_counter()
        await question()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def bare_ms(database: sqlite3.Connection, query: str, *parameters: object) -> float:
    """Median time of one bare query, its rows fetched."""
    took: list[float] = []
    for _ in range(ASKED):
        began = time.perf_counter()
        database.execute(query, parameters).fetchall()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def searches(sessions: int) -> Mapping[str, tuple[str, str, tuple[object, ...]]]:
    """By name: what is typed, and the bare query for it."""
    words = {
        "two words of every turn": ("with that", '"with" "that"*'),
        "a rare word": (RARE, f'"{RARE}"*'),
        "2 letters of it": (RARE[:2], f'"{RARE[:2]}"*'),
        "3 letters of a common word": ("ans", '"ans"*'),
        "5 letters of a common word": ("answe", '"answe"*'),
        "6 letters, in a tenth of all": ("people", '"people"*'),
        "6 letters, in every turn": ("answer", '"answer"*'),
        "a common and a rare word": (f"answer {RARE}", f'"answer" "{RARE}"*'),
        "no such word": ("zzzz", '"zzzz"*'),
    }
    within = {
        "a rare pair in Chinese": RARE_CHINESE,
        "a pair in all of the Chinese": COMMON_CHINESE,
        "one character of it": COMMON_CHINESE[0],
    }
    tagged = "session.position IN (SELECT position FROM tagged WHERE name = '{}')"
    filters = {
        "a provider of all": ("provider:p", "provider = 'p'"),
        "a provider of few": ("provider:rare", "provider = 'rare'"),
        "a tag of few": ("tag:few", tagged.format("few")),
        "a tag of a third": ("tag:many", tagged.format("many")),
        "with sound": ("has:audio", "spoken_samples > 0"),
        "pinned": ("is:pinned", "pinned = 1"),
        "archived": ("is:archived", "archived = 1"),
        "a day without sessions": ("on:2020-01-01", "created_at < '2020'"),
        "none of them (all looked at)": ("is:recovered", "recovered = 1"),
    }
    both = {
        "a common word, a tag of few": ("answer tag:few", '"answer"*', tagged.format("few")),
        "a common word, a tag of a third": ("answer tag:many", '"answer"*', tagged.format("many")),
        "a rare word, with sound": (f"{RARE} has:audio", f'"{RARE}"*', "spoken_samples > 0"),
    }
    return (
        {"newest 50": ("", NEWEST, (1 << 42,))}
        | {name: (typed, HITS, (match,)) for name, (typed, match) in words.items()}
        | {name: (typed, WITHIN, (f"%{typed}%",)) for name, typed in within.items()}
        | {name: (typed, FILTERED.format(sql), ()) for name, (typed, sql) in filters.items()}
        | {
            name: (typed, TEXTS.format(BOTH.format(sql)), (match,))
            for name, (typed, match, sql) in both.items()
        }
    )


async def measure(directory: Path, sessions: int) -> dict[str, tuple[float, float]]:
    """By question: through the library, and bare."""
    figures: dict[str, tuple[float, float]] = {}
    database = connect(Home.at(directory))
    async with await StoredLibrary.open(directory) as library:
        for name, (typed, query, parameters) in searches(sessions).items():
            took = await asked_ms(lambda typed=typed: library.sessions(search=typed))
            figures[name] = took, bare_ms(database, query, *parameters)
        middle = sessions // 2
        deep = await asked_ms(lambda: library.sessions(older_than=f"{middle:016x}"))
        figures["50 in the middle"] = deep, bare_ms(database, NEWEST, position_of(began_at(middle)))
        summed = "SELECT count(*), sum(spoken_samples * 1000 / sample_rate_hz) FROM session"
        figures["the sum of all"] = await asked_ms(library.totals), bare_ms(database, summed)
        counted = "SELECT name, count(*) FROM tag GROUP BY name"
        figures["the tags of all"] = await asked_ms(library.tags), bare_ms(database, counted)
    database.close()
    return figures


def sizes_mb(directory: Path) -> dict[str, float]:
    """Of the index over the turns, and of the whole database, in megabytes."""
    database = connect(Home.at(directory))
    ((index,),) = database.execute("SELECT sum(length(block)) FROM turn_text_data").fetchall()
    database.close()
    return {"index": index / 1e6, "database": Home.at(directory).database.stat().st_size / 1e6}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    sessions: int = arguments.sessions
    as_json: bool = arguments.json
    with tempfile.TemporaryDirectory() as directory:
        fill(Path(directory), sessions)
        fill_in(Path(directory))
        figures = asyncio.run(measure(Path(directory), sessions))
        sizes = sizes_mb(Path(directory))
    if as_json:
        print(json.dumps({"sessions": sessions, "ms": figures, "mb": sizes}))
        return
    print(f"{sessions:,} sessions of {TURNS_A_SESSION} turns          library      bare  ratio")
    for name, (took, bare) in figures.items():
        print(f"  {name:32} {took:7.2f} ms {bare:6.2f} ms {took / bare:5.1f}×")
    print(f"  the index over the turns {sizes['index']:.0f} MB of {sizes['database']:.0f} MB")


if __name__ == "__main__":
    main()
