"""Embeddings: unit vectors made of the letters, the same in every process."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import pytest

from gramophone.wire.llm.embeddings import embedding, parse_embeddings, render_embeddings
from gramophone.wire.llm.errors import RequestRefused

SMALL, LARGE, OLD = "text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002"
DIGEST = "3fd5b8fb9f77523f"
"""Of the bytes of one vector: a change of it changes what programs have stored."""


def request(**fields: Any) -> bytes:
    return json.dumps({"model": SMALL, "input": "Hello?", **fields}).encode()


def answer(**fields: Any) -> dict[str, Any]:
    return json.loads(render_embeddings(parse_embeddings(request(**fields), strict=True)))


def vectors(**fields: Any) -> list[list[float]]:
    return [item["embedding"] for item in answer(**fields)["data"]]


def nearness(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("model", "dimensions", "length"),
    [(SMALL, None, 1536), (LARGE, None, 3072), (OLD, None, 1536), (SMALL, 256, 256), ("m", 9, 9)],
)
def test_a_vector_has_the_models_dimensions_and_the_length_1(
    model: str, dimensions: int | None, length: int
) -> None:
    for text in ("Hello?", "?", "\ud800", "word " * 500, [7, 8, 9]):
        (vector,) = vectors(model=model, dimensions=dimensions, input=text)
        assert len(vector) == length
        assert math.isclose(math.hypot(*vector), 1, abs_tol=1e-6)
        assert all(vector), "none of a model's values is 0"


def test_the_same_text_has_the_same_vector_in_every_process() -> None:
    digest = hashlib.sha256(struct.pack("<1536f", *embedding("Hello, wörld?", 1536)))
    assert digest.hexdigest()[:16] == DIGEST


def test_fewer_dimensions_are_the_beginning_of_all() -> None:
    (whole,), (short,) = vectors(), vectors(dimensions=64)
    length = math.hypot(*whole[:64])
    assert short == pytest.approx([value / length for value in whole[:64]], abs=1e-6)


def test_texts_of_the_same_words_are_nearer() -> None:
    sky, blue, bread, taken, other = vectors(
        input=[
            "Why is the sky blue?",
            "The sky is blue because of scattering.",
            "How do I bake bread?",
            "why IS the sky, blue",
            "空はなぜ青い",
        ]
    )
    assert nearness(sky, taken) > 0.95
    assert nearness(sky, blue) > 0.4
    assert abs(nearness(sky, bread)) < 0.2
    assert abs(nearness(sky, other)) < 0.2
    few, more, none = (embedding(tokens, 1536) for tokens in ((1, 2, 3), (1, 2, 4), (7, 8, 9)))
    assert nearness(few, more) > 0.3 > abs(nearness(few, none))


def test_base64_has_the_same_values() -> None:
    (numbers,), (text,) = vectors(), vectors(encoding_format="base64")
    assert isinstance(text, str)
    assert list(struct.unpack("<1536f", b64decode(text))) == numbers


def test_the_answer_counts_its_inputs() -> None:
    whole = answer(input=["Hello?", "Hello there, world."])
    assert [item["index"] for item in whole["data"]] == [0, 1]
    assert whole["usage"] == {"prompt_tokens": 7, "total_tokens": 7}
    assert answer(input=[[1, 2], [3]])["usage"]["prompt_tokens"] == 3
    assert len(answer(input=[1, 2])["data"]) == 1


REFUSED: list[tuple[dict[str, Any], str | None, str | None, str]] = [
    ({"model": ""}, None, None, "model parameter"),
    ({"input": None}, "input", "missing_required_parameter", "Missing"),
    ({"input": 7}, "input", "invalid_type", "an integer"),
    ({"input": []}, "input", "empty_array", "minimum length 1"),
    ({"input": ["a", 7]}, None, None, "'$.input' is invalid"),
    ({"input": [7, "a"]}, None, None, "'$.input' is invalid"),
    ({"input": {"a": 1}}, "input", "invalid_type", "an object"),
    ({"input": ""}, "input", None, "empty string"),
    ({"input": [[]]}, "input", None, "empty string"),
    ({"input": ["a"] * 2049}, "input", "array_above_max_length", "length 2049"),
    ({"input": "a" * 32_769}, None, None, "8193 tokens"),
    ({"input": [1] * 8193}, None, None, "8193 tokens"),
    ({"input": ["a" * 32_000] * 38}, None, "max_tokens_per_request", "Requested 304000"),
    ({"dimensions": 0}, "dimensions", "integer_below_min_value", ">= 1"),
    ({"dimensions": 1537}, "dimensions", "integer_above_max_value", "<= 1536"),
    ({"dimensions": "9"}, "dimensions", "invalid_type", "a string"),
    ({"dimensions": 9, "model": OLD}, "dimensions", None, "not support"),
    ({"encoding_format": "int8"}, "encoding_format", "invalid_value", "'base64'"),
]


@pytest.mark.parametrize(("fields", "param", "code", "says"), REFUSED)
def test_what_the_service_refuses(
    fields: dict[str, Any], param: str | None, code: str | None, says: str
) -> None:
    with pytest.raises(RequestRefused, match=says.replace("$", r"\$")) as refused:
        parse_embeddings(request(**fields), strict=True)
    refusal = refused.value.refusal
    assert (refusal.status, refusal.param, refusal.code) == (400, param, code)


def test_limits_that_a_tolerant_stand_in_does_not_have() -> None:
    for fields in ({"input": ["a" * 40_000]}, {"input": ""}, {"dimensions": 9, "model": OLD}):
        assert parse_embeddings(request(**fields)).inputs
    with pytest.raises(RequestRefused, match="length 2049"):
        parse_embeddings(request(input=["a"] * 2049))
