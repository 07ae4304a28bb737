"""Rules that Chat Completions and Responses share, and their sentences."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_list, as_object, as_text, is_list, is_object
from gramophone.wire.llm.errors import ModelRefusal
from gramophone.wire.llm.request_validation import article

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_NAME: Final = 64
_MOST_SHOWN: Final = 100


@frozen
class NumberRange:
    """The values that a number of a request may have; None has no bound on that side."""

    name: str
    low: float | None
    high: float | None
    whole: bool = False


def invalid(message: str, param: str | None, code: str | None = None) -> ModelRefusal:
    """A refusal of a request that is not valid."""
    return ModelRefusal(400, message, "invalid_request_error", code, param)


def missing(param: str) -> ModelRefusal:
    """The refusal of a request that lacks a field."""
    return invalid(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def empty_array(param: str) -> ModelRefusal:
    """The refusal of an empty list where something must stand in it."""
    message = (
        f"Invalid '{param}': empty array. Expected an array with minimum length 1, "
        "but got an empty array instead."
    )
    return invalid(message, param, "empty_array")


def empty_string(param: str) -> ModelRefusal:
    """The refusal of an empty text where something must stand in it."""
    message = (
        f"Invalid '{param}': empty string. Expected a string with minimum length 1, "
        "but got an empty string instead."
    )
    return invalid(message, param, "empty_string")


def string_too_long(param: str, longest: int, length: int) -> ModelRefusal:
    """The refusal of a text of `length` characters where `longest` are allowed."""
    message = (
        f"Invalid '{param}': string too long. Expected a string with maximum length "
        f"{longest}, but got a string with length {length} instead."
    )
    return invalid(message, param, "string_above_max_length")


def wrong_type(param: str, expected: str, value: object) -> ModelRefusal:
    """The refusal of a value of another type."""
    message = f"Invalid type for '{param}': expected {expected}, but got {article(value)} instead."
    return invalid(message, param, "invalid_type")


def unknown_value(param: str, value: str, supported_values: Collection[str]) -> ModelRefusal:
    """The refusal of a word that is none of those that are known."""
    *first, last = (f"'{supported_value}'" for supported_value in supported_values)
    supported = f"{', '.join(first)}, and {last}" if first else last
    message = f"Invalid value: '{shown(value)}'. Supported values are: {supported}."
    return invalid(message, param, "invalid_value")


def shown(text: str) -> str:
    """A text of the client's as a sentence repeats it: its beginning."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def out_of_range(fields: dict[str, Any], ranges: Sequence[NumberRange]) -> Iterator[ModelRefusal]:
    """Refusals of numbers that are none, or out of their range."""
    for allowed in ranges:
        value, name = fields.get(allowed.name), allowed.name
        if value is None:
            continue
        kind = "integer" if allowed.whole else "decimal"
        numbers = int if allowed.whole else int | float
        if isinstance(value, bool) or not isinstance(value, numbers):
            article_of_kind = "an integer" if allowed.whole else "a decimal"
            yield wrong_type(name, article_of_kind, value)
        elif allowed.low is not None and value < allowed.low:
            message = (
                f"Invalid '{name}': {kind} below minimum value. "
                f"Expected a value >= {allowed.low}, but got {shown(str(value))} instead."
            )
            yield invalid(message, name, f"{kind}_below_min_value")
        elif allowed.high is not None and value > allowed.high:
            message = (
                f"Invalid '{name}': {kind} above maximum value. "
                f"Expected a value <= {allowed.high}, but got {shown(str(value))} instead."
            )
            yield invalid(message, name, f"{kind}_above_max_value")


