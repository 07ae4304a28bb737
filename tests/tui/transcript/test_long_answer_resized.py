"""An answer that is too long to be laid out at once: what is read stays where it is read."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from textual.pilot import Pilot

from tests.support.seeing import drawn, screen_text
from tests.support.transcripts import Listening, app_of, focused
from tui.transcript.transcript import Transcript
from tui.transcript.turn_body import AT_ONCE_CHARACTERS

PARAGRAPHS = 10 * AT_ONCE_CHARACTERS // 100
LONG = "".join(
    f"w{number:05} " + "stands in the middle of a paragraph that is wrapped " * 2 + "\n\n"
    for number in range(PARAGRAPHS)
)
SIZES = [(40, 20), (100, 30), (61, 17), (80, 24)]


def first_word(pilot: Pilot[None]) -> int:
    """The number of the first paragraph that begins in view."""
    return int(re.findall(r"\bw(\d{5})\b", screen_text(pilot))[0])


def is_all_there(pilot: Pilot[None]) -> bool:
    """Whether no two empty rows follow each other in the view: between paragraphs there is one."""
    transcript = pilot.app.screen.query_one(Transcript)
    rows = [transcript.render_line(y).text.strip() for y in range(transcript.size.height)]
    return all(above or below for above, below in pairwise(rows))


async def in_the_middle(pilot: Pilot[None]) -> Transcript:
    transcript = await focused(pilot)
    transcript.scroll_to(y=transcript.max_scroll_y // 2, animate=False)
    await drawn(pilot)
    return transcript


@pytest.mark.parametrize("size", SIZES[:3])
async def test_another_size_keeps_the_place(size: tuple[int, int]) -> None:
    app: Listening = app_of("Long?", LONG, "And?", "Short.")
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await in_the_middle(pilot)
        before = first_word(pilot)
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert abs(first_word(pilot) - before) <= 1
        assert is_all_there(pilot)
        await drawn(pilot)
        assert abs(first_word(pilot) - before) <= 1
        assert not transcript.following


async def test_what_is_below_stays_while_what_is_above_is_laid_out() -> None:
    app = app_of("Long?", LONG, "Two?", LONG[:4_000])
    async with app.run_test(size=(80, 24)) as pilot:
        transcript = await focused(pilot)
        transcript.scroll_to(y=transcript.max_scroll_y - 30, animate=False)
        await drawn(pilot)
        before = first_word(pilot)
        await pilot.resize_terminal(60, 24)
        await pilot.resize_terminal(80, 24)
        await drawn(pilot)
        assert abs(first_word(pilot) - before) <= 1
        assert not transcript.following


async def test_every_page_is_there_at_once_after_a_resize() -> None:
    async with app_of("Long?", LONG).run_test(size=(80, 24)) as pilot:
        transcript = await in_the_middle(pilot)
        await pilot.resize_terminal(60, 20)
        for share in (0.9, 0.1, 0.6, 0.3):
            transcript.scroll_to(y=int(transcript.max_scroll_y * share), animate=False)
            await pilot.pause()
            assert is_all_there(pilot)


async def test_the_end_is_followed() -> None:
    async with app_of("Long?", LONG).run_test(size=(80, 24)) as pilot:
        transcript = await focused(pilot)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await drawn(pilot)
            assert transcript.following
            assert f"w{PARAGRAPHS - 1:05}" in screen_text(pilot)


async def test_in_the_end_it_is_as_if_it_had_always_had_this_size() -> None:
    heights: list[int] = []
    for first in ((40, 20), (80, 24)):
        async with app_of("Long?", LONG).run_test(size=first) as pilot:
            transcript = await in_the_middle(pilot)
            await pilot.resize_terminal(80, 24)
            await drawn(pilot)
            heights.append(transcript.virtual_size.height)
    assert heights[0] == heights[1]
