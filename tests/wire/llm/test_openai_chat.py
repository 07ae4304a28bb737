"""Chat Completions from the server's side: requests in, chunks out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gramophone.wire.llm.answer import (
    ANTHROPIC,
    CUT,
    OPENAI,
    AnswerFailure,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.errors import RequestRefused, openai_error
from gramophone.wire.llm.openai_chat import ChatRequest, chat_events, parse_chat, render_chat
from tests.support.model_servers import anthropic_events, openai_chunks
from tests.support.sse_reading import events_in, moments, payloads

PLAIN = ChatRequest("gpt-5-mini", "Hello?", True, False, 12)
COUNTED = ChatRequest("gpt-5-mini", "Hello?", True, True, 12)
HELLO = ModelAnswer(
    None, (TextPiece("Hel", 100), TextPiece("lo.", 250)), input_tokens=9, output_tokens=4
)


def asking(**fields: Any) -> bytes:
    messages = [{"role": "user", "content": "Hello?"}]
    return json.dumps({"model": "gpt-5-mini", "messages": messages, **fields}).encode()


class TestRequests:
    def test_what_is_asked_is_what_the_user_said_last(self) -> None:
        messages: list[dict[str, Any]] = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": None, "tool_calls": []},
            {"role": "tool", "tool_call_id": "call_a", "content": "1"},
        ]
        request = parse_chat(asking(messages=messages))
        assert (request.prompt, request.step) == ("One?", 1)

    def test_steps_are_counted_from_what_the_user_said_last(self) -> None:
        user, model, tool = (
            {"role": role, "content": "x"} for role in ("user", "assistant", "tool")
        )

        def step(*messages: dict[str, str]) -> int:
            return parse_chat(asking(messages=[*messages])).step

        assert step(user) == 0
        assert step(user, model, tool, user) == 0
        assert step(user, model, tool, tool) == 1
        assert step(user, model, tool, model, tool) == 2
        assert step(user, model) == 0, "the beginning of an answer is none"

    def test_parts_of_a_message_are_joined(self) -> None:
        parts = [
            {"type": "text", "text": "a"},
            {"type": "image_url"},
            {"type": "text", "text": "b"},
        ]
        request = parse_chat(asking(messages=[{"role": "user", "content": parts}]))
        assert request.prompt == "a\nb"

    def test_fields_that_nobody_knows_do_no_harm(self) -> None:
        request = parse_chat(asking(stream=True, novelty={"x": 1}, stream_options={"y": 2}))
        assert (request.stream, request.include_usage) == (True, False)

    def test_usage_is_given_on_request(self) -> None:
        assert parse_chat(asking(stream=True, stream_options={"include_usage": True})).include_usage

    @pytest.mark.parametrize(
        ("body", "param", "says"),
        [
            (b"", None, "could not parse the JSON"),
            (b"[]", None, "could not parse the JSON"),
            (b"{NaN}", None, "could not parse the JSON"),
            (b"[" * 100_000, None, "could not parse the JSON"),
            (asking(model=None), None, "must provide a model"),
            (asking(messages=None), "messages", "Missing required parameter"),
            (asking(messages="Hello?"), "messages", "but got a string"),
            (asking(messages=[]), "messages", "empty array"),
            (asking(messages=[3]), "messages[0]", "but got an integer"),
            (asking(messages=[{}]), "messages[0].role", "Missing required parameter"),
            (asking(messages=[{"role": "king"}]), "messages[0].role", "Invalid value: 'king'"),
            (
                asking(messages=[{"role": "user", "content": 3.5}]),
                "messages[0].content",
                "but got a decimal",
            ),
            (asking(stream="yes"), "stream", "expected a boolean"),
            (asking(stream_options={}), "stream_options", "only allowed when 'stream'"),
            (asking(n=2), "n", "must be 1"),
        ],
    )
    def test_what_cannot_stand_is_refused(self, body: bytes, param: str | None, says: str) -> None:
        with pytest.raises(RequestRefused) as caught:
            parse_chat(body)
        error = openai_error(caught.value.refusal)["error"]
        assert caught.value.refusal.status == 400
        assert says in error["message"]
        assert (error["type"], error["param"]) == ("invalid_request_error", param)


class TestStream:
    def test_an_answer(self) -> None:
        chunks = payloads(chat_events(HELLO, PLAIN, 0))
        assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
            {"role": "assistant", "content": "", "refusal": None},
            {"content": "Hel"},
            {"content": "lo."},
            {},
        ]
        assert [c["choices"][0]["finish_reason"] for c in chunks] == [None, None, None, "stop"]
        assert {(c["object"], c["model"]) for c in chunks} == {
            ("chat.completion.chunk", "gpt-5-mini")
        }
        assert all("usage" not in chunk for chunk in chunks)

    def test_it_ends_with_done_and_keeps_its_time(self) -> None:
        events = chat_events(HELLO, PLAIN, 0)
        assert events[-1] == (250, b"data: [DONE]\n\n")
        assert moments(events) == [100, 100, 250, 250, 250]

    def test_ids_are_the_same_each_time_and_differ_between_answers(self) -> None:
        assert chat_events(HELLO, PLAIN, 3) == chat_events(HELLO, PLAIN, 3)
        assert (
            payloads(chat_events(HELLO, PLAIN, 3))[0]["id"]
            != payloads(chat_events(HELLO, PLAIN, 4))[0]["id"]
        )

    def test_usage_comes_last_without_a_choice(self) -> None:
        *chunks, last = payloads(chat_events(HELLO, COUNTED, 0))
        assert {chunk["usage"] for chunk in chunks} == {None}
        assert last["choices"] == []
        assert last["usage"]["prompt_tokens"] == 9
        assert last["usage"]["total_tokens"] == 13

    def test_nobody_counted_so_it_is_guessed(self) -> None:
        usage = payloads(chat_events(ModelAnswer(None, (TextPiece("Hello!!"),)), COUNTED, 0))[-1][
            "usage"
        ]
        assert (usage["prompt_tokens"], usage["completion_tokens"]) == (3, 2)

    def test_calls_to_tools(self) -> None:
        answer = ModelAnswer(
            None,
            (
                ToolPiece(3, "call_a", "look", "", 1),
                ToolPiece(3, "", "", '{"at":', 2),
                ToolPiece(5, "", "listen", "{}", 3),
                ToolPiece(3, "", "", "1}", 4),
            ),
        )
        chunks = [chunk["choices"][0] for chunk in payloads(chat_events(answer, PLAIN, 0))]
        assert chunks[0]["delta"]["content"] is None
        calls = [chunk["delta"]["tool_calls"][0] for chunk in chunks[1:-1]]
        assert calls[0] == {
            "index": 0,
            "id": "call_a",
            "type": "function",
            "function": {"name": "look", "arguments": ""},
        }
        assert calls[1] == {"index": 0, "function": {"arguments": '{"at":'}}
        assert calls[2]["id"].startswith("call_"), "an id is made where none was given"
        assert calls[3] == {"index": 0, "function": {"arguments": "1}"}}
        assert chunks[-1]["finish_reason"] == "tool_calls"

    def test_thoughts_stand_where_local_servers_put_them(self) -> None:
        answer = ModelAnswer(
            None, (ThinkingPiece("Hm."), ThinkingPiece("", "sig"), TextPiece("Hi"))
        )
        deltas = [c["choices"][0]["delta"] for c in payloads(chat_events(answer, PLAIN, 0))]
        assert deltas[1:3] == [{"reasoning_content": "Hm."}, {"content": "Hi"}]

    def test_an_empty_answer_ends_too(self) -> None:
        chunks = payloads(chat_events(ModelAnswer(None, ()), PLAIN, 0))
        assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, "stop"]

    def test_a_failure_in_the_stream_is_an_error_without_an_end(self) -> None:
        failure = AnswerFailure("overloaded_error", "Too much.", 529, in_stream=True)
        events = chat_events(ModelAnswer(None, (TextPiece("Hel"),), failure=failure), PLAIN, 0)
        assert payloads(events)[-1]["error"]["message"] == "Too much."
        assert payloads(events)[-1]["error"]["type"] == "service_unavailable_error", "OpenAI's word"
        assert b"[DONE]" not in events[-1][1]

    def test_an_answer_that_is_cut_has_neither(self) -> None:
        failure = AnswerFailure(CUT, "", 0, in_stream=True)
        events = chat_events(ModelAnswer(None, (TextPiece("Hel"),), failure=failure), PLAIN, 0)
        assert [c["choices"][0]["delta"].get("content") for c in payloads(events)] == ["", "Hel"]

    def test_line_ends_of_unicode_do_not_tear_an_event(self) -> None:
        text = "a\u2028b\x85c\u2029d\r\ne"
        events = chat_events(ModelAnswer(None, (TextPiece(text),)), PLAIN, 0)
        assert all(len(event.decode().splitlines()) == 2 for _, event in events)
        assert payloads(events)[1]["choices"][0]["delta"]["content"] == text


def recorded(*chunks: dict[str, Any]) -> ModelAnswer:
    raw = (RawPiece(json.dumps(chunk), 10 * n) for n, chunk in enumerate(chunks))
    return ModelAnswer(None, tuple(raw), input_tokens=9, output_tokens=4, provider=OPENAI)


class TestRecorded:
    def test_chunks_are_given_back_as_they_came(self) -> None:
        answer = recorded(*openai_chunks({"content": "Hi"}))
        events = chat_events(answer, COUNTED, 0)
        raw = [piece.raw for piece in answer.pieces if isinstance(piece, RawPiece)]
        assert [data for _, data in events_in(b"".join(e for _, e in events))] == [*raw, "[DONE]"]
        assert moments(events) == [0, 10, 20, 30, 30]

    def test_nobody_gets_counts_who_did_not_ask(self) -> None:
        answer = recorded(*openai_chunks({"content": "Hi"}))
        assert all(chunk["choices"] for chunk in payloads(chat_events(answer, PLAIN, 0)))

    def test_counts_are_added_where_the_recording_has_none(self) -> None:
        answer = recorded(*openai_chunks({"content": "Hi"}, usage=None))
        last = payloads(chat_events(answer, COUNTED, 0))[-1]
        assert (last["choices"], last["usage"]["total_tokens"]) == ([], 13)

    def test_a_recording_that_breaks_off_is_ended(self) -> None:
        answer = recorded(*openai_chunks({"content": "Hi"}, finish_reason=None, usage=None))
        events = chat_events(answer, PLAIN, 0)
        assert payloads(events)[-1]["choices"][0]["finish_reason"] == "stop"
        assert events[-1][1] == b"data: [DONE]\n\n"

    def test_a_recorded_error_is_the_end(self) -> None:
        error = {"error": {"message": "Too much.", "type": "server_error"}}
        failure = AnswerFailure("", "Too much.", 500, in_stream=True)
        answer = recorded(*openai_chunks({"content": "Hi"})[:2], error)
        for failing in (answer, replace(answer, failure=failure)):
            assert payloads(chat_events(failing, PLAIN, 0))[2:] == [error]

    def test_another_providers_words_are_translated(self) -> None:
        raw = (RawPiece(json.dumps(event)) for event in anthropic_events("Hel", "lo"))
        chunks = payloads(chat_events(ModelAnswer(None, tuple(raw), provider=ANTHROPIC), PLAIN, 0))
        assert [c["choices"][0]["delta"].get("content") for c in chunks] == ["", "Hel", "lo", None]

    def test_a_whole_completion_is_given_back_as_it_was(self) -> None:
        raw = '{ "choices": [{"index": 0, "message": {"content": "Hi"}}] }'
        answer = ModelAnswer(None, (RawPiece(raw),), provider=OPENAI)
        assert render_chat(answer, PLAIN, 0) == raw.encode()
        assert payloads(chat_events(answer, PLAIN, 0))[1]["choices"][0]["delta"] == {
            "content": "Hi"
        }


class TestWhole:
    def test_an_answer(self) -> None:
        whole = json.loads(render_chat(HELLO, PLAIN, 0))
        (choice,) = whole["choices"]
        assert choice["message"]["content"] == "Hello."
        assert "tool_calls" not in choice["message"]
        assert choice["finish_reason"] == "stop"
        assert whole["object"] == "chat.completion"
        assert whole["usage"]["completion_tokens"] == 4

    def test_calls_to_tools(self) -> None:
        answer = ModelAnswer(None, (ToolPiece(1, "a", "f", "{"), ToolPiece(1, "", "", "}")))
        (choice,) = json.loads(render_chat(answer, PLAIN, 0))["choices"]
        assert choice["message"]["content"] is None
        assert choice["message"]["tool_calls"] == [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        ]
        assert choice["finish_reason"] == "tool_calls"

    def test_half_a_character_is_escaped(self) -> None:
        whole = render_chat(ModelAnswer(None, (TextPiece("\ud83d"),)), PLAIN, 0)
        assert json.loads(whole)["choices"][0]["message"]["content"] == "\ud83d"
