"""Requests that Chat Completions refuses."""

# What a history must be: behind an assistant's message with calls come messages of the role `tool`,
# one for each call and in any order, before anything else. So one pass knows all: the calls that
# are open, and those that have their result. The same id may come again in a later turn.

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gramophone.wire.lenient_json import as_list, as_object, as_text, is_list
from gramophone.wire.llm.errors import ModelRefusal
from gramophone.wire.llm.refusals.openai_rules import (
    NumberRange,
    bad_echo,
    bad_schema,
    bad_tools,
    empty_array,
    invalid,
    missing,
    names_of_tools,
    out_of_range,
    shown,
    unfound_tool,
    unknown_value,
    wrong_type,
)
from gramophone.wire.llm.refusals.pictures import openai_picture_refusals

_RANGES: Final = (
    NumberRange("temperature", 0, 2),
    NumberRange("top_p", 0, 1),
    NumberRange("presence_penalty", -2, 2),
    NumberRange("frequency_penalty", -2, 2),
    NumberRange("n", 1, 128, whole=True),
    NumberRange("max_tokens", 1, None, whole=True),
    NumberRange("max_completion_tokens", 1, None, whole=True),
    NumberRange("top_logprobs", 0, 20, whole=True),
)
_TOOLS: Final = ("function", "custom")
_PARTS: Final = ("text", "image_url", "input_audio", "refusal", "audio", "file")
_MOST_STOPS: Final = 4


def chat_refusal(fields: dict[str, Any]) -> ModelRefusal | None:
    """The refusal of a request, whose messages are known to be objects with a role."""
    messages: list[dict[str, Any]] = as_list(fields.get("messages"))
    for rule in (_parameters(fields), _tools(fields), _contents(messages), _history(messages)):
        if (refusal := next(rule, None)) is not None:
            return refusal
    return None


def _parameters(fields: dict[str, Any]) -> Iterator[ModelRefusal]:
    yield from out_of_range(fields, _RANGES)
    yield from bad_echo(fields)
    if fields.get("max_tokens") is not None and fields.get("max_completion_tokens") is not None:
        yield invalid(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "max_tokens",
            "invalid_parameter_combination",
        )
    stop = fields.get("stop")
    if is_list(stop) and len(as_list(stop)) > _MOST_STOPS:
        yield invalid(
            f"Invalid 'stop': array too long. Expected an array with maximum length {_MOST_STOPS}, "
            f"but got an array with length {len(as_list(stop))} instead.",
            "stop",
            "array_above_max_length",
        )
    if stop is not None and not (isinstance(stop, str) or is_list(stop)):
        yield wrong_type("stop", "one of a string or array of strings", stop)
    answer_format = as_object(fields.get("response_format"))
    if answer_format.get("type") == "json_schema":
        schema = answer_format.get("json_schema")
        if schema is None:
            yield missing("response_format.json_schema")
        yield from bad_schema(schema, "response_format.json_schema")


def _tools(fields: dict[str, Any]) -> Iterator[ModelRefusal]:
    if fields.get("tools") == []:
        yield empty_array("tools")
    for number, tool in enumerate(map(as_object, as_list(fields.get("tools")))):
        if (kind := as_text(tool.get("type"))) and kind not in _TOOLS:
            yield unknown_value(f"tools[{number}].type", kind, _TOOLS)
    yield from bad_tools(fields, _TOOLS)
    for name in ("tool_choice", "parallel_tool_calls"):
        if fields.get(name) is not None and not fields.get("tools"):
            yield invalid(
                f"Invalid value for '{name}': '{name}' is only allowed when 'tools' are specified.",
                name,
            )
    choice = as_object(fields.get("tool_choice"))
    named = as_text(as_object(choice.get(as_text(choice.get("type")))).get("name"))
    if named and named not in names_of_tools(fields):
        yield unfound_tool(named)


