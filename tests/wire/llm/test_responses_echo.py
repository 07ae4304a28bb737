"""A response repeats its request, in the form of the SDK's type."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.wire.llm.answer import ModelAnswer, TextPiece
from gramophone.wire.llm.openai_chat import chat_events, parse_chat, render_chat
from gramophone.wire.llm.openai_responses import parse_responses, render_response
from tests.support.model_requests import CHAT, RESPONSES, asking
from tests.support.sdk_types import assert_typed
from tests.support.sse_reading import payloads

HELLO = ModelAnswer(None, (TextPiece("Hello."),))
LOOK = {"type": "function", "name": "look"}
WHOLE_LOOK = {**LOOK, "description": None, "parameters": None, "strict": True}
SERVER: dict[str, Any] = {"type": "mcp", "server_label": "s", "server_url": "https://s.example"}
SCHEMA = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}


def response(**fields: Any) -> dict[str, Any]:
    request = parse_responses(json.dumps(asking(RESPONSES, **fields)).encode(), strict=True)
    whole = json.loads(render_response(HELLO, request, 0))
    assert_typed("response", whole)
    return whole


@pytest.mark.parametrize(
    "fields",
    [
        {"user": "u", "safety_identifier": "s", "prompt_cache_key": "k"},
        {"metadata": {"a": "b"}, "store": False, "background": True},
        {"temperature": 0, "top_p": 0.5, "top_logprobs": 3, "max_output_tokens": 99},
        {"service_tier": "flex", "truncation": "auto", "max_tool_calls": 2},
        {"instructions": "Be brief.", "parallel_tool_calls": False},
        {"tools": [WHOLE_LOOK], "tool_choice": {"type": "function", "name": "look"}},
        {"tools": [SERVER], "tool_choice": "required"},
        {"text": {"format": SCHEMA, "verbosity": "low"}},
        {"reasoning": {"effort": "high", "summary": "auto"}},
        {"prompt": {"id": "pmpt_1", "version": "2", "variables": {"a": "b"}}},
        {"conversation": {"id": "conv_1"}},
    ],
)
def test_fields_that_come_back_as_they_were(fields: dict[str, Any]) -> None:
    whole = response(**fields)
    assert {name: whole[name] for name in fields} == fields


@pytest.mark.parametrize(
    ("fields", "back"),
    [
        ({}, {"service_tier": "default", "user": None, "tools": [], "store": True}),
        ({"service_tier": "auto"}, {"service_tier": "default"}),
        ({"service_tier": "fast"}, {"service_tier": "priority"}),
        ({"tools": [LOOK]}, {"tools": [WHOLE_LOOK]}),
        ({"tools": [{**SERVER, "authorization": "t", "headers": {"k": "t"}}]}, {"tools": [SERVER]}),
        ({"reasoning": {"effort": "low"}}, {"reasoning": {"effort": "low", "summary": None}}),
        ({"text": {"format": SCHEMA}}, {"text": {"format": SCHEMA, "verbosity": "medium"}}),
        ({"conversation": "conv_1"}, {"conversation": {"id": "conv_1"}}),
        ({"temperature": None}, {"temperature": 1.0}),
    ],
)
def test_fields_that_the_service_completes(fields: dict[str, Any], back: dict[str, Any]) -> None:
    whole = response(**fields)
    assert {name: whole[name] for name in back} == back


def test_chat_gives_tier_and_metadata_back() -> None:
    fields = asking(CHAT, service_tier="fast", metadata={"a": "b"}, user="u")
    request = parse_chat(json.dumps(fields).encode(), strict=True)
    whole = json.loads(render_chat(HELLO, request, 0))
    assert_typed("chat", whole)
    assert (whole["service_tier"], whole["metadata"]) == ("priority", {"a": "b"})
    for chunk in payloads(chat_events(HELLO, request, 0)):
        assert_typed("chat chunk", chunk)
        assert chunk["service_tier"] == "priority"
