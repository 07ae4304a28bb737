"""Tags: one spelling, and changes as they are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.library.tags import LONGEST_TAG, tag_changes, tag_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Work", "work"),
        ("#on hold", "on-hold"),
        ("-x", "x"),
        ("a,b", "a-b"),
        ("\x1b[31mred", "red"),
        (" # ", ""),
        ("x" * 99, "x" * LONGEST_TAG),
    ],
)
def test_a_tag_has_one_spelling(text: str, name: str) -> None:
    assert tag_name(text) == name


@given(text=st.text())
def test_a_spelling_stays_as_it_is(text: str) -> None:
    name = tag_name(text)
    assert tag_name(name) == name
    assert len(name) <= LONGEST_TAG
    assert not any(map(str.isspace, name))


@pytest.mark.parametrize(
    ("typed", "added", "removed"),
    [
        ("+a -b", ("a",), ("b",)),
        ("c +a", ("a", "c"), ()),
        ("a c", ("a", "c"), ("b",)),
        ("b, c", ("b", "c"), ("a",)),
        ("", (), ("a", "b")),
        ("+a -a", ("a",), ()),
        ("+ -", (), ()),
    ],
)
def test_changes_are_read(typed: str, added: tuple[str, ...], removed: tuple[str, ...]) -> None:
    assert tag_changes(typed, ["a", "b"]) == (added, removed)
