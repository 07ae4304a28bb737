"""The list of sessions: headings, rows of one line, marks over all pages, ranges."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.histories import history, library_of, listed, titles, under_cursor
from tests.support.screen_backend import FakeLibrary, kept_session
from tests.support.seeing import drawn, screen_text, screen_words
from tui.sessions.row_marks import RowMarks


def library_over_days() -> FakeLibrary:
    times = ("2026-11-21T14:03", "2026-11-20T10:00", "2026-11-17T08:30", "2026-10-02T09:15")
    records = [kept_session(number) for number in range(len(times))]
    return FakeLibrary(
        replace(
            record,
            summary=replace(
                record.summary, created_at=f"{at}:00+00:00", spoken_ms=51_200 * (number % 2)
            ),
        )
        for number, (record, at) in enumerate(zip(records, times, strict=True))
    )


async def test_sessions_stand_beneath_their_day() -> None:
    async with history(library_over_days()) as pilot:
        lines = [line.strip() for line in screen_text(pilot).split("\n")]
        order = ["Today", "Yesterday", "Last week", "October 2026"]
        assert [line for line in lines if line in order] == order
        assert under_cursor(pilot) == "Question 0?"


async def test_a_row_has_its_time_and_its_sound_where_there_is_some() -> None:
    async with history(library_over_days()) as pilot:
        lines = screen_text(pilot).split("\n")
        at = next(number for number, line in enumerate(lines) if "Question 1?" in line)
        assert lines[at].rstrip().endswith("♪ 51 s")
        assert "10:00 · 2 turns · local smollm2" in lines[at + 1]
        silent = next(line for line in lines if "Question 0?" in line)
        assert silent.split() == ["Question", "0?"]


async def test_v_shows_one_line_a_session() -> None:
    async with history(library_over_days(), "v") as pilot:
        line = next(line for line in screen_text(pilot).split("\n") if "Question 1?" in line)
        assert line.rstrip().endswith("♪ 51 s · 10:00")
        assert "2 turns" not in screen_text(pilot)
        await pilot.press("v")
        await drawn(pilot)
        assert "2 turns" in screen_text(pilot)


async def test_a_resumed_session_stands_at_the_day_of_that() -> None:
    library = library_over_days()
    record = library.records[-1]
    summary = replace(record.summary, active_at="2026-11-21T15:00:00+00:00")
    library.records.insert(0, replace(record, summary=summary))
    del library.records[-1]
    async with history(library) as pilot:
        lines = screen_text(pilot).split("\n")
        at = next(number for number, line in enumerate(lines) if "Question 3?" in line)
        assert "Today" in lines[at - 1]
        assert "15:00 · " in lines[at + 1]


async def test_headings_are_passed_over_by_the_cursor() -> None:
    async with history(library_over_days(), "j", "j") as pilot:
        assert under_cursor(pilot) == "Question 2?"


# --- all rows -------------------------------------------------------------------------------------


async def test_g_goes_to_the_last_of_all() -> None:
    async with history(library_of(332), "G") as pilot:
        assert under_cursor(pilot) == "Question 331?"
        assert len(titles(pilot)) == 332


async def test_mark_all_marks_those_that_were_not_read_yet() -> None:
    async with history(library_of(332), "asterisk") as pilot:
        assert "332 marked" in screen_text(pilot)
        await pilot.press("asterisk")
        await drawn(pilot)
        assert "marked" not in screen_text(pilot)


async def test_what_is_done_with_all_says_how_many() -> None:
    async with history(library_of(332), "asterisk", "d") as pilot:
        assert "Deleted all 332 sessions. u: undo" in screen_words(pilot)


async def test_a_search_marks_its_hits_alone() -> None:
    library = library_of(120)
    library.records += [kept_session(number, f"Cats {number}") for number in range(200, 270)]
    async with history(library, "slash", *"cats", "enter", "asterisk") as pilot:
        assert "70 marked" in screen_text(pilot)


# --- ranges ---------------------------------------------------------------------------------------


async def test_a_range_grows_and_shrinks_with_shift() -> None:
    async with history(library_of(9), "j", "shift+down", "shift+down", "J") as pilot:
        assert "4 marked" in screen_text(pilot)
        await pilot.press("shift+up")
        await drawn(pilot)
        assert "3 marked" in screen_text(pilot)
        assert under_cursor(pilot) == "Question 3?"


async def test_a_click_with_shift_marks_up_to_there() -> None:
    async with history(library_of(9)) as pilot:
        lines = screen_text(pilot).split("\n")
        at = next(number for number, line in enumerate(lines) if "Question 3?" in line)
        await pilot.click(offset=(6, at), shift=True)
        await drawn(pilot)
        assert "4 marked" in screen_text(pilot)
        assert len(listed(pilot).meant) == 4


@pytest.mark.parametrize("target", [0, 7])
def test_a_range_keeps_what_was_marked_before(target: int) -> None:
    ids = [str(number) for number in range(9)]
    marks = RowMarks()
    marks.turn("8")
    marks.extend(ids, 3, 5)
    marks.extend(ids, 5, target)
    first, last = sorted((3, target))
    assert {number for number in ids if number in marks} == {*ids[first : last + 1], "8"}
