"""The conversations in a JSON text are found, wherever it is cut into blocks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.chat_import import json_spans as module
from storage.chat_import.json_spans import DEEPEST, JsonSpan, spans

TEXTS = st.text(st.sampled_from('ab"\\[]{},:\n é\ud800'), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def blocks(text: bytes, size: int) -> list[bytes]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def read(text: bytes, size: int = 1 << 20) -> list[Any]:
    return [json.loads(text[span.start : span.end]) for span in spans(blocks(text, size))]


@given(st.lists(VALUES, max_size=6), st.integers(1, 40), st.booleans())
def test_what_stands_in_an_array_is_found(values: list[Any], size: int, escaped: bool) -> None:
    text = json.dumps(values, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    expected: list[Any] = [value for value in values if isinstance(value, list | dict)]
    parsed = [
        json.loads(text[span.start : span.end].decode("utf-8", "surrogatepass"))
        for span in spans(blocks(text, size))
    ]
    assert parsed == expected


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.integers(1, 40))
def test_one_object_is_itself(whole: dict[str, Any], size: int) -> None:
    assert read(b"\xef\xbb\xbf \n" + json.dumps(whole).encode(), size) == [whole]


@given(st.binary(max_size=60) | st.text('"\\[]{},', max_size=60).map(str.encode))
def test_nothing_makes_it_fail(text: bytes) -> None:
    for size in (1, 7, 60):
        assert list(spans(blocks(text, size))) == list(spans([text]))


def test_a_broken_value_leaves_the_others() -> None:
    text = b'[{"a": 1}, {"b": nonsense}, {"c": [}], {"d": 4}]'
    starts = [text[span.start : span.end] for span in spans([text])]
    assert starts[:2] == [b'{"a": 1}', b'{"b": nonsense}']
    assert starts[3] == b'{"d": 4}'


def test_a_text_that_ends_too_soon_says_so() -> None:
    (first, last) = spans([b'[{"a": 1}, {"b": "and'])
    assert first == JsonSpan(1, 9)
    assert "ends in the middle" in last.fault


def test_what_is_too_deep_or_too_large_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_BYTES", 600)
    deep = b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1)
    large = b'{"a": "' + b"x" * 600 + b'"}'
    faults = [span.fault for span in spans([b"[" + deep + b"," + large + b", {}]"])]
    assert "nested too deeply" in faults[0]
    assert "larger than" in faults[1]
    assert faults[2] == ""
