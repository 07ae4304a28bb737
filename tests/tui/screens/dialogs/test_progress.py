"""Long work: a bar that comes late, moves, can be stopped, and never outlives the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from textual.widgets import ProgressBar
from textual.worker import Worker

from tests.support.screen_backend import FakeBackend
from tests.support.seeing import screen_text
from tui.app import GramophoneApp
from tui.screens.conversation import ConversationScreen
from tui.screens.dialogs import progress as progress_screen
from tui.screens.dialogs.progress import Progress, ProgressScreen, with_progress
from tui.screens.help import HelpScreen


class LongWork:
    """Three steps, each when it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.steps = asyncio.Semaphore(0)

    async def run(self, progress: Progress) -> int:
        for number in range(progress.total or 3):
            if progress.stopped:
                break
            self.begun += 1
            progress.show(number, f"[b]step[/b] {number}\x1b[2J")
            await self.steps.acquire()
        return self.begun


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_screen, "SHOWN_AFTER_S", 0.0)


def begin(
    app: GramophoneApp,
    work: Callable[[Progress], Coroutine[Any, Any, int]],
    total: int = 3,
    *,
    cancels: bool = False,
) -> Worker[int | None]:
    progress = Progress("Reading it in", total)
    return app.run_worker(with_progress(app.screen, progress, work, cancels=cancels))


async def test_it_says_how_far_it_is_and_goes() -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        work = LongWork()
        worker = begin(app, work.run)
        while "1 of 3 · [b]step[/b] 0" not in screen_text(pilot):
            await pilot.pause()
        assert "Reading it in" in screen_text(pilot)
        work.steps.release()
        while "2 of 3" not in screen_text(pilot):
            await pilot.pause()
        assert app.screen.query_one(ProgressBar).percentage == pytest.approx(1 / 3)
        work.steps.release()
        work.steps.release()
        assert await worker.wait() == 3
        await pilot.pause()
        assert isinstance(app.screen, ConversationScreen)


async def test_escape_stops_after_this_step() -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        work = LongWork()
        worker = begin(app, work.run)
        while not isinstance(app.screen, ProgressScreen):
            await pilot.pause()
        await pilot.press("escape")
        await pilot.pause()
        assert "Stopping after this one." in screen_text(pilot)
        work.steps.release()
        assert await worker.wait() == 1
        await pilot.pause()
        assert isinstance(app.screen, ConversationScreen)


async def test_escape_ends_work_that_is_one_long_wait() -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        work = LongWork()
        worker = begin(app, work.run, total=0, cancels=True)
        while not isinstance(app.screen, ProgressScreen):
            await pilot.pause()
        await pilot.press("escape")
        assert await worker.wait() is None
        await pilot.pause()
        assert isinstance(app.screen, ConversationScreen)
        assert work.begun == 1


async def test_below_another_screen_it_goes_when_it_comes_up() -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        work = LongWork()
        worker = begin(app, work.run, total=1)
        while not isinstance(app.screen, ProgressScreen):
            await pilot.pause()
        await app.push_screen(HelpScreen())
        work.steps.release()
        await worker.wait()
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape")
        await pilot.pause()
        await pilot.pause()
        assert isinstance(app.screen, ConversationScreen)


async def test_what_is_quick_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_screen, "SHOWN_AFTER_S", 60.0)
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        work = LongWork()
        for _ in range(3):
            work.steps.release()
        assert await begin(app, work.run).wait() == 3
        assert isinstance(pilot.app.screen, ConversationScreen)


async def test_a_failure_comes_through_and_the_dialogue_goes() -> None:
    app = GramophoneApp(FakeBackend())
    async with app.run_test() as pilot:
        held = asyncio.Event()

        async def fail(_: Progress) -> int:
            await held.wait()
            raise ValueError("no room")

        caught: list[str] = []

        async def run() -> None:
            try:
                await with_progress(app.screen, Progress("It"), fail)
            except ValueError as error:
                caught.append(str(error))

        worker = app.run_worker(run())
        while not isinstance(app.screen, ProgressScreen):
            await pilot.pause()
        held.set()
        await worker.wait()
        await pilot.pause()
        assert caught == ["no room"]
        assert isinstance(app.screen, ConversationScreen)
