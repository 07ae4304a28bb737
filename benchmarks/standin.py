"""The stand-in: how well it keeps time, how fast it can be, how many it serves at once.

    python -m benchmarks.standin [--seconds 10] [--sessions 500] [--frames 50000] [--rounds 5]
                                 [--json] [--profile FILE]

The server runs in a process of its own on one core, the client, which only counts bytes, on
another. *Timing*: one session in real time; each frame against the instant that follows from
the first. *Speed*: frames a second as fast as they are taken, in turns with a bare server of
`websockets` that sends the same frames. *Sessions*: so many in real time at once on the one
core. The share of that core which the server used tells how many it would carry, whatever else
the machine does.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from multiprocessing.connection import Connection
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from benchmarks.raw_listener import listened
from gramophone.standin.deepgram.routes import serving
from gramophone.standin.options import StandinOptions
from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.speak_v1.server import SpeakLimits

RATE_HZ = 24_000
FRAME_MS = 20
FRAME_BYTES = RATE_HZ * FRAME_MS // 1000 * 2
TEXT = "What was recorded."
QUERY = f"model=aura-2-thalia-en&sample_rate={RATE_HZ}"
FRAME = bytes(range(240)) * 4

WANTED_P95_MS = 5.0
WANTED_SPEED = 0.7
WANTED_SESSIONS = 500


# --- servers ----------------------------------------------------------------------------------


@asynccontextmanager
async def the_standin(frames: int, speed: float) -> AsyncGenerator[str, None]:
    """The stand-in with a recording of so many frames."""
    recorded = tuple((1000 * FRAME_MS * number, FRAME) for number in range(frames))
    speech = RecordedSpeech("linear16", RATE_HZ, (RecordedSegment(TEXT, recorded),))
    options = StandinOptions(limits=SpeakLimits.none(), pace=speed)
    async with serving(RecordedVoice(speech), options) as url:
        yield url


@asynccontextmanager
async def bare(frames: int, speed: float) -> AsyncGenerator[str, None]:
    """Nothing but the library: the same frames, after two messages."""

    async def play(connection: ServerConnection) -> None:
        await connection.send('{"type":"Metadata"}')
        await connection.recv()
        await connection.recv()
        for _ in range(frames):
            await connection.send(FRAME)
        await connection.send('{"type":"Flushed","sequence_id":0}')
        await connection.wait_closed()

    async with serve(play, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/v1/speak"


SERVERS = {"standin": the_standin, "bare": bare}


@contextmanager
def serving_on_a_core(
    kind: str, frames: int, speed: float, profile: str = ""
) -> Generator[tuple[str, int]]:
    """A server in a process of its own; gives its address and its process id."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_serve, args=(theirs, kind, frames, speed, profile))
    process.start()
    theirs.close()
    try:
        yield f"{ours.recv()}?{QUERY}", process.pid or 0
    finally:
        ours.close()
        process.join()


def _serve(parent: Connection, kind: str, frames: int, speed: float, profile: str) -> None:
    _stay_on(0)
    server = SERVERS[kind](frames, speed)
    if not profile:
        asyncio.run(_until_parent_closes(parent, server))
        return
    with cProfile.Profile(time.process_time) as watching:
        asyncio.run(_until_parent_closes(parent, server))
    watching.dump_stats(profile)


async def _until_parent_closes(
    parent: Connection, server: AbstractAsyncContextManager[str]
) -> None:
    async with server as url:
        parent.send(url)
        closed = asyncio.Event()
        asyncio.get_running_loop().add_reader(parent.fileno(), closed.set)
        await closed.wait()


