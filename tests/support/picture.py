"""Draws `docs/screen.svg`: the app after the recorded session `short-answer`, as it happened.

Run as `python -m tests.support.picture`.
"""

from __future__ import annotations

import asyncio
import re

from fixtures import recordings
from gramophone.core.timeline import Entry, LevelMeasured, PlaybackFinished, PlayoutAdvanced
from tests.support.paths import ROOT
from tests.support.screen_backend import FakeBackend
from tui.app import GramophoneApp

PICTURE = ROOT / "docs" / "screen.svg"
SIZE = (100, 26)


def moment() -> list[Entry]:
    """The recording up to the middle of its sound, with the meter where it was."""
    events = recordings.load("short-answer")
    end = next(i for i, e in enumerate(events) if isinstance(e, PlaybackFinished))
    at_us = events[end].at_us
    return [
        *events[:end],
        PlayoutAdvanced(at_us=at_us, turn=1, position_samples=72_000, queued_samples=60_000),
        LevelMeasured(at_us=at_us, peak=0.55, rms=0.16),
    ]


async def draw() -> str:
    """The picture as SVG, the same at every run."""
    backend = FakeBackend()
    app = GramophoneApp(backend)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        backend.conversation.put(*moment())
        for _ in range(12):
            await pilot.pause(0.1)
        svg = app.export_screenshot(title="gramophone")
    return re.sub(r"terminal-\d+", "terminal-0", svg)


if __name__ == "__main__":
    PICTURE.write_text(asyncio.run(draw()), encoding="utf-8")
