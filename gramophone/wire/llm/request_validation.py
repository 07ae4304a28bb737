"""Checks of requests to a language model that all three protocols share.

The sentences are OpenAI's and Anthropic's own, as far as they are known.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast

from gramophone.wire.lenient_json import as_list, as_object, as_text, is_bounded, is_list
from gramophone.wire.llm.errors import NOT_JSON, ModelRefusal, RequestRefused

_MODELS_ITEMS = ("function_call", "custom_tool_call", "reasoning")
"""Items of Responses that have no role and come from the model."""

_CALLS = ("function_call", "custom_tool_call", "tool_use")
"""Items of Responses and blocks of Messages that call a tool."""


def refuse(
    message: str, *, param: str | None = None, code: str | None = None, status: int = 400
) -> NoReturn:
    """Refuse a request.

    Raises:
        RequestRefused: always.
    """
    raise RequestRefused(ModelRefusal(status, message, "invalid_request_error", code, param))


def refuse_if(refusal: ModelRefusal | None) -> None:
    """Refuse a request if there is a refusal of it.

    Raises:
        RequestRefused: there is one.
    """
    if refusal is not None:
        raise RequestRefused(refusal)


def json_body(body: bytes, complaint: str = NOT_JSON) -> dict[str, Any]:
    """The JSON object that a body must be.

    Raises:
        RequestRefused: it is not one, with the sentence `complaint`.
    """
    try:
        if not is_bounded(body):
            refuse(complaint)
        value: object = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        refuse(complaint)
    if not isinstance(value, dict):
        refuse(complaint)
    return cast("dict[str, Any]", value)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def text_of(content: object) -> str:
    """The text of a message: its content, or the text parts of it."""
    if isinstance(content, str):
        return content
    parts = map(as_object, as_list(content))
    return "\n".join(text for part in parts if (text := as_text(part.get("text"))))


def last_prompt(messages: list[Any]) -> tuple[str, int]:
    """The user's last text, and the number of times the model has answered it with calls to tools.

    Results of tools are messages with the role of the user in Messages, and have one of their own
    in the other protocols; neither counts as the user's text.
    """
    steps, results_follow = 0, False
    for message in map(as_object, reversed(messages)):
        if message.get("role") == "user" and (text := text_of(message.get("content"))):
            return text, steps
        models = message.get("role") == "assistant" or message.get("type") in _MODELS_ITEMS
        # What the model said at the very end is no answer, but the beginning of one.
        steps += models and results_follow
        results_follow = not models
    return "", steps


def calls_in(messages: list[Any]) -> int:
    """The number of calls to tools in a conversation, in the form of any of the protocols."""
    count = 0
    for message in map(as_object, messages):
        count += message.get("type") in _CALLS
        if "tool_calls" in message:
            count += len(as_list(message["tool_calls"]))
        if is_list(content := message.get("content")):
            count += sum(as_object(part).get("type") in _CALLS for part in as_list(content))
    return count


def asks_for_stream(fields: dict[str, Any]) -> bool:
    """Whether a request to OpenAI asks for a stream.

    Raises:
        RequestRefused: its `stream` is not a boolean.
    """
    stream = fields.get("stream") or False
    if not isinstance(stream, bool):
        refuse(
            f"Invalid type for 'stream': expected a boolean, but got {article(stream)} instead.",
            param="stream",
            code="invalid_type",
        )
    return stream


def offers_tools(fields: dict[str, Any]) -> bool:
    """Whether the model may call a tool: some are offered, in any form, and the choice is not none.

    A stored prompt of Responses may have tools that its request does not show.
    """
    if not any(fields.get(name) for name in ("tools", "functions", "mcp_servers", "prompt")):
        return False
    choices = (fields.get("tool_choice"), fields.get("function_call"))
    return not any("none" in (choice, as_object(choice).get("type")) for choice in choices)


def article(value: object) -> str:
    """The kind of a JSON value, as OpenAI's sentences name it."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case list():
            return "an array"
        case _:
            return "an object"
