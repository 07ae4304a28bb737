"""What a program said against its source: found, changed, unsent, extra, out of order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.standin.source.matching import Difference, Expectation, RangeSet, SourceRange, diff
from gramophone.text.redaction import Redactor

TEXTS = ("One two three.", "Four five.", "Six seven eight nine.")


def expectation(*, by_message: bool = False) -> Expectation:
    return Expectation("speech", TEXTS, by_message=by_message)


def kinds(expected: Expectation) -> list[str]:
    return [difference.kind for difference in expected.differences()]


def test_what_is_said_in_order_is_found() -> None:
    expected = expectation()
    assert [expected.match(0, text) for text in TEXTS] == [
        SourceRange(0, 1),
        SourceRange(1, 2),
        SourceRange(2, 3),
    ]
    assert expected.differences() == ()


def test_spaces_and_cutting_do_not_count() -> None:
    expected = expectation()
    assert expected.match(0, "One  two three.Four") == SourceRange(0, 2)
    assert expected.match(0, " five.\n") == SourceRange(2, 2)
    assert expected.match(0, "Six seven eight nine.") == SourceRange(2, 3)
    assert expected.differences() == ()


def test_by_message_cutting_counts() -> None:
    expected = expectation(by_message=True)
    assert expected.match(0, "One two three. Four five.") == Difference(
        "changed", "speech", TEXTS[0], "One two three. Four five."
    )
    assert expected.match(0, "Four five.") == SourceRange(1, 2)
    assert kinds(expected) == ["changed", "unsent"]


def test_what_never_came_is_unsent() -> None:
    expected = expectation()
    expected.match(0, TEXTS[0])
    assert expected.differences() == (
        Difference("unsent", "speech", TEXTS[1], ""),
        Difference("unsent", "speech", TEXTS[2], ""),
    )


def test_what_was_passed_over_and_never_came_is_only_unsent() -> None:
    expected = expectation()
    expected.match(0, TEXTS[0])
    assert expected.match(0, TEXTS[2]) == SourceRange(2, 3)
    assert kinds(expected) == ["unsent"]


def test_what_came_too_early_is_out_of_order() -> None:
    expected = expectation()
    for index in (0, 2, 1):
        expected.match(0, TEXTS[index])
    assert expected.differences() == (Difference("order", "speech", TEXTS[1], TEXTS[2]),)


def test_another_wording_is_changed() -> None:
    expected = expectation()
    difference = expected.match(0, "One two tree.")
    assert difference == Difference("changed", "speech", TEXTS[0], "One two tree.")
    assert expected.match(0, TEXTS[1]) == SourceRange(1, 2), "the source goes on behind it"
    assert kinds(expected) == ["changed", "unsent"]


def test_something_else_is_extra() -> None:
    expected = expectation()
    assert expected.match(0, "zzz qqq") == Difference("extra", "speech", "", "zzz qqq")
    assert expected.match(0, TEXTS[0]) == SourceRange(0, 1), "the source waits for it"
    assert kinds(expected) == ["extra", "unsent", "unsent"]


def test_after_the_end_all_is_extra() -> None:
    expected = expectation()
    for text in TEXTS:
        expected.match(0, text)
    expected.match(0, "And more.")
    assert kinds(expected) == ["extra"]


def test_each_connection_begins_at_the_beginning() -> None:
    expected = expectation()
    for text in TEXTS:
        expected.match(0, text)
    assert expected.match(1, TEXTS[0]) == SourceRange(0, 1)
    assert expected.differences() == ()


def test_one_text_a_connection_is_all_of_it() -> None:
    expected = expectation()
    for connection, text in enumerate(TEXTS):
        expected.match(connection, text)
    assert expected.differences() == ()


def test_a_text_that_occurs_twice_is_given_in_turn() -> None:
    expected = Expectation("speech", ["Yes.", "No.", "Yes."])
    assert [expected.match(0, text) for text in ("Yes.", "No.", "Yes.")] == [
        SourceRange(0, 1),
        SourceRange(1, 2),
        SourceRange(2, 3),
    ]


@pytest.mark.parametrize("by_message", [False, True])
def test_what_comes_more_often_than_it_is_there_is_extra(by_message: bool) -> None:
    expected = Expectation("prompt", ["Yes.", "No.", "Yes."], by_message=by_message)
    match = [expected.match(0, text) for text in ("Yes.", "Yes.", "No.", " Y es.")]
    assert match[:3] == [SourceRange(0, 1), SourceRange(2, 3), SourceRange(1, 2)]
    assert match[3] == Difference("extra", "prompt", "", " Y es.")
    assert isinstance(match[3], Difference)
    assert match[3].again is not None
    assert match[3].sentence == 'The prompt "Y es." came more often than the source has it.'
    assert kinds(expected) == ["extra", "order"]


def test_a_part_that_has_come_is_not_found_again() -> None:
    expected = expectation()
    assert expected.match(0, "One two") == SourceRange(0, 1)
    assert expected.match(0, "One two three.") == Difference(
        "extra", "speech", "", "One two three."
    )
    assert expected.match(0, "three.") == SourceRange(1, 1)
    expected.match(0, TEXTS[2])
    assert expected.match(0, TEXTS[1]) == SourceRange(1, 2), "what was passed over is still there"
    assert isinstance(expected.match(0, TEXTS[2]), Difference), "behind it is what came before"


def test_a_repetition_is_no_other_wording_of_what_is_next() -> None:
    expected = Expectation("prompt", ["Why is it so?", "Why is it so blue?"], by_message=True)
    expected.match(0, "Why is it so?")
    assert expected.match(0, "Why is it so?") == Difference("extra", "prompt", "", "Why is it so?")
    assert expected.match(0, "Why is it so blue?") == SourceRange(1, 2)
    assert kinds(expected) == ["extra"]


def test_messages_without_words_are_found_as_often_as_they_are_there() -> None:
    expected = Expectation("prompt", ["", ""], by_message=True)
    assert [expected.match(0, " ") for _ in range(2)] == [SourceRange(0, 1), SourceRange(1, 2)]
    assert isinstance(expected.match(0, ""), Difference)


PLACES = st.tuples(st.integers(0, 30), st.integers(0, 8)).map(lambda at: (at[0], at[0] + at[1]))


@given(st.lists(PLACES, max_size=12), PLACES)
def test_stretches_are_sets_of_places(
    added: list[tuple[int, int]], window: tuple[int, int]
) -> None:
    stretches, places = RangeSet(), set[int]()
    for start, end in added:
        stretches.add(start, end)
        places |= set(range(start, end))
    looked_at = set(range(*window))
    assert stretches.cover(*window) == (looked_at <= places)
    assert stretches.meet(*window) == bool(looked_at & places)


def test_prompts_are_whole() -> None:
    prompts = Expectation("prompt", ["Why?", "Why is that?"], by_message=True)
    assert prompts.match(0, "Why is that?") == SourceRange(1, 2)
    assert [difference.fields() for difference in prompts.differences()] == [
        {
            "kind": "unsent",
            "side": "prompt",
            "expected": "Why?",
            "got": "",
            "detail": 'The prompt "Why?" never came.',
        }
    ]


@pytest.mark.parametrize(
    ("difference", "sentence"),
    [
        (Difference("changed", "speech", "a b", "a c"), 'The speech "a b" came as "a c".'),
        (Difference("unsent", "prompt", "a", ""), 'The prompt "a" never came.'),
        (Difference("extra", "prompt", "", "b"), 'The prompt "b" is not in the source.'),
        (
            Difference("order", "speech", "a", "b"),
            'The speech "b" came out of order: "a" was to come first.',
        ),
    ],
)
def test_a_difference_is_a_sentence(difference: Difference, sentence: str) -> None:
    assert difference.sentence == sentence


def test_a_diff_marks_the_words() -> None:
    changed = Difference("changed", "speech", "One two three.", "One two tree.")
    assert diff([changed, Difference("unsent", "prompt", "Why?", "")]) == (
        "speech: changed\n  - One two [three.]\n  + One two [tree.]\nprompt: unsent\n  - Why?"
    )


# --- secrets that were hidden -------------------------------------------------------------------

KEY = "c4nary-0123456789"
CARD = "4929 1111 2222"
hide = Redactor([KEY], patterns=[r"\d{4}( \d{4}){2}"])
TOLD = (f"My key is {KEY}, and", f"my card is {CARD}", "Bye now.")
HIDDEN = tuple(map(hide, TOLD))


def test_what_is_hidden_in_the_source_is_found_when_it_is_said() -> None:
    expected = Expectation("speech", HIDDEN)
    assert [expected.match(0, text) for text in TOLD] == [
        SourceRange(0, 1),
        SourceRange(1, 2),
        SourceRange(2, 3),
    ]
    assert expected.differences() == ()
    assert expected.match(1, " ".join(TOLD)) == SourceRange(0, 3)


def test_a_secret_may_be_cut_in_two() -> None:
    expected = Expectation("speech", HIDDEN)
    for text in ("My key is c4n", "ary-0123456789, and my card", " is 4929 1111 2222 Bye", " now."):
        assert isinstance(expected.match(0, text), SourceRange)
    assert expected.differences() == ()


@pytest.mark.parametrize("by_message", [False, True])
def test_what_stands_around_a_secret_counts(by_message: bool) -> None:
    expected = Expectation("prompt", HIDDEN, by_message=by_message)
    assert isinstance(expected.match(0, f"My key is {KEY}, but"), Difference)
    assert expected.knows(TOLD[1])
    assert not expected.knows("my card is")
    assert isinstance(expected.match(0, TOLD[1]), SourceRange)


@pytest.mark.parametrize("by_message", [False, True])
def test_where_the_same_was_hidden_the_same_is_to_be_said(by_message: bool) -> None:
    texts = [hide(f"It is {KEY}, I say."), hide(f"Again: {KEY}. Right?")]
    expected = Expectation("speech", texts, by_message=by_message)
    assert expected.match(0, "It is another-99, I say.") == SourceRange(0, 1)
    assert isinstance(expected.match(0, f"Again: {KEY}. Right?"), Difference)
    assert expected.match(1, "Again: another-99. Right?") == SourceRange(1, 2)


def test_secrets_beside_each_other_are_not_taken_apart() -> None:
    texts = [hide(f"{KEY} 4929 1111 2222."), hide(f"Just {KEY}.")]
    expected = Expectation("speech", texts)
    assert expected.match(0, f"{KEY} 4929 1111 2222.") == SourceRange(0, 1)
    assert expected.match(0, f"Just {KEY}.") == SourceRange(1, 2)
    assert expected.differences() == ()


def test_a_secret_at_the_end_of_a_text_is_not_missing() -> None:
    expected = Expectation("speech", HIDDEN)
    expected.match(0, TOLD[0])
    expected.match(0, TOLD[1])
    assert expected.awaits(0) == 2
    assert [difference.expected for difference in expected.differences()] == ["Bye now."]


WORDS = st.text("abc .", max_size=12)


@given(st.lists(WORDS, max_size=8), st.data())
def test_what_is_said_however_it_is_cut_differs_in_nothing(
    texts: list[str], data: st.DataObject
) -> None:
    expected = Expectation("speech", texts)
    whole = "".join(text for text in texts if text.strip())
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        if whole[start:end].strip():
            assert isinstance(expected.match(0, whole[start:end]), SourceRange)
    assert expected.differences() == ()


@given(st.lists(WORDS, max_size=6), st.lists(st.tuples(st.integers(0, 2), WORDS), max_size=10))
def test_whatever_comes_has_an_answer(texts: list[str], match: list[tuple[int, str]]) -> None:
    expected = Expectation("speech", texts)
    for connection, text in match:
        match_ = expected.match(connection, text)
        if isinstance(match_, SourceRange):
            assert 0 <= match_.first <= match_.end <= len(texts)
    for difference in expected.differences():
        assert difference.sentence
