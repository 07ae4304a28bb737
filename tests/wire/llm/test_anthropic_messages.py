"""Messages from the server's side: requests in, events out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gramophone.wire.llm.answer import (
    ANTHROPIC,
    CUT,
    AnswerFailure,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.anthropic_messages import (
    MessagesRequest,
    message_events,
    parse_messages,
    render_count,
    render_message,
)
from gramophone.wire.llm.errors import RequestRefused, anthropic_error
from tests.support.model_servers import anthropic_events
from tests.support.sse_reading import events_in, moments, payloads

OLD, NEW = "2023-06-01", "2026-10-21"
ASKED = MessagesRequest("claude-haiku-4-5", "Hello?", True, 12)
HELLO = ModelAnswer(
    None, (TextPiece("Hel", 100), TextPiece("lo.", 250)), input_tokens=9, output_tokens=4
)


def asking(**fields: Any) -> bytes:
    messages = [{"role": "user", "content": "Hello?"}]
    body = {"model": "claude-haiku-4-5", "max_tokens": 99, "messages": messages, **fields}
    return json.dumps(body).encode()


def message(*content: dict[str, Any], role: str = "user") -> list[dict[str, Any]]:
    return [{"role": role, "content": [*content]}]


class TestRequests:
    @pytest.mark.parametrize("version", [OLD, NEW])
    def test_a_request(self, version: str) -> None:
        assert parse_messages(asking(stream=True), version).prompt == "Hello?"

    def test_results_of_tools_are_not_the_users_words(self) -> None:
        messages: list[dict[str, Any]] = [
            {"role": "user", "content": "One?"},
            *message({"type": "tool_use", "id": "a", "name": "f", "input": {}}, role="assistant"),
            *message({"type": "tool_result", "tool_use_id": "a", "content": "1"}),
        ]
        request = parse_messages(asking(messages=messages), NEW)
        assert (request.prompt, request.step) == ("One?", 1)

    def test_sampling_was_allowed_once(self) -> None:
        assert parse_messages(asking(temperature=0.5, top_p=1), OLD).prompt == "Hello?"

    @pytest.mark.parametrize(
        ("body", "version", "says"),
        [
            (asking(), "", "header is required"),
            (asking(), "2099-01-01", "is not a valid version"),
            (b"\xff", OLD, "is not valid JSON"),
            (asking(model=""), OLD, "model: Field required"),
            (asking(max_tokens=None), OLD, "max_tokens: Field required"),
            (asking(max_tokens=0), OLD, "max_tokens: Input"),
            (asking(max_tokens="9"), OLD, "max_tokens: Input"),
            (asking(messages=None), OLD, "messages: Field required"),
            (asking(messages={}), OLD, "messages: Input should be a valid list"),
            (asking(messages=[]), OLD, "at least one message"),
            (asking(messages=["Hello?"]), OLD, "messages.0: Input"),
            (asking(messages=[{"role": "system", "content": "x"}]), OLD, "messages.0.role"),
            (asking(messages=[{"role": "user"}]), OLD, "messages.0.content: Field required"),
            (asking(messages=[{"role": "user", "content": 3}]), OLD, "messages.0.content: Input"),
            (asking(stream=1), OLD, "stream: Input"),
            (asking(temperature=1.0), NEW, "temperature: is not supported"),
            (asking(top_k=5), NEW, "top_k: is not supported"),
            (asking(messages=message({"type": "document"}, role="assistant")), NEW, "no document"),
            (
                asking(messages=message({"type": "text", "text": "a", "citations": [{}]})),
                NEW,
                "no citations",
            ),
        ],
    )
    def test_what_cannot_stand_is_refused(self, body: bytes, version: str, says: str) -> None:
        with pytest.raises(RequestRefused, match=says) as caught:
            parse_messages(body, version)
        error = anthropic_error(caught.value.refusal, "req_1")
        assert error["type"] == "error"
        assert error["error"]["type"] == "invalid_request_error"
        assert error["request_id"] == "req_1"

    def test_counting_needs_no_limit(self) -> None:
        request = parse_messages(asking(max_tokens=None), OLD, counting=True)
        assert json.loads(render_count(request))["input_tokens"] > 0


class TestStream:
    def test_an_answer(self) -> None:
        events = message_events(HELLO, ASKED, 0)
        assert [event["type"] for event in payloads(events)] == [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        assert moments(events) == [100, 100, 100, 100, 250, 250, 250, 250]

    def test_every_event_is_named_after_its_type(self) -> None:
        events = message_events(HELLO, ASKED, 0)
        named = [name for name, _ in events_in(b"".join(event for _, event in events))]
        assert named == [event["type"] for event in payloads(events)]

    def test_usage_is_told_at_both_ends(self) -> None:
        events = payloads(message_events(HELLO, ASKED, 0))
        assert events[0]["message"]["usage"]["input_tokens"] == 9
        assert events[-2] == {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {
                "input_tokens": 9,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": 4,
                "output_tokens_details": {"thinking_tokens": 0},
            },
        }

    def test_thoughts_are_signed(self) -> None:
        answer = ModelAnswer(
            None, (ThinkingPiece("Hm."), ThinkingPiece("", "EqQB"), TextPiece("Hi."))
        )
        events = payloads(message_events(answer, ASKED, 0))
        deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
        assert deltas == [
            {"type": "thinking_delta", "thinking": "Hm."},
            {"type": "signature_delta", "signature": "EqQB"},
            {"type": "text_delta", "text": "Hi."},
        ]
        assert events[1]["content_block"] == {"type": "thinking", "thinking": "", "signature": ""}

    def test_a_signature_is_made_where_none_was_given(self) -> None:
        events = payloads(message_events(ModelAnswer(None, (ThinkingPiece("Hm."),)), ASKED, 0))
        assert len(events[4]["delta"]["signature"]) > 20

    def test_calls_that_come_crosswise_are_told_one_after_the_other(self) -> None:
        answer = ModelAnswer(
            None,
            (
                ToolPiece(0, "toolu_a", "look", '{"a"', 1),
                ToolPiece(1, "", "listen", "", 2),
                ToolPiece(0, "", "", ":1}", 9),
            ),
        )
        timed = message_events(answer, ASKED, 0)
        events = payloads(timed)
        starts = [event for event in events if event["type"] == "content_block_start"]
        assert [event["index"] for event in starts] == [0, 1]
        assert starts[0]["content_block"] == {
            "type": "tool_use",
            "id": "toolu_a",
            "name": "look",
            "input": {},
        }
        assert starts[1]["content_block"]["id"].startswith("toolu_")
        deltas = [event for event in events if event["type"] == "content_block_delta"]
        assert [(d["index"], d["delta"]["partial_json"]) for d in deltas] == [
            (0, '{"a"'),
            (0, ":1}"),
            (1, ""),
        ]
        assert moments(timed) == sorted(moments(timed)), "what waited comes late, not early"
        assert events[-2]["delta"]["stop_reason"] == "tool_use"

    @pytest.mark.parametrize(
        ("reason", "stop_reason"),
        [
            ("length", "max_tokens"),
            ("content_filter", "refusal"),
            ("pause_turn", "pause_turn"),
        ],
    )
    def test_why_it_ended(self, reason: str, stop_reason: str) -> None:
        events = payloads(message_events(ModelAnswer(None, (TextPiece("H"),), reason), ASKED, 0))
        assert events[-2]["delta"]["stop_reason"] == stop_reason

    def test_an_empty_answer_ends_too(self) -> None:
        assert [
            event["type"] for event in payloads(message_events(ModelAnswer(None, ()), ASKED, 0))
        ] == [
            "message_start",
            "message_delta",
            "message_stop",
        ]

    def test_an_overload_in_the_stream(self) -> None:
        failure = AnswerFailure("overloaded_error", "", 0, in_stream=True)
        answer = ModelAnswer(None, (TextPiece("Hel"),), failure=failure)
        last = payloads(message_events(answer, ASKED, 0))[-1]
        assert last["type"] == "error"
        assert last["error"] == {"type": "overloaded_error", "message": "Overloaded"}

    def test_an_answer_that_is_cut_has_no_end(self) -> None:
        failure = AnswerFailure(CUT, "", 0, in_stream=True)
        events = payloads(
            message_events(ModelAnswer(None, (TextPiece("H"),), failure=failure), ASKED, 0)
        )
        assert events[-1]["type"] == "content_block_stop"


def recorded(*events: dict[str, Any]) -> ModelAnswer:
    raw = (RawPiece(json.dumps(event), 10 * n) for n, event in enumerate(events))
    return ModelAnswer(None, tuple(raw), output_tokens=4, provider=ANTHROPIC)


class TestRecorded:
    def test_events_are_given_back_as_they_came(self) -> None:
        answer = recorded(*anthropic_events("Hel", "lo", thinking="Hm."))
        events = message_events(answer, ASKED, 0)
        raw = [piece.raw for piece in answer.pieces if isinstance(piece, RawPiece)]
        assert [data for _, data in events_in(b"".join(e for _, e in events))] == raw
        assert moments(events) == [10 * n for n in range(len(raw))]

    def test_a_recording_that_breaks_off_is_ended(self) -> None:
        sent = anthropic_events("Hel", "lo")[:4]
        sent[0]["message"]["usage"] |= {"input_tokens": 77, "cache_read_input_tokens": 5}
        events = payloads(message_events(recorded(*sent), ASKED, 0))
        assert [event["type"] for event in events[4:]] == [
            "content_block_stop",
            "message_delta",
            "message_stop",
        ]
        usage = events[5]["usage"]
        counts = [usage[f"{name}_tokens"] for name in ("input", "cache_read_input", "output")]
        assert counts == [77, 5, 4], "its input is that of its start"

    def test_what_nobody_knows_is_given_back_too(self) -> None:
        novelty = {"type": "novelty", "text": "boo"}
        answer = recorded(*anthropic_events("Hi")[:3], novelty, *anthropic_events("Hi")[3:])
        events = events_in(b"".join(event for _, event in message_events(answer, ASKED, 0)))
        assert events[3] == ("novelty", json.dumps(novelty))

    def test_a_recorded_error_is_not_told_twice(self) -> None:
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
        failure = AnswerFailure("overloaded_error", "Overloaded", 0, in_stream=True)
        answer = replace(recorded(*anthropic_events("Hi")[:3], error), failure=failure)
        events = payloads(message_events(answer, ASKED, 0))
        assert [event["type"] for event in events].count("error") == 1

    def test_a_whole_message_is_given_back_as_it_was(self) -> None:
        raw = '{ "type": "message", "content": [{"type": "text", "text": "Hi"}] }'
        answer = ModelAnswer(None, (RawPiece(raw),), provider=ANTHROPIC)
        assert render_message(answer, ASKED, 0) == raw.encode()
        assert payloads(message_events(answer, ASKED, 0))[3]["delta"]["text"] == "Hi"


class TestWhole:
    def test_an_answer(self) -> None:
        answer = ModelAnswer(
            None,
            (
                ThinkingPiece("Hm.", "EqQB"),
                TextPiece("Hi."),
                ToolPiece(0, "toolu_a", "f", '{"a": 1}'),
            ),
        )
        whole = json.loads(render_message(answer, ASKED, 0))
        assert whole["content"] == [
            {"type": "thinking", "thinking": "Hm.", "signature": "EqQB"},
            {"type": "text", "text": "Hi."},
            {"type": "tool_use", "id": "toolu_a", "name": "f", "input": {"a": 1}},
        ]
        assert whole["stop_reason"] == "tool_use"
        assert whole["usage"]["output_tokens"] > 0
