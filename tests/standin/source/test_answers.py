"""From a session's timeline to what its model answered."""

from __future__ import annotations

import json

import pytest

from fixtures.recordings import load
from gramophone.core.errors import ModelError
from gramophone.core.timeline import (
    DeltaReceived,
    Event,
    Failed,
    HistoryRewound,
    ModelChunkReceived,
    ModelFinished,
    RequestSent,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
    UsageReported,
)
from gramophone.providers.llm.error_messages import ModelFailures
from gramophone.standin.source.answers import answers_of, failure_in
from gramophone.wire.llm.answer import (
    ANTHROPIC,
    CUT,
    OPENAI,
    SILENT,
    UNFINISHED,
    AnswerFailure,
    ModelAnswer,
    RawPiece,
    TextPiece,
)
from gramophone.wire.llm.answer_blocks import plain_pieces
from gramophone.wire.llm.refusal_reader import ServerRefusal
from tests.support.builders import short_session
from tests.support.model_servers import anthropic_events

SECOND_US = 1_000_000


def question(turn: int, text: str, at_us: int = 0) -> list[Event]:
    return [
        TurnStarted(at_us=at_us, turn=turn, role="user", text=text),
        TurnCompleted(at_us=at_us, turn=turn, role="user", text=text, finish_reason="sent"),
    ]


def request(turn: int, at_us: int = 0) -> list[Event]:
    return [
        TurnStarted(at_us=at_us, turn=turn, role="assistant"),
        RequestSent(at_us=at_us, turn=turn, provider="openai", model="m", messages=1),
    ]


def delta(turn: int, text: str, at_us: int) -> DeltaReceived:
    return DeltaReceived(at_us=at_us, turn=turn, text=text)


def ending(turn: int, text: str, at_us: int, reason: str = "stop") -> list[Event]:
    return [
        ModelFinished(at_us=at_us, turn=turn, reason=reason),
        TurnCompleted(at_us=at_us, turn=turn, role="assistant", text=text, finish_reason=reason),
    ]


def test_an_exchange() -> None:
    assert answers_of(short_session()) == (
        ModelAnswer(
            prompt="What is a gramophone?",
            pieces=(
                TextPiece("A gramophone ", 199_800),
                TextPiece("plays records.", 219_800),
            ),
            input_tokens=12,
            output_tokens=6,
            ends_us=229_800,
        ),
    )


def spoken_question(turn: int, text: str) -> list[Event]:
    return [
        TurnStarted(at_us=0, turn=turn, role="user", text=text),
        TurnCompleted(at_us=0, turn=turn, role="user", text=text, finish_reason="heard"),
    ]


def test_what_was_heard_is_asked_if_nothing_else_is() -> None:
    events = [
        *spoken_question(0, "um"),
        *spoken_question(1, "why is it blue"),
        *question(2, "Why is it blue?"),
        *request(3),
        *ending(3, "It is.", 5),
        *spoken_question(4, "um"),
        *spoken_question(5, "is it"),
        *request(6),
        *ending(6, "Yes.", 9),
        *spoken_question(7, "oh"),
    ]
    assert [answer.prompt for answer in answers_of(events)] == ["Why is it blue?", "is it"]


def test_a_recording_made_on_the_real_path() -> None:
    events = load("short-answer")
    (answer,) = answers_of(events)
    raw = [event.raw for event in events if isinstance(event, ModelChunkReceived)]
    assert [piece.raw for piece in answer.pieces if isinstance(piece, RawPiece)] == raw
    assert answer.provider == OPENAI, "the embedded model speaks OpenAI's protocol"
    text = "".join(piece.text for piece in plain_pieces(answer) if isinstance(piece, TextPiece))
    assert text == "".join(event.text for event in events if isinstance(event, DeltaReceived))
    assert answer.prompt == "In two short sentences, what is a gramophone?"
    assert (answer.input_tokens > 0, answer.output_tokens > 0) == (True, True)


def test_raw_chunks_are_kept_and_whose_they_are_is_seen() -> None:
    raw = [json.dumps(event) for event in anthropic_events("Hel", "lo")]
    chunks = [
        ModelChunkReceived(at_us=SECOND_US + n, turn=1, raw=text) for n, text in enumerate(raw)
    ]
    events = [*question(0, "Hi?"), *request(1, SECOND_US), *chunks, delta(1, "Hello", SECOND_US)]
    (answer,) = answers_of([*events, *ending(1, "Hello", SECOND_US + 9, "max_tokens")])
    assert answer.pieces == tuple(RawPiece(text, n) for n, text in enumerate(raw))
    assert (answer.provider, answer.finish_reason) == (ANTHROPIC, "length")


def test_the_last_count_holds() -> None:
    counted = [UsageReported(at_us=n, turn=1, input_tokens=9, output_tokens=n) for n in (1, 2, 3)]
    (answer,) = answers_of([*question(0, "Hi?"), *request(1), *counted, *ending(1, "", 4)])
    assert (answer.input_tokens, answer.output_tokens) == (9, 3)


def test_an_answer_that_was_taken_back_is_an_answer_all_the_same() -> None:
    first = [*question(0, "Hi?"), *request(1), delta(1, "No.", 1), *ending(1, "No.", 2)]
    again = [
        HistoryRewound(at_us=3, to_turn=1),
        *request(2, 4),
        delta(2, "Yes.", 5),
        *ending(2, "Yes.", 6),
    ]
    answers = answers_of([*first, *again])
    assert [answer.prompt for answer in answers] == ["Hi?", "Hi?"]
    assert [answer.pieces for answer in answers] == [
        (TextPiece("No.", 1),),
        (TextPiece("Yes.", 1),),
    ]


