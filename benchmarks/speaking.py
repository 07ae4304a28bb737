"""Processor time of the whole program while an answer that is complete is being spoken.

    python -m benchmarks.speaking [--seconds N] [--json]

The program runs in a pty of 120×34 with a scripted model and the embedded voice's tones at 48 kHz,
on the silent speaker, which keeps real time. Its processor time is read from `/proc`, by thread:
the screen is the first one, the rest are the engine and what it starts. It is measured idle, and
while the answer is spoken. For comparison a bare Textual app of the same size, in the same run, has
a `Static` of four rows, as large as the strip of sound, that changes 15 times a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.app_in_pty import AppInPty
from benchmarks.arrangements import tokens
from benchmarks.latency import BODY
from benchmarks.scripted_openai import scripted_openai
from tests.support.deadlines import HANG_S

SIZE = (120, 34)
SETTLING_S = 4.0
WANTED_PERCENT = 8.0
BARE = """
from textual.app import App
from textual.widgets import Static

class Bare(App[None]):
    frames = 0

    def compose(self):
        yield Static("idle")
        yield Static(id="strip")

    def on_mount(self):
        self.set_interval(1 / 15, self.draw)

    def draw(self):
        self.frames += 1
        row = "".join(chr(0x2801 + (self.frames + cell) % 255) for cell in range(100))
        self.query_one("#strip", Static).update("\\n".join([row] * 4))

Bare().run()
"""
_TICKS_HZ = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Share:
    """Processor time as percent of a core, of the first thread and of all others."""

    case: str
    screen_percent: float
    engine_percent: float

    @property
    def whole_percent(self) -> float:
        return self.screen_percent + self.engine_percent


def thread_ticks(pid: int) -> tuple[int, int]:
    """Ticks of processor time: of the first thread, and of all others that live."""
    first = others = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        fields = stat.read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        if stat.parent.name == str(pid):
            first = ticks
        else:
            others += ticks
    return first, others


async def share(case: str, app: AppInPty, for_s: float) -> Share:
    """Measure for so long."""
    before = thread_ticks(app.pid)
    await asyncio.sleep(for_s)
    after = thread_ticks(app.pid)
    screen, engine = (
        round(100 * (late - early) / _TICKS_HZ / for_s, 1)
        for early, late in zip(before, after, strict=True)
    )
    return Share(case, screen, engine)


async def measure(home: Path, for_s: float) -> list[Share]:
    """The program idle and speaking, then the bare app."""
    answer = [*tokens(BODY.replace("\n", " ")), " ⁂"]
    results: list[Share] = []

    async def talk(app: AppInPty) -> None:
        results.append(await share("idle", app, for_s / 2))
        app.type("Tell me more.\r")
        await app.wait_for("⁂", for_s=HANG_S)
        await asyncio.sleep(SETTLING_S)
        results.append(await share("speaking", app, for_s))

    async def draw(app: AppInPty) -> None:
        results.append(await share("bare", app, for_s))

    async with scripted_openai(answer) as url:
        await _run(AppInPty(home, url, size=SIZE), talk)
        await _run(AppInPty(home, url, size=SIZE, program=BARE), draw)
    return results


async def _run(app: AppInPty, use: Callable[[AppInPty], Awaitable[None]]) -> None:
    with app.drained():
        async with asyncio.timeout(HANG_S):
            await app.ready.wait()
        await asyncio.sleep(SETTLING_S)
        await use(app)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="time to measure")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        results = asyncio.run(measure(Path(home), options.seconds))
    if options.json:
        print(json.dumps([asdict(result) for result in results]))
        return 0
    for result in results:
        print(
            f"{result.case:9} {result.whole_percent:5.1f} % of a core: screen "
            f"{result.screen_percent:.1f}, engine {result.engine_percent:.1f}"
        )
    print(f"wanted while it speaks: ≤ {WANTED_PERCENT:.0f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
