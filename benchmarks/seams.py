"""Speech over HTTP: when it begins, and whether the joins between its pieces can be heard.

    python -m benchmarks.seams [--seconds S] [--rounds N] [--check] [--json]

A scripted model gives 50 tokens a second; a server in a process of its own speaks OpenAI's
protocol, sends its first sound 150 ms after a request, and the rest 20 times as fast as it plays.
Its sound is one sine that goes on from request to request, so that a sample that is lost, doubled
or moved at a join is a step. The engine, the SDK and the silent speaker, which keeps real time, are
the real ones. Steps are measured against what the sine goes on as, over the whole of the sound;
−60 dB of full scale is 33 of 32,768.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import multiprocessing
import statistics
import sys
from array import array
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection

from benchmarks.arrangements import TOKEN_US, Metronome, ScriptedModel, tokens
from benchmarks.latency import CLAUSE_FIRST, answer
from gramophone.conversation.conversation import Conversation, ConversationSettings
from gramophone.conversation.engine import Engine
from gramophone.conversation.messages import End
from gramophone.core.clock import SystemClock
from gramophone.core.intents import Submit
from gramophone.core.tasks import spawn
from gramophone.core.timeline import (
    AudioReceived,
    Entry,
    Failed,
    FrameSent,
    PlaybackStarted,
    TurnCompleted,
    Underran,
)
from gramophone.devices.speaker import DeviceSpeaker
from gramophone.devices.stderr_guard import keep_native_noise_out
from gramophone.providers.tts.openai_speech import OpenAISpeech
from gramophone.wire.openai_audio.speech_form import SpeechForm

RATE_HZ = 24_000
FIRST_BYTE_MS = 150
FRAME_SAMPLES = RATE_HZ // 25
TIMES_AS_FAST = 20
SAMPLES_PER_CHAR = RATE_HZ * 66 // 1000
LEVEL = 16_000
STEP_RADIANS = 2 * math.pi * 437.0 / RATE_HZ
MOST_STEP = 32_768 * 10 ** (-60 / 20)
WANTED_SHARE = 1.15
TOKENS_A_SECOND_OF_SOUND = 3.4
"""As many tokens as make a second of the server's speech, about."""


# --- the server -------------------------------------------------------------------------------


class SineServer:
    """Answers every request with the next part of one sine."""

    def __init__(self) -> None:
        self._position = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        while head := await _head(reader):
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            text = json.loads(await reader.readexactly(length))["input"]
            # Counted when it is asked for: the next request comes while this answer is sent.
            begin, self._position = self._position, self._position + len(text) * SAMPLES_PER_CHAR
            await self._speak(writer, begin, self._position)
        writer.close()

    async def _speak(self, writer: asyncio.StreamWriter, begin: int, end: int) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time() + FIRST_BYTE_MS / 1000
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: audio/pcm\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        for start in range(begin, end, FRAME_SAMPLES):
            await asyncio.sleep(due_s - loop.time())
            pcm = sine(start, min(end, start + FRAME_SAMPLES))
            writer.write(b"%x\r\n%b\r\n" % (len(pcm), pcm))
            due_s += FRAME_SAMPLES / RATE_HZ / TIMES_AS_FAST
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def sine(begin: int, end: int) -> bytes:
    """Samples of the sine from `begin` to `end`."""
    samples = (round(LEVEL * math.sin(STEP_RADIANS * index)) for index in range(begin, end))
    return array("h", samples).tobytes()


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


