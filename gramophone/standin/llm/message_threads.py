"""Threads of Messages: conversations that the server holds, so that a client sends what is new.

A request creates a thread; the next one names the answer to it and has only the messages after that
answer. Anthropic's clients do so when they run tools by themselves.
Shapes: anthropic 2.11 (`types/beta/beta_message_thread_param.py`, `types/thread_*_details.py`,
`lib/threads/`).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import (
    as_list,
    as_object,
    as_text,
    compact,
    encoded,
    is_list,
    read_object,
)
from gramophone.wire.llm.errors import ModelRefusal, RequestRefused

BETA = "message-threads-2026-08-12"
"""Named by every request of a thread in the header `anthropic-beta`."""

_CREATE_ONLY = ("system", "tools")
_MOST_THREADS = 10_000
_MOST_BYTES = 1 << 26


@frozen
class ThreadTurn:
    """A turn of a thread.

    Attributes:
        body: the request with all messages of the thread, as if there were none.
        previous_id: id of the answer that it continues from; empty for the first turn.
    """

    body: bytes
    previous_id: str


class MessageThreads:
    """State of threads by the ids of their last answers, the oldest dropped beyond a bound."""

    def __init__(self, most_threads: int = _MOST_THREADS, most_bytes: int = _MOST_BYTES) -> None:
        """Hold at most `most_threads` answers and, in them, `most_bytes` of JSON."""
        self._most_threads = most_threads
        self._most_bytes = most_bytes
        self._bytes = 0
        # An answer that was continued stays, without its conversation: it is refused otherwise
        # than one that is not known.
        self._held: OrderedDict[str, bytes] = OrderedDict()

    def turn_of(self, body: bytes, betas: str) -> ThreadTurn | None:
        """Read the turn that a request is; None if it is not of a thread.

        Raises:
            RequestRefused: it continues from no answer, or from one that was continued.
        """
        if b'"thread"' not in body:
            return None
        fields = read_object(body)
        thread = as_object(fields.get("thread"))
        if not thread:
            return None
        if BETA not in betas:
            raise _refused("thread: Extra inputs are not permitted")
        if thread.get("type") == "create":
            return ThreadTurn(body, "")
        if thread.get("type") != "continue":
            raise _refused("thread.type: Input should be 'create' or 'continue'")
        previous_id = as_text(thread.get("previous_message_id"))
        if not previous_id:
            raise _refused("thread.continue.previous_message_id: Field required")
        return ThreadTurn(self._whole(fields, previous_id), previous_id)

    def hold(self, turn: ThreadTurn, answer_id: str, content: list[Any]) -> None:
        """Hold the thread up to an answer, to be continued from it."""
        fields = read_object(turn.body)
        reply = {"role": "assistant", "content": content}
        conversation = {name: fields[name] for name in _CREATE_ONLY if name in fields}
        conversation["messages"] = [*as_list(fields.get("messages")), reply]
        if turn.previous_id in self._held:
            self._set(turn.previous_id, b"")
        self._set(answer_id, encoded(compact(conversation)))
        while len(self._held) > self._most_threads or self._bytes > self._most_bytes:
            self._bytes -= len(self._held.popitem(last=False)[1])

    def _set(self, answer_id: str, conversation: bytes) -> None:
        self._bytes += len(conversation) - len(self._held.get(answer_id, b""))
        self._held[answer_id] = conversation

    def _whole(self, fields: dict[str, Any], previous_id: str) -> bytes:
        """The request with what was said before."""
        conversation = self._held.get(previous_id)
        if conversation is None:
            # Also when it was dropped.
            message = f"No usable Thread state was found for `previous_message_id` {previous_id}."
            raise _refused(message, "thread_not_found", status=404)
        if not conversation:
            message = f"The response {previous_id} has already been continued."
            raise _refused(message, "thread_already_continued")
        repeated = [f"`{name}`" for name in _CREATE_ONLY if name in fields]
        if repeated:
            message = f"{', '.join(repeated)}: the Thread has the value it was created with."
            raise _refused(message, "thread_fingerprint_mismatch")
        before = read_object(conversation)
        messages = fields.get("messages")
        if is_list(messages):
            messages = [*as_list(before.get("messages")), *as_list(messages)]
        return encoded(compact({**fields, **before, "messages": messages}))


def _refused(message: str, error_code: str = "", *, status: int = 400) -> RequestRefused:
    return RequestRefused(ModelRefusal(status, message, error_code=error_code))