def _contents(messages: list[dict[str, Any]]) -> Iterator[ModelRefusal]:
    for number, message in enumerate(messages):
        content = message.get("content")
        if isinstance(content, str):
            continue
        calling = message.get("role") == "assistant" and _says_otherwise(message)
        if content is None and not calling and message.get("role") != "function":
            yield invalid(
                "Invalid value for 'content': expected a string, got null.",
                f"messages.[{number}].content",
            )
        for index, part in enumerate(map(as_object, as_list(content))):
            kind = part.get("type")
            if kind not in _PARTS or (kind == "text" and not isinstance(part.get("text"), str)):
                yield _bad_part(kind, f"messages[{number}].content[{index}]")
            elif kind == "image_url":
                yield from openai_picture_refusals(part, f"messages[{number}].content[{index}]")


def _bad_part(kind: object, param: str) -> ModelRefusal:
    if kind is None:
        return missing(f"{param}.type")
    if kind not in _PARTS:
        return unknown_value(f"{param}.type", shown(str(kind)), _PARTS)
    return missing(f"{param}.text")


def _says_otherwise(message: dict[str, Any]) -> bool:
    """Whether an assistant's message needs no content."""
    return any(message.get(name) for name in ("tool_calls", "function_call", "refusal", "audio"))


def _history(messages: list[dict[str, Any]]) -> Iterator[ModelRefusal]:
    calls: set[str] = set()
    answered: set[str] = set()
    for number, message in enumerate(messages):
        if message.get("role") == "tool":
            yield from _result(number, message, calls, answered)
            answered.add(as_text(message.get("tool_call_id")))
            continue
        if calls:
            yield from _without_result(number, calls - answered)
            calls, answered = set(), set()
        if "tool_calls" in message and message.get("role") == "assistant":
            yield from _calls(number, message, calls)
    yield from _without_result(len(messages), calls - answered)


def _result(
    number: int, message: dict[str, Any], calls: set[str], answered: set[str]
) -> Iterator[ModelRefusal]:
    param = f"messages.[{number}].tool_call_id"
    id_ = as_text(message.get("tool_call_id"))
    if not calls:
        yield invalid(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
            "message with 'tool_calls'.",
            f"messages.[{number}].role",
        )
    if not id_:
        yield invalid(
            "Missing parameter 'tool_call_id': messages with role 'tool' must have a "
            "'tool_call_id'.",
            param,
        )
    if id_ not in calls:
        yield invalid(
            f"Invalid parameter: 'tool_call_id' of '{shown(id_)}' not found in 'tool_calls' of "
            "previous message.",
            param,
        )
    if id_ in answered:
        yield invalid(f"Duplicate value for 'tool_call_id' of '{shown(id_)}'.", param)


def _calls(number: int, message: dict[str, Any], calls: set[str]) -> Iterator[ModelRefusal]:
    """Refusals of an assistant's calls, whose ids are added to `calls`."""
    listed = message.get("tool_calls")
    if listed == []:
        yield empty_array(f"messages[{number}].tool_calls")
    for index, call in enumerate(map(as_object, as_list(listed))):
        id_, kind = as_text(call.get("id")), as_text(call.get("type"))
        named = kind not in _TOOLS or as_text(as_object(call.get(kind)).get("name"))
        if not (id_ and kind and named) or id_ in calls:
            yield _bad_call(id_, kind, f"messages[{number}].tool_calls[{index}]", calls)
        calls.add(id_)


def _bad_call(id_: str, kind: str, param: str, calls: set[str]) -> ModelRefusal:
    if not id_:
        return missing(f"{param}.id")
    if id_ in calls:
        message = f"Duplicate value for 'id' of '{shown(id_)}' in 'tool_calls'."
        return invalid(message, f"{param}.id")
    return missing(f"{param}.{kind}.name" if kind else f"{param}.type")


def _without_result(number: int, ids: set[str]) -> Iterator[ModelRefusal]:
    if ids:
        listed = ", ".join(map(shown, sorted(ids)[:10]))
        yield invalid(
            "An assistant message with 'tool_calls' must be followed by tool messages responding "
            f"to each 'tool_call_id'. The following tool_call_ids did not have response messages: "
            f"{listed}",
            f"messages.[{number}].role",
        )
