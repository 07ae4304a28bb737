"""Exports against the least that could be done instead: `python -m benchmarks.export`.

Sound to WAV against a copy of the same bytes, to FLAC against sox; memory by length; many sessions.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from gramophone.core.clock import wall_clock
from gramophone.core.timeline import (
    AudioReceived,
    Event,
    FlushAnswered,
    FlushSent,
    PlaybackFinished,
    PlaybackStarted,
    SessionEnded,
    SessionStarted,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from gramophone.library.export_request import FORMS, ExportRequest
from storage.export.export import export
from storage.home import Home
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder

RATE_HZ = 48_000
FRAME_BYTES = RATE_HZ // 50 * 2
ANSWER_S = 150
SENTENCE_S = 5
SENTENCE = "The needle follows the groove, and the groove remembers what was said into the horn."


def voice(seconds: int) -> bytes:
    """Something as loud, as low and as interrupted as speech."""
    draw = np.random.default_rng(7)
    times = np.arange(seconds * RATE_HZ) / RATE_HZ
    pitch = 120 + 20 * np.sin(2 * np.pi * 0.3 * times)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    tone = sum(np.sin(k * phase) / k for k in range(1, 12))
    breath = np.convolve(draw.standard_normal(len(times)), np.full(8, 1 / 8), "same")
    words = np.clip(np.sin(2 * np.pi * 1.7 * times) + 0.4, 0, 1)
    return np.rint(4_000 * words * (tone + 0.2 * breath)).astype("<i2").tobytes()


def talk(session_id: str, answers: int, answer_s: float, sound: bytes) -> Generator[Event]:
    """Questions and spoken answers, in frames of 20 ms and sentences of five seconds."""
    yield SessionStarted(
        at_us=0, session_id=session_id, provider="local", model="smollm2", voice="joe",
        encoding="linear16", sample_rate_hz=RATE_HZ, system_prompt="",
    )  # fmt: skip
    at, pcm = 1_000_000, sound[: round(answer_s * RATE_HZ) * 2]
    for number in range(answers):
        yield from _exchange(2 * number, at, pcm)
        at += round(answer_s * 1_000_000) + 2_000_000
    yield SessionEnded(at_us=at)


def _exchange(question_turn: int, at: int, pcm: bytes) -> Generator[Event]:
    turn, question = question_turn + 1, f"What is question {question_turn}?"
    yield TurnStarted(at_us=at, turn=question_turn, role="user", text=question)
    yield TurnCompleted(
        at_us=at, turn=question_turn, role="user", text=question, finish_reason="sent"
    )
    yield TurnStarted(at_us=at, turn=turn, role="assistant")
    sentences = max(1, len(pcm) // (2 * RATE_HZ * SENTENCE_S))
    for chunk in range(sentences):
        start = chunk * (len(SENTENCE) + 1)
        yield TextSpoken(
            at_us=at, turn=turn, chunk=chunk, text=SENTENCE,
            source_start=start, source_end=start + len(SENTENCE),
        )  # fmt: skip
        yield FlushSent(at_us=at, turn=turn, flush=chunk, last_chunk=chunk)
    yield PlaybackStarted(at_us=at + 100_000, turn=turn, device="silent")
    answered = 0
    for offset in range(0, len(pcm), FRAME_BYTES):
        frame = pcm[offset : offset + FRAME_BYTES]
        yield AudioReceived(
            at_us=at, turn=turn, connection=0, offset_bytes=offset, size_bytes=len(frame), pcm=frame
        )
        end_samples = (offset + len(frame)) // 2
        if end_samples >= (answered + 1) * len(pcm) // 2 // sentences:
            yield FlushAnswered(at_us=at, turn=turn, flush=answered, end_samples=end_samples)
            answered += 1
    end = at + 100_000 + len(pcm) // 2 * 1_000_000 // RATE_HZ
    text = " ".join([SENTENCE] * sentences)
    yield PlaybackFinished(at_us=end, turn=turn, played_samples=len(pcm) // 2)
    yield TurnCompleted(at_us=end, turn=turn, role="assistant", text=text, finish_reason="stop")


async def record(home: Path, talks: Iterable[Iterable[Event]]) -> None:
    for events in talks:
        async with Recorder.open(home, wall_clock=wall_clock, redact=()) as recorder:
            for number, event in enumerate(events):
                recorder.emit(event)
                if number % 2_000 == 0:
                    await recorder.flush()
    async with await StoredLibrary.open(home):
        pass


def seconds(do: Callable[[], object]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def synced(path: Path) -> None:
    """What an export does before its file appears."""
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def write(home: Path, ids: list[str], form: str, path: Path, *, folder: bool = False) -> None:
    order = ExportRequest(form, path, folder=folder, replace=True)
    export(Home.at(home), ids, order, lambda written, total: None)


def against(
    ours: Callable[[], object], floor: Callable[[], object], rounds: int
) -> dict[str, float]:
    """Both in turns; the median of the ratios of neighbours."""
    pairs = [(seconds(ours), seconds(floor)) for _ in range(rounds + 1)][1:]
    return {
        "ours_s": round(median(one for one, _ in pairs), 3),
        "floor_s": round(median(other for _, other in pairs), 3),
        "ratio": round(median(one / other for one, other in pairs), 2),
    }


def long_session(work: Path, minutes: int, rounds: int) -> dict[str, Any]:
    """One session to WAV and to FLAC, against a copy and sox."""
    home, wav, copy, flac = work / "hour", work / "a.wav", work / "b.wav", work / "a.flac"
    answers = max(1, minutes * 60 // ANSWER_S)
    asyncio.run(record(home, [talk("a1", answers, ANSWER_S, voice(ANSWER_S))]))
    write(home, ["a1"], "wav", wav)

    def copied() -> None:
        shutil.copyfile(wav, copy)
        synced(copy)

    def by_sox() -> None:
        subprocess.run(["sox", wav, work / "b.flac"], check=True)
        synced(work / "b.flac")

    return {
        "bytes": wav.stat().st_size,
        "wav": against(lambda: write(home, ["a1"], "wav", wav), copied, rounds),
        "flac": against(lambda: write(home, ["a1"], "flac", flac), by_sox, max(1, rounds // 2)),
    }


def peak_mib(home: Path, form: str, path: Path) -> float:
    """The most memory that a process of its own had while it exported."""
    code = f"from benchmarks.export import alone; alone({str(home)!r}, {form!r}, {str(path)!r})"
    child = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(child.stdout)


def alone(home: str, form: str, path: str) -> None:
    """Export in this process, and print the most memory it had."""
    write(Path(home), ["a1"], form, Path(path))
    # Not `ru_maxrss`, which begins at what the parent had.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(int(status["VmHWM"].split()[0]) / 1024)


def memory(work: Path, forms: list[str]) -> dict[str, list[float]]:
    """Peak memory for ten minutes and for three hours."""
    lengths = {10: work / "short", 180: work / "long"}
    for minutes, home in lengths.items():
        answers = minutes * 60 // ANSWER_S
        asyncio.run(record(home, [talk("a1", answers, ANSWER_S, voice(ANSWER_S))]))
    return {
        form: [round(peak_mib(home, form, work / f"m.{form}"), 1) for home in lengths.values()]
        for form in forms
    }


def many(work: Path, count: int, forms: list[str]) -> dict[str, float]:
    """So many sessions of two answers of three seconds, a file each: seconds for all."""
    home, sound = work / "many", voice(3)
    ids = [f"{number:08x}" for number in range(1, count + 1)]
    asyncio.run(record(home, (talk(session_id, 2, 3, sound) for session_id in ids)))
    return {
        form: round(seconds(partial(write, home, ids, form, work / form, folder=True)), 2)
        for form in forms
    }


def main() -> None:
    """Run the parts that are named, all if none is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=["hour", "memory", "many", []], default=[])
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    parts = options.parts or ["hour", "memory", "many"]
    texts = [form.name for form in FORMS.values() if not form.sound]
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCHMARK_DIR")) as directory:
        work = Path(directory)
        if "hour" in parts:
            results["hour"] = long_session(work, options.minutes, options.rounds)
        if "memory" in parts:
            results["memory_mib"] = memory(work, ["wav", "flac"])
        if "many" in parts:
            results["many_s"] = many(work, options.sessions, ["wav", *texts])
    print(json.dumps(results) if options.json else json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
