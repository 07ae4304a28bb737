"""Items of a conversation in Responses: the input as the service lists it, and calls in it.

Shapes: openai 3.52 (`types/responses/response_item.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from gramophone.wire.lenient_json import as_list, as_object, as_text
from gramophone.wire.llm.deterministic_ids import made_id
from gramophone.wire.llm.errors import ModelRefusal
from gramophone.wire.llm.refusals.openai_rules import invalid, shown

_PREFIXES: Final = {
    "message": "msg_",
    "function_call": "fc_",
    "function_call_output": "fco_",
    "custom_tool_call": "ctc_",
    "custom_tool_call_output": "ctco_",
    "reasoning": "rs_",
}
"""Beginnings of ids, by the type of the item."""
_FIRST_PART: Final = 1_000
"""Parts of an answer from this on are those of its input, so that no id comes twice."""
_WITH_STATUS: Final = frozenset({"message", "function_call", "function_call_output"})


def listed_items(value: object, ordinal: int) -> list[dict[str, Any]]:
    """The input of the response of this ordinal as items, each with an id."""
    if isinstance(value, str):
        value = [{"role": "user", "content": value}]
    items = enumerate(map(as_object, as_list(value)), _FIRST_PART)
    return [_listed(item, ordinal, number) for number, item in items]


def _listed(item: dict[str, Any], ordinal: int, number: int) -> dict[str, Any]:
    kind = as_text(item.get("type")) or "message"
    id_ = as_text(item.get("id")) or made_id(_PREFIXES.get(kind, "item_"), ordinal, number)
    listed = {**item, "id": id_, "type": kind}
    if kind in _WITH_STATUS:
        listed["status"] = item.get("status") or "completed"
    if kind == "message":
        listed["content"] = _content(item)
    return listed


def _content(message: dict[str, Any]) -> list[Any]:
    content = message.get("content")
    models = message.get("role") == "assistant"
    if isinstance(content, str):
        content = [{"type": "output_text" if models else "input_text", "text": content}]
    parts = [as_object(part) for part in as_list(content)]
    if not models:
        return parts
    return [
        {"annotations": [], "logprobs": [], **part} if part.get("type") == "output_text" else part
        for part in parts
    ]


def unanswered_calls(
    items: Sequence[dict[str, Any]], open_calls: Iterable[str], earlier_calls: Iterable[str]
) -> ModelRefusal | None:
    """The refusal of input behind a response with `open_calls`; None if each has its result.

    `earlier_calls` are those of the whole conversation before, to which results may belong; they
    are taken only where a result is none of an open call.
    """
    results = {
        as_text(item.get("call_id")) for item in items if item.get("type") == "function_call_output"
    }
    own = {as_text(item.get("call_id")) for item in items if item.get("type") == "function_call"}
    open_ids = list(open_calls)
    for id_ in open_ids:
        if id_ not in results:
            return invalid(f"No tool output found for function call {shown(id_)}.", "input")
    strays = results - own - set(open_ids)
    for id_ in sorted(strays - set(earlier_calls if strays else ())):
        message = f"No tool call found for function call output with call_id {shown(id_)}."
        return invalid(message, "input")
    return None
