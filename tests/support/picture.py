"""Draws the pictures in `docs/`, the same at every run: `python -m tests.support.picture`.

`screen.svg` is the app after the recorded session `short-answer`, as it happened; `thoughts.svg` an
answer with thoughts, open, and one with thoughts that are folded.
"""

from __future__ import annotations

import asyncio
import re

from fixtures import recordings
from gramophone.core.timeline import (
    AnswerIncomplete,
    DeltaReceived,
    Entry,
    PlaybackFinished,
    PlayoutAdvanced,
    ThoughtReceived,
    TurnCompleted,
    TurnStarted,
)
from tests.support.builders import session_started
from tests.support.paths import ROOT
from tests.support.screen_backend import FakeBackend
from tui.app import GramophoneApp

SIZE = (100, 26)


def moment() -> list[Entry]:
    """The recording up to the middle of its sound, as it was seen then."""
    events = recordings.load("short-answer")
    end = next(i for i, e in enumerate(events) if isinstance(e, PlaybackFinished))
    at_us = events[end].at_us
    return [
        *events[:end],
        PlayoutAdvanced(at_us=at_us, turn=1, position_samples=72_000, queued_samples=60_000),
    ]


def thoughts() -> list[Entry]:
    """Two answers of a model that thinks; the second was cut off."""
    return [
        session_started(provider="openrouter", model="deepseek-r2"),
        *_answer(
            0,
            "Why is the sky blue?",
            "The user wants a short reason. Sunlight has all colours.\n"
            "Air scatters short waves most: that is blue.",
            "Air scatters the **short waves** of sunlight most, and those are blue.",
        ),
        *_answer(
            2,
            "And at sunset?",
            "The way through the air is longer then.",
            "Then the light has come a long way through the",
            AnswerIncomplete(
                at_us=40_000_000,
                turn=3,
                cause="length",
                detail="The answer reached its limit of tokens, so its end is missing; ask for the "
                "rest, or raise max_tokens.",
            ),
        ),
    ]


def _answer(turn: int, question: str, thought: str, text: str, *end: Entry) -> list[Entry]:
    start_us = turn * 10_000_000
    middle = len(thought) // 2
    return [
        TurnStarted(at_us=start_us, turn=turn, role="user", text=question),
        TurnStarted(at_us=start_us, turn=turn + 1, role="assistant"),
        ThoughtReceived(at_us=start_us + 500_000, turn=turn + 1, text=thought[:middle]),
        ThoughtReceived(at_us=start_us + 4_700_000, turn=turn + 1, text=thought[middle:]),
        DeltaReceived(at_us=start_us + 5_000_000, turn=turn + 1, text=text),
        *end,
        TurnCompleted(
            at_us=start_us + 6_000_000,
            turn=turn + 1,
            role="assistant",
            text=text,
            finish_reason="length" if end else "stop",
        ),
    ]


async def draw(entries: list[Entry], *keys: str) -> str:
    """The app after these entries and keys, as SVG."""
    backend = FakeBackend()
    app = GramophoneApp(backend)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        backend.conversation.put(*entries)
        for _ in range(12):
            await pilot.pause(0.1)
        for key in keys:
            await pilot.press(key)
            await pilot.pause(0.1)
        svg = app.export_screenshot(title="gramophone")
    return re.sub(r"terminal-\d+", "terminal-0", svg)


if __name__ == "__main__":
    for name, entries, keys in (
        ("screen", moment(), ()),
        ("thoughts", thoughts(), ("shift+tab", "k", "k", "k", "t")),
    ):
        (ROOT / "docs" / f"{name}.svg").write_text(
            asyncio.run(draw(entries, *keys)), encoding="utf-8"
        )
