"""Texts in JSON documents as pieces of streams, so that a secret cut into chunks is found."""

# A key that a model repeats comes in several chunks, `sk-` in one and the rest in the next; looked
# at one by one, none of them holds a secret. So the same place in one document after another is
# treated as one stream: `choices[0].delta.content` of each chunk goes on with that of the next.
# The key of a stream is the path of field names, and instead of the position in a list the number
# that an element carries itself (`_ORDER`): a chunk with a delta for the second choice has only
# that one in its list. Elements without a number follow each other in one stream.
#
# Fields that name or classify (`_ALONE`) are pieces by themselves: ids of consecutive chunks glued
# together would look like a key. Between two `word`s of a transcript stands a space.
#
# `_collect_fields` and `_replaced` must visit texts in the same order, the order of the document:
# the n-th piece is put back in the place of the n-th text.

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, cast

from gramophone.core.frozen import frozen
from gramophone.text.redaction_stream import StreamPiece
from gramophone.wire.lenient_json import is_bounded

_DECODER = json.JSONDecoder()

_ORDER = ("index", "output_index", "content_index", "summary_index", "channel_index")
_NUMBERS = frozenset(_ORDER)
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
_LONGEST_TEMPLATE = 4_096
_TOKEN = "token"
_SPELT_IN = ("bytes", "top_logprobs")
"""What else spells a token, beside it."""


def json_pieces(document: str, stream: tuple[Any, ...]) -> list[StreamPiece]:
    """The texts of a document as pieces of streams whose keys begin with `stream`.

    A document that is not an object is one piece as a whole.
    """
    fields = _object(document)
    if fields is None:
        return [StreamPiece(stream, document)]
    pieces: list[StreamPiece] = []
    _collect_fields(fields, stream, pieces)
    return pieces


class JsonPieces:
    """A reader of documents that remembers the one before.

    Where a document differs from it in a single text, as chunks of an answer do, only that text is
    read, which is several times faster than `json_pieces` with the same result.
    """

    def __init__(self) -> None:
        self._templates: dict[Any, _Template] = {}

    def __call__(self, document: str, stream: tuple[Any, ...]) -> list[StreamPiece]:
        """The `json_pieces`; one document is remembered for each last part of `stream`."""
        template = self._templates.get(stream[-1])
        if template is not None and template.stream == stream:
            pieces = template.pieces_of(document)
            if pieces is not None:
                return pieces
        pieces = json_pieces(document, stream)
        template = _template(document, stream, pieces)
        if template is not None:
            self._templates[stream[-1]] = template
        return pieces


@frozen
class _Template:
    """A document around one of its texts."""

    stream: tuple[Any, ...]
    start: str
    end: str
    before: tuple[StreamPiece, ...]
    piece: StreamPiece
    behind: tuple[StreamPiece, ...]

    def pieces_of(self, document: str) -> list[StreamPiece] | None:
        """The pieces of a document that differs in this text alone; None if it may differ more."""
        start, end = self.start, self.end
        length = len(document) - len(end)
        if length < len(start) or not (document.startswith(start) and document.endswith(end)):
            return None
        text = document[len(start) : length]
        if '"' in text or "\\" in text or not text.isprintable():
            return None
        return [*self.before, StreamPiece(self.piece.key, text, self.piece.gap), *self.behind]


def _template(
    document: str, stream: tuple[Any, ...], pieces: Sequence[StreamPiece]
) -> _Template | None:
    # Without escapes a value is spelt as it is; where that stands once between quotes, there it is.
    if len(document) > _LONGEST_TEMPLATE or "\\" in document:
        return None
    for number in reversed(range(len(pieces))):
        piece = pieces[number]
        quoted = f'"{piece.text}"'
        if piece.key is not None and document.count(quoted) == 1:
            start, end = document.split(quoted)
            before, behind = tuple(pieces[:number]), tuple(pieces[number + 1 :])
            return _Template(stream, f'{start}"', f'"{end}', before, piece, behind)
    return None


def with_texts(document: str, texts: Sequence[str]) -> str:
    """The document with `texts` in the place of those of its `json_pieces`.

    If they are the same, so is the document, byte for byte.
    """
    fields = _object(document)
    if fields is None:
        return texts[0]
    pieces: list[StreamPiece] = []
    _collect_fields(fields, (), pieces)
    if [piece.text for piece in pieces] == list(texts):
        return document
    replaced = _replaced(fields, iter(texts))
    return json.dumps(replaced, ensure_ascii=False, separators=(",", ":"))


def lines_pieces(text: str, stream: tuple[Any, ...]) -> list[StreamPiece]:
    """The `json_pieces` of a text that is a document, or a part of an event stream.

    Of a stream each line that holds a document is one; all else is a piece as a whole.
    """
    return [piece for part in _parts(text) for piece in json_pieces(part, stream)]


def with_lines_texts(text: str, texts: Sequence[str]) -> str:
    """The text with `texts` in the place of those of its `lines_pieces`."""
    replaced: list[str] = []
    at = 0
    for part in _parts(text):
        count = len(json_pieces(part, ()))
        replaced.append(with_texts(part, texts[at : at + count]))
        at += count
    return "".join(replaced)


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


def _collect_fields(
    fields: dict[str, Any], path: tuple[Any, ...], pieces: list[StreamPiece]
) -> None:
    """Add the texts in an object, in the order in which `_replaced` takes them."""
    if not _NUMBERS.isdisjoint(fields):
        path += tuple(
            [(name, fields[name]) for name in _ORDER if isinstance(fields.get(name), int)]
        )
    for name, value in fields.items():
        if isinstance(value, str):
            key = None if name in _ALONE else (*path, name)
            pieces.append(StreamPiece(key, value, " " if name in _WORDS else ""))
        elif isinstance(value, dict):
            _collect_fields(cast("dict[str, Any]", value), (*path, name), pieces)
        elif isinstance(value, list):
            _collect_elements(cast("list[Any]", value), path, name, pieces)


def _collect_elements(
    elements: list[Any], path: tuple[Any, ...], name: str, pieces: list[StreamPiece]
) -> None:
    """Add the texts in a list: each belongs to the field that holds the list."""
    for element in elements:
        if isinstance(element, list):
            _collect_elements(cast("list[Any]", element), path, name, pieces)
        elif isinstance(element, dict):
            _collect_fields(cast("dict[str, Any]", element), (*path, name), pieces)
        elif isinstance(element, str):
            key = None if name in _ALONE else (*path, name)
            pieces.append(StreamPiece(key, element, " " if name in _WORDS else ""))


def _replaced(value: Any, texts: Iterator[str]) -> Any:
    match value:
        case str():
            return next(texts)
        case dict():
            return _replaced_object(cast("dict[str, Any]", value), texts)
        case list():
            return [_replaced(element, texts) for element in cast("list[Any]", value)]
        case _:
            return value


def _replaced_object(fields: dict[str, Any], texts: Iterator[str]) -> dict[str, Any]:
    replaced = {name: _replaced(value, texts) for name, value in fields.items()}
    if replaced.get(_TOKEN) != fields.get(_TOKEN):
        # A token that was hidden must not stand beside itself as numbers.
        replaced |= {
            name: None if name == "bytes" else [] for name in _SPELT_IN if name in replaced
        }
    return replaced


def _object(document: str) -> dict[str, Any] | None:
    document = document.strip(" \t\r\n")
    # What takes too much room or depth to read is one text, however it is written.
    if not document.startswith("{") or not is_bounded(document):
        return None
    try:
        fields, end = _DECODER.raw_decode(document)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", fields) if end == len(document) else None