def bad_name(value: object, param: str) -> ModelRefusal | None:
    """The refusal of a name, of a tool or of a schema."""
    if value is None:
        return missing(param)
    if not isinstance(value, str):
        return wrong_type(param, "a string", value)
    if not value:
        return empty_string(param)
    if len(value) > _LONGEST_NAME:
        return string_too_long(param, _LONGEST_NAME, len(value))
    if not _NAME.fullmatch(value):
        message = (
            f"Invalid '{param}': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        )
        return invalid(message, param, "invalid_value")
    return None


def bad_tools(fields: dict[str, Any], nested: Collection[str]) -> Iterator[ModelRefusal]:
    """Refusals of tools; a name stands in the object of the type if that is one of `nested`."""
    tools = fields.get("tools")
    if tools is None:
        return
    if not is_list(tools):
        yield wrong_type("tools", "an array of objects", tools)
    for number, tool in enumerate(map(as_object, as_list(tools))):
        kind, param = tool.get("type"), f"tools[{number}]"
        if kind is None:
            yield missing(f"{param}.type")
        elif kind in nested:
            yield from _of(bad_name(as_object(tool.get(kind)).get("name"), f"{param}.{kind}.name"))
        elif not nested and kind in ("function", "custom"):
            yield from _of(bad_name(tool.get("name"), f"{param}.name"))


def names_of_tools(fields: dict[str, Any]) -> set[str]:
    """The names of the tools that a request offers, in either form."""
    names: set[str] = set()
    for tool in map(as_object, as_list(fields.get("tools"))):
        inner = as_object(tool.get(as_text(tool.get("type"))))
        names.add(as_text(inner.get("name")) or as_text(tool.get("name")))
    return names


def bad_schema(value: object, param: str) -> Iterator[ModelRefusal]:
    """Refusals of a format of the answer: a schema needs a name and itself."""
    schema = as_object(value)
    yield from _of(bad_name(schema.get("name"), f"{param}.name"))


def unfound_tool(name: str) -> ModelRefusal:
    """The refusal of a choice of a tool that is not offered."""
    message = f"Tool choice '{shown(name)}' not found in 'tools' parameter."
    return invalid(message, "tool_choice")


def _of(refusal: ModelRefusal | None) -> Iterator[ModelRefusal]:
    if refusal is not None:
        yield refusal


# --- fields that come back in the answer ------------------------------------------------------

TIERS: Final = ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")
_WORDS: Final = {"service_tier": TIERS, "truncation": ("auto", "disabled")}
_TEXTS: Final = ("user", "safety_identifier", "prompt_cache_key", "previous_response_id")
_SWITCHES: Final = ("background", "parallel_tool_calls", "store")
_MOST_ENTRIES: Final = 16
_LONGEST_KEY: Final = 64
_LONGEST_VALUE: Final = 512


def bad_echo(fields: dict[str, Any]) -> Iterator[ModelRefusal]:
    """Refusals of fields that come back in the answer and are not of their type."""
    for name, words in _WORDS.items():
        value = fields.get(name)
        if value is not None and value not in words:
            yield unknown_value(name, shown(str(value)), words)
    for name in _TEXTS:
        value = fields.get(name)
        if value is not None and not isinstance(value, str):
            yield wrong_type(name, "a string", value)
    for name in _SWITCHES:
        value = fields.get(name)
        if value is not None and not isinstance(value, bool):
            yield wrong_type(name, "a boolean", value)
    if (metadata := fields.get("metadata")) is not None:
        yield from _bad_metadata(metadata)


def _bad_metadata(metadata: object) -> Iterator[ModelRefusal]:
    if not is_object(metadata):
        yield wrong_type("metadata", "an object", metadata)
    entries = as_object(metadata)
    if len(entries) > _MOST_ENTRIES:
        message = (
            f"Invalid 'metadata': too many properties. Expected an object with at most "
            f"{_MOST_ENTRIES} properties, but got an object with {len(entries)} properties instead."
        )
        yield invalid(message, "metadata", "object_above_max_properties")
    for key, value in entries.items():
        param = f"metadata.{shown(key)}"
        if not isinstance(value, str):
            yield wrong_type(param, "a string", value)
        elif len(value) > _LONGEST_VALUE or len(key) > _LONGEST_KEY:
            message = (
                f"Invalid '{param}': string too long. Expected keys of at most {_LONGEST_KEY} and "
                f"values of at most {_LONGEST_VALUE} characters."
            )
            yield invalid(message, param, "string_above_max_length")
