"""Killed in mid-sentence: what a recording loses to SIGKILL.

    python -m benchmarks.kill [--kills 30] [--json]

A child process records synthetic turns and tells through a pipe when it emitted each event. It is
killed at a random moment. Afterwards the library is opened (which repairs it), checked, and every
WAV is read with `soundfile` and with the `wave` module. Lost is the time from the first event that
is not in the library to the kill.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import wave
from dataclasses import asdict, dataclass
from pathlib import Path

import soundfile

from gramophone.core.errors import SessionNotFound, StorageError
from gramophone.core.timeline import AudioReceived, DeltaReceived, SessionStarted, TurnCompleted
from gramophone.core.timeline import TurnStarted as Started
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder

RECORD = struct.Struct("<q")
EVENT_EVERY_S = 0.002
EVENTS_A_TURN = 150
FRAME = bytes(1_920)
LONGEST_S = 1.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one kill left."""

    emitted: int
    kept: int
    lost_ms: float
    unreadable: int
    findings: int


def record(directory: Path, pipe: int) -> None:
    """The child: emit for ever, one event every 2 ms, and tell the time of each afterwards."""
    recorder = Recorder.open(directory)
    began_ns = time.monotonic_ns()
    turn, emitted, offset_bytes = 0, 0, 0

    def emit(event: object) -> None:
        nonlocal emitted
        emitted += 1
        recorder.emit(event)  # pyright: ignore[reportArgumentType]
        os.write(pipe, RECORD.pack(time.monotonic_ns()))

    emit(
        SessionStarted(
            at_us=0, session_id="0ddba11", provider="local", model="synthetic", voice="none",
            encoding="linear16", sample_rate_hz=48_000, system_prompt="",
        )
    )  # fmt: skip
    while True:
        at_us = (time.monotonic_ns() - began_ns) // 1000
        emit(Started(at_us=at_us, turn=turn, role="assistant"))
        offset_bytes = 0
        for number in range(EVENTS_A_TURN):
            time.sleep(EVENT_EVERY_S)
            at_us = (time.monotonic_ns() - began_ns) // 1000
            if number % 3:
                emit(
                    AudioReceived(
                        at_us=at_us, turn=turn, connection=0, offset_bytes=offset_bytes,
                        size_bytes=len(FRAME), pcm=FRAME,
                    )
                )  # fmt: skip
                offset_bytes += len(FRAME)
            else:
                emit(DeltaReceived(at_us=at_us, turn=turn, text=f"word{number} "))
        emit(
            TurnCompleted(
                at_us=at_us, turn=turn, role="assistant", text="words", finish_reason="stop"
            )
        )
        turn += 1


def kill_once(directory: Path, after_s: float) -> Outcome:
    """Start a child, kill it `after_s` after its first event, and look at what is left."""
    reading, writing = os.pipe()
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.kill", "--record", str(directory), str(writing)],
        pass_fds=[writing],
    )
    os.close(writing)
    reports = os.read(reading, RECORD.size)
    time.sleep(after_s)
    killed_ns = time.monotonic_ns()
    child.send_signal(signal.SIGKILL)
    child.wait()
    while more := os.read(reading, 1 << 16):
        reports += more
    os.close(reading)
    times_ns = [
        RECORD.unpack_from(reports, at)[0] for at in range(0, len(reports) - 7, RECORD.size)
    ]
    stored, unreadable, findings = examine(directory)
    lost = [at_ns for at_ns in times_ns[stored:] if at_ns < killed_ns]
    lost_ms = (killed_ns - lost[0]) / 1e6 if lost else 0.0
    return Outcome(len(times_ns), stored, lost_ms, unreadable, findings)


def examine(directory: Path) -> tuple[int, int, int]:
    """Events kept, unreadable databases and files, findings of the check after the repair."""
    unreadable = sum(not readable(path) for path in directory.glob("audio/*/*.wav"))
    try:
        stored, findings = asyncio.run(opened(directory))
    except StorageError as error:
        print(error, file=sys.stderr)
        return 0, unreadable + 1, 0
    unreadable += sum(not readable(path) for path in directory.glob("audio/*/*.wav"))
    return stored, unreadable, findings


async def opened(directory: Path) -> tuple[int, int]:
    """Events kept, and findings; opening is what repairs."""
    async with await StoredLibrary.open(directory) as library:
        findings = len(await library.verify())
        try:
            return len(await library.events("0ddba11", with_pcm=False)), findings
        except SessionNotFound:
            # Killed before the first commit: all is lost, and counted as such.
            return 0, findings


def readable(path: Path) -> bool:
    """Whether two independent readers take the file."""
    try:
        with wave.open(str(path), "rb") as sound:
            frames = len(sound.readframes(sound.getnframes())) // 2
        return len(soundfile.read(path, dtype="int16")[0]) == frames
    except (OSError, EOFError, wave.Error, soundfile.SoundFileError) as error:
        print(path, error, file=sys.stderr)
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--record", nargs=2, metavar=("HOME", "FD"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.record:
        record(Path(arguments.record[0]), int(arguments.record[1]))
    kills: int = arguments.kills
    as_json: bool = arguments.json
    chance = random.Random()
    with tempfile.TemporaryDirectory() as directory:
        outcomes = [
            kill_once(Path(directory) / str(number), chance.uniform(0.0, LONGEST_S))
            for number in range(kills)
        ]
    lost_ms = [outcome.lost_ms for outcome in outcomes]
    figures = {
        "kills": kills,
        "events": sum(outcome.emitted for outcome in outcomes),
        "unreadable": sum(outcome.unreadable for outcome in outcomes),
        "findings": sum(outcome.findings for outcome in outcomes),
        "lost_ms_median": statistics.median(lost_ms),
        "lost_ms_most": max(lost_ms),
    }
    if as_json:
        print(json.dumps(figures | {"outcomes": [asdict(outcome) for outcome in outcomes]}))
        return
    print(f"{kills} kills, {figures['events']:,} events emitted")
    print(f"  unreadable databases and WAVs   {figures['unreadable']:6}      wanted 0")
    print(f"  findings after the repair       {figures['findings']:6}      wanted 0")
    print(f"  lost, median                    {figures['lost_ms_median']:6.0f} ms")
    print(f"  lost, most                      {figures['lost_ms_most']:6.0f} ms   wanted ≤ 200")


if __name__ == "__main__":
    main()
