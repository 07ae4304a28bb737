"""Requests that Responses refuses."""

# Calls and their results are items of one list, and a result may stand anywhere behind its call. A
# request that goes on from an earlier response or conversation leaves out what the service has, so
# that a result without a call proves nothing there.

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gramophone.wire.lenient_json import as_list, as_object, as_text, is_object
from gramophone.wire.llm.errors import ModelRefusal
from gramophone.wire.llm.refusals.openai_rules import (
    NumberRange,
    bad_echo,
    bad_schema,
    bad_tools,
    invalid,
    missing,
    names_of_tools,
    out_of_range,
    shown,
    unfound_tool,
    unknown_value,
)
from gramophone.wire.llm.refusals.pictures import openai_picture_refusals

_RANGES: Final = (
    NumberRange("temperature", 0, 2),
    NumberRange("top_p", 0, 1),
    NumberRange("max_output_tokens", 16, None, whole=True),
    NumberRange("max_tool_calls", 1, None, whole=True),
    NumberRange("top_logprobs", 0, 20, whole=True),
)
_PARTS: Final = (
    "input_text",
    "input_image",
    "output_text",
    "refusal",
    "input_file",
    "input_audio",
    "computer_screenshot",
    "summary_text",
)
_CHOICES: Final = {
    ("text", "verbosity"): ("low", "medium", "high"),
    ("reasoning", "effort"): ("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    ("reasoning", "summary"): ("auto", "concise", "detailed"),
}
_CALLS: Final = ("function_call", "custom_tool_call")
_RESULTS: Final = ("function_call_output", "custom_tool_call_output")


def responses_refusal(fields: dict[str, Any]) -> ModelRefusal | None:
    """The refusal of a request, whose items are known to be objects."""
    items = [as_object(item) for item in as_list(fields.get("input"))]
    goes_on = any(fields.get(name) for name in ("previous_response_id", "conversation"))
    rules = (
        _parameters(fields),
        _tools(fields),
        _contents(items),
        _repeated(items),
        _history(items, goes_on=goes_on),
    )
    for rule in rules:
        if (refusal := next(rule, None)) is not None:
            return refusal
    return None


def _parameters(fields: dict[str, Any]) -> Iterator[ModelRefusal]:
    yield from out_of_range(fields, _RANGES)
    yield from bad_echo(fields)
    if fields.get("previous_response_id") and fields.get("conversation"):
        yield invalid(
            "Mutually exclusive parameters. Ensure you are only providing one of: "
            "'previous_response_id' or 'conversation'.",
            None,
            "mutually_exclusive_parameters",
        )
    for (name, inner), words in _CHOICES.items():
        value = as_object(fields.get(name)).get(inner)
        if value is not None and value not in words:
            yield unknown_value(f"{name}.{inner}", shown(str(value)), words)
    answer_format = as_object(as_object(fields.get("text")).get("format"))
    if answer_format.get("type") == "json_schema":
        yield from bad_schema(answer_format, "text.format")
        if not is_object(answer_format.get("schema")):
            yield missing("text.format.schema")


def _tools(fields: dict[str, Any]) -> Iterator[ModelRefusal]:
    yield from bad_tools(fields, ())
    choice = fields.get("tool_choice")
    if choice == "required" and not fields.get("tools"):
        yield invalid(
            "Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice"
        )
    chosen = as_object(choice)
    if chosen.get("type") in ("function", "custom"):
        name = as_text(chosen.get("name"))
        if name not in names_of_tools(fields):
            yield unfound_tool(name)


def _contents(items: list[dict[str, Any]]) -> Iterator[ModelRefusal]:
    for number, item in enumerate(items):
        if item.get("type") not in (None, "message"):
            continue
        for index, part in enumerate(map(as_object, as_list(item.get("content")))):
            param = f"input[{number}].content[{index}]"
            kind = part.get("type")
            if kind is None:
                yield missing(f"{param}.type")
            elif kind not in _PARTS:
                yield unknown_value(param, shown(str(kind)), _PARTS)
            elif kind == "input_image":
                yield from openai_picture_refusals(part, f"{param}.image_url")


def _repeated(items: list[dict[str, Any]]) -> Iterator[ModelRefusal]:
    ids: set[str] = set()
    for item in items:
        id_ = as_text(item.get("id"))
        if id_ and id_ in ids and item.get("type") != "item_reference":
            yield invalid(
                f"Duplicate item found with id {shown(id_)}. "
                "Remove duplicate items from your input and try again.",
                "input",
            )
        ids.add(id_)


def _history(items: list[dict[str, Any]], *, goes_on: bool) -> Iterator[ModelRefusal]:
    open_: dict[str, None] = {}
    call_ids: set[str] = set()
    for number, item in enumerate(items):
        kind, id_ = item.get("type"), as_text(item.get("call_id"))
        if kind not in (*_CALLS, *_RESULTS):
            continue
        if not id_:
            yield missing(f"input[{number}].call_id")
        elif kind in _CALLS:
            if id_ in open_:
                yield invalid(f"Duplicate function call with call_id {shown(id_)}.", "input")
            open_[id_] = None
            call_ids.add(id_)
        elif id_ not in call_ids and not goes_on:
            yield invalid(
                f"No tool call found for function call output with call_id {shown(id_)}.", "input"
            )
        else:
            open_.pop(id_, None)
    for id_ in open_:
        yield invalid(f"No tool output found for function call {shown(id_)}.", "input")
