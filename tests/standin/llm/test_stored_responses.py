"""Responses that the stand-in keeps: to go on from, to fetch, to list and to delete."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.standin.llm.dialects import ResponsesDialect
from gramophone.standin.llm.stored_responses import RESPONSES_PATH, StoredResponses
from gramophone.standin.server.http import Request
from gramophone.wire.llm.answer import (
    CUT,
    OPENAI_RESPONSES,
    AnswerFailure,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ToolPiece,
)
from gramophone.wire.llm.errors import ModelRefusal, RequestRefused
from tests.support.model_requests import RESPONSES, asking
from tests.support.sdk_types import assert_stream_typed, assert_typed

HELLO = ModelAnswer(None, (TextPiece("Hel"), TextPiece("lo.")))
LOOKING = ModelAnswer(
    None, (ToolPiece(0, "", "look", "{}"), ToolPiece(1, "call_2", "look", "{}")), "tool_calls"
)
LOOK = {"type": "function", "name": "look"}


class Service:
    """The protocol with what it stores, without a server: requests in, bodies out."""

    def __init__(self, stored: StoredResponses | None = None, *, strict: bool = True) -> None:
        self.stored = stored or StoredResponses()
        self._dialect = ResponsesDialect(self.stored, strict=strict)
        self._count = 0

    def create(self, answer: ModelAnswer = HELLO, **fields: Any) -> dict[str, Any]:
        body = json.dumps(asking(RESPONSES, **fields)).encode()
        question = self._dialect.read(Request("POST", RESPONSES_PATH, "", (), body))
        self._count += 1
        return json.loads(question.whole(answer, self._count))

    def fetch(self, path: str, query: str = "") -> bytes:
        request = Request("GET", f"{RESPONSES_PATH}/{path}", query, (), b"")
        return self.stored.fetch(request)[1]

    def has(self, id_: str) -> bool:
        try:
            self.fetch(id_)
        except RequestRefused:
            return False
        return True


def refusal(service: Service, **fields: Any) -> ModelRefusal:
    with pytest.raises(RequestRefused) as refused:
        service.create(**fields)
    return refused.value.refusal


def result(id_: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": id_, "output": "Nothing."}


class TestGoingOn:
    def test_an_unknown_response_is_refused(self) -> None:
        refused = refusal(Service(), previous_response_id="resp_0")
        assert (refused.status, refused.kind, refused.code, refused.param) == (
            400,
            "invalid_request_error",
            "previous_response_not_found",
            "previous_response_id",
        )
        Service(strict=False).create(previous_response_id="resp_0")

    def test_one_that_was_not_to_be_stored_is_unknown(self) -> None:
        service = Service()
        first = service.create(store=False)
        refused = refusal(service, previous_response_id=first["id"])
        assert refused.code == "previous_response_not_found"

    def test_a_recorded_response_is_known_by_its_recorded_id(self) -> None:
        service = Service()
        original = Service().create()
        original["id"] = "resp_recorded"
        raw = ModelAnswer(None, (RawPiece(json.dumps(original)),), provider=OPENAI_RESPONSES)
        assert service.create(raw)["id"] == "resp_recorded"
        service.create(previous_response_id="resp_recorded")

    @pytest.mark.parametrize(
        ("results", "says"),
        [
            ([0, 1], ""),
            ([1, 0], ""),
            ([0], "No tool output found for function call call_2."),
            ([], "No tool output found for function call call_"),
            ([0, 1, "call_3"], "No tool call found for function call output with call_id call_3."),
        ],
    )
    def test_each_call_needs_its_result(self, results: list[Any], says: str) -> None:
        service = Service()
        first = service.create(LOOKING, tools=[LOOK])
        calls = [item["call_id"] for item in first["output"]]
        items = [result(calls[name] if isinstance(name, int) else name) for name in results]
        fields: dict[str, Any] = {"input": items or "And?", "previous_response_id": first["id"]}
        if says:
            assert says in refusal(service, **fields).message
            return
        second = service.create(**fields)
        assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]
        # Later results may belong to any call of the conversation.
        service.create(input=[result(calls[0])], previous_response_id=second["id"])


class TestBounds:
    def test_the_oldest_of_too_many_goes_first(self) -> None:
        service = Service(StoredResponses(most=2))
        ids = [service.create()["id"] for _ in range(3)]
        assert [service.has(id_) for id_ in ids] == [False, True, True]

    def test_and_of_those_that_are_too_large(self) -> None:
        service = Service(StoredResponses(most_bytes=5_000))
        ids = [service.create(input="a" * size)["id"] for size in (3_000, 1_000, 3_000, 9_000)]
        assert [service.has(id_) for id_ in ids] == [False, False, False, False]
        assert service.has(service.create()["id"]), "what was removed is not counted"

    def test_one_that_comes_again_is_counted_once(self) -> None:
        service = Service(StoredResponses(most_bytes=5_000))
        body = json.dumps(Service().create())
        raw = ModelAnswer(None, (RawPiece(body),), provider=OPENAI_RESPONSES)
        ids = {service.create(raw, input="a" * 3_000)["id"] for _ in range(5)}
        assert [service.has(id_) for id_ in ids] == [True]


class TestFetching:
    @pytest.mark.parametrize("answer", [HELLO, LOOKING])
    def test_it_is_the_response_as_it_was(self, answer: ModelAnswer) -> None:
        service = Service()
        first = service.create(answer, tools=[LOOK], user="u")
        assert json.loads(service.fetch(first["id"])) == first

    @pytest.mark.parametrize(("kind", "status"), [(CUT, "completed"), ("server_error", "failed")])
    def test_the_status_of_one_that_failed(self, kind: str, status: str) -> None:
        service = Service()
        failure = AnswerFailure(kind, "Sorry", 500, in_stream=True)
        first = service.create(ModelAnswer(None, HELLO.pieces, failure=failure))
        fetched = json.loads(service.fetch(first["id"]))
        assert_typed("response", fetched)
        assert (fetched["id"], fetched["status"]) == (first["id"], status)

    def test_as_a_stream_from_any_event_on(self) -> None:
        service = Service()
        first = service.create()
        events = assert_stream_typed("response event", service.fetch(first["id"], "stream=true"))
        assert events[-1]["response"] == first
        rest = service.fetch(first["id"], "stream=true&starting_after=3")
        assert assert_stream_typed("response event", rest) == events[4:]

    def test_a_recorded_stream_has_its_recorded_end(self) -> None:
        source, service = Service(), Service()
        id_ = source.create()["id"]
        stream = source.fetch(id_, "stream=true")
        raw = [
            RawPiece(json.dumps(event)) for event in assert_stream_typed("response event", stream)
        ]
        last = json.loads(raw[-1].raw)["response"]
        service.create(ModelAnswer(None, tuple(raw), provider=OPENAI_RESPONSES))
        assert json.loads(service.fetch(id_)) == last

    def test_the_input_as_a_list_in_pages(self) -> None:
        items: list[Any] = [
            {"role": "user", "content": "One?"},
            {"role": "assistant", "content": "1"},
            {"type": "function_call", "call_id": "a", "name": "look", "arguments": "{}"},
            result("a"),
            {"type": "message", "id": "msg_own", "role": "user", "content": []},
        ]
        service = Service()
        id_ = service.create(input=items)["id"]
        newest = json.loads(service.fetch(f"{id_}/input_items"))
        assert_typed("input items", newest)
        assert newest["data"][0]["id"] == newest["first_id"] == "msg_own"
        assert not newest["has_more"]
        oldest = list(reversed(newest["data"]))
        assert oldest[0]["content"] == [{"type": "input_text", "text": "One?"}]
        assert oldest[1]["content"][0]["type"] == "output_text"
        page = json.loads(service.fetch(f"{id_}/input_items", "order=asc&limit=2"))
        assert (page["data"], page["has_more"]) == (oldest[:2], True)
        after = f"order=asc&limit=3&after={page['last_id']}"
        assert json.loads(service.fetch(f"{id_}/input_items", after))["data"] == oldest[2:]
        text = service.create(input="Hello?")["id"]
        (item,) = json.loads(service.fetch(f"{text}/input_items"))["data"]
        assert item["content"][0]["text"] == "Hello?"

    @pytest.mark.parametrize(
        ("path", "query", "status"),
        [
            ("resp_0", "", 404),
            ("resp_0/input_items", "", 404),
            ("{id}/output_items", "", 404),
            ("{id}/input_items", "limit=0", 400),
            ("{id}/input_items", "limit=101", 400),
            ("{id}", "stream=true&starting_after=a", 400),
        ],
    )
    def test_refusals(self, path: str, query: str, status: int) -> None:
        service = Service()
        id_ = service.create()["id"]
        with pytest.raises(RequestRefused) as refused:
            service.fetch(path.format(id=id_), query)
        assert refused.value.refusal.status == status
        assert refused.value.refusal.kind == "invalid_request_error"
