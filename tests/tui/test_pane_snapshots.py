"""Panes as the eye must see them. Update with `--snapshot-update` and look at each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest
from textual.pilot import Pilot

from gramophone.core.timeline import (
    DeltaReceived,
    DeviceChanged,
    Entry,
    ModelFinished,
    PlaybackStarted,
    PlayoutAdvanced,
    RequestSent,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
    UsageReported,
)
from tests.support.builders import session_started
from tests.support.scenes import ANSWER
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn
from tests.support.speech_like import sound, syllables
from tui.app import GramophoneApp
from tui.conversation.pane import Pane

Compare: TypeAlias = Callable[..., bool]
Steps: TypeAlias = Callable[[Pilot[Any]], Awaitable[None]]

QUESTION = "How does a gramophone work?"
SHORT = "A needle follows the groove, a *diaphragm* sounds, a horn makes it **louder**."
MODELS = [
    ("openai", "gpt-5-mini"),
    ("anthropic", "claude-haiku-4-5"),
    ("local", "smollm2"),
    ("openai", "gpt-5"),
]
UNHEARD = DeviceChanged(at_us=0, device="muted", silent=True, detail="another pane has the sound")


def answered(number: int) -> list[Entry]:
    """What one of the models says: each at its own pace, the third still under way."""
    provider, model = MODELS[number]
    text = ANSWER if number % 2 else SHORT
    first_us = 200_000 + 130_000 * number
    entries: list[Entry] = [
        session_started(provider=provider, model=model),
        TurnStarted(at_us=0, turn=0, role="user", text=QUESTION),
        TurnStarted(at_us=0, turn=1, role="assistant"),
        RequestSent(at_us=0, turn=1, provider=provider, model=model, messages=1),
        DeltaReceived(at_us=first_us, turn=1, text=text),
        TextSpoken(at_us=first_us, turn=1, chunk=0, text="x", source_start=0, source_end=1),
        PlaybackStarted(at_us=first_us + 240_000, turn=1, device="speaker"),
    ]
    if number != 2:
        entries += [
            UsageReported(at_us=9, turn=1, input_tokens=12, output_tokens=186 - 40 * number),
            ModelFinished(at_us=first_us + 3_000_000, turn=1, reason="stop"),
        ]
    if number:
        entries.append(UNHEARD)
    if number == 1:
        entries.append(
            TurnCompleted(at_us=9, turn=1, role="assistant", text=text, finish_reason="stop")
        )
    return entries


def comparing(backend: FakeBackend, count: int, *keys: str) -> Steps:
    """So many models have had the same question; the first is speaking and spoken to."""

    async def steps(pilot: Pilot[Any]) -> None:
        for key in ["f3"] * (count - 1) + ["f5", *keys]:
            await pilot.press(key)
            await drawn(pilot)
        for pane in pilot.app.screen.query(Pane):
            now_s = pane.seconds()
            pane.seconds = lambda now_s=now_s: now_s
        for number, talk in enumerate(backend.talks):
            talk.feed.put(*answered(number))
        await drawn(pilot)
        backend.conversation.put(
            sound(1, syllables(80)),
            PlayoutAdvanced(at_us=9, turn=1, position_samples=96_000, queued_samples=96_000),
        )
        await drawn(pilot)

    return steps


@pytest.mark.parametrize(
    "size", [(80, 24), (140, 40), (200, 60)], ids=["80x24", "140x40", "200x60"]
)
@pytest.mark.parametrize("count", [2, 4])
def test_comparing(snap_compare: Compare, count: int, size: tuple[int, int]) -> None:
    """Who answers and how fast is seen at a glance; one is spoken to, one has the sound."""
    backend = FakeBackend()
    app = GramophoneApp(backend)
    assert snap_compare(app, terminal_size=size, run_before=comparing(backend, count))


def test_one_of_two(snap_compare: Compare) -> None:
    """Where there is room for one, it says which; the prompt keeps its row."""
    backend = FakeBackend()
    app = GramophoneApp(backend)
    assert snap_compare(app, terminal_size=(40, 12), run_before=comparing(backend, 2))


@pytest.mark.parametrize("size", [(40, 12), (80, 24)], ids=["40x12", "80x24"])
def test_to_all(snap_compare: Compare, size: tuple[int, int]) -> None:
    """Three below each other; that all are spoken to cannot be overlooked, nor what is pinned."""
    backend = FakeBackend()
    app = GramophoneApp(backend)
    keys = ("f6", "f7", "f9")
    assert snap_compare(app, terminal_size=size, run_before=comparing(backend, 3, *keys))


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark"])
def test_theme(snap_compare: Compare, theme: str) -> None:
    """The same on paper white, and in the terminal's own colours."""
    backend = FakeBackend()
    app = GramophoneApp(backend)
    app.theme = theme
    assert snap_compare(app, terminal_size=(80, 24), run_before=comparing(backend, 2))
