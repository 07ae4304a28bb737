"""The boundary of what is frozen, and the text that is parsed again behind it."""

from __future__ import annotations

import pytest

from tui.markdown.document import Document
from tui.markdown.open_end import Boundary

FENCE = "```python\none\ntwo\n"
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n"


def boundary_of(text: str) -> Boundary:
    document = Document()
    while document.grow(text):
        pass
    return document.open_end.boundary


@pytest.mark.parametrize(
    ("text", "units", "open_text"),
    [
        ("", 0, ""),
        ("One", 0, "One"),
        ("One\n", 0, "One\n"),
        ("One\n\nTwo", 0, "One\n\nTwo"),
        ("One\n\nTwo\n", 1, "Two\n"),
        ("# One\nTwo\n=", 1, "Two\n="),
        ("- one\n- two\n", 1, "- two\n"),
    ],
    ids=["nothing", "half a line", "a line", "half a line below", "a line below", "=", "items"],
)
def test_a_block_is_frozen_by_another_on_a_finished_line(
    text: str, units: int, open_text: str
) -> None:
    boundary = boundary_of(text)
    assert (boundary.units, text[boundary.start :]) == (units, open_text)
    assert boundary.opening == ""


@pytest.mark.parametrize(
    ("text", "opening", "open_text"),
    [
        (FENCE, "```python\n", ""),
        (f"{FENCE}thr", "```python\n", "thr"),
        (f"{FENCE}```", "```python\n", "```"),
        (TABLE, "| a | b |\n|---|---|\n", ""),
        (f"{TABLE}| 3", "| a | b |\n|---|---|\n", "| 3"),
    ],
    ids=["lines", "half a line", "half a close", "rows", "half a row"],
)
def test_fences_and_tables_are_parsed_behind_their_opening(
    text: str, opening: str, open_text: str
) -> None:
    boundary = boundary_of(f"Before\n\n{text}")
    assert boundary.units == 1
    assert boundary.opening == opening
    assert f"Before\n\n{text}"[boundary.start :] == open_text


def test_a_closed_fence_is_frozen() -> None:
    text = f"{FENCE}```\n"
    assert boundary_of(text) == Boundary(units=1, start=len(text))
