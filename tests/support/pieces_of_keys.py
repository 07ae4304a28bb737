"""Canaries that come in pieces, and what finds a piece of one in a file or across its records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from tests.support.recordings import everything_in

KEY = "c4nary-0f-the-k3y-0123456789"
SHORTEST_LEAK = 8
"""A piece of so many characters is a leak."""

_PIECES = [KEY[at : at + SHORTEST_LEAK] for at in range(len(KEY) - SHORTEST_LEAK + 1)]


def cut(text: str, size: int) -> list[str]:
    """The text in pieces of `size` characters; the last may be shorter."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def in_pieces_of_every_size(text: str, most: int = len(KEY) + 2) -> list[str]:
    """The text again and again, in pieces of one character, of two and so on."""
    return [piece for size in range(1, most + 1) for piece in cut(text, size)]


def holds_a_piece(text: str) -> bool:
    """Whether any piece of the key stands in it."""
    return any(piece in text for piece in _PIECES)


def files_with_pieces(directory: Path) -> list[str]:
    """Files with a piece of the key in them, in any of the spellings of a file."""
    paths: list[str] = []
    for path, content in everything_in(directory).items():
        texts = (content.decode("latin-1"), content.decode("utf-16-le", "replace"))
        if any(map(holds_a_piece, texts)):
            paths.append(str(path))
    return paths


def joined_texts(documents: list[Any]) -> dict[str, str]:
    """The texts that stand at the same place of each document, one behind the other."""
    joined: dict[str, list[str]] = {}
    for document in documents:
        for path, text in _texts(document, ""):
            joined.setdefault(path, []).append(text)
    return {path: "".join(texts) for path, texts in joined.items()}


def leaks_across(documents: list[Any]) -> list[str]:
    """Places where a piece of the key stands in what the documents say one after the other."""
    return [path for path, text in joined_texts(documents).items() if holds_a_piece(text)]


def json_lines(path: Path) -> list[Any]:
    """What stands in each line of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            if value.startswith("{"):
                try:
                    yield from _texts(json.loads(value), f"{path}:json")
                except ValueError:
                    pass
            yield path, value
        case dict():
            fields = cast("dict[str, Any]", value)
            kind = fields.get("event", "")
            for name, nested in fields.items():
                yield from _texts(nested, f"{path}.{kind if isinstance(kind, str) else ''}.{name}")
        case list():
            for nested in cast("list[Any]", value):
                yield from _texts(nested, f"{path}[]")
        case _:
            pass
