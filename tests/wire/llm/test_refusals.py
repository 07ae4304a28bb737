"""Requests that the services refuse, and others close to them that they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import pytest
from anthropic.types import AnthropicBetaParam

from gramophone.wire.llm.errors import ModelRefusal
from gramophone.wire.llm.refusals.betas import beta_refusal
from gramophone.wire.llm.refusals.chat import chat_refusal
from gramophone.wire.llm.refusals.messages import messages_refusal
from gramophone.wire.llm.refusals.responses import responses_refusal

ASKS = {"role": "user", "content": "Hello?"}


def refused_with(refusal: ModelRefusal | None) -> tuple[str | None, str | None]:
    """The code and the parameter of a refusal, whose status and type are always the same."""
    assert refusal is not None
    assert (refusal.status, refusal.kind) == (400, "invalid_request_error")
    return refusal.code, refusal.param


@pytest.mark.parametrize("refuses", [chat_refusal, responses_refusal])
@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"service_tier": "best"}, "service_tier", "invalid_value"),
        ({"service_tier": ["default"]}, "service_tier", "invalid_value"),
        ({"user": 7}, "user", "invalid_type"),
        ({"safety_identifier": ["u"]}, "safety_identifier", "invalid_type"),
        ({"store": "no"}, "store", "invalid_type"),
        ({"metadata": "a=b"}, "metadata", "invalid_type"),
        ({"metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        ({"metadata": {"a": "b" * 513}}, "metadata.a", "string_above_max_length"),
        (
            {"metadata": {str(n): "" for n in range(17)}},
            "metadata",
            "object_above_max_properties",
        ),
    ],
)
def test_fields_that_come_back_have_their_type(
    refuses: Callable[[dict[str, Any]], ModelRefusal | None],
    fields: dict[str, Any],
    param: str,
    code: str,
) -> None:
    assert refused_with(refuses({"messages": [ASKS], "input": "Hello?", **fields})) == (code, param)


# --- Chat Completions -------------------------------------------------------------------------


def call(id_: str) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": "look", "arguments": "{}"}}


def calling(*ids: str) -> dict[str, Any]:
    return {"role": "assistant", "content": None, "tool_calls": [call(id_) for id_ in ids]}


def result(id_: str | None) -> dict[str, Any]:
    return {"role": "tool", "content": "", "tool_call_id": id_}


LOOK = {"type": "function", "function": {"name": "look"}}


CHAT_HISTORIES: list[tuple[list[dict[str, Any]], str, str]] = [
    ([ASKS, result("a")], "messages.[1].role", "preceeding"),
    ([ASKS, calling("a"), result("b")], "messages.[2].tool_call_id", "not found"),
    ([ASKS, calling("a"), result(None)], "messages.[2].tool_call_id", "Missing"),
    ([ASKS, calling("a"), ASKS], "messages.[2].role", "response messages: a"),
    ([ASKS, calling("a", "b"), result("a")], "messages.[3].role", "response messages: b"),
    ([ASKS, calling("a"), result("a"), result("a")], "messages.[3].tool_call_id", "Duplicate"),
    ([ASKS, calling("a", "a")], "messages[1].tool_calls[1].id", "Duplicate"),
    ([{"role": "user"}], "messages.[0].content", "null"),
    ([{"role": "assistant", "tool_calls": []}], "messages.[0].content", "null"),
]


@pytest.mark.parametrize(("messages", "param", "says"), CHAT_HISTORIES)
def test_histories_that_chat_refuses(messages: list[dict[str, Any]], param: str, says: str) -> None:
    refusal = chat_refusal({"messages": messages})
    assert refused_with(refusal) == (None, param)
    assert refusal is not None
    assert says in refusal.message


CHAT_FIELDS: list[tuple[dict[str, Any], str | None, str]] = [
    ({"temperature": 2.1}, "decimal_above_max_value", "temperature"),
    ({"top_p": -1}, "decimal_below_min_value", "top_p"),
    ({"presence_penalty": "1"}, "invalid_type", "presence_penalty"),
    ({"n": 0}, "integer_below_min_value", "n"),
    ({"n": 129}, "integer_above_max_value", "n"),
    ({"max_tokens": 1.5}, "invalid_type", "max_tokens"),
    ({"max_completion_tokens": 0}, "integer_below_min_value", "max_completion_tokens"),
    ({"stop": list("abcde")}, "array_above_max_length", "stop"),
    ({"tools": []}, "empty_array", "tools"),
    ({"tools": [{"type": "function"}]}, "missing_required_parameter", "tools[0].function.name"),
    ({"tools": [{"function": {}}]}, "missing_required_parameter", "tools[0].type"),
    (
        {"tools": [LOOK, {"type": "custom", "custom": {"name": "not a name"}}]},
        "invalid_value",
        "tools[1].custom.name",
    ),
    ({"tool_choice": "auto"}, None, "tool_choice"),
    (
        {"tools": [LOOK], "tool_choice": {"type": "function", "function": {"name": "hear"}}},
        None,
        "tool_choice",
    ),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        "missing_required_parameter",
        "response_format.json_schema.name",
    ),
    (
        {"messages": [{"role": "user", "content": [{"type": "smell"}]}]},
        "invalid_value",
        "messages[0].content[0].type",
    ),
]


@pytest.mark.parametrize(("fields", "code", "param"), CHAT_FIELDS)
def test_what_chat_refuses(fields: dict[str, Any], code: str | None, param: str) -> None:
    assert refused_with(chat_refusal({"messages": [ASKS], **fields})) == (code, param)


def test_what_chat_takes() -> None:
    messages = [ASKS, calling("a", "b"), result("b"), result("a"), calling("a"), result("a"), ASKS]
    choice = {"type": "function", "function": {"name": "look"}}
    numbers = {"temperature": 2, "top_p": 0.0, "n": 1, "max_tokens": 1, "seed": "any"}
    fields = {"messages": messages, "tools": [LOOK], "tool_choice": choice, **numbers}
    assert chat_refusal({**fields, "novelty": {"n": -1}}) is None


# --- Responses --------------------------------------------------------------------------------

CALL = {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "look", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "a", "output": ""}


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"input": [ASKS, CALL]}, None, "input"),
        ({"input": [ASKS, RESULT]}, None, "input"),
        ({"input": [ASKS, RESULT, CALL]}, None, "input"),
        ({"input": [CALL, RESULT, CALL, RESULT]}, None, "input"),
        ({"input": [{"role": "user", "content": [{"type": "text"}]}]}, "invalid_value", None),
        ({"max_output_tokens": 15}, "integer_below_min_value", "max_output_tokens"),
        ({"temperature": -0.5}, "decimal_below_min_value", "temperature"),
        ({"tools": [{"type": "function"}]}, "missing_required_parameter", "tools[0].name"),
        ({"tool_choice": "required"}, None, "tool_choice"),
        ({"tool_choice": {"type": "function", "name": "look"}}, None, "tool_choice"),
        (
            {"text": {"format": {"type": "json_schema", "schema": {}}}},
            "missing_required_parameter",
            "text.format.name",
        ),
        (
            {"text": {"format": {"type": "json_schema", "name": "n"}}},
            "missing_required_parameter",
            "text.format.schema",
        ),
        ({"text": {"verbosity": "loud"}}, "invalid_value", "text.verbosity"),
        ({"reasoning": {"effort": "some"}}, "invalid_value", "reasoning.effort"),
        (
            {"previous_response_id": "resp_1", "conversation": "conv_1"},
            "mutually_exclusive_parameters",
            None,
        ),
    ],
)
def test_what_responses_refuses(
    fields: dict[str, Any], code: str | None, param: str | None
) -> None:
    refused = refused_with(responses_refusal({"input": "Hello?", **fields}))
    assert refused == (code, param or refused[1])


@pytest.mark.parametrize(
    "fields",
    [
        {"input": [ASKS, CALL, ASKS, RESULT], "max_output_tokens": 16, "tool_choice": "auto"},
        {"input": [RESULT], "previous_response_id": "resp_1"},
        {"tools": [{"type": "web_search"}, {"type": "function", "name": "look"}]},
        {"input": [{"type": "novelty"}, {"role": "user", "content": [{"type": "input_text"}]}]},
    ],
)
def test_what_responses_takes(fields: dict[str, Any]) -> None:
    assert responses_refusal({"input": "Hello?", **fields}) is None


# --- Messages ---------------------------------------------------------------------------------


def use(id_: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": id_, "name": "look", "input": {}}


def returned(id_: str) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id_, "content": ""}


def turn(role: str, *blocks: object) -> dict[str, Any]:
    return {"role": role, "content": list(blocks)}


TEXT = {"type": "text", "text": "Go on."}
TOOL = {"name": "look", "input_schema": {"type": "object"}}
THINKING = {"type": "enabled", "budget_tokens": 2048}


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([turn("user", returned("a"))], "unexpected `tool_use_id`"),
        ([ASKS, turn("assistant", use("a"))], "without `tool_result`"),
        ([ASKS, turn("assistant", use("a")), ASKS], "without `tool_result`"),
        ([ASKS, turn("assistant", use("a")), turn("user", TEXT, returned("a"))], "without"),
        (
            [ASKS, turn("assistant", use("a")), turn("user", returned("a"), returned("b"))],
            "unexpected",
        ),
        (
            [ASKS, turn("assistant", use("a")), turn("user", returned("a"), returned("a"))],
            "multiple",
        ),
        ([ASKS, turn("assistant", use("a"), use("a"))], "unique"),
        (
            [
                ASKS,
                turn("assistant", use("a")),
                turn("user", returned("a")),
                turn("assistant", use("a")),
            ],
            "unique",
        ),
        ([ASKS, turn("assistant", use("a b"))], "match pattern"),
        ([turn("user", {"type": "text", "text": ""})], "non-empty"),
        ([turn("user", {"type": "text", "text": " \n"})], "non-whitespace"),
        ([{"role": "user", "content": ""}], "non-empty content"),
        ([ASKS, {"role": "assistant", "content": "So "}], "trailing whitespace"),
        ([turn("user", {"type": "smell"})], "'smell'"),
        ([turn("user", {"text": "Hello?"})], "type: Field required"),
        ([turn("user", "Hello?")], "valid dictionary"),
    ],
)
def test_histories_that_messages_refuses(messages: list[dict[str, Any]], says: str) -> None:
    refusal = messages_refusal({"messages": messages, "max_tokens": 99})
    assert refused_with(refusal) == (None, None)
    assert refusal is not None
    assert says in refusal.message


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"temperature": 1.1}, "temperature: Input should be less than"),
        ({"top_p": "1"}, "top_p: Input should be a valid number"),
        ({"top_k": -1}, "top_k: Input should be greater than"),
        ({"stop_sequences": [" "]}, "non-whitespace"),
        ({"system": [{"type": "text", "text": ""}]}, "system: text content"),
        ({"tools": [{"input_schema": {"type": "object"}}]}, "tools.0.custom.name: Field"),
        ({"tools": [{"name": "look"}]}, "tools.0.custom.input_schema: Field"),
        ({"tools": [TOOL, TOOL]}, "unique"),
        ({"tool_choice": {"type": "any"}}, "while providing tools"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "hear"}}, "not found"),
        ({"thinking": THINKING, "max_tokens": 2048}, "must be greater"),
        ({"thinking": {**THINKING, "budget_tokens": 1023}}, "equal to 1024"),
        ({"thinking": THINKING, "temperature": 0.5, "max_tokens": 4096}, "only be set to 1"),
    ],
)
def test_what_messages_refuses(fields: dict[str, Any], says: str) -> None:
    refusal = messages_refusal({"messages": [ASKS], "max_tokens": 99, **fields})
    assert refused_with(refusal) == (None, None)
    assert refusal is not None
    assert says in refusal.message


def test_what_messages_takes() -> None:
    messages = [
        ASKS,
        turn("assistant", TEXT, use("a")),
        turn("assistant", use("b")),
        turn("user", returned("b"), returned("a"), TEXT),
        turn("user", TEXT),
        {"role": "assistant", "content": ""},
    ]
    tools = [TOOL, {"type": "web_search_20250305", "name": "web_search"}]
    fields = {"messages": messages, "tools": tools, "tool_choice": {"type": "auto"}, "top_k": 0}
    assert messages_refusal({**fields, "max_tokens": 99, "novelty": -1}) is None


def test_every_beta_of_the_sdk_is_known() -> None:
    listed = {name for names in get_args(AnthropicBetaParam) for name in get_args(names)}
    assert listed
    assert beta_refusal(", ".join(sorted(listed))) is None


def test_thoughts_between_calls_may_be_longer_than_the_answer() -> None:
    fields = {"messages": [ASKS], "max_tokens": 1024, "thinking": THINKING}
    assert messages_refusal(fields) is not None
    assert messages_refusal(fields, "interleaved-thinking-2025-05-14") is None
