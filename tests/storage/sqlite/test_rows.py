"""Rows: every kind of event survives the way into the table and back."""

from __future__ import annotations

import sqlite3
from dataclasses import fields, replace
from inspect import get_annotations
from typing import Any, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gramophone.core.codec import EVENT_TYPES
from gramophone.core.picture import MediaType
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    Failed,
    TurnStarted,
    UsageReported,
)
from gramophone.wire.lenient_json import LARGEST_COUNT
from storage.sqlite.rows import COLUMNS, event_of, row_of, storable, strings_of, with_strings
from storage.sqlite.schema import MIGRATIONS

TEXT = st.text(st.characters(codec=None))
NUMBER = st.integers(0, 2**62)


def any_event() -> st.SearchStrategy[Event]:
    """Every kind, with fields of every value, lone surrogates and NULs among them."""
    kinds: list[st.SearchStrategy[Any]] = [
        st.builds(kind, **_fields(kind)) for kind in EVENT_TYPES.values()
    ]
    return st.one_of(kinds)


def _fields(kind: type[Event]) -> dict[str, st.SearchStrategy[Any]]:
    by_type: dict[str, st.SearchStrategy[Any]] = {
        "int": NUMBER,
        "str": TEXT,
        "bool": st.booleans(),
        "float": st.floats(allow_nan=False, allow_infinity=False),
        "Role": st.sampled_from(["user", "assistant"]),
        "Stage": st.sampled_from(["model", "speech"]),
        "int | None": st.none() | NUMBER,
        "MediaType": st.sampled_from(get_args(MediaType)),
        "bytes": st.just(b""),
    }
    names: dict[str, Any] = {}
    for ancestor in reversed(kind.__mro__):
        names |= get_annotations(ancestor)
    return {name: by_type[annotation] for name, annotation in names.items()}


@given(event=any_event())
@example(event=UsageReported(at_us=0, turn=0, input_tokens=2**62, output_tokens=2**62))
def test_any_event_comes_back_as_it_was(event: Event) -> None:
    database = sqlite3.connect(":memory:")
    for statement in MIGRATIONS[0].statements:
        database.execute(statement)
    row = storable(row_of(event, 1, 0))
    database.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    stored = database.execute(f"SELECT {COLUMNS} FROM event").fetchone()
    database.close()
    assert event_of(stored) == with_counts_bounded(event)


def with_counts_bounded(event: Event) -> Event:
    """The event as it may be stored: a service's count of tokens has a bound, so that sums of them
    stay within 64 bits."""
    counts = {
        field.name: min(getattr(event, field.name), LARGEST_COUNT)
        for field in fields(event)
        if field.name.endswith("_tokens") and getattr(event, field.name) is not None
    }
    return replace(event, **counts)


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=lambda kind: kind.__name__)
def test_hypothesis_knows_every_field(kind: type[Event]) -> None:
    assert "at_us" in _fields(kind)


def test_common_fields_have_columns_and_defaults_take_no_room() -> None:
    event = AudioReceived(at_us=5, turn=1, connection=2, offset_bytes=30, size_bytes=4, pcm=b"abcd")
    assert row_of(event, 9, 7) == (9, 7, 5, "AudioReceived", 1, 2, None, 30, 4, None)
    stale = AudioReceived(at_us=5, turn=1, connection=2, offset_bytes=0, size_bytes=4, stale=True)
    assert row_of(stale, 9, 7)[-1] == '{"stale":true}'


def test_half_of_an_emoji_moves_to_the_detail() -> None:
    row = storable(row_of(DeltaReceived(at_us=1, turn=0, text="\ud83d"), 1, 0))
    assert row[6] is None
    assert row[9] == '{"text": "\\ud83d"}'


def test_strings_are_all_found_and_all_changed() -> None:
    events = [
        TurnStarted(at_us=1, turn=0, role="user", text="one"),
        Failed(at_us=2, stage="model", detail="two"),
    ]
    assert strings_of(events) == ["one", "two"]
    assert [with_strings(event, str.upper) for event in events] == [
        TurnStarted(at_us=1, turn=0, role="user", text="ONE"),
        Failed(at_us=2, stage="model", detail="TWO"),
    ]
