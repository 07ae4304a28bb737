"""OpenAI's Embeddings, the server's side: requests are read, vectors are made of the letters.

Shapes and limits: openai 3.52 (`types/embedding_create_params.py`). The vectors know nothing of
meaning: texts are near each other if they have words and parts of words in common.
"""

# Each word and each three letters in a row turn a few positions of the vector up or down, chosen by
# their checksum, so that the same text has the same vector in every process. The rest is filled
# with a little noise made of the whole text: vectors of a model have no zeros. Values are those of
# 32-bit floats, whether they are sent as base64 or as numbers.

from __future__ import annotations

import math
import re
import sys
from array import array
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from hashlib import shake_128
from itertools import pairwise
from typing import Any, Final, TypeAlias
from zlib import crc32

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_list, as_text, is_list
from gramophone.wire.llm.errors import ModelRefusal, body
from gramophone.wire.llm.refusals.openai_rules import (
    NumberRange,
    empty_array,
    invalid,
    missing,
    out_of_range,
    unknown_value,
    wrong_type,
)
from gramophone.wire.llm.request_validation import json_body, refuse, refuse_if
from gramophone.wire.llm.token_usage import guessed_tokens

EMBEDDINGS_PATH: Final = "/v1/embeddings"
MOST_INPUTS: Final = 2_048
MOST_TOKENS: Final = 8_192
"""Tokens of one input."""
MOST_TOKENS_IN_ALL: Final = 300_000
_DIMENSIONS: Final = {
    "text-embedding-3-small": 1_536,
    "text-embedding-3-large": 3_072,
    "text-embedding-ada-002": 1_536,
}
_USUAL_DIMENSIONS: Final = 1_536
_MOST_DIMENSIONS: Final = 3_072
"""The dimensions of a model that is not OpenAI's, without and with a request for others."""
_FIXED: Final = "text-embedding-ada-002"
"""A model that has no other number of dimensions than its own."""
_FORMATS: Final = ("float", "base64")
_WORD: Final = re.compile(r"\w+")
_TURNS: Final = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F)
"""Odd numbers, of each of which a checksum makes a position that a word or part turns."""
_NOISE: Final = 0.1
"""The length of the noise, where that of the rest is 1."""

Input: TypeAlias = str | tuple[int, ...]
"""A text, or its tokens by their numbers."""


@frozen
class EmbeddingsRequest:
    """A request: its inputs, and the form of the vectors.

    `own_dimensions` are those of the model, of whose vectors the first `dimensions` are sent.
    """

    model: str
    inputs: tuple[Input, ...]
    dimensions: int
    own_dimensions: int
    as_base64: bool

    @property
    def tokens(self) -> int:
        """The tokens of all inputs, those of texts estimated."""
        return sum(map(_tokens, self.inputs))


def parse_embeddings(payload: bytes, *, strict: bool = False) -> EmbeddingsRequest:
    """Read a request; unknown fields are ignored. When `strict`, the service's limits are kept.

    The number of inputs is always limited, for the answer is far larger than they are.

    Raises:
        RequestRefused: the service would refuse it.
    """
    fields = json_body(payload)
    model = as_text(fields.get("model"))
    if not model:
        refuse("you must provide a model parameter")
    inputs = tuple(_inputs(fields.get("input")))
    if len(inputs) > MOST_INPUTS:
        refuse(
            f"Invalid 'input': array too long. Expected an array with maximum length {MOST_INPUTS},"
            f" but got an array with length {len(inputs)} instead.",
            param="input",
            code="array_above_max_length",
        )
    most = _DIMENSIONS.get(model, _MOST_DIMENSIONS) if strict else _MOST_DIMENSIONS
    refuse_if(next(_wrong_form(fields, most), None))
    if strict:
        refuse_if(next(_beyond_limits(fields, model, inputs), None))
    own = _DIMENSIONS.get(model, _USUAL_DIMENSIONS)
    dimensions = fields.get("dimensions") or own
    as_base64 = fields.get("encoding_format") == "base64"
    return EmbeddingsRequest(model, inputs, dimensions, max(own, dimensions), as_base64)


def _inputs(value: object) -> Iterator[Input]:
    if value is None:
        refuse_if(missing("input"))
    items: list[Any] = [value] if isinstance(value, str) else as_list(value)
    if is_list(value) and not items:
        refuse_if(empty_array("input"))
    if items and _is_token(items[0]):
        items = [items]
    if not items:
        refuse_if(wrong_type("input", "one of a string or array", value))
    for item in items:
        if isinstance(item, str):
            yield item
        elif is_list(item) and all(map(_is_token, as_list(item))):
            yield tuple(as_list(item))
        else:
            refuse("'$.input' is invalid. Please check the API reference.")


