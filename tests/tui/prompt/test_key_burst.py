"""Lines pasted by a terminal without bracketed paste are one prompt."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.pilot import Pilot

from gramophone.core.intents import Submit
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn
from tui.app import GramophoneApp
from tui.prompt.key_burst import GAP_S, PAUSE_S, KeyBurst
from tui.prompt.prompt import Prompt

FAST, SLOW = GAP_S / 10, GAP_S * 4


def typed(text: str, gap_s: float, burst: KeyBurst | None = None, at_s: float = 0) -> list[str]:
    """What becomes of the Enters (`\\n`) of keys that are so far apart, and then silence."""
    burst = burst or KeyBurst()
    outcomes: list[str] = []
    for index, character in enumerate(text):
        now_s = at_s + index * gap_s
        outcomes.append(burst.settle(now_s))
        fast = burst.follows(now_s)
        burst.key(now_s, "" if character == "\n" else character)
        if character == "\n":
            if fast:
                burst.hold()
            else:
                outcomes.append("at once")
    outcomes.append(burst.settle(None))
    return [outcome for outcome in outcomes if outcome]


def test_a_person_sends_at_once() -> None:
    assert typed("one\ntwo\n", SLOW) == ["at once", "at once"]


def test_pasted_lines_are_lines() -> None:
    assert typed("one\ntwo\nthree", FAST) == ["newline", "newline"]


def test_a_line_end_after_the_last_line_does_not_send() -> None:
    assert typed("one\ntwo\n", FAST) == ["newline", "newline"]


def test_one_line_with_its_end_is_sent() -> None:
    """Typed over a slow connection it comes like that."""
    assert typed("one\n", FAST) == ["send"]


def test_an_enter_after_the_paste_sends() -> None:
    burst = KeyBurst()
    typed("one\ntwo", FAST, burst)
    assert typed("\n", SLOW, burst, at_s=0.5) == ["at once"]


def test_a_paste_that_pauses_on_its_way_goes_on() -> None:
    burst = KeyBurst()
    assert typed("one\ntwo\n", FAST, burst) == ["newline", "newline"]
    assert typed("three\nfour", FAST, burst, at_s=PAUSE_S / 2) == ["newline"]
    assert burst.text == "one\ntwo\nthree\nfour"


def test_after_a_long_pause_a_line_is_a_line_again() -> None:
    burst = KeyBurst()
    typed("one\ntwo", FAST, burst)
    assert typed("three\n", FAST, burst, at_s=10 * PAUSE_S) == ["send"]


class Keyboard:
    """Says when each key was pressed: the test's own time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.gap_s = SLOW

    def __call__(self, _event: Key) -> float:
        self.now_s += self.gap_s
        return self.now_s


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    keyboard = Keyboard()
    monkeypatch.setattr(Prompt, "key_time", staticmethod(keyboard))
    return keyboard


async def paste(pilot: Pilot[Any], keyboard: Keyboard, keys: Iterable[str]) -> None:
    """Keys as a terminal sends them, all of them before the app looks at the first."""
    keyboard.now_s += 60
    keyboard.gap_s = FAST
    for key in keys:
        character = {"enter": "\r", "tab": "\t", "space": " "}.get(key, key)
        pilot.app.post_message(Key(key, character))
    await drawn(pilot)


async def until_settled(pilot: Pilot[Any], prompt: Prompt) -> None:
    """Wait until an Enter that was held has become what it is."""
    while prompt._burst.held:  # pyright: ignore[reportPrivateUsage]
        await pilot.pause(GAP_S)
    await drawn(pilot)


LINES = [*"one", "enter", "enter", *"two", "enter", "tab", *"three", "enter"]


async def test_pasted_lines_are_one_prompt(keyboard: Keyboard) -> None:
    backend = FakeBackend()
    async with GramophoneApp(backend).run_test() as pilot:
        await drawn(pilot)
        prompt = pilot.app.screen.query_one(Prompt)
        await paste(pilot, keyboard, LINES)
        await until_settled(pilot, prompt)
        assert prompt.text == "one\n\ntwo\n\tthree\n"
        assert backend.posted == []
        keyboard.gap_s = SLOW
        await pilot.press("enter")
        await drawn(pilot)
        assert backend.posted == [Submit("one\n\ntwo\n\tthree")]


async def test_a_line_that_came_at_once_with_its_enter_is_sent(keyboard: Keyboard) -> None:
    backend = FakeBackend()
    async with GramophoneApp(backend).run_test() as pilot:
        await drawn(pilot)
        await paste(pilot, keyboard, [*"hello", "enter"])
        await until_settled(pilot, pilot.app.screen.query_one(Prompt))
        assert backend.posted == [Submit("hello")]


async def test_paths_in_pasted_lines_are_not_read(
    keyboard: Keyboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("the secret")
    monkeypatch.chdir(tmp_path)
    backend = FakeBackend()
    async with GramophoneApp(backend).run_test() as pilot:
        await drawn(pilot)
        prompt = pilot.app.screen.query_one(Prompt)
        await paste(pilot, keyboard, [*"see", "enter", *"@secret", "space", *"now"])
        await until_settled(pilot, prompt)
        keyboard.gap_s = SLOW
        await pilot.press("enter")
        await drawn(pilot)
        assert backend.posted == [Submit("see\n@secret now")]