def _stay_on(core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


# --- measurements -----------------------------------------------------------------------------


def timing(seconds: int) -> dict[str, float]:
    """How far frames are from where the first one puts them."""
    with serving_on_a_core("standin", seconds * 1000 // FRAME_MS, 1.0) as (url, _):
        arrived_us = asyncio.run(_hear(url))
    errors_ms = _errors_ms(arrived_us)
    second = 1000 // FRAME_MS
    drift_ms = statistics.median(errors_ms[-second:]) - statistics.median(errors_ms[:second])
    return {
        "seconds": seconds,
        "p50_ms": _percentile(errors_ms, 50),
        "p95_ms": _percentile(errors_ms, 95),
        "most_ms": max(errors_ms),
        "drift_ms": drift_ms,
    }


def speed(frames: int, rounds: int, profile: str) -> dict[str, float]:
    """Frames a second of both servers, as fast as they can."""
    rates: dict[str, list[float]] = {kind: [] for kind in SERVERS}
    cpu_us: dict[str, list[float]] = {kind: [] for kind in SERVERS}
    for _ in range(rounds):
        for kind in SERVERS:
            watched = profile if kind == "standin" else ""
            with serving_on_a_core(kind, frames, 0.0, watched) as (url, pid):
                before_s = _used_s(pid)
                arrived_us = asyncio.run(_hear(url))
                cpu_us[kind].append(1_000_000 * (_used_s(pid) - before_s) / frames)
            rates[kind].append(1_000_000 * frames / (arrived_us[-1] - arrived_us[0]))
    pairs = zip(rates["standin"], rates["bare"], strict=True)
    return {
        "standin_a_second": statistics.median(rates["standin"]),
        "bare_a_second": statistics.median(rates["bare"]),
        "ratio": statistics.median(ours / bare for ours, bare in pairs),
        "standin_cpu_us": statistics.median(cpu_us["standin"]),
        "bare_cpu_us": statistics.median(cpu_us["bare"]),
    }


def sessions(count: int, seconds: int, profile: str) -> dict[str, float]:
    """So many at once in real time, on one core."""
    frames = seconds * 1000 // FRAME_MS
    with serving_on_a_core("standin", frames, 1.0, profile) as (url, pid):
        arrived_us, used_s = asyncio.run(_hear_many(url, count, pid))
    errors_ms = [error for session in arrived_us for error in _errors_ms(session)]
    frame_cpu_us = 1_000_000 * used_s / (count * frames)
    return {
        "sessions": count,
        "p50_ms": _percentile(errors_ms, 50),
        "p95_ms": _percentile(errors_ms, 95),
        "p99_ms": _percentile(errors_ms, 99),
        "most_ms": max(errors_ms),
        "frame_cpu_us": frame_cpu_us,
        "sessions_a_core": 1000 * FRAME_MS / frame_cpu_us,
    }


async def _hear(url: str) -> list[int]:
    listener = await listened(url, TEXT, FRAME_BYTES)
    await listener.done
    listener.close()
    return listener.arrived_us


async def _hear_many(url: str, count: int, pid: int) -> tuple[list[list[int]], float]:
    before_s = _used_s(pid)
    listeners = [await listened(url, TEXT, FRAME_BYTES) for _ in range(count)]
    await asyncio.gather(*(listener.done for listener in listeners))
    used_s = _used_s(pid) - before_s
    for listener in listeners:
        listener.close()
    return [listener.arrived_us for listener in listeners], used_s


def _errors_ms(arrived_us: Sequence[int]) -> list[float]:
    # The first may itself be late; the least late of the first second sets the clock.
    due_us = [1000 * FRAME_MS * number for number in range(len(arrived_us))]
    late_us = [arrived - due for arrived, due in zip(arrived_us, due_us, strict=True)]
    origin_us = min(late_us[: 1000 // FRAME_MS])
    return [(late - origin_us) / 1000 for late in late_us]


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def _used_s(pid: int) -> float:
    """Processor time of a process so far."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- the command ------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=int, default=10, help="of timing; 60 shows a drift")
    parser.add_argument("--sessions", type=int, default=WANTED_SESSIONS)
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("timing", "speed", "sessions"))
    parser.add_argument("--profile", default="", help="write the server's profile here")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    _stay_on(1)
    results: dict[str, dict[str, float]] = {}
    if options.only in (None, "timing"):
        results["timing"] = timing(options.seconds)
    if options.only in (None, "speed"):
        results["speed"] = speed(options.frames, options.rounds, options.profile)
    if options.only in (None, "sessions"):
        results["sessions"] = sessions(options.sessions, 10, options.profile)
    if options.json:
        print(json.dumps(results))
    else:
        _show(results)
    return 0


def _show(results: dict[str, Any]) -> None:
    targets = {
        "timing": f"p95 at most {WANTED_P95_MS:g} ms, no drift",
        "speed": f"at least {WANTED_SPEED:g} times the bare server",
        "sessions": f"at least {WANTED_SESSIONS} on one core",
    }
    for name, figures in results.items():
        print(f"{name} (wanted: {targets[name]})")
        for figure, value in figures.items():
            print(f"  {figure:18} {value:12,.2f}")


if __name__ == "__main__":
    sys.exit(main())
