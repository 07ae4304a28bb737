"""Plays into whatever sound card the environment names: `python -m tests.support.speaker_program
SCENARIO`. What the speaker tells stands as JSON lines on stdout; nothing ever on stderr.

A process of its own, because ALSA reads its configuration once a process.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from array import array
from typing import Any

from gramophone.core.clock import SystemClock
from gramophone.devices.speaker import DeviceSpeaker
from gramophone.devices.stderr_guard import keep_native_noise_out

RATE_HZ = 48_000
GLANCE_US = 5_000


def ramp(turn: int, samples: int) -> bytes:
    """A turn's sound: no zero in it, and unlike every other turn's."""
    return array("h", [1 + (turn * 7_919 + index) % 30_000 for index in range(samples)]).tobytes()


class Reporter:
    """A listener that prints."""

    def __init__(self) -> None:
        self.device = asyncio.Event()
        self.drained_turns: asyncio.Queue[int] = asyncio.Queue()

    def tell(self, event: str, **fields: Any) -> None:
        sys.stdout.write(json.dumps({"event": event, "at_s": time.monotonic(), **fields}) + "\n")
        sys.stdout.flush()

    def playback_began(self, turn: int, at_us: int) -> None:
        self.tell("began", turn=turn)

    def underran(self, turn: int, at_us: int, position_samples: int, missing_samples: int) -> None:
        self.tell("underran", turn=turn, position=position_samples, missing=missing_samples)

    def drained(self, turn: int, played_samples: int) -> None:
        self.tell("drained", turn=turn, played=played_samples)
        self.drained_turns.put_nowait(turn)

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        self.tell("device", device=device, silent=silent, detail=detail)
        self.device.set()


class Player:
    """A speaker and the clock it goes by."""

    def __init__(self, rate_hz: int = RATE_HZ, **options: Any) -> None:
        self.clock = SystemClock()
        self.speaker = DeviceSpeaker(rate_hz, self.clock, **options)
        self.reporter = Reporter()

    async def reached(self, position_samples: int) -> None:
        while self.speaker.playout().position_samples < position_samples:
            await self.glance_later()

    async def glance_later(self) -> None:
        await self.clock.sleep_until_us(self.clock.now_us() + GLANCE_US)

    def push(self, turn: int, pcm: bytes, frame_bytes: int = 1_921) -> None:
        self.reporter.tell("pushed", turn=turn)
        for start in range(0, len(pcm), frame_bytes):
            self.speaker.play(turn, pcm[start : start + frame_bytes])


async def turns(player: Player) -> None:
    """Three turns, one after the other, in frames of odd length."""
    for turn, samples in enumerate((24_000, 100, 12_345)):
        player.push(turn, ramp(turn, samples))
        player.speaker.finish(turn)
        assert await player.reporter.drained_turns.get() == turn


async def starving(player: Player) -> None:
    """A turn whose second half is late."""
    whole = ramp(0, 24_000)
    half = len(whole) // 2
    player.push(0, whole[:half])
    await player.reached(half // 2)
    for _ in range(20):
        await player.glance_later()
    player.push(0, whole[half:])
    player.speaker.finish(0)
    await player.reporter.drained_turns.get()


async def stopping(player: Player) -> None:
    """Turns that are cut short."""
    for turn in range(3):
        player.push(turn, ramp(turn, 4 * RATE_HZ))
        await player.reached(RATE_HZ // 4)
        position = player.speaker.stop()
        player.reporter.tell("stopped", turn=turn, heard=position)
        for _ in range(60):
            await player.glance_later()


async def dying(player: Player) -> None:
    """A turn whose device is taken away by whoever started this."""
    player.push(0, ramp(0, 2 * RATE_HZ))
    player.speaker.finish(0)
    await player.reached(RATE_HZ // 2)
    player.reporter.tell("halfway")
    await player.reporter.drained_turns.get()


async def brief(player: Player) -> None:
    """A short turn, wherever it goes."""
    player.push(0, ramp(0, 4_800))
    player.speaker.finish(0)
    await player.reporter.drained_turns.get()


async def opening_and_waiting(player: Player) -> None:
    """The device is opened, or not."""


async def opening(player: Player) -> None:
    """The device is opened, and closed before anybody looks."""


async def main(scenario: str, options: dict[str, Any]) -> None:
    player = Player(**options)
    player.speaker.open(player.reporter)
    if scenario != "opening":
        await player.reporter.device.wait()
        await globals()[scenario](player)
    await player.speaker.aclose()
    player.reporter.tell("closed")


if __name__ == "__main__":
    keep_native_noise_out()
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2] if len(sys.argv) > 2 else "{}")))
