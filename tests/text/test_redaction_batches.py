"""What is read fast, as a batch or by the document before, gives what reading each part gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from gramophone.text.redaction import CONTEXT_CHARS, OPEN_SHAPES, Redactor
from gramophone.text.redaction_stream import RedactedStreams, StreamPiece
from gramophone.wire.json_text import JsonPieces, json_pieces, with_texts
from tests.support.keys_in_text import KEY, OTHER, PARTS

PATTERN = r"\d{4}( \d{4}){2}"
STREAM = (1, "chunk")

_keys = st.sampled_from(("a", "b", None))
_pieces = st.builds(
    StreamPiece,
    _keys,
    st.one_of(st.sampled_from((*PARTS, "")), st.text()),
    st.sampled_from(("", " ")),
)
_items = st.lists(st.lists(_pieces, max_size=3), max_size=8)
_names = st.sampled_from(
    ("content", "text", "token", "bytes", "index", "type", "word", "transcript", "delta", "a")
)
_texts = st.one_of(st.sampled_from(("", "Hi", ", ", ":", "type", '"', "\\", "\n", "é")), st.text())
_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), _texts),
    lambda within: st.one_of(
        st.lists(within, max_size=3), st.dictionaries(_names, within, max_size=4)
    ),
    max_leaves=12,
)
_objects = st.dictionaries(_names, _values, max_size=4)


class Placing(RedactedStreams[int]):
    """Finds the place of every piece, as if something waited in each stream."""

    def _read(self, stream: Any, *, ended: bool) -> bool:
        super()._read(stream, ended=ended)
        return False


class Trying(Redactor):
    """Tries every length of every secret, and the whole text for shapes."""

    def open_from(self, text: str, start: int = 0) -> int:
        starts = [len(text)]
        for secret in self._secrets:
            lengths = range(1, min(len(secret), len(text) - start + 1))
            starts += [len(text) - length for length in lengths if text.endswith(secret[:length])]
        for begin, right, secret, offset in self._parts(text, start, len(text)):
            if right == len(text) and offset + right - begin < len(secret):
                starts.append(begin)
        if shape := OPEN_SHAPES.search(text, max(0, start - CONTEXT_CHARS)):
            starts.append(shape.start(shape.lastgroup or 0))
        return max(start, min(starts))


def batched(
    streams: RedactedStreams[int], batches: Sequence[Sequence[Sequence[StreamPiece]]]
) -> list[object]:
    """What is settled after each batch, after the end of one stream, and after that of all."""
    settled: list[object] = []
    for batch in batches:
        for number, pieces in enumerate(batch):
            streams.put(number, pieces)
        settled.append(streams.settled())
    streams.finish(lambda key: key == "a")
    settled.append(streams.settled())
    streams.finish()
    settled.append(streams.settled())
    assert not streams
    return settled


@given(st.lists(_items, max_size=4), st.booleans())
def test_a_batch_read_at_once_is_what_its_pieces_are_one_by_one(
    batches: list[list[list[StreamPiece]]], patterned: bool
) -> None:
    patterns = [PATTERN] if patterned else []
    redactor = Redactor([KEY, OTHER], patterns=patterns, key=b"k")
    fast = batched(RedactedStreams[int](redactor), batches)
    assert fast == batched(Placing(redactor), batches)
    # A function of the caller's, even one that changes nothing, makes every item be looked at.
    looking = Redactor([KEY, OTHER], lambda text: text, patterns=patterns, key=b"k")
    assert fast == batched(RedactedStreams[int](looking), batches)


@given(_items)
def test_texts_are_given_where_one_is_another(items: list[list[StreamPiece]]) -> None:
    redactor = Redactor([KEY, OTHER], patterns=[PATTERN])
    streams, again = RedactedStreams[int](redactor), RedactedStreams[int](redactor)
    for number, pieces in enumerate(items):
        streams.put(number, pieces)
        again.put(number, pieces)
    streams.finish()
    again.finish()
    for (_, texts), (_, pieces, changed) in zip(
        streams.settled(), again.settled_pieces(), strict=True
    ):
        given_texts = [piece.text for piece in pieces]
        assert changed == (None if texts == given_texts else texts)


@given(
    st.lists(st.sampled_from((*PARTS, "key", "token ", "sk-", "ſk-", KEY[3:15])), max_size=12),
    st.integers(0, 300),
)
def test_the_open_end_is_that_of_every_length_of_every_secret(parts: list[str], start: int) -> None:
    text = "".join(parts)
    start = min(start, len(text))
    secrets = [KEY, OTHER, "a secret", "ssssssst", "über-geheim/1"]
    assert Redactor(secrets).open_from(text, start) == Trying(secrets).open_from(text, start)


@given(_objects, st.lists(_texts, min_size=1, max_size=4))
@example({"delta": {"content": "Hi"}, "type": "Hi"}, ["Ho"])
@example({"content": ", ", "text": "a", "a": "b"}, ["c"])
def test_documents_that_differ_in_a_text_are_read_as_each_by_itself(
    fields: dict[str, Any], texts: list[str]
) -> None:
    read = JsonPieces()
    for ascii_alone in (True, False):
        document = json.dumps(fields, ensure_ascii=ascii_alone)
        pieces = json_pieces(document, STREAM)
        assert read(document, STREAM) == pieces
        for number in range(len(pieces)):
            for text in texts:
                put = [piece.text for piece in pieces]
                put[number] = text
                other = with_texts(document, put)
                assert read(other, STREAM) == json_pieces(other, STREAM)
                plain = json.dumps(json.loads(other), ensure_ascii=ascii_alone)
                assert read(plain, STREAM) == json_pieces(plain, STREAM)


@given(
    _objects,
    st.lists(st.sampled_from(('"', "\\", ",", ":", "{", "}", "Ho", "\n", "\x00", "\ud800"))),
)
def test_what_is_not_a_text_in_the_place_of_one_is_read_as_it_is(
    fields: dict[str, Any], parts: list[str]
) -> None:
    read = JsonPieces()
    fields["delta"] = {"content": "@@@"}
    document = json.dumps(fields)
    read(document, STREAM)
    other = document.replace("@@@", "".join(parts))
    assert read(other, STREAM) == json_pieces(other, STREAM)
    assert read(document, (2, "chunk")) == json_pieces(document, (2, "chunk"))


@given(_objects)
def test_texts_are_put_in_the_order_in_which_they_are_read(fields: dict[str, Any]) -> None:
    document = json.dumps(fields)
    # Beside a token that is hidden its other spellings are left out.
    assume('"token"' not in document)
    texts = [f"{number}" for number, _ in enumerate(json_pieces(document, STREAM))]
    assert [p.text for p in json_pieces(with_texts(document, texts), STREAM)] == texts
