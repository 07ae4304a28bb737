"""The validation against the types of SDKs finds what their own validation lets pass."""

from __future__ import annotations

import pytest

from tests.support.sdk_types import BODIES, FRAMES, sdk_type, typed_differences

MODEL = {"id": "m", "object": "model", "created": 1, "owned_by": "us"}


@pytest.mark.parametrize(
    ("name", "value", "difference"),
    [
        ("openai model", MODEL, None),
        ("openai model", {**MODEL, "shutdown_date": None}, None),
        ("openai model", {**MODEL, "colour": "red"}, ".colour: unknown"),
        ("openai model", {**MODEL, "created": None}, ".created: None is not int"),
        ("openai model", {**MODEL, "created": True}, ".created: True is not int"),
        ("openai model", {**MODEL, "object": "list"}, ".object: 'list' is none of ('model',)"),
        (
            "openai model",
            {"id": "m", "object": "model", "created": 1},
            ".owned_by: missing (Model)",
        ),
        ("token count", [], "it: [] is not an object (MessageTokensCount)"),
        ("message event", {"type": "ping"}, ".type: 'ping' is of no member of the union"),
        (
            "message event",
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta"}},
            ".delta.text: missing (TextDelta)",
        ),
        (
            "embeddings",
            {
                "object": "list",
                "model": "m",
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
                "data": [{"object": "embedding", "index": 0, "embedding": [1, 0.5, "0"]}],
            },
            ".data[0].embedding[2]: '0' is not float",
        ),
    ],
)
def test_a_difference_has_the_path_of_its_field(
    name: str, value: object, difference: str | None
) -> None:
    differences = list(typed_differences(sdk_type(BODIES[name]), value))
    assert differences == ([difference] if difference else [])


def test_every_type_is_there_and_takes_no_text() -> None:
    paths = [*BODIES.values(), *(path for frames in FRAMES.values() for path in frames.values())]
    taking = [path for path in paths if not list(typed_differences(sdk_type(path), "a text"))]
    assert taking == [BODIES["deepgram error"]]


def test_a_message_that_only_its_type_tells_apart_needs_it() -> None:
    cleared = sdk_type(FRAMES["speak v1"]["Cleared"])
    differences = list(typed_differences(cleared, {"sequence_id": 0}))
    assert differences == [".type: missing (SpeakV1Cleared)"]
