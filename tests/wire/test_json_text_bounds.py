"""JSON of a peer that is too deep or too wide is one text, and does not end a recording."""

from __future__ import annotations

import pytest

from gramophone.text.redaction_stream import StreamPiece
from gramophone.wire.json_text import json_pieces, lines_pieces


@pytest.mark.parametrize("depth", [101, 300, 450, 480, 900, 100_000])
def test_values_too_deep_within_each_other_are_a_text(depth: int) -> None:
    document = '{"a": ' + '{"b":' * depth + '"text"' + "}" * depth + "}"
    assert json_pieces(document, ("raw",)) == [StreamPiece(("raw",), document)]
    assert lines_pieces(f"data: {document}\n", ("raw",))


def test_too_many_values_are_a_text() -> None:
    document = '{"a": [' + "{}," * 300_000 + "{}]}"
    assert json_pieces(document, ("raw",)) == [StreamPiece(("raw",), document)]
