"""Limits that a request sets end its answer where the service would."""

from __future__ import annotations

import pytest

from gramophone.wire.llm.answer import (
    OPENAI,
    SILENT,
    AnswerFailure,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.limits import AnswerLimits, limits_of, within_limits

WORDS = ModelAnswer(None, (TextPiece("one two ", 10), TextPiece("three", 20)), ends_us=30)


def cut(answer: ModelAnswer, tokens: int = 0, *stop: str) -> ModelAnswer:
    return within_limits(answer, AnswerLimits(tokens, stop))


def text(answer: ModelAnswer) -> str:
    return "".join(piece.text for piece in answer.pieces if isinstance(piece, TextPiece))


class TestTokens:
    def test_the_answer_ends_at_that_place(self) -> None:
        short = cut(WORDS, 3)
        assert (text(short), short.finish_reason, short.output_tokens) == (
            "one two thre",
            "length",
            3,
        )

    def test_what_is_just_as_long_is_whole(self) -> None:
        assert cut(WORDS, 4) is WORDS
        counted = ModelAnswer(None, WORDS.pieces, output_tokens=7)
        assert cut(counted, 7) is counted
        assert text(cut(counted, 6)) == "one two thr"

    def test_thoughts_and_calls_count(self) -> None:
        answer = ModelAnswer(
            None, (ThinkingPiece("abcd"), TextPiece("efgh"), ToolPiece(0, "c", "f", '{"a": 1}'))
        )
        assert cut(answer, 3).pieces[2:] == (ToolPiece(0, "c", "f", '{"a'),)
        assert cut(answer, 1).pieces == (ThinkingPiece("abcd"),)

    def test_a_failure_behind_the_limit_is_not_met(self) -> None:
        failing = ModelAnswer(None, WORDS.pieces, failure=AnswerFailure(SILENT, "", 0, True))
        assert cut(failing, 1).failure is None
        assert cut(failing, 99) is failing

    def test_a_chunk_that_was_not_counted_is_one_token(self) -> None:
        raw = tuple(
            RawPiece('{"choices":[{"index":0,"delta":{"content":"incomprehensible "}}]}', n)
            for n in range(3)
        )
        recorded = ModelAnswer(None, raw, provider=OPENAI)
        assert cut(recorded, 3) is recorded
        assert text(cut(recorded, 2)) == 2 * "incomprehensible "


class TestStop:
    def test_the_text_ends_before_it(self) -> None:
        short = cut(WORDS, 0, "four", "o th")
        assert (text(short), short.finish_reason, short.stop_sequence) == ("one tw", "stop", "o th")

    def test_the_one_that_is_complete_first_counts(self) -> None:
        assert cut(WORDS, 0, "two three", "o t").stop_sequence == "o t"
        assert cut(WORDS, 0, "two", "o").stop_sequence == "o"
        assert text(cut(WORDS, 0, "o", "one")) == ""

    def test_nothing_of_it(self) -> None:
        assert cut(WORDS, 0, "four") is WORDS

    def test_thoughts_and_calls_are_not_searched(self) -> None:
        pieces = (
            ThinkingPiece("END"),
            ToolPiece(0, "c", "f", '{"a": "END"}'),
            TextPiece("The END."),
        )
        short = cut(ModelAnswer(None, pieces), 0, "END")
        assert short.pieces == (*pieces[:2], TextPiece("The "))

    def test_a_limit_before_it_comes_first(self) -> None:
        short = cut(WORDS, 1, "three")
        assert (short.finish_reason, short.stop_sequence) == ("length", "")


@pytest.mark.parametrize(
    ("tokens", "stop", "limits"),
    [
        (None, None, AnswerLimits()),
        (5, "a", AnswerLimits(5, ("a",))),
        (True, ["a", "", 3, "b"], AnswerLimits(0, ("a", "b"))),
        ("5", {"a": 1}, AnswerLimits()),
        (10**90, [], AnswerLimits(10**12)),
    ],
)
def test_the_fields_of_a_request(tokens: object, stop: object, limits: AnswerLimits) -> None:
    assert limits_of(tokens, stop) == limits


class TestTools:
    def test_calls_are_left_out_where_no_tools_were_offered(self) -> None:
        call = ToolPiece(0, "c", "look", "{}")
        answer = ModelAnswer(
            None, (TextPiece("Hm. "), call), "tool_calls", output_tokens=6, ends_us=9
        )
        rest = within_limits(answer, AnswerLimits(tools=False))
        assert (rest.pieces, rest.finish_reason) == ((TextPiece("Hm. "),), "stop")
        assert (rest.output_tokens, rest.ends_us) == (2, 9)
        assert within_limits(answer, AnswerLimits()) is answer
        assert within_limits(WORDS, AnswerLimits(tools=False)) is WORDS

    def test_the_word_alone_is_no_call(self) -> None:
        raw = RawPiece('{"choices":[{"index":0,"delta":{"content":"tool_calls"}}]}')
        answer = ModelAnswer(None, (raw,), provider=OPENAI)
        assert within_limits(answer, AnswerLimits(tools=False)) is answer
