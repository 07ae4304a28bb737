"""Whatever a model says does no harm: on the screen, in the clipboard, at any size."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
import regex
from textual.pilot import Pilot

from gramophone.core.timeline import DeltaReceived, TurnStarted
from tests.support.builders import session_started
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn, screen_text
from tests.support.transcripts import app_of, focused
from tui.app import GramophoneApp
from tui.transcript.transcript import Transcript

HOSTILE = {
    "colours": "a\x1b[31mred\x1b[0m b",
    "a clipboard of its own": "a\x1b]52;c;aGk=\x07b",
    "an open sequence": "a\x1b]0;title",
    "one byte sequences": "a\x9b31mb\x90q\x9c",
    "bells and backspaces": "pass\x08\x08\x07word\x00\x7f",
    "right to left": "user\u202egnp.exe\u202c and \u2066x\u2069",
    "no width": "se\u200bcr\u200det\ufeff \u00adword\u2060",
    "tags": "hi\U000e0041\U000e0042",
    "as entities": "&#x202e;&#27;[31m &#8203; &#x7;",
    "as markup": "[red]x[/] [@click=app.quit]y[/]",
    "in code": "```\x1b[31m\n\x1b]52;c;aGk=\x07\u202ecode\n```",
    "in a table": "| a\u202e | \x1b[1mb |\n|---|---|\n| \u200b | \x07 |",
    "in a link": "[a](https://example.org/\x1b[31m\u202e)",
    "marks upon marks": "z" + "\u0301\u0316\u0489" * 200 + " end",
    "wide at the edge": "日本語" * 40 + "👩‍👩‍👧‍👦" * 20,
    "one long word": "x" * 5_000,
    "half a pair": "a\ud83db",
    "lines of every kind": "a\rb\x0bc\x0cd\x85e\u2028f\u2029g\tend",
}
every_text = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


def harmful(text: str) -> list[str]:
    """Characters that would act on a terminal, or cannot be seen; one emoji of several is seen."""
    return [
        character
        for character in regex.sub(r"(?<=\p{ExtPict}\ufe0f?)\u200d(?=\p{ExtPict})", "", text)
        if unicodedata.category(character) in ("Cc", "Cf", "Cs") and character != "\n"
    ]


def drawn_alright(pilot: Pilot[Any]) -> None:
    """Nothing harmful is drawn, and every line is as wide as the screen."""
    assert not harmful(screen_text(pilot))
    transcript = pilot.app.screen.query_one(Transcript)
    for y in range(transcript.size.height):
        assert transcript.render_line(y).cell_length == transcript.size.width


@every_text
async def test_on_the_screen_and_in_the_clipboard(text: str) -> None:
    app = app_of(text, text)
    async with app.run_test(size=(60, 30)) as pilot:
        transcript = await focused(pilot)
        drawn_alright(pilot)
        await pilot.press("k", "y", "k", "y")
        app.screen._select_all_in_widget(transcript)  # pyright: ignore[reportPrivateUsage]
        await pilot.press("y")
        await drawn(pilot)
        drawn_alright(pilot)
        assert len(app.copied) == 3
        for copied, _ in app.copied:
            assert not harmful(copied.replace("\t", " "))


@every_text
async def test_as_it_comes_character_by_character(text: str) -> None:
    backend = FakeBackend()
    async with GramophoneApp(backend).run_test(size=(40, 24)) as pilot:
        backend.conversation.put(session_started(), TurnStarted(at_us=1, turn=1, role="assistant"))
        for character in text[:120]:
            backend.conversation.put(DeltaReceived(at_us=2, turn=1, text=character))
            for pane in pilot.app.screen.query("Pane"):
                await pane.tick()  # pyright: ignore
            assert not harmful(pilot.app.screen.query_one(Transcript).render_line(2).text)
        await drawn(pilot)
        drawn_alright(pilot)


async def test_a_storm_of_sizes_keeps_the_place() -> None:
    texts = [f"turn {number}\n\n" + "some words and more " * 12 for number in range(30)]
    async with app_of(*texts).run_test(size=(80, 24)) as pilot:
        transcript = await focused(pilot)
        await pilot.press("home")
        for _ in range(3):
            await pilot.press("pagedown")
        await drawn(pilot)
        reading = next(row for row in screen_text(pilot).split("\n")[1:] if "turn " in row).split()[
            1
        ]
        for size in [(40, 12), (200, 60), (12, 4), (61, 17), (3, 2), (120, 40), (80, 24)] * 2:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            if transcript.size:
                drawn_alright(pilot)
        await drawn(pilot)
        assert f"turn {reading}" in screen_text(pilot)
        assert not transcript.following


async def test_a_storm_of_sizes_while_it_streams_stays_at_the_end() -> None:
    backend = FakeBackend()
    async with GramophoneApp(backend).run_test(size=(80, 24)) as pilot:
        backend.conversation.put(session_started(), TurnStarted(at_us=1, turn=1, role="assistant"))
        for number, size in enumerate([(40, 12), (200, 60), (61, 17), (120, 40), (80, 24)] * 3):
            text = f"part {number}: " + "| a | b |\n|---|---|\n| words | more |\n\n```py\nx = 1\n"
            backend.conversation.put(DeltaReceived(at_us=2, turn=1, text=f"{text}```\n\n"))
            await pilot.resize_terminal(*size)
            await pilot.pause()
        await drawn(pilot)
        drawn_alright(pilot)
        assert pilot.app.screen.query_one(Transcript).following
        assert "x = 1" in screen_text(pilot)


async def test_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with app_of("One?", "**First** `x` [l](https://example.org)").run_test() as pilot:
        await focused(pilot)
        await pilot.press("k")
        await drawn(pilot)
        transcript = pilot.app.screen.query_one(Transcript)
        assert "▎" in screen_text(pilot), "the cursor is a bar, not a colour"
        for line in transcript.render_lines(transcript.size.region):
            for segment in line:
                colour = segment.style.color if segment.style is not None else None
                triplet = colour.triplet if colour is not None else None
                assert triplet is None or len(set(triplet)) == 1, "shades of grey alone"
