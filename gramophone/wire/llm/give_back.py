"""Items that a provider wants back with the next request, told apart by their protocol.

They are JSON text as a reader found it (`GiveBackPart`). A conversation may go on with a model of
another protocol, to which they mean nothing; their shape says where they belong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from gramophone.wire.lenient_json import read_object

_BLOCKS: Final = frozenset({"thinking", "redacted_thinking"})


def chat_fields(items: Sequence[str]) -> dict[str, Any]:
    """The items of Chat Completions, as fields of the assistant's message."""
    fields: dict[str, Any] = {}
    for item in map(read_object, items):
        if "type" not in item:
            fields |= item
    return fields


def messages_blocks(items: Sequence[str]) -> list[dict[str, Any]]:
    """The items of Messages: blocks that stand before the text."""
    return [item for item in map(read_object, items) if item.get("type") in _BLOCKS]


def responses_items(items: Sequence[str]) -> list[dict[str, Any]]:
    """The items of Responses: items of the input that stand before the message."""
    return [item for item in map(read_object, items) if item.get("type") == "reasoning"]
