"""Thoughts as the eye must see them: open, folded, and of a model that still thinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from gramophone.core.timeline import ThoughtReceived, TurnStarted
from tests.support.picture import thoughts
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn
from tui.app import GramophoneApp


@pytest.mark.parametrize("size", [(40, 16), (100, 30)], ids=["40x16", "100x30"])
def test_thoughts(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    backend = FakeBackend()
    thinking = [
        TurnStarted(at_us=60_000_000, turn=4, role="user", text="And at night?"),
        TurnStarted(at_us=60_000_000, turn=5, role="assistant"),
        ThoughtReceived(at_us=60_500_000, turn=5, text="No sun"),
        ThoughtReceived(at_us=62_000_000, turn=5, text=", no"),
    ]

    async def steps(pilot: Pilot[Any]) -> None:
        await drawn(pilot)
        backend.conversation.put(*thoughts(), *thinking)
        await drawn(pilot)
        for key in ("shift+tab", "k", "k", "k", "k", "k", "t"):
            await pilot.press(key)
            await drawn(pilot)

    assert snap_compare(GramophoneApp(backend), terminal_size=size, run_before=steps)
