"""Quote nesting: quotes and brackets that are open, also where a text leaves some open."""

from __future__ import annotations

import pytest

from gramophone.text.quote_nesting import DEEPEST, QuoteNesting


def depth_after(text: str, *, inward: bool = False) -> int:
    nesting, before = QuoteNesting(), " "
    for char in text:
        if not char.isalnum() and char != " ":
            nesting.read(char, fresh=before in ' (["', inward=inward)
        before = char
    return nesting.depth


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("(a", 1),
        ("(a)", 0),
        ("a)", 0),
        ("([a", 2),
        ("([a)", 0),
        ('"a', 1),
        ('"a"', 0),
        ('a"', 0),
        ("„a“", 0),
        ("„a”", 0),
        ("«a»", 0),
        ("‘a’", 0),
        ("don’t", 0),
    ],
)
def test_depth(text: str, depth: int) -> None:
    assert depth_after(text) == depth


def test_guillemets_that_point_inward_open_where_the_language_has_them() -> None:
    assert depth_after("a»b") == 0
    assert depth_after("a»b", inward=True) == 1
    assert depth_after("a»b«", inward=True) == 0


def test_what_is_opened_without_end_is_counted_up_to_a_limit() -> None:
    assert depth_after("(" * 1_000) == DEEPEST


def test_all_are_taken_for_closed() -> None:
    nesting = QuoteNesting()
    nesting.read("(", fresh=True, inward=False)
    assert ")" in nesting
    assert nesting.innermost_closed_by(")")
    nesting.clear()
    assert nesting.depth == 0
    assert not nesting.innermost_closed_by(")")
