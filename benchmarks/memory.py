"""Memory of the app while an hour of speech passes through it, faster than real time.

    python -m benchmarks.memory [--minutes 60] [--check] [--json]

The whole program runs in a pty and is driven by keys: a prompt, Enter, and the next one when
the answer is kept. A small local server plays OpenAI's part and streams long answers; the voice
is the embedded one, which the program starts itself, with tones in place of Piper, so that an
hour of it takes minutes. `--mute` is on: sound is made, received and recorded, not played, and
nothing waits for playing time (in the app it would: mute is a switch there). The figure is the
resident memory of the app's own process; engines are processes of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.app_in_pty import AppInPty
from benchmarks.arrangements import tokens
from benchmarks.latency import BODY
from benchmarks.scripted_openai import scripted_openai

WANTED_MB = 150
WANTED_DRIFT_MB = 10
ANSWER_PARAGRAPHS = 5
WARM_ANSWERS = 5
"""Answers after which what is loaded once is loaded and queues have had their bursts; the hour
begins after them."""
SETTLING_S = 4.0
DEADLINE_S = 60.0
LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory when so much sound had been recorded."""

    heard_s: float
    rss_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run. `warm_mb` is after the first answers; `heard_s` of sound came from there on, and
    memory went as far as `drift_mb` away."""

    idle_mb: float
    warm_mb: float
    most_mb: float
    drift_mb: float
    answers: int
    heard_s: float
    took_s: float
    samples: list[Sample]

    @property
    def met(self) -> bool:
        return self.most_mb <= WANTED_MB and abs(self.drift_mb) <= WANTED_DRIFT_MB


async def measure(minutes: float, home: Path) -> Result:
    """Prompt after prompt until so much sound is kept."""
    began = time.monotonic()
    text = "\n\n".join([BODY.replace("\n", " ").strip()] * ANSWER_PARAGRAPHS)
    async with scripted_openai(tokens(text)) as model_url:
        app = AppInPty(home, model_url, "--mute", unplayed=True)
        with app.drained():
            async with asyncio.timeout(DEADLINE_S):
                await app.ready.wait()
            await asyncio.sleep(SETTLING_S)
            idle_mb = app.rss_mb()
            samples: list[Sample] = []
            while not _enough(samples, minutes * 60):
                app.type("Tell me more.\r")
                heard_s = await _answered(home, len(samples) + 1)
                samples.append(Sample(round(heard_s, 1), round(app.rss_mb(), 1)))
    rss = [sample.rss_mb for sample in samples]
    warm = rss[WARM_ANSWERS - 1]
    return Result(
        idle_mb=round(idle_mb, 1),
        warm_mb=warm,
        most_mb=max(rss),
        drift_mb=round(max((mb - warm for mb in rss[WARM_ANSWERS:]), key=abs, default=0.0), 1),
        answers=len(samples),
        heard_s=samples[-1].heard_s - samples[WARM_ANSWERS - 1].heard_s,
        took_s=round(time.monotonic() - began, 1),
        samples=samples,
    )


def _enough(samples: list[Sample], wanted_s: float) -> bool:
    warm = samples[WARM_ANSWERS - 1 : WARM_ANSWERS]
    return any(samples[-1].heard_s - sample.heard_s >= wanted_s for sample in warm)


async def _answered(home: Path, answers: int) -> float:
    """Wait until so many answers are kept; the seconds of sound in them."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            count, heard_s = _kept(home)
            if count >= answers:
                return heard_s
            await asyncio.sleep(LOOK_S)


def _kept(home: Path) -> tuple[int, float]:
    """Answers that are complete in the library, and seconds of sound in them."""
    path = home / "library.db"
    if not path.exists():
        return 0, 0.0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        count, seconds = database.execute(
            "SELECT count(*), coalesce(sum(1.0 * samples / sample_rate_hz), 0) "
            "FROM turn JOIN session ON session.number = turn.session "
            "WHERE role = 'assistant' AND completed_us IS NOT NULL"
        ).fetchone()
    return count, seconds


def _print(result: Result) -> None:
    print(f"engine ready, nothing said   {result.idle_mb:6.1f} MB")
    print(f"after {WARM_ANSWERS} answers              {result.warm_mb:6.1f} MB")
    print(f"most                         {result.most_mb:6.1f} MB   wanted ≤ {WANTED_MB}")
    print(f"drift from {WARM_ANSWERS} answers on      {result.drift_mb:+6.1f} MB"
          f"   wanted within ± {WANTED_DRIFT_MB}")  # fmt: skip
    print(
        f"{result.answers} answers, {result.heard_s / 60:.1f} minutes of sound after the first "
        f"{WARM_ANSWERS}, in {result.took_s:.0f} s"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a figure is missed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        result = asyncio.run(measure(options.minutes, Path(home)))
    if options.json:
        print(json.dumps(asdict(result)))
    else:
        _print(result)
    return 1 if options.check and not result.met else 0


if __name__ == "__main__":
    sys.exit(main())
