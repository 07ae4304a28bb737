"""The empty conversation says how to begin, and what is missing for it, in few lines."""

from __future__ import annotations

import pytest

from gramophone.core.intents import StopPlayback
from gramophone.core.timeline import DeviceChanged, Failed, ProgressMade, Stage
from gramophone.ports.backend import ConversationInfo
from tests.support.builders import session_started, spoken_exchange
from tests.support.screen_backend import FakeBackend, FakeFeed
from tests.support.seeing import drawn, screen_text, screen_words
from tui.app import GramophoneApp
from tui.conversation.pane import Pane
from tui.conversation.welcome import welcome

LOCAL = ConversationInfo(provider="local", model="smollm2", voice="piper")
CLOUD = ConversationInfo(provider="openai", model="gpt-5", voice="thalia")
UNKEPT = ConversationInfo("local", "smollm2", "piper", stored=False)
NO_DEVICE = DeviceChanged(at_us=1, device="silent", silent=True, detail="No sound device.")
NO_MODEL = Failed(at_us=2, stage="model", detail="The embedded model is not installed.")
NO_VOICE = Failed(at_us=3, stage="speech", detail="The embedded voice is not installed.")
ANY_SIZE = pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 60)])


@pytest.mark.parametrize("setup", [LOCAL, CLOUD, UNKEPT])
@pytest.mark.parametrize("failed", [(), ("model",), ("speech",), ("model", "speech")])
@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("short", [False, True])
def test_it_has_at_most_five_lines(
    setup: ConversationInfo, failed: tuple[Stage, ...], silent: bool, short: bool
) -> None:
    lines = [
        line for line in welcome(setup, failed, silent=silent, short=short).split("\n") if line
    ]
    assert lines[0] == "Nothing said yet."
    assert 2 <= len(lines) <= 5
    assert all(len(line) <= 76 for line in lines)


def test_only_what_is_so_is_said() -> None:
    assert "this machine" in welcome(LOCAL)
    assert "this machine" not in welcome(CLOUD)
    assert "No sound device" not in welcome(LOCAL)
    muted = ConversationInfo("local", "smollm2", "piper", muted=True)
    assert "No sound device" not in welcome(muted, silent=True)
    assert "shown, spoken and kept" in welcome(LOCAL)
    assert "nothing is kept" in welcome(UNKEPT)
    assert "are kept" not in welcome(UNKEPT, silent=True)


@ANY_SIZE
async def test_what_is_missing_is_told_with_what_to_do(size: tuple[int, int]) -> None:
    feed = FakeFeed([session_started(), NO_DEVICE, NO_MODEL, NO_VOICE])
    app = GramophoneApp(FakeBackend(feed, setup=LOCAL), {})
    async with app.run_test(size=size, notifications=True) as pilot:
        await drawn(pilot)
        words = screen_words(pilot)
        assert "No model answers yet: F10" in words
        assert "No voice speaks yet: F10" in words
        assert "gramophone doctor" in words
        assert not app._notifications  # pyright: ignore[reportPrivateUsage]


@ANY_SIZE
async def test_a_machine_without_a_sound_device_is_told_so(size: tuple[int, int]) -> None:
    app = GramophoneApp(FakeBackend(FakeFeed([session_started(), NO_DEVICE]), setup=LOCAL), {})
    async with app.run_test(size=size) as pilot:
        await drawn(pilot)
        assert "No sound device: answers are kept, not heard." in screen_words(pilot)
        assert "A small model on this machine answers" in screen_words(pilot)


async def test_it_fits_the_room_there_is() -> None:
    app = GramophoneApp(FakeBackend(setup=LOCAL), {})
    async with app.run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        assert "F1 is help" in screen_words(pilot)
        await pilot.resize_terminal(40, 12)
        await drawn(pilot)
        assert "F1 is help" not in screen_words(pilot)
        assert "Nothing said yet" in screen_text(pilot)


async def test_the_failures_stand_in_the_conversation_once_there_is_one() -> None:
    feed = FakeFeed([session_started(), NO_MODEL])
    app = GramophoneApp(FakeBackend(feed, setup=LOCAL), {})
    async with app.run_test() as pilot:
        await drawn(pilot)
        feed.put(*spoken_exchange("Hello?", ""))
        await drawn(pilot)
        assert "The embedded model is not installed." in screen_words(pilot)
        assert "Nothing said yet" not in screen_words(pilot)


async def test_what_loads_is_told_until_it_has() -> None:
    feed = FakeFeed([ProgressMade(at_us=1, what="model", detail="loading smollm2")])
    app = GramophoneApp(FakeBackend(feed, setup=LOCAL), {})
    async with app.run_test() as pilot:
        await drawn(pilot)
        assert "model: loading smollm2" in screen_words(pilot)
        feed.put(ProgressMade(at_us=8, what="model", detail=""))
        await drawn(pilot)
        assert "loading" not in screen_words(pilot)


async def test_what_loads_long_says_how_long_and_that_it_can_be_stopped() -> None:
    feed = FakeFeed()
    backend = FakeBackend(feed, setup=LOCAL)
    app = GramophoneApp(backend, {})
    async with app.run_test() as pilot:
        pane = app.screen.query_one(Pane)
        now_s = pane.seconds()
        pane.seconds = lambda: now_s
        await drawn(pilot)
        feed.put(ProgressMade(at_us=1, what="model", detail="loading smollm2"))
        await drawn(pilot)
        pane.seconds = lambda: now_s + 3.2
        await drawn(pilot)
        assert "model: loading smollm2 3 s" in screen_words(pilot)
        assert "Esc stops" not in screen_words(pilot)
        feed.put(*spoken_exchange("Hello?", "")[:3])
        await drawn(pilot)
        assert "3 s · Esc stops" in screen_words(pilot)
        await pilot.press("escape")
        assert backend.posted == [StopPlayback()]
        feed.put(ProgressMade(at_us=8, what="model", detail=""))
        await drawn(pilot)
        assert "Esc stops" not in screen_words(pilot)
