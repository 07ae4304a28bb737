"""Toasts: at the top right, for as long as they take to read."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from tests.support.screen_backend import FakeBackend, FakeLibrary, kept_session
from tests.support.seeing import drawn
from tests.support.session_screen import backend_of, opened
from tui.app import GramophoneApp
from tui.playback.sound_strip import SoundStrip
from tui.prompt.prompt_box import PromptBox
from tui.sessions.session_list import SessionList
from tui.support.toasts import toast_s

SENTENCE = "Nothing to send yet: type something first."


@pytest.mark.parametrize(
    ("characters", "seconds"), [(0, 2), (40, 2), (80, 4), (1_000, 12)], ids=str
)
def test_two_seconds_or_as_long_as_it_takes_to_read(characters: int, seconds: float) -> None:
    assert toast_s("x" * characters) == seconds


async def toast_of(pilot: Pilot[Any]) -> Toast:
    pilot.app.notify(SENTENCE)
    await drawn(pilot)
    toast = pilot.app.screen.query_one(Toast)
    assert (toast.region.y, toast.region.right) == (0, pilot.app.size.width)
    return toast


@pytest.mark.parametrize("size", [(80, 24), (120, 34)], ids=str)
async def test_it_leaves_the_prompt_alone(size: tuple[int, int]) -> None:
    async with GramophoneApp(FakeBackend()).run_test(size=size, notifications=True) as pilot:
        toast = await toast_of(pilot)
        assert not toast.region.overlaps(pilot.app.screen.query_one(PromptBox).region)


async def test_it_leaves_a_list_alone() -> None:
    backend = FakeBackend(library=FakeLibrary([kept_session(1)]))
    async with GramophoneApp(backend).run_test(notifications=True) as pilot:
        await pilot.press("f2")
        await drawn(pilot)
        toast = await toast_of(pilot)
        assert not toast.region.overlaps(pilot.app.screen.query_one(SessionList).region)


async def test_it_leaves_the_strip_of_sound_alone() -> None:
    async with opened(backend_of()) as pilot:
        toast = await toast_of(pilot)
        assert not toast.region.overlaps(pilot.app.screen.query_one(SoundStrip).region)
