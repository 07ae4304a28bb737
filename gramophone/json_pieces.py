"""The texts in a JSON document as pieces of streams: a model's chunks, frames of a speech service.

The same place in one document after another is one stream: `choices[0].delta.content` of each chunk
goes on with that of the next. Elements of a list are told apart by the number they have in a field,
and follow each other where they have none. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, cast

from gramophone.redaction_stream import Piece
from gramophone.wire.loose_json import is_bounded

_Visit: TypeAlias = Callable[[tuple[Any, ...], str], str]

_NUMBERS = ("index", "output_index", "content_index", "summary_index", "channel_index")
# These say what something is, and the next one does not go on with it.
_ALONE = frozenset(
    {
        *("id", "object", "model", "type", "role", "name", "status", "finish_reason"),
        *("stop_reason", "stop_sequence", "system_fingerprint", "service_tier", "item_id"),
        *("call_id", "response_id", "event", "event_id", "request_id", "created", "created_at"),
        *("obfuscation", "code", "param", "language", "speaker", "sha256", "model_uuid"),
    }
)
_WORDS = frozenset({"word", "punctuated_word", "transcript"})
"""Between two of these stands a space."""
_DATA = "data: "
_TOKEN = "token"
_SPELT_IN = ("bytes", "top_logprobs")
"""What else spells a token, beside it."""


def json_pieces(document: str, stream: tuple[Any, ...]) -> list[Piece]:
    """The texts of a document as pieces of streams whose keys begin with `stream`; one that is no
    object is a piece as a whole."""
    fields = _object(document)
    if fields is None:
        return [Piece(stream, document)]
    pieces: list[Piece] = []

    def visit(path: tuple[Any, ...], text: str) -> str:
        name = path[-1]
        key = None if name in _ALONE else (*stream, *path)
        pieces.append(Piece(key, text, " " if name in _WORDS else ""))
        return text

    _mapped(fields, (), visit)
    return pieces


def with_texts(document: str, texts: Sequence[str]) -> str:
    """The document with these in the place of the texts of its `json_pieces`; if none is another,
    the very same."""
    fields = _object(document)
    if fields is None:
        return texts[0]
    following: Iterator[str] = iter(texts)
    changed = False

    def visit(path: tuple[Any, ...], text: str) -> str:
        nonlocal changed
        other = next(following)
        changed = changed or other != text
        return other

    made = _mapped(fields, (), visit)
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")) if changed else document


def lines_pieces(text: str, stream: tuple[Any, ...]) -> list[Piece]:
    """As `json_pieces`, of a text that may be a document or a part of an event stream: each of its
    lines that holds a document is one."""
    return [piece for part in _parts(text) for piece in json_pieces(part, stream)]


def with_lines_texts(text: str, texts: Sequence[str]) -> str:
    """The text with these in the place of those of its `lines_pieces`."""
    made: list[str] = []
    at = 0
    for part in _parts(text):
        count = len(json_pieces(part, ()))
        made.append(with_texts(part, texts[at : at + count]))
        at += count
    return "".join(made)


def _parts(text: str) -> list[str]:
    """A document by itself; else the documents behind `data:`, and what stands between them."""
    if _object(text) is not None:
        return [text]
    parts: list[str] = []
    for line in text.splitlines(keepends=True):
        document = line.removeprefix(_DATA).rstrip("\r\n")
        if line.startswith(_DATA) and _object(document) is not None:
            end = len(_DATA) + len(document)
            parts += (line[: len(_DATA)], document, line[end:])
        else:
            parts.append(line)
    return parts


def _mapped(value: Any, path: tuple[Any, ...], visit: _Visit) -> Any:
    match value:
        case str():
            return visit(path or ("",), value)
        case dict():
            return _mapped_object(cast("dict[str, Any]", value), path, visit)
        case list():
            return [_mapped(each, path, visit) for each in cast("list[Any]", value)]
        case _:
            return value


def _mapped_object(fields: dict[str, Any], path: tuple[Any, ...], visit: _Visit) -> dict[str, Any]:
    numbers = tuple((name, fields[name]) for name in _NUMBERS if isinstance(fields.get(name), int))
    path = path + numbers
    made = {name: _mapped(each, (*path, name), visit) for name, each in fields.items()}
    if made.get(_TOKEN) != fields.get(_TOKEN):
        # A token that was hidden must not stand beside itself as numbers.
        made |= {name: None if name == "bytes" else [] for name in _SPELT_IN if name in made}
    return made


def _object(document: str) -> dict[str, Any] | None:
    # What takes too much room or depth to read is one text, however it is written.
    if not document.lstrip().startswith("{") or not is_bounded(document):
        return None
    try:
        fields = json.loads(document)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else None
