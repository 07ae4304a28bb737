"""Reading server-sent events back, by the letter of the specification."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def events_in(stream: bytes) -> list[tuple[str, str]]:
    """Every event as its name and its data."""
    events: list[tuple[str, str]] = []
    for block in stream.decode().split("\n\n")[:-1]:
        fields = [line.partition(": ")[::2] for line in block.split("\n")]
        name = "".join(value for field, value in fields if field == "event")
        events.append((name, "\n".join(value for field, value in fields if field == "data")))
    return events


def payloads(timed: Iterable[tuple[int, bytes]]) -> list[dict[str, Any]]:
    """What a stream says, without the `[DONE]` at its end."""
    stream = b"".join(event for _, event in timed)
    return [json.loads(data) for _, data in events_in(stream) if data != "[DONE]"]


def moments(timed: Iterable[tuple[int, bytes]]) -> list[int]:
    """When each event is due."""
    return [due_us for due_us, _ in timed]
