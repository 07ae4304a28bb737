"""What recording costs: events against one raw `executemany`, sound against bare `os.write`.

    python -m benchmarks.recorder [--json]

Both sides of each comparison run in turns in one process on one disk; the medians are compared.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from gramophone.core.timeline import (
    DeltaReceived,
    Event,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
    SessionEnded,
    SessionStarted,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from storage.audio.wav import WavFormat, WavWriter
from storage.home import Home
from storage.recording.recorder import Recorder
from storage.sqlite.database import open_library, transaction
from storage.sqlite.rows import INSERT, row_of

TURNS = 20
DELTAS_A_TURN = 1_000
ROUNDS = 7
CHUNK = bytes(range(256)) * 7 + bytes(128)  # 1,920 bytes: 20 ms at 48 kHz
CHUNKS_A_ROUND = 500
CHUNK_ROUNDS = 100


def session_events(session_id: str) -> list[Event]:
    """A talk of long answers: for every delta its raw chunk, for every tenth two frames."""
    events: list[Event] = [
        SessionStarted(
            at_us=0, session_id=session_id, provider="local", model="synthetic",
            voice="none", encoding="linear16", sample_rate_hz=48_000, system_prompt="",
        )
    ]  # fmt: skip
    at_us = 0
    for turn in range(TURNS):
        events.append(TurnStarted(at_us=at_us, turn=turn, role="assistant"))
        for delta in range(DELTAS_A_TURN):
            at_us += 20_000
            text = f" word{delta}"
            raw = json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]})
            events.append(ModelChunkReceived(at_us=at_us, turn=turn, raw=raw))
            events.append(DeltaReceived(at_us=at_us, turn=turn, text=text))
            if delta % 10 == 9:
                message = json.dumps({"type": "Speak", "text": text * 10})
                events.append(FrameSent(at_us=at_us, connection=0, text=message))
                events.append(
                    TextSpoken(
                        at_us=at_us, turn=turn, chunk=delta // 10, text=text * 10,
                        source_start=delta, source_end=delta + 10,
                    )
                )  # fmt: skip
                answer = json.dumps({"type": "Flushed", "sequence_id": delta // 10})
                events.append(FrameReceived(at_us=at_us, connection=0, text=answer))
        events.append(
            TurnCompleted(
                at_us=at_us, turn=turn, role="assistant", text="It said so.", finish_reason="stop"
            )
        )
    return [*events, SessionEnded(at_us=at_us)]


def raw_seconds(directory: Path, events: Sequence[Event]) -> float:
    """One transaction, one `executemany` of the finished rows into the same schema."""
    database = open_library(Home.at(directory))
    database.execute(
        "INSERT INTO session (id, created_at, provider, model, voice, encoding, sample_rate_hz, "
        "system_prompt, format_version) VALUES ('0', '', '', '', '', '', 1, '', 1)"
    )
    rows = [row_of(event, 1, seq) for seq, event in enumerate(events)]
    began = time.perf_counter()
    with transaction(database):
        database.executemany(INSERT, rows)
    took = time.perf_counter() - began
    database.close()
    return took


async def recorded_seconds(directory: Path, events: Sequence[Event]) -> tuple[float, float]:
    """Emit everything and wait until it is committed; all of it, and the emitting alone."""
    async with Recorder.open(directory, redact=["not-a-real-key-0123456789"]) as recorder:
        began = time.perf_counter()
        for event in events:
            recorder.emit(event)
        emitted = time.perf_counter() - began
        await recorder.flush()
        return time.perf_counter() - began, emitted


def event_figures(directory: Path) -> dict[str, float]:
    """Microseconds an event, by both ways."""
    raw: list[float] = []
    recorded: list[float] = []
    emitted: list[float] = []
    events = session_events("0123456789abcdef")
    for turn in range(ROUNDS):
        raw.append(raw_seconds(directory / f"raw{turn}", events))
        whole, alone = asyncio.run(recorded_seconds(directory / f"recorded{turn}", events))
        recorded.append(whole)
        emitted.append(alone)
    scale = 1e6 / len(events)
    figures = {
        "raw_us": statistics.median(raw) * scale,
        "recorder_us": statistics.median(recorded) * scale,
        "emit_us": statistics.median(emitted) * scale,
    }
    figures["ratio"] = figures["recorder_us"] / figures["raw_us"]
    return figures


def chunk_figures(directory: Path) -> dict[str, float]:
    """Microseconds a 20 ms chunk, by both ways; the hash is what a flush adds."""
    bare: list[float] = []
    patched: list[float] = []
    hashed: list[float] = []
    descriptor = os.open(directory / "bare", os.O_RDWR | os.O_CREAT)
    writer = WavWriter(directory / "patched.wav", WavFormat("linear16", 48_000))
    for _ in range(CHUNK_ROUNDS):
        began = time.perf_counter()
        for _ in range(CHUNKS_A_ROUND):
            os.write(descriptor, CHUNK)
        bare.append(time.perf_counter() - began)
        began = time.perf_counter()
        for _ in range(CHUNKS_A_ROUND):
            writer.write(writer.size_bytes, CHUNK)
        patched.append(time.perf_counter() - began)
        began = time.perf_counter()
        writer.sha256()
        hashed.append(time.perf_counter() - began)
    os.close(descriptor)
    writer.close()
    scale = 1e6 / CHUNKS_A_ROUND
    figures = {
        "bare_us": statistics.median(bare) * scale,
        "wav_us": statistics.median(patched) * scale,
        "sha256_us": statistics.median(hashed) * scale,
    }
    figures["ratio"] = figures["wav_us"] / figures["bare_us"]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json: bool = parser.parse_args().json
    with tempfile.TemporaryDirectory() as directory:
        figures = {
            "events": event_figures(Path(directory)),
            "chunks": chunk_figures(Path(directory)),
        }
    if as_json:
        print(json.dumps(figures))
        return
    events, chunks = figures["events"], figures["chunks"]
    print(f"events   one raw executemany      {events['raw_us']:7.2f} µs an event")
    print(f"         emit, flush, committed   {events['recorder_us']:7.2f} µs an event")
    print(f"         of it on the loop (emit) {events['emit_us']:7.2f} µs an event")
    print(f"         ratio                    {events['ratio']:7.2f}   wanted ≤ 3")
    print(f"chunks   bare os.write            {chunks['bare_us']:7.2f} µs a 20 ms chunk")
    print(f"         WAV, header patched      {chunks['wav_us']:7.2f} µs a 20 ms chunk")
    print(f"         sha256, once a flush     {chunks['sha256_us']:7.2f} µs a 20 ms chunk")
    print(f"         ratio                    {chunks['ratio']:7.2f}   wanted ≤ 2")


if __name__ == "__main__":
    main()
