"""Fields of a response that repeat its request, in the form that the service gives them.

Shapes: openai 3.52 (`types/responses/response.py`); `store` stands in OpenAI's examples alone.
"""

from __future__ import annotations

from typing import Any, Final

from gramophone.wire.lenient_json import as_list, as_object

_DEFAULTS: Final[dict[str, Any]] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}
"""Fields that every response has, with their defaults."""

_OPTIONAL: Final = ("conversation", "prompt", "prompt_cache_retention")
"""Fields that a response has if its request did."""

_WITH_DEFAULTS: Final = ("reasoning", "text")
"""Objects whose own fields have defaults."""

_FUNCTION: Final[dict[str, Any]] = {"description": None, "parameters": None, "strict": True}

_SECRETS: Final = ("authorization", "headers")
"""Fields of a tool on another server that the service does not give back."""

_TIERS: Final = {"auto": "default", "fast": "priority"}
"""Tiers by the name that an answer gives them, where it is another one."""


def served_tier(value: object) -> object:
    """The tier of service that an answer names to a request for this one."""
    if not isinstance(value, str):
        return "default"
    return _TIERS.get(value, value)


def echoed_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a response that repeat those of its request."""
    echo = dict(_DEFAULTS)
    for name in (*_DEFAULTS, *_OPTIONAL):
        if (value := fields.get(name)) is not None:
            echo[name] = value
    for name in _WITH_DEFAULTS:
        if name in fields:
            echo[name] = {**_DEFAULTS[name], **as_object(echo[name])}
    if isinstance(conversation := echo.get("conversation"), str):
        echo["conversation"] = {"id": conversation}
    echo["service_tier"] = served_tier(fields.get("service_tier"))
    if echo["tools"]:
        echo["tools"] = [_tool(tool) for tool in map(as_object, as_list(echo["tools"]))]
    return echo


def _tool(tool: dict[str, Any]) -> dict[str, Any]:
    match tool.get("type"):
        case "function":
            return {**_FUNCTION, **tool}
        case "mcp":
            return {name: value for name, value in tool.items() if name not in _SECRETS}
        case _:
            return tool