def test_a_question_that_was_asked_in_other_words() -> None:
    first = [*question(0, "Hi?"), *request(1), delta(1, "No.", 1), *ending(1, "No.", 2)]
    resent = [
        HistoryRewound(at_us=3, to_turn=0),
        *question(2, "Hello?", 3),
        *request(3, 3),
        *ending(3, "", 4),
    ]
    assert [answer.prompt for answer in answers_of([*first, *resent])] == ["Hi?", "Hello?"]


def test_two_questions_that_went_out_as_one_message() -> None:
    unanswered = [
        *question(0, "One?"),
        *request(1),
        Failed(at_us=1, stage="model", detail="No.", turn=1),
        TurnCompleted(at_us=1, turn=1, role="assistant", text="", finish_reason="failed"),
    ]
    answers = answers_of([*unanswered, *question(2, "Two?"), *request(3), *ending(3, "", 4)])
    assert answers[1].prompt == "One?\n\nTwo?"


def test_what_is_only_spoken_again_is_not_asked() -> None:
    again = [
        TurnStarted(at_us=9, turn=2, role="assistant", text="Yes.", repeats=1),
        TurnCompleted(at_us=9, turn=2, role="assistant", text="Yes.", finish_reason="repeated"),
    ]
    answered = [*question(0, "Hi?"), *request(1), delta(1, "Yes.", 1), *ending(1, "Yes.", 2)]
    assert len(answers_of([*answered, *again])) == 1


def test_a_session_that_goes_on_from_another() -> None:
    inherited = [
        TurnInherited(at_us=0, turn=0, role="user", text="Before?"),
        TurnInherited(at_us=0, turn=1, role="assistant", text="Yes."),
    ]
    (answer,) = answers_of([*inherited, *question(2, "Now?"), *request(3), *ending(3, "", 1)])
    assert answer.prompt == "Now?"


def test_an_interrupted_answer_ends_after_the_interruption() -> None:
    interrupted = TurnInterrupted(at_us=SECOND_US, turn=1, heard_text="Hel", heard_samples=1)
    completed = TurnCompleted(
        at_us=SECOND_US, turn=1, role="assistant", text="Hel", finish_reason="interrupted"
    )
    events = [*question(0, "Hi?"), *request(1), delta(1, "Hello", 5), interrupted, completed]
    (answer,) = answers_of(events)
    assert answer.pieces == (TextPiece("Hello", 5),)
    assert (answer.finish_reason, answer.failure) == ("length", None)
    assert answer.due_us == 2 * SECOND_US


def test_an_answer_that_was_whole_when_its_sound_was_stopped() -> None:
    interrupted = TurnInterrupted(at_us=SECOND_US, turn=1, heard_text="Hel", heard_samples=1)
    finished = ModelFinished(at_us=7, turn=1, reason="stop")
    events = [*question(0, "Hi?"), *request(1), delta(1, "Hello", 5), finished, interrupted]
    (answer,) = answers_of(events)
    assert (answer.finish_reason, answer.due_us) == ("stop", 7)


FAILURES = ModelFailures("Anthropic", "m", "ANTHROPIC_API_KEY", "api.anthropic.com")


class TestFailures:
    @pytest.mark.parametrize(
        ("error", "failure"),
        [
            (
                FAILURES.refused(ServerRefusal(status=429, reason="too fast")),
                AnswerFailure("", "too fast", 429, False),
            ),
            (
                FAILURES.broke_off("overloaded_error: Overloaded", arrived=True),
                AnswerFailure("overloaded_error", "Overloaded", 0, True),
            ),
            (
                FAILURES.broke_off("The server tires", arrived=False),
                AnswerFailure("", "The server tires", 500, True),
            ),
            (
                FAILURES.broke_off("the connection was lost", arrived=True),
                AnswerFailure(CUT, "", 0, True),
            ),
            (FAILURES.too_slow(arrived=False), AnswerFailure(SILENT, "", 0, False)),
            (FAILURES.unreachable(), AnswerFailure(CUT, "", 0, False)),
        ],
    )
    def test_what_the_sentence_tells(self, error: ModelError, failure: AnswerFailure) -> None:
        assert failure_in(str(error), begun=False) == failure

    def test_a_stream_that_fell_silent(self) -> None:
        failed = Failed(at_us=9, stage="model", detail=str(FAILURES.too_slow(arrived=True)), turn=1)
        (answer,) = answers_of([*question(0, "Hi?"), *request(1), delta(1, "Hel", 5), failed])
        assert answer.failure == AnswerFailure(SILENT, "", 0, True)

    def test_a_model_that_was_asked_instead_gave_the_answer(self) -> None:
        instead = RequestSent(at_us=3, turn=1, provider="second", model="m", messages=1)
        (answer,) = answers_of(
            [
                *question(0, "Hi?"),
                *request(1),
                instead,
                delta(1, "Hello.", 5),
                *ending(1, "Hello.", 9),
            ]
        )
        assert [piece.text for piece in answer.pieces if isinstance(piece, TextPiece)] == ["Hello."]

    def test_an_answer_that_broke_off(self) -> None:
        from gramophone.conversation.answer_text import MODEL_CUT_OFF

        failed = Failed(at_us=9, stage="model", detail=MODEL_CUT_OFF, turn=1)
        (answer,) = answers_of([*question(0, "Hi?"), *request(1), delta(1, "Hel", 5), failed])
        assert answer.failure == AnswerFailure(UNFINISHED, "", 0, True)
        assert answer.due_us == 9

    def test_a_request_that_was_never_made_has_no_answer(self) -> None:
        detail = str(FAILURES.misconfigured("no such scheme"))
        failed = Failed(at_us=9, stage="model", detail=detail, turn=1)
        assert answers_of([*question(0, "Hi?"), *request(1), failed]) == ()
