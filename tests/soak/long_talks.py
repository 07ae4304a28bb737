"""Talks of hours: the memory of an export of three hours, the drift of a replay over an hour."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.soak.figures import Figures
from tests.support.long_talk import export_peaks
from tests.support.replay_drift import drift

LARGEST_BYTES = 20_000_000
REPLAYS = ((0.5, 0.5, -200), (1.0, 1, 200), (1.0, 1, -200), (1.25, 0.5, 200), (3.0, 1, -200))


def run(seed: int, effort: float) -> Figures:
    """Three hours exported in each form, and five replays of half an hour or one, at effort 1."""
    del seed  # nothing here is drawn by chance
    figures = Figures({"forms": 0, "most MB held": 0.0, "replays": 0, "hours replayed": 0.0})
    with tempfile.TemporaryDirectory(prefix="soak-long-") as home:
        asyncio.run(_exports(Path(home), max(20, round(180 * effort)), figures))
    for speed, hours, off_ppm in REPLAYS:
        shorter = max(0.2, hours * effort)
        for sentence in drift(speed, shorter, off_ppm).broken():
            figures.broken.append(f"at {speed} times, {off_ppm} ppm off: {sentence}")
        figures.counts["replays"] += 1
        figures.counts["hours replayed"] += shorter
    return figures


async def _exports(home: Path, minutes: int, figures: Figures) -> None:
    async for form, _, held_bytes in export_peaks(home, minutes):
        figures.counts["forms"] += 1
        most = max(figures.counts["most MB held"], held_bytes / 1e6)
        figures.counts["most MB held"] = round(most, 1)
        if held_bytes > LARGEST_BYTES:
            figures.broken.append(f"{form} of {minutes} minutes held {held_bytes} bytes")
