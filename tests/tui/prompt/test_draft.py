"""Folding of what is pasted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.prompt.draft import Draft, is_large, label, label_spans, unfolded

LINES = "one\n" * 214
texts = st.text(max_size=50)
pieces = st.dictionaries(st.integers(1, 99), st.text(max_size=300), max_size=4)


def test_large_is_long_or_tall() -> None:
    assert is_large("x" * 2_001)
    assert is_large("x\n" * 20 + "x")
    assert not is_large("x" * 2_000)
    assert not is_large("x\n" * 20)


def test_a_label_says_how_much_it_holds() -> None:
    assert label(LINES, 1) == "[pasted 214 lines #1]"
    assert label("x" * 3_400, 2) == "[pasted 3,400 characters #2]"


def test_a_prompt_goes_out_whole() -> None:
    draft = Draft(f"Look: {label(LINES, 1)} ok?", {1: LINES})
    assert draft.whole == f"Look: {LINES} ok?"


def test_a_label_that_was_typed_is_text() -> None:
    text = "[pasted 3 lines #1] [pasted 214 lines #2]"
    assert unfolded(text, {1: LINES}) == text
    assert label_spans(text, {1: LINES}) == []


@given(pieces, st.data())
def test_labels_stand_for_what_was_pasted_and_nothing_else_changes(
    pasted: dict[int, str], data: st.DataObject
) -> None:
    """Whatever stands between them, and whatever looks like a label inside a pasted text."""
    numbers = st.lists(st.sampled_from(sorted(pasted) or [0]), max_size=4)
    chosen = [number for number in data.draw(numbers) if number in pasted]
    between = [data.draw(texts.filter(lambda text: "[" not in text)) for _ in chosen]
    parts = list(zip(between, chosen, strict=True))
    text = "".join(words + label(pasted[number], number) for words, number in parts)
    assert unfolded(text, pasted) == "".join(words + pasted[n] for words, n in parts)


@given(texts)
def test_a_folded_label_is_not_unfolded_twice(text: str) -> None:
    inner = f"{text}{label(LINES, 1)}"
    assert unfolded(label(inner, 2), {1: LINES, 2: inner}) == inner
