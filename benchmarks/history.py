"""What a long history costs on the screen: opening it and searching in it, in a real terminal.

    python -m benchmarks.history [--sessions 100000] [--rounds 15] [--json]

The whole program in a pty, with one page of sessions and with many in turns, driven by keys.
Opening is the time from F2 until the first row is drawn; searching is the time from the last letter
of a word until the hits are drawn, including the wait for further letters. Beside them are the call
of the library alone, in an idle program, and the bare query in `sqlite3`: the least SQL for the
rows that are drawn. Milliseconds at the median.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.app_in_pty import AppInPty
from benchmarks.library import ASKED, NEWEST, RARE, ROW, asked_ms, bare_ms, fill, fill_in
from storage.home import Home
from storage.library import StoredLibrary
from storage.sessions.search import TEXTS_OF
from storage.sqlite.database import connect

PAGE = 50
NOBODY = "http://127.0.0.1:9"
"""No model is asked for anything."""

SEARCHES = {"a rare word": RARE, "a word in a tenth of all": "people", "in every turn": "answer"}
FIRST, OPENING = "opening, the first time", "opening"
F2 = "\x1bOQ"
EMPTY_FIELD = "earch all that was said"
SETTLING_S = 1.0
STILL_S = 0.5
DEADLINE_S = 60.0

NEWEST_HITS = "SELECT rowid FROM turn_text WHERE turn_text MATCH ? ORDER BY rowid DESC"
SESSIONS = f"SELECT {ROW} FROM session WHERE position IN ({{}}) ORDER BY position DESC"


@dataclass(frozen=True, slots=True)
class Row:
    """Times of one action: with a page of sessions, with many, of the library's call, and of the
    bare query."""

    page_ms: float
    many_ms: float
    asked_ms: float
    bare_ms: float


async def opened_ms(app: AppInPty) -> float:
    """From F2 to the first row, and back again."""
    took_ms = await _key_ms(app, F2, "A title")
    app.type("\x1b")
    await app.wait_for("Type below", for_s=DEADLINE_S)
    await asyncio.sleep(STILL_S)
    return took_ms


async def searched_ms(app: AppInPty, word: str) -> float:
    """From the last letter of a word to its hits, in an open history; leaves it as it was."""
    app.type("/")
    await asyncio.sleep(STILL_S)
    app.type(word[:-1])
    await app.wait_for("hit", for_s=DEADLINE_S)
    await asyncio.sleep(STILL_S)
    took_ms = await _key_ms(app, word[-1], "hit")
    app.type("\x1b")
    await app.wait_for(EMPTY_FIELD, for_s=DEADLINE_S)
    await asyncio.sleep(STILL_S)
    return took_ms


async def _key_ms(app: AppInPty, key: str, words: str) -> float:
    began = time.perf_counter()
    drawn = asyncio.ensure_future(app.wait_for(words, for_s=DEADLINE_S))  # noqa: TID251
    await asyncio.sleep(0)
    app.type(key)
    await drawn
    return (time.perf_counter() - began) * 1000


async def on_screen(homes: Sequence[Path], rounds: int) -> list[dict[str, float]]:
    """Medians by what was done, for each library; in turns, so that they have the same weather."""
    took: list[dict[str, list[float]]] = [{} for _ in homes]
    async with AsyncExitStack() as stack:
        apps: list[AppInPty] = []
        for home in homes:
            apps.append(app := AppInPty(home, NOBODY, "--mute"))
            stack.enter_context(app.drained())
            async with asyncio.timeout(DEADLINE_S):
                await app.ready.wait()
        await asyncio.sleep(SETTLING_S)
        for app, times in zip(apps, took, strict=True):
            times[FIRST] = [await opened_ms(app)]
        for _ in range(rounds):
            for app, times in zip(apps, took, strict=True):
                times.setdefault(OPENING, []).append(await opened_ms(app))
        for app in apps:
            await _key_ms(app, F2, "A title")
        await asyncio.sleep(STILL_S)
        for _ in range(rounds):
            for name, word in SEARCHES.items():
                for app, times in zip(apps, took, strict=True):
                    times.setdefault(name, []).append(await searched_ms(app, word))
    return [{name: statistics.median(ms) for name, ms in times.items()} for times in took]


def fill_page(home: Path) -> None:
    """As many sessions as are drawn, with every word in each: the same rows as of many."""
    fill(home, PAGE)
    with closing(connect(Home.at(home))) as database:
        words = " ".join(SEARCHES.values())
        database.execute("UPDATE turn SET text = text || ? WHERE turn = 0", (f" {words}",))


async def library_times_ms(home: Path) -> dict[str, float]:
    """Time the same calls of the library, without a screen."""
    async with await StoredLibrary.open(home) as library:
        newest_ms = await asked_ms(lambda: library.sessions(limit=PAGE))
        hits = {
            name: await asked_ms(lambda word=word: library.sessions(limit=PAGE, search=word))
            for name, word in SEARCHES.items()
        }
    return {FIRST: newest_ms, OPENING: newest_ms} | hits


def bare(home: Path) -> dict[str, float]:
    with closing(connect(Home.at(home))) as database:
        newest_ms = bare_ms(database, NEWEST, 1 << 42)
        hits = {name: bare_hits_ms(database, word) for name, word in SEARCHES.items()}
    return {FIRST: newest_ms, OPENING: newest_ms} | hits


def bare_hits_ms(database: sqlite3.Connection, word: str) -> float:
    """The newest hit in each of fifty sessions, their text, and the sessions."""
    took: list[float] = []
    for _ in range(ASKED):
        began = time.perf_counter()
        newest: dict[int, int] = {}
        for (turn,) in database.execute(NEWEST_HITS, (f'"{word}"*',)):
            newest.setdefault(turn >> 20, turn)
            if len(newest) == PAGE:
                break
        database.execute(TEXTS_OF, (json.dumps([*newest.values()]),)).fetchall()
        database.execute(SESSIONS.format(",".join(map(str, newest)))).fetchall()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def measure(sessions: int, rounds: int) -> dict[str, Row]:
    with tempfile.TemporaryDirectory() as directory:
        page, many = Path(directory, "page"), Path(directory, "many")
        fill_page(page)
        fill(many, sessions)
        fill_in(many)
        page_ms, many_ms = asyncio.run(on_screen((page, many), rounds))
        query_ms, library_ms = bare(many), asyncio.run(library_times_ms(many))
    return {
        name: Row(page_ms[name], many_ms[name], library_ms[name], query_ms[name])
        for name in page_ms
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    sessions: int = arguments.sessions
    rounds: int = arguments.rounds
    as_json: bool = arguments.json
    rows = measure(sessions, rounds)
    if as_json:
        print(json.dumps({"sessions": sessions, "ms": {k: asdict(v) for k, v in rows.items()}}))
        return
    print(f"{'':28}{PAGE} sessions {sessions:>9,}   library call  bare query")
    for name, row in rows.items():
        print(
            f"  {name:26} {row.page_ms:6.0f} ms {row.many_ms:7.0f} ms "
            f"{row.asked_ms:9.2f} ms {row.bare_ms:8.2f} ms"
        )


if __name__ == "__main__":
    main()
