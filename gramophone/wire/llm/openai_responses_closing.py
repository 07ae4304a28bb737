"""Ends of a stream of Responses that breaks off: of its items, and by an error."""

# A stream of Responses carries everything twice: in deltas, and again in the `done` event of each
# part and item, and in `response.completed`. A client that follows the deltas
# refuses a response whose items were begun and never ended. So a recording that breaks off is
# followed as a client would: each item is put together from its deltas, and its end is
# written with what had come.

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gramophone.wire.lenient_json import as_count, as_list, as_object, as_text
from gramophone.wire.llm.errors import ModelRefusal, openai_error
from gramophone.wire.sse import event_bytes


class BrokenOff:
    """The state of such a stream: its items, and how far each has come."""

    def __init__(self, events: list[dict[str, Any]]) -> None:
        self._items: dict[int, dict[str, Any]] = {}
        self._complete: set[int] = set()
        self.next_number = next_number(events)
        self.response_id = ""
        for event in events:
            self._read(event)

    @property
    def output(self) -> list[dict[str, Any]]:
        """The items in order, as if they were complete."""
        return [self._items[index] for index in sorted(self._items)]

    def unfinished(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """The items that were begun and not ended, with their index."""
        return ((n, self._items[n]) for n in sorted(self._items) if n not in self._complete)

    def _read(self, event: dict[str, Any]) -> None:
        response = as_object(event.get("response"))
        self.response_id = self.response_id or as_text(response.get("id"))
        index = event.get("output_index")
        if not isinstance(index, int):
            return
        match event.get("type"):
            case "response.output_item.added":
                item = as_object(event.get("item"))
                status = {"status": "completed"} if "status" in item else {}
                self._items[index] = {**item, **status}
            case "response.output_item.done":
                self._items[index] = as_object(event.get("item"))
                self._complete.add(index)
            case _ if index in self._items:
                self._add(self._items[index], event)
            case _:
                pass

    def _add(self, item: dict[str, Any], event: dict[str, Any]) -> None:
        delta = as_text(event.get("delta"))
        match event.get("type"):
            case "response.content_part.added":
                item["content"] = [*as_list(item.get("content")), as_object(event.get("part"))]
            case "response.reasoning_summary_part.added":
                item["summary"] = [*as_list(item.get("summary")), as_object(event.get("part"))]
            case "response.output_text.delta":
                _lengthen(item.get("content"), event.get("content_index"), delta)
            case "response.reasoning_summary_text.delta":
                _lengthen(item.get("summary"), event.get("summary_index"), delta)
            case "response.function_call_arguments.delta":
                item["arguments"] = as_text(item.get("arguments")) + delta
            case _:
                pass


def next_number(events: Sequence[dict[str, Any]]) -> int:
    """The `sequence_number` of the event behind these."""
    return max((as_count(event.get("sequence_number")) + 1 for event in events), default=0)


def failure_event(events: Sequence[dict[str, Any]], refusal: ModelRefusal) -> bytes:
    """The event by which the stream fails behind these: `error` if no response has begun."""
    number = next_number(events)
    responses = [event["response"] for event in events if as_object(event.get("response"))]
    if responses:
        failed = failed_fields(refusal)
        fields: dict[str, Any] = {"response": {**responses[-1], **failed}}
        kind = "response.failed"
    else:
        # Its fields are at the top; Chat Completions wraps them.
        error = openai_error(refusal)["error"]
        fields, kind = {name: error[name] for name in ("code", "message", "param")}, "error"
    return event_bytes({"type": kind, "sequence_number": number, **fields}, kind)


def failed_fields(refusal: ModelRefusal) -> dict[str, Any]:
    """The fields of a response that tell of its failure."""
    return {
        "status": "failed",
        "completed_at": None,
        "error": {"code": _error_code(refusal), "message": refusal.message},
        "output": [],
        "usage": None,
    }


def _error_code(refusal: ModelRefusal) -> str:
    if refusal.status == 429:
        return "rate_limit_exceeded"
    return "invalid_prompt" if refusal.status < 500 else "server_error"


def _lengthen(parts: object, index: object, delta: str) -> None:
    number = as_count(index)
    listed = as_list(parts)
    if number < len(listed):
        part = as_object(listed[number])
        listed[number] = {**part, "text": as_text(part.get("text")) + delta}
