"""How far the text of a replay is from its sound, over a long session with a card that runs off."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gramophone.core.timeline import DeltaReceived, Entry
from tests.support.replay_stage import RATE_HZ, Nearest, Stage, talk

BLOCK_BREAKING_SIZE = 6_997
"""Samples between two deltas; not a multiple of a block, or all would come at the edge of one."""

SILENCE_US = 2_800_000
"""What such a session has of silence, before its sound and behind it."""

EARLY_US = 2_000
LATE_US = 25_000
"""Text is never before its sound but for a rounded sample, and behind it by the block of 20 ms that
was handed over and the 5 ms until that is seen. A device's latency has the other half of the 50 ms
that are promised."""


@dataclass(frozen=True, slots=True)
class Drift:
    """Distances of text from sound, in microseconds of the listener's time; positive is late."""

    off_us: list[int]
    deltas: int
    """How many deltas were to come."""
    took_us: int
    expected_us: int

    def broken(self) -> list[str]:
        """Sentences about each bound that does not hold."""
        checks = [
            ("deltas are missing", len(self.off_us) == self.deltas),
            (f"text is {-min(self.off_us)} µs early", min(self.off_us) >= -EARLY_US),
            (f"text is {max(self.off_us)} µs late", max(self.off_us) <= LATE_US),
            ("the distance grows", abs(self._mean(-100) - self._mean(100)) <= 2_000),
            (
                f"it took {self.took_us} µs for {self.expected_us}",
                abs(self.took_us - self.expected_us) <= self.expected_us * 0.0005,
            ),
        ]
        return [sentence for sentence, holds in checks if not holds]

    def _mean(self, count: int) -> float:
        some = self.off_us[count:] if count < 0 else self.off_us[:count]
        return sum(some) / len(some)


def drift(speed: float, hours: float, off_ppm: int) -> Drift:
    """Replay a session of `hours` on a card whose clock is `off_ppm` parts in a million off."""
    samples = int(hours * 3_600) * RATE_HZ
    events = [
        replace(event, text=str(1 + (int(event.text) - 1) % 30_000))
        if isinstance(event, DeltaReceived)
        else event
        for event in talk(samples, size=BLOCK_BREAKING_SIZE)
    ]
    stage = Stage(events, speed, rate_hz=RATE_HZ, off_ppm=off_ppm, make_stretcher=Nearest)
    off_us: list[int] = []

    def look(entry: Entry) -> None:
        if isinstance(entry, DeltaReceived) and stage.state.playing:
            past = stage.speaker.now() - int(entry.text)
            past = (past + 15_000) % 30_000 - 15_000
            off_us.append(round(past * 1_000_000 / RATE_HZ / speed))

    stage.on_emit = look
    stage.to_the_end(10**11)
    deltas = (samples - 1) // BLOCK_BREAKING_SIZE
    expected_us = round((samples * 1_000 + SILENCE_US) / speed)
    return Drift(off_us, deltas, stage.clock.now_us(), expected_us)
