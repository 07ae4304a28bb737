"""Lines and counts of a bundle beyond what any session has: refused before they take room."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gramophone.core.errors import StorageError
from storage.bundle.importer import import_bundle
from storage.bundle.layout import (
    EVENTS,
    LONGEST_LINE_BYTES,
    MOST_CUT_CHARS,
    MOST_LINE_VALUES,
    MOST_TURNS,
    SESSION,
    TURNS,
    BadBundle,
)
from storage.bundle.lines import turn_values
from storage.home import Home
from storage.sqlite.schema import FORMAT_VERSION
from tests.support.bundles import build

SESSION_LINE = json.dumps(
    {
        "id": "0123456789abcdef",
        "created_at": "2025-01-01T00:00:00.000+00:00",
        "provider": "openai",
        "model": "m",
        "voice": "v",
        "encoding": "linear16",
        "sample_rate_hz": 48_000,
        "system_prompt": "",
        "format_version": FORMAT_VERSION,
    }
).encode()


def turn(number: int, **more: Any) -> bytes:
    values = {"turn": number, "role": "user", "started_us": 0, **more}
    return json.dumps(values, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (turn(0, more=[{}] * MOST_LINE_VALUES), "has too many values"),
        (turn(0, text="x" * (LONGEST_LINE_BYTES // 4) + "😀"), "is too long"),
        (turn(0, text="好" * (LONGEST_LINE_BYTES // 6)), "is too long"),
    ],
    ids=["values", "four bytes each", "two bytes each"],
)
def test_a_line_that_takes_too_much_room(line: bytes, message: str) -> None:
    with pytest.raises(BadBundle, match=message):
        turn_values(line, 1)


def refused(tmp_path: Path, message: str, turns: Iterable[bytes]) -> None:
    lines = b"".join(line + b"\n" for line in turns)
    path = build(tmp_path / "a.gramophone", {SESSION: SESSION_LINE, TURNS: lines, EVENTS: b""})
    with pytest.raises(StorageError, match=message):
        import_bundle(Home.at(tmp_path / "home"), path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_too_many_turns(tmp_path: Path) -> None:
    turns = (turn(number) for number in range(MOST_TURNS + 1))
    refused(tmp_path, "it has more than 100,000 turns", turns)


def test_too_much_interrupted_text(tmp_path: Path) -> None:
    text = "x" * (1 << 20)
    count = MOST_CUT_CHARS // len(text) + 1
    turns = (turn(number, text=text, finish_reason="interrupted") for number in range(count))
    refused(tmp_path, "more interrupted text than anybody speaks", turns)


def test_a_line_that_is_too_long(tmp_path: Path) -> None:
    refused(tmp_path, "a line without an end", [turn(0, text="x" * LONGEST_LINE_BYTES)])
