"""JSON of others: whatever is in it nothing fails, and it takes little room."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.wire.lenient_json import (
    LARGEST_COUNT,
    MOST_DEPTH,
    MOST_VALUES,
    as_count,
    is_bounded,
    read_object,
)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": [' + "[]," * MOST_VALUES + "[]]}",
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a": ' + "[" * 100_000,
        '{"a": ' + "[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1) + "}",
        "{" + '"":0,' * MOST_VALUES + '"b": 1}',
        '{"a": "' + '\\"[,' * MOST_VALUES,
        '{"a": 1' + "0" * 10_000 + "}",
    ],
)
def test_what_would_take_too_much_room_or_depth_is_no_object(text: str) -> None:
    assert read_object(text) == read_object(text.encode()) == {}


def test_marks_within_texts_do_not_count() -> None:
    text = json.dumps({"a": '[{,:"\\' * MOST_VALUES})
    assert is_bounded(text)
    assert read_object(text) == read_object(text.encode()) == json.loads(text)


@pytest.mark.parametrize("depth", [MOST_DEPTH, MOST_DEPTH + 1])
@pytest.mark.parametrize("inner", ['"]]"', '"[["', '"\\"]"', '"\\\\"', '{"[{": "}"}', '"[[', "7"])
def test_the_depth_is_that_of_the_brackets_outside_of_texts(depth: int, inner: str) -> None:
    around = depth - inner.count(": ")
    text = "[" * around + inner + "]" * around
    assert is_bounded(text) is is_bounded(text.encode()) is (depth <= MOST_DEPTH)


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=20))
def test_what_is_small_is_read(value: object) -> None:
    text = json.dumps({"value": value})
    assert read_object(text) == read_object(text.encode()) == {"value": value}


@pytest.mark.parametrize(
    ("value", "count"),
    [(7, 7), (-1, 0), (10**30, LARGEST_COUNT), (-(10**30), 0), (True, 0), (1.5, 0), ("7", 0)],
)
def test_counts_fit_a_database(value: object, count: int) -> None:
    assert as_count(value) == count
