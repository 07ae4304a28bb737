"""Text frames as JSON objects, read leniently; shared by the protocols on a websocket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from gramophone.wire.lenient_json import LARGEST_COUNT, is_bounded


class ProtocolViolation(ValueError):
    """A frame that is not a message of the protocol.

    Attributes:
        code: Deepgram's name for it, the whole reason of its close frame (`DATA-0000`).
    """

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(code, detail)

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


def json_object(text: str, otherwise: str) -> Mapping[str, Any]:
    """The object that a text frame holds.

    Raises:
        ProtocolViolation: with the code `otherwise`, when it does not hold one.
    """
    try:
        parsed: object = json.loads(text) if is_bounded(text) else None
    except (ValueError, RecursionError) as error:
        raise ProtocolViolation(otherwise, f"not JSON: {type(error).__name__}") from error
    if not isinstance(parsed, dict):
        raise ProtocolViolation(otherwise, "not a JSON object")
    return cast("dict[str, Any]", parsed)


def text_of(fields: Mapping[str, Any], name: str) -> str:
    """The field as a text; empty when it is missing or of another type."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def whole_of(fields: Mapping[str, Any], name: str) -> int:
    """The field as a whole number within ±`LARGEST_COUNT`; 0 when it is missing or no number."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return max(-LARGEST_COUNT, min(value, LARGEST_COUNT))