def _is_token(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _wrong_form(fields: dict[str, Any], most_dimensions: int) -> Iterator[ModelRefusal]:
    yield from out_of_range(fields, [NumberRange("dimensions", 1, most_dimensions, whole=True)])
    form = fields.get("encoding_format")
    if form is not None and form not in _FORMATS:
        yield unknown_value("encoding_format", str(form), _FORMATS)


def _beyond_limits(
    fields: dict[str, Any], model: str, inputs: Sequence[Input]
) -> Iterator[ModelRefusal]:
    if fields.get("dimensions") is not None and model == _FIXED:
        yield invalid("This model does not support specifying dimensions.", "dimensions")
    if not all(inputs):
        yield invalid("Invalid 'input': input cannot be an empty string.", "input")
    counts = [_tokens(item) for item in inputs]
    if (longest := max(counts)) > MOST_TOKENS:
        yield invalid(
            f"This model's maximum context length is {MOST_TOKENS} tokens, however you requested "
            f"{longest} tokens ({longest} in your prompt; 0 for the completion). Please reduce "
            "your prompt; or completion length.",
            None,
        )
    if (total := sum(counts)) > MOST_TOKENS_IN_ALL:
        kind = "max_tokens_per_request"
        message = f"Requested {total} tokens, max {MOST_TOKENS_IN_ALL} tokens per request"
        yield ModelRefusal(400, message, kind, kind)


def _tokens(item: Input) -> int:
    return guessed_tokens(len(item)) if isinstance(item, str) else len(item)


# --- the answer -------------------------------------------------------------------------------


def render_embeddings(request: EmbeddingsRequest) -> bytes:
    """The vectors of a request as one JSON body."""
    usage = {"prompt_tokens": request.tokens, "total_tokens": request.tokens}
    # Joined from the JSON of each vector, whose numbers take up much more room as objects.
    data = b",".join(_item(index, item, request) for index, item in enumerate(request.inputs))
    rest = body({"model": request.model, "usage": usage}).removeprefix(b"{")
    return b'{"object":"list","data":[' + data + b"]," + rest


def _item(index: int, item: Input, request: EmbeddingsRequest) -> bytes:
    vector = embedding(item, request.own_dimensions, request.dimensions)
    value = _as_base64(vector) if request.as_base64 else vector.tolist()
    return body({"object": "embedding", "index": index, "embedding": value})


def _as_base64(vector: array[float]) -> str:
    if sys.byteorder == "big":
        vector = array("f", vector)
        vector.byteswap()
    return b64encode(vector.tobytes()).decode()


def embedding(item: Input, own_dimensions: int, dimensions: int = 0) -> array[float]:
    """The vector of an input, or its first `dimensions`: 32-bit floats, their length 1."""
    vector = [0.0] * own_dimensions
    for part, count in Counter(_parts(item)).items():
        weight, checksum = math.sqrt(count), crc32(part)
        for factor in _TURNS:
            # The upper bits of a product depend on all of the checksum.
            product = checksum * factor & 0xFFFFFFFF
            vector[(product >> 8) % own_dimensions] += weight if product & 0x80 else -weight
    noise = _noise(item, own_dimensions)
    scale = _NOISE * (_length(vector) or 1.0) / _length(noise)
    dense = [value + scale * small for value, small in zip(vector, noise, strict=True)]
    dense = dense[: dimensions or own_dimensions]
    length = _length(dense)
    return array("f", [value / length for value in dense])


def _parts(item: Input) -> Iterator[bytes]:
    """Words and three letters in a row of a text; tokens alone and in pairs."""
    if not isinstance(item, str):
        yield from (b"%d" % token for token in item)
        yield from (b"%d %d" % pair for pair in pairwise(item))
        return
    for word in _WORD.findall(item.lower()):
        letters = f"<{word}>".encode("utf-32-le", "surrogatepass")
        yield letters
        yield from (letters[begin : begin + 12] for begin in range(0, len(letters) - 8, 4))


def _noise(item: Input, dimensions: int) -> Sequence[float]:
    text = item.encode("utf-8", "surrogatepass") if isinstance(item, str) else repr(item).encode()
    drawn = shake_128(text).digest(dimensions)
    return [byte - 127.5 for byte in drawn]


def _length(vector: Iterable[float]) -> float:
    # An exact sum: the built-in one differs between versions of Python in the last bit.
    return math.sqrt(math.fsum(value * value for value in vector))
