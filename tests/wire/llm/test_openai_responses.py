"""Responses from the server's side: requests in, named and numbered events out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.wire.llm.answer import (
    CUT,
    OPENAI_RESPONSES,
    AnswerFailure,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.errors import RequestRefused
from gramophone.wire.llm.openai_responses import parse_responses, render_response, response_events
from tests.support.sse_reading import events_in, moments, payloads

HELLO = ModelAnswer(
    None, (TextPiece("Hel", 100), TextPiece("lo.", 250)), input_tokens=9, output_tokens=4
)


def asking(**fields: Any) -> bytes:
    return json.dumps({"model": "gpt-5-mini", "input": "Hello?", **fields}).encode()


ASKED = parse_responses(asking(instructions="Be brief.", stream=True))


class TestRequests:
    def test_a_text_is_what_the_user_said(self) -> None:
        assert parse_responses(asking()).prompt == "Hello?"

    def test_among_items_the_users_last_counts(self) -> None:
        items = [
            {"role": "user", "content": [{"type": "input_text", "text": "One?"}]},
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a", "output": "1"},
        ]
        request = parse_responses(asking(input=items))
        assert (request.prompt, request.step) == ("One?", 1)

    def test_a_later_turn_may_say_nothing(self) -> None:
        request = parse_responses(asking(input=None, previous_response_id="resp_1"))
        assert (request.prompt, request.previous_response_id) == ("", "resp_1")

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (b"no", "could not parse the JSON"),
            (asking(model=None), "'model'"),
            (asking(model=["x"]), "'model'"),
            (asking(input=None), "'input'"),
            (asking(input=7), "but got an integer"),
            (asking(input=[None]), "but got null"),
            (asking(stream="yes"), "expected a boolean"),
        ],
    )
    def test_what_cannot_stand_is_refused(self, body: bytes, says: str) -> None:
        with pytest.raises(RequestRefused, match=says):
            parse_responses(body)


class TestStream:
    def test_an_answer(self) -> None:
        events = response_events(HELLO, ASKED, 0)
        assert [event["type"] for event in payloads(events)] == [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
        assert moments(events) == [100, 100, 100, 100, 100, 250, 250, 250, 250, 250]

    def test_events_are_named_and_numbered(self) -> None:
        events = response_events(HELLO, ASKED, 0)
        named = [name for name, _ in events_in(b"".join(event for _, event in events))]
        assert named == [event["type"] for event in payloads(events)]
        assert [event["sequence_number"] for event in payloads(events)] == list(range(10))

    def test_the_response_is_whole_at_its_end(self) -> None:
        events = payloads(response_events(HELLO, ASKED, 0))
        first, last = events[0]["response"], events[-1]["response"]
        assert (first["status"], first["output"], first["usage"]) == ("in_progress", [], None)
        assert (last["status"], last["usage"]["total_tokens"]) == ("completed", 13)
        assert last["output"] == [events[-2]["item"]]
        assert last["output"][0]["content"][0]["text"] == "Hello."
        assert first["instructions"] == last["instructions"] == "Be brief."
        assert first["id"] == last["id"]

    def test_a_call_to_a_tool(self) -> None:
        answer = ModelAnswer(
            None, (ToolPiece(0, "call_a", "f", "", 1), ToolPiece(0, "", "", "{}", 2))
        )
        events = payloads(response_events(answer, ASKED, 0))
        assert [event["type"].removeprefix("response.") for event in events[2:-1]] == [
            "output_item.added",
            "function_call_arguments.delta",
            "function_call_arguments.done",
            "output_item.done",
        ]
        item = events[-1]["response"]["output"][0]
        assert (item["type"], item["call_id"], item["name"]) == ("function_call", "call_a", "f")
        assert item["arguments"] == events[4]["arguments"] == "{}"
        assert {event["item_id"] for event in events[3:5]} == {item["id"]}

    def test_thoughts_are_a_summary(self) -> None:
        answer = ModelAnswer(None, (ThinkingPiece("Hm.", "sig"), TextPiece("Hi")))
        events = payloads(response_events(answer, ASKED, 0))
        assert [event["type"].removeprefix("response.") for event in events[2:8]] == [
            "output_item.added",
            "reasoning_summary_part.added",
            "reasoning_summary_text.delta",
            "reasoning_summary_text.done",
            "reasoning_summary_part.done",
            "output_item.done",
        ]
        reasoning, message = events[-1]["response"]["output"]
        assert reasoning["summary"] == [{"type": "summary_text", "text": "Hm."}]
        assert message["content"][0]["text"] == "Hi"

    @pytest.mark.parametrize(
        ("reason", "why"), [("length", "max_output_tokens"), ("content_filter", "content_filter")]
    )
    def test_an_answer_that_was_cut_short(self, reason: str, why: str) -> None:
        last = payloads(response_events(ModelAnswer(None, (TextPiece("H"),), reason), ASKED, 0))[-1]
        assert last["type"] == "response.incomplete"
        assert last["response"]["incomplete_details"] == {"reason": why}

    def test_a_failure_in_the_stream(self) -> None:
        failure = AnswerFailure("", "Too much.", 503, in_stream=True)
        last = payloads(
            response_events(ModelAnswer(None, (TextPiece("H"),), failure=failure), ASKED, 0)
        )[-1]
        assert last["type"] == "response.failed"
        assert last["response"]["error"] == {"code": "server_error", "message": "Too much."}

    def test_an_answer_that_is_cut_has_no_end(self) -> None:
        failure = AnswerFailure(CUT, "", 0, in_stream=True)
        events = payloads(
            response_events(ModelAnswer(None, (TextPiece("H"),), failure=failure), ASKED, 0)
        )
        assert events[-1]["type"] == "response.output_item.done"


class TestRecorded:
    def test_events_are_given_back_as_they_came(self) -> None:
        raw = [json.dumps(event) for event in payloads(response_events(HELLO, ASKED, 0))]
        answer = ModelAnswer(None, tuple(map(RawPiece, raw)), provider=OPENAI_RESPONSES)
        events = events_in(b"".join(event for _, event in response_events(answer, ASKED, 9)))
        assert [data for _, data in events] == raw
        assert events[0][0] == "response.created"

    def test_a_recording_that_breaks_off_is_ended(self) -> None:
        raw = [json.dumps(event) for event in payloads(response_events(HELLO, ASKED, 0))[:6]]
        answer = ModelAnswer(None, tuple(map(RawPiece, raw)), provider=OPENAI_RESPONSES)
        *events, last = payloads(response_events(answer, ASKED, 9))
        assert (last["type"], last["sequence_number"]) == ("response.completed", 7)
        assert last["response"]["id"] == events[0]["response"]["id"]
        assert last["response"]["output"][0]["content"][0]["text"] == "Hello."

    def test_what_nobody_knows_is_given_back_too(self) -> None:
        raw = [json.dumps(event) for event in payloads(response_events(HELLO, ASKED, 0))]
        raw.insert(2, '{"type": "keepalive"}')
        answer = ModelAnswer(None, tuple(map(RawPiece, raw)), provider=OPENAI_RESPONSES)
        events = events_in(b"".join(event for _, event in response_events(answer, ASKED, 9)))
        assert events[2] == ("keepalive", '{"type": "keepalive"}')
        assert len(events) == len(raw)

    def test_a_whole_response_is_given_back_as_it_was(self) -> None:
        raw = '{ "object": "response", "output": [] }'
        answer = ModelAnswer(None, (RawPiece(raw),), provider=OPENAI_RESPONSES)
        assert render_response(answer, ASKED, 0) == raw.encode()


class TestWhole:
    def test_it_is_what_the_stream_ends_with(self) -> None:
        whole = json.loads(render_response(HELLO, ASKED, 0))
        assert whole == payloads(response_events(HELLO, ASKED, 0))[-1]["response"]

    def test_it_repeats_what_was_asked_for(self) -> None:
        request = parse_responses(asking(temperature=0.5, metadata={"a": "b"}))
        whole = json.loads(render_response(HELLO, request, 0))
        assert (whole["temperature"], whole["metadata"]) == (0.5, {"a": "b"})
