"""What was kept with a secret hidden is found again when the secret is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.text.redacted_match import RedactedText, equals_redacted, starts_with_redacted
from gramophone.text.redaction import MARK, Redactor

SECRET = "Ada-Lovelace"
hide = Redactor(patterns=[SECRET])


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("I am Ada and Ada is my name", True),
        ("I am Bob. and Bob. is my name", True),
        ("I am Ada and Bob is my name", False),
        ("I am  and  is my name", False),
        ("We are Ada and Ada is my name", False),
    ],
)
def test_what_was_kept_is_found_again_whatever_is_hidden(text: str, same: bool) -> None:
    redacted = Redactor(patterns=["Ada"])("I am Ada and Ada is my name")
    assert equals_redacted(redacted, text) is same


def test_without_marks_it_is_the_very_text() -> None:
    assert equals_redacted("a***b", "a***b")
    assert not equals_redacted("a***b", "axb")


def test_a_text_begins_with_what_was_kept() -> None:
    redacted = hide(f"I am {SECRET}, who")
    assert starts_with_redacted(redacted, f"I am {SECRET}, who wrote it.")
    assert not starts_with_redacted(redacted, f"I am {SECRET}, she wrote it.")
    assert starts_with_redacted("a", "ab")


@given(
    st.lists(st.sampled_from(["one ", "two ", f"{SECRET} ", "x", "."]), max_size=8).map("".join),
    st.data(),
)
def test_however_it_is_cut_it_is_followed_to_the_end(text: str, data: st.DataObject) -> None:
    redacted = RedactedText(hide(text))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
    position: int | None = 0
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = text[start:end]
        assert position is not None
        position = redacted.follow(position, piece, len(piece))
    assert position is not None
    assert redacted.whole(position) == len(hide(text))


def test_other_words_are_not_swallowed_by_a_mark() -> None:
    redacted = RedactedText(hide(f"I am {SECRET}. She wrote it."))
    assert redacted.follow(0, f"I am {SECRET}. She wrote", 5) is not None
    assert redacted.follow(0, f"I am {SECRET}. He wrote", 5) is None
    assert redacted.follow(0, "I am Ada-Lov", 7) is not None
    assert redacted.follow(0, "You are", 3) is None


def test_a_mark_is_what_a_redactor_leaves() -> None:
    assert MARK.search(hide(SECRET))
    assert RedactedText(hide(SECRET))
    assert not RedactedText(SECRET)