@contextmanager
def sine_service() -> Generator[str]:
    """Serve while the block runs; gives the base URL."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=_run_server, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def _run_server(parent: Connection) -> None:
    asyncio.run(_until_parent_closes(parent))


async def _until_parent_closes(parent: Connection) -> None:
    server = await asyncio.start_server(SineServer().serve, "127.0.0.1", 0)
    parent.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
    await asyncio.to_thread(parent.poll, None)
    server.close()


# --- the measurement --------------------------------------------------------------------------


@dataclass(slots=True)
class Spoken:
    """A sink that holds what one answer came to."""

    over: asyncio.Event = field(default_factory=asyncio.Event)
    audible_us: int = 0
    requests: int = 0
    sound: bytearray = field(default_factory=bytearray)
    gaps: int = 0
    failures: list[str] = field(default_factory=list[str])

    def emit(self, entry: Entry) -> None:
        match entry:
            case PlaybackStarted():
                self.audible_us = entry.at_us
            case FrameSent():
                self.requests += 1
            case AudioReceived():
                self.sound += entry.pcm
            case Underran():
                self.gaps += 1
            case Failed():
                self.failures.append(entry.detail)
            case TurnCompleted(role="assistant"):
                self.over.set()
            case _:
                pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Seams:
    """Figures of one run."""

    first_sound_ms: float
    wanted_first_ms: float
    sound_s: float
    requests: int
    gaps: int
    steps: int
    largest_step_db: float

    @property
    def met(self) -> bool:
        return not self.gaps and not self.steps and self.first_sound_ms <= self.wanted_first_ms


async def spoken(base_url: str, text: str) -> tuple[Spoken, int]:
    """Speak a text to its end; gives what came, and the time from first token to first sample."""
    clock, sink = SystemClock(), Spoken()
    metronome = Metronome(text, clock)
    service = OpenAISpeech(SpeechForm(), base_url=base_url)
    service.load()
    settings = ConversationSettings(
        session_id="benchmark",
        provider="scripted",
        model="metronome",
        voice="sine",
        sample_rate_hz=RATE_HZ,
        lang="en",
    )
    engine = Engine(
        Conversation(settings=settings, speech=service.protocol),
        clock=clock,
        model=ScriptedModel(metronome),
        speech=service,
        speaker=DeviceSpeaker(RATE_HZ, clock, device_name="no device is called this"),
        sinks=[sink],
    )
    running = spawn(engine.run(), name="engine")
    engine.post(Submit("Speak."))
    await sink.over.wait()
    engine.post(End())
    await running
    return sink, sink.audible_us - metronome.first_us


def largest_steps(sound: bytes) -> list[float]:
    """Differences from how the sine goes on that are above −60 dB, then the largest of all."""
    samples = array("h", sound)
    turn = 2 * math.cos(STEP_RADIANS)
    largest, steps = 0.0, list[float]()
    for index in range(2, len(samples)):
        expected = turn * samples[index - 1] - samples[index - 2]
        off = abs(samples[index] - expected)
        largest = max(largest, off)
        if off > MOST_STEP:
            steps.append(off)
    return [*steps, largest]


async def measure(base_url: str, seconds: int, rounds: int) -> Seams:
    """The first sound over the rounds, then the joins of one long answer."""
    first_us = [(await spoken(base_url, CLAUSE_FIRST))[1] for _ in range(rounds)]
    sink, _ = await spoken(
        base_url, answer(CLAUSE_FIRST, round(seconds * TOKENS_A_SECOND_OF_SOUND))
    )
    if sink.failures:
        raise RuntimeError(sink.failures[0])
    *steps, largest = largest_steps(bytes(sink.sound))
    # A clause has arrived when what follows its mark has.
    clause_us = (tokens(CLAUSE_FIRST).index(",") + 1) * TOKEN_US
    return Seams(
        first_sound_ms=round(statistics.median(first_us) / 1000, 1),
        wanted_first_ms=round(WANTED_SHARE * (FIRST_BYTE_MS + clause_us / 1000), 1),
        sound_s=round(len(sink.sound) / 2 / RATE_HZ, 1),
        requests=sink.requests,
        gaps=sink.gaps,
        steps=len(steps),
        largest_step_db=round(20 * math.log10(max(largest, 1e-3) / 32_768), 1),
    )


def main() -> int:
    """Run as a program."""
    keep_native_noise_out()
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a figure is missed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with sine_service() as base_url:
        seams = asyncio.run(measure(base_url, options.seconds, options.rounds))
    if options.json:
        print(json.dumps(asdict(seams)))
    else:
        print(
            f"first token to first sample: {seams.first_sound_ms:.0f} ms "
            f"(≤ {seams.wanted_first_ms:.0f})\n{seams.sound_s:.0f} s of speech in "
            f"{seams.requests} requests: {seams.gaps} gaps, {seams.steps} steps above −60 dB; "
            f"the largest is {seams.largest_step_db:.0f} dB"
        )
    return 1 if options.check and not seams.met else 0


if __name__ == "__main__":
    sys.exit(main())
