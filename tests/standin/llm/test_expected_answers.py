"""Questions against what a script expects: its answers, or a refusal, an echo, a difference."""

from __future__ import annotations

import pytest

from gramophone.standin.llm.expected_answers import ExpectedAnswers
from gramophone.wire.llm.answer import ModelAnswer, TextPiece, ToolPiece


def answer(question: str | None, text: str) -> ModelAnswer:
    return ModelAnswer(question, (TextPiece(text),))


WHO, WHY = answer("Who?", "Me."), answer("Why is the sky blue?", "It scatters.")
CALL = ModelAnswer("How warm?", (ToolPiece(0, "c", "weather", "{}"),), finish_reason="tool_calls")
WARM = answer("How warm?", "Nineteen degrees.")


def kinds(answers: ExpectedAnswers) -> list[str]:
    return [difference.kind for difference in answers.expectation.differences()]


def text(answer: ModelAnswer | None) -> str:
    pieces = answer.pieces if answer else ()
    return "".join(piece.text for piece in pieces if isinstance(piece, TextPiece))


def test_each_question_gets_its_answer() -> None:
    answers = ExpectedAnswers([WHO, WHY])
    assert answers("Who?", 0) is WHO
    assert answers(" Why is the sky  blue?", 0) is WHY
    assert kinds(answers) == []


def test_a_question_is_expected_once_however_many_tools_it_takes() -> None:
    answers = ExpectedAnswers([CALL, WARM, WHO])
    assert [answers("How warm?", step) for step in (0, 1)] == [CALL, WARM]
    assert answers("Who?", 0) is WHO
    assert kinds(answers) == []


def test_what_was_asked_twice_is_answered_twice() -> None:
    again = answer("Who?", "You.")
    answers = ExpectedAnswers([WHO, again])
    assert [answers("Who?", 0), answers("Who?", 0)] == [WHO, again]


def test_what_was_asked_twice_is_answered_in_order_whatever_came_between() -> None:
    again = answer("Who?", "You.")
    answers = ExpectedAnswers([WHO, WHY, again], strict=True)
    questions = ("Why is the sky blue?", "Who?", "Who?", "Who?")
    assert [answers(question, 0) for question in questions] == [WHY, WHO, again, None]
    assert kinds(answers) == ["extra", "order"]


def test_a_question_that_was_answered_is_refused_when_strict() -> None:
    answers = ExpectedAnswers([WHO], strict=True)
    assert [answers("Who?", 0), answers(" Who?", 0)] == [WHO, None]
    assert kinds(answers) == ["extra"]


def test_a_question_that_was_answered_gets_its_answer_again_and_is_told() -> None:
    answers = ExpectedAnswers([WHO])
    assert [answers("Who?", 0), answers(" Who?", 0)] == [WHO, WHO]
    assert kinds(answers) == ["extra"]


@pytest.mark.parametrize("strict", [False, True])
def test_a_step_of_tools_is_given_once(strict: bool) -> None:
    answers = ExpectedAnswers([CALL, WARM], strict=strict)
    chosen = [answers("How warm?", step) for step in (0, 1, 1, 2)]
    assert chosen == [CALL, WARM, *([None, None] if strict else [WARM, WARM])]
    assert kinds(answers) == ["extra", "extra"]


def test_a_step_of_a_question_that_nobody_asked_is_extra() -> None:
    answers = ExpectedAnswers([CALL, WARM], strict=True)
    assert answers("How warm?", 1) is None
    assert kinds(answers) == ["extra", "unsent"]


def test_two_conversations_about_the_same_get_a_step_each() -> None:
    cold = answer("How warm?", "Two degrees.")
    answers = ExpectedAnswers([CALL, WARM, CALL, cold], strict=True)
    steps = (0, 0, 1, 1)
    assert [answers("How warm?", step) for step in steps] == [CALL, CALL, WARM, cold]
    assert kinds(answers) == []


def test_another_wording_gets_the_answer_and_is_told() -> None:
    answers = ExpectedAnswers([WHY, WHO])
    assert answers("Why is the sky so blue?", 0) is WHY
    assert kinds(answers) == ["changed", "unsent"]


def test_something_else_is_echoed_and_told() -> None:
    answers = ExpectedAnswers([WHO])
    assert text(answers("zzz", 0)) == "You said: zzz"
    assert kinds(answers) == ["extra", "unsent"]


def test_the_echo_of_a_long_question_ends() -> None:
    answer = ExpectedAnswers([WHO])("word " * 1_000_000, 0)
    assert answer is not None
    assert len(answer.pieces) < 21_000
    assert text(answer).endswith("…")


def test_strict_has_no_answer_to_either() -> None:
    answers = ExpectedAnswers([WHY, WHO], strict=True)
    assert answers("Why is the sky so blue?", 0) is None
    assert answers("zzz", 0) is None
    assert answers("Who?", 0) is WHO


def test_an_answer_to_anything_makes_no_question_a_difference() -> None:
    anything = answer(None, "Hm.")
    answers = ExpectedAnswers([WHO, anything], strict=True)
    assert answers("zzz", 0) is anything
    assert answers("Who?", 0) is WHO
    assert kinds(answers) == []


def test_calls_of_one_answer_may_come_back_in_messages_of_their_own() -> None:
    calls = ModelAnswer(
        "How warm?",
        (ToolPiece(0, "c", "weather", "{}"), ToolPiece(1, "d", "weather", "{}")),
        finish_reason="tool_calls",
    )
    answers = ExpectedAnswers([calls, CALL, WARM], strict=True)
    assert [answers("How warm?", step) for step in (0, 2, 3)] == [calls, CALL, WARM]
    assert kinds(answers) == []
    answers = ExpectedAnswers([calls, CALL, WARM], strict=True)
    assert [answers("How warm?", step) for step in (0, 1, 2)] == [calls, CALL, WARM]
    assert kinds(answers) == []


@pytest.mark.parametrize(("question", "kind"), [("WHY is the sky blue", []), ("Who", ["extra"])])
def test_a_question_that_was_heard_needs_its_letters_only(question: str, kind: list[str]) -> None:
    answers = ExpectedAnswers([WHY, WHO], heard=("Why is the sky blue?",))
    answers(question, 0)
    assert [name for name in kinds(answers) if name != "unsent"] == kind
