"""A grapheme is one in the prompt: to keys, mouse and cursor, and where lines are wrapped."""

from __future__ import annotations

from pathlib import Path

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual import events

from gramophone.core.intents import Submit
from tests.support.prompts import paste, prompt_of, typed
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn, screen_text
from tui.app import GramophoneApp
from tui.prompt.grapheme_area import wrap_offsets

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
PERSIAN = "می\u200cخواهم"
WHOLE = [FAMILY, "👋🏽", "🇩🇪", ENGLAND, "1\ufe0f\u20e3", "e\u0301", "क्षि", "❤️\u200d🔥", "한"]


@pytest.mark.parametrize("grapheme", WHOLE)
async def test_backspace_and_delete_take_a_whole_one(grapheme: str) -> None:
    async with GramophoneApp(FakeBackend()).run_test() as pilot:
        await paste(pilot, f"a{grapheme}{grapheme}b")
        await typed(pilot, "left", "backspace")
        assert prompt_of(pilot).text == f"a{grapheme}b"
        await typed(pilot, "left", "delete")
        assert prompt_of(pilot).text == "ab"


async def test_left_and_right_go_over_a_whole_one_and_select_it() -> None:
    async with GramophoneApp(FakeBackend()).run_test() as pilot:
        await paste(pilot, f"x{FAMILY}y")
        columns = [prompt_of(pilot).cursor_location[1]]
        for key in ("left", "left", "left", "right", "right"):
            await typed(pilot, key)
            columns.append(prompt_of(pilot).cursor_location[1])
        assert columns == [9, 8, 1, 0, 1, 8]
        await typed(pilot, "shift+left")
        assert prompt_of(pilot).selected_text == FAMILY


async def test_up_down_words_and_a_click_never_end_within_one() -> None:
    async with GramophoneApp(FakeBackend()).run_test() as pilot:
        await paste(pilot, f"abcdef\n{FAMILY}{FAMILY} क्षि")
        prompt = prompt_of(pilot)
        line = prompt.document[1]
        edges = {0}
        for part in regex.findall(r"\X", line):
            edges.add(max(edges) + len(part))
        for column in range(7):
            prompt.move_cursor((0, column))
            await typed(pilot, "down")
            assert prompt.cursor_location[1] in edges
            await typed(pilot, "ctrl+right")
            assert prompt.cursor_location[1] in edges
            await typed(pilot, "ctrl+left")
            assert prompt.cursor_location[1] in edges
        for x in range(8):
            await pilot.click(prompt, offset=(x, 1))
            assert prompt.cursor_location[1] in edges


async def test_what_is_typed_with_joiners_is_sent_with_them_and_strays_are_not() -> None:
    """An input method gives a character at a time."""
    backend = FakeBackend()
    async with GramophoneApp(backend).run_test() as pilot:
        for character in f"{PERSIAN} {FAMILY} a\u200cb\u200d":
            pilot.app.post_message(events.Key("x", character))
        await pilot.pause()
        await typed(pilot, "enter")
        assert backend.posted == [Submit(f"{PERSIAN} {FAMILY} ab")]


async def test_what_is_pasted_and_attached_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = f"{PERSIAN} ශ්\u200dරී {FAMILY}"
    (tmp_path / f"{PERSIAN}.txt").write_text(f"{text} \u202ea\u200bb\u202c\n")
    backend = FakeBackend()
    async with GramophoneApp(backend).run_test() as pilot:
        await paste(pilot, f"{text}\u202e\u2066 a\u200db")
        await paste(pilot, f" @{PERSIAN}.txt")
        await typed(pilot, "enter")
        await drawn(pilot)
        (sent,) = backend.posted
        assert isinstance(sent, Submit)
        assert sent.text.startswith(f"{text} ab @{PERSIAN}.txt\n")
        assert f"`{PERSIAN}.txt`:\n```\n{text} ab\n```" in sent.text


async def test_the_cursor_on_one_leaves_it_whole_on_the_screen() -> None:
    async with GramophoneApp(FakeBackend()).run_test() as pilot:
        await paste(pilot, f"x{FAMILY}y")
        await typed(pilot, "home", "right")
        strip = prompt_of(pilot).render_line(0)
        assert FAMILY in [segment.text for segment in strip]
        assert FAMILY in screen_text(pilot)


async def test_a_line_is_never_wrapped_within_one() -> None:
    async with GramophoneApp(FakeBackend()).run_test(size=(40, 20)) as pilot:
        await paste(pilot, FAMILY * 30)
        prompt = prompt_of(pilot)
        parts = [section for line in prompt.wrapped_document.lines for section in line]
        assert len(parts) > 1
        assert all(part == FAMILY * (len(part) // len(FAMILY)) for part in parts)
        assert max(map(cell_len, parts)) <= prompt.wrap_width
        await typed(pilot, "backspace", "up", "end", "x")
        assert prompt.text.count("x") == 1


@given(
    st.lists(st.sampled_from([*WHOLE, "a", " ", "漢", "ම"])).map("".join),
    st.integers(2, 12),
)
def test_wrapped_pieces_are_whole_and_fit(line: str, width: int) -> None:
    breaks = wrap_offsets(line, width)
    assert breaks == sorted(set(breaks))
    edges = [0]
    for part in regex.findall(r"\X", line):
        edges.append(edges[-1] + len(part))
    assert set(breaks) <= set(edges)
    for start, end in zip([0, *breaks], [*breaks, len(line)], strict=True):
        assert cell_len(line[start:end].rstrip()) <= width
