"""Threads of Messages: state by the id of an answer, within bounds, and its refusals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.standin.llm.message_threads import BETA, MessageThreads
from gramophone.wire.llm.errors import RequestRefused

TOOLS = [{"name": "look", "input_schema": {"type": "object"}}]
REPLY: list[Any] = [{"type": "text", "text": "Here."}]


def request(thread: dict[str, str] | None, text: str, **fields: Any) -> bytes:
    message = {"role": "user", "content": text}
    return json.dumps({"messages": [message], "thread": thread, **fields}).encode()


def continuing(answer_id: str, text: str = "And now?", **fields: Any) -> bytes:
    thread = {"type": "continue", "previous_message_id": answer_id}
    return request(thread, text, **fields)


def begun(threads: MessageThreads, answer_id: str, text: str = "Where?", **fields: Any) -> None:
    turn = threads.turn_of(request({"type": "create"}, text, **fields), BETA)
    assert turn is not None
    threads.hold(turn, answer_id, REPLY)


def refusal(threads: MessageThreads, body: bytes, betas: str = BETA) -> tuple[int, str]:
    with pytest.raises(RequestRefused) as refused:
        threads.turn_of(body, betas)
    return refused.value.refusal.status, refused.value.refusal.error_code


def test_a_turn_has_all_messages_before_it() -> None:
    threads = MessageThreads()
    begun(threads, "msg_1", tools=TOOLS, system="Be brief.")
    second = threads.turn_of(continuing("msg_1"), BETA)
    assert second is not None
    threads.hold(second, "msg_2", REPLY)
    third = threads.turn_of(continuing("msg_2", "And then?"), f"other-beta,{BETA}")
    assert third is not None
    fields = json.loads(third.body)
    roles = [message["role"] for message in fields["messages"]]
    assert roles == ["user", "assistant", "user", "assistant", "user"]
    texts = [message["content"] for message in fields["messages"]]
    assert texts == ["Where?", REPLY, "And now?", REPLY, "And then?"]
    assert (fields["tools"], fields["system"]) == (TOOLS, "Be brief.")


@pytest.mark.parametrize("thread", [None, {}])
def test_other_requests_are_of_no_thread(thread: dict[str, str] | None) -> None:
    threads = MessageThreads()
    assert threads.turn_of(request(thread, "Where?"), BETA) is None
    assert threads.turn_of(b'{"messages": []}', "") is None
    assert threads.turn_of(b'"thread"', BETA) is None


def test_an_answer_is_continued_once() -> None:
    threads = MessageThreads()
    begun(threads, "msg_1")
    # Twice: the first try may be refused for something else.
    threads.turn_of(continuing("msg_1"), BETA)
    turn = threads.turn_of(continuing("msg_1"), BETA)
    assert turn is not None
    threads.hold(turn, "msg_2", REPLY)
    assert refusal(threads, continuing("msg_1")) == (400, "thread_already_continued")


def test_refusals() -> None:
    threads = MessageThreads()
    begun(threads, "msg_1", tools=TOOLS)
    assert refusal(threads, continuing("msg_9")) == (404, "thread_not_found")
    changed = continuing("msg_1", tools=TOOLS)
    assert refusal(threads, changed) == (400, "thread_fingerprint_mismatch")
    assert refusal(threads, continuing("msg_1"), betas="") == (400, "")
    assert refusal(threads, request({"type": "fork"}, "Where?")) == (400, "")
    assert refusal(threads, request({"type": "continue"}, "Where?")) == (400, "")


def test_the_oldest_are_dropped_beyond_the_bounds() -> None:
    few = MessageThreads(most_threads=2)
    for number in range(3):
        begun(few, f"msg_{number}")
    assert refusal(few, continuing("msg_0")) == (404, "thread_not_found")
    assert few.turn_of(continuing("msg_1"), BETA)
    small = MessageThreads(most_bytes=1000)
    begun(small, "msg_0", "a" * 600)
    begun(small, "msg_1", "a" * 600)
    assert refusal(small, continuing("msg_0")) == (404, "thread_not_found")
    assert small.turn_of(continuing("msg_1"), BETA)
    begun(small, "msg_2", "a" * 1001)
    assert refusal(small, continuing("msg_2")) == (404, "thread_not_found")
