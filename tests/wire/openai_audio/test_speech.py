"""Requests for speech of OpenAI: what is read, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.wire.llm.errors import RequestRefused
from gramophone.wire.openai_audio.speech import SpeechRequest, done_event, parse_speech

ASKING = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Good day."}


def read(strict: bool = True, **changes: Any) -> SpeechRequest:
    fields = {name: value for name, value in (ASKING | changes).items() if value is not ...}
    return parse_speech(json.dumps(fields).encode(), strict=strict)


def test_what_is_left_out_has_the_services_defaults() -> None:
    assert read() == SpeechRequest(
        text="Good day.",
        model="gpt-4o-mini-tts",
        voice="alloy",
        encoding="mp3",
        in_events=False,
        speed=1.0,
    )


def test_everything_a_request_may_have() -> None:
    request = read(
        voice={"id": "voice_1234"},
        response_format="pcm",
        stream_format="sse",
        speed=4,
        instructions="Slowly.",
        unknown=True,
    )
    assert (request.voice, request.encoding, request.in_events) == ("voice_1234", "pcm", True)
    assert (request.speed, request.content_type) == (4.0, "text/event-stream; charset=utf-8")


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"input": ...}, "input", "missing_required_parameter"),
        ({"input": 5}, "input", "invalid_type"),
        ({"input": " "}, "input", "empty_string"),
        ({"input": "a" * 4_097}, "input", "string_above_max_length"),
        ({"model": ...}, "model", "missing_required_parameter"),
        ({"voice": ...}, "voice", "missing_required_parameter"),
        ({"voice": "nobody"}, "voice", "invalid_value"),
        ({"voice": 3}, "voice", "invalid_type"),
        ({"voice": {}}, "voice.id", "missing_required_parameter"),
        ({"response_format": "ogg"}, "response_format", "invalid_value"),
        ({"response_format": ["mp3"]}, "response_format", "invalid_type"),
        ({"speed": 0.2}, "speed", "decimal_below_min_value"),
        ({"speed": 4.1}, "speed", "decimal_above_max_value"),
        ({"speed": "fast"}, "speed", "invalid_type"),
        ({"instructions": 1}, "instructions", "invalid_type"),
        ({"stream_format": "chunks"}, "stream_format", "invalid_value"),
        ({"stream_format": "sse", "model": "tts-1"}, "stream_format", "unsupported_value"),
    ],
)
def test_a_refusal(fields: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        read(**fields)
    refusal = refused.value.refusal
    assert (refusal.status, refusal.kind) == (400, "invalid_request_error")
    assert (refusal.param, refusal.code) == (param, code)


@pytest.mark.parametrize(
    "fields",
    [
        {"input": "a" * 4_096},
        {"speed": 0.25},
        {"stream_format": "audio", "model": "tts-1"},
        {"voice": "marin", "response_format": "aac"},
    ],
)
def test_bounds_that_are_allowed(fields: dict[str, Any]) -> None:
    read(**fields)


def test_a_tolerant_reader_takes_what_can_be_spoken() -> None:
    request = read(strict=False, voice="nobody", speed=100, model=..., input="a" * 5_000)
    assert (request.voice, request.speed, len(request.text)) == ("nobody", 4.0, 5_000)
    with pytest.raises(RequestRefused):
        read(strict=False, input="")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"input":NaN}'])
def test_what_is_not_json(body: bytes) -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_speech(body)
    assert refused.value.refusal.status == 400


def test_the_last_event_counts_tokens_of_text_and_sound() -> None:
    event = json.loads(done_event("Good day.", 1_500_001).removeprefix(b"data: "))
    assert event == {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 3, "output_tokens": 31, "total_tokens": 34},
    }
