"""Requests for transcripts of OpenAI: what is read, and what is refused."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from gramophone.wire.llm.errors import RequestRefused
from gramophone.wire.openai_audio.transcription_request import (
    LARGEST_SOUND_BYTES,
    TranscriptionRequest,
    parse_transcription,
)

SOUND = b"RIFF" + bytes(60)


def read(
    strict: bool = True, file: Any = ("a.wav", SOUND), model: str = "whisper-1", **fields: Any
) -> TranscriptionRequest:
    request = httpx2.Request(
        "POST",
        "http://localhost/",
        data={"model": model, **fields},
        files={"file": file} if file else {"nothing": ("a.wav", SOUND)},
    )
    return parse_transcription(request.headers["content-type"], request.read(), strict=strict)


def test_what_is_left_out_has_the_services_defaults() -> None:
    request = read()
    assert request == TranscriptionRequest(sound=SOUND, model="whisper-1")
    assert (request.output, request.streamed, request.words, request.segments) == (
        "json",
        False,
        False,
        True,
    )


def test_everything_a_request_may_have() -> None:
    granular: Any = {"response_format": "verbose_json", "timestamp_granularities[]": ["word"]}
    request = read(language="de", temperature="0.2", prompt="Hello", unknown="1", **granular)
    assert (request.words, request.segments, request.language) == (True, False, "de")
    both = read(**granular | {"timestamp_granularities[]": ["word", "segment"]})
    assert (both.words, both.segments) == (True, True)
    included: Any = {"include[]": "logprobs"}
    streamed = read(model="gpt-4o-transcribe", stream="true", **included)
    assert (streamed.streamed, streamed.logprobs) == (True, True)


def test_whisper_does_not_stream() -> None:
    assert not read(stream="true").streamed


@pytest.mark.parametrize(
    ("request_fields", "param", "code"),
    [
        ({"file": None}, "file", "missing_required_parameter"),
        ({"model": ""}, "model", "missing_required_parameter"),
        ({"file": ("notes.txt", b"notes")}, None, None),
        ({"response_format": "xml"}, "response_format", "invalid_value"),
        ({"response_format": "diarized_json"}, "response_format", "unsupported_value"),
        (
            {"response_format": "srt", "model": "gpt-4o-mini-transcribe-2025-12-15"},
            "response_format",
            "unsupported_value",
        ),
        ({"temperature": "1.1"}, "temperature", "decimal_above_max_value"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"include[]": "all"}, "include[]", "invalid_value"),
        (
            {"timestamp_granularities[]": "word"},
            "timestamp_granularities",
            "unsupported_value",
        ),
        (
            {"timestamp_granularities[]": "line", "response_format": "verbose_json"},
            "timestamp_granularities[]",
            "invalid_value",
        ),
    ],
)
def test_a_refusal(request_fields: dict[str, Any], param: str | None, code: str | None) -> None:
    with pytest.raises(RequestRefused) as refused:
        read(**request_fields)
    refusal = refused.value.refusal
    assert (refusal.status, refusal.kind) == (400, "invalid_request_error")
    assert (refusal.param, refusal.code) == (param, code)


def test_a_file_that_is_too_large() -> None:
    heads = [
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n',
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n',
    ]
    body = b"".join([*heads, bytes(LARGEST_SOUND_BYTES + 1), b"\r\n--b--"])
    with pytest.raises(RequestRefused) as refused:
        parse_transcription("multipart/form-data; boundary=b", body, strict=True)
    assert refused.value.refusal.status == 413


@pytest.mark.parametrize(
    ("name", "sound"), [("a.MP3", b"anything"), ("blob", SOUND), ("a.webm", b"")]
)
def test_a_format_shows_in_the_name_or_in_the_sound(name: str, sound: bytes) -> None:
    assert read(file=(name, sound)).sound == sound


def test_a_tolerant_reader_takes_what_it_can_read() -> None:
    request = read(strict=False, model="", temperature="9", file=("notes.txt", b"notes"))
    assert request.sound == b"notes"


def test_what_is_no_form() -> None:
    with pytest.raises(RequestRefused) as refused:
        parse_transcription("application/json", b"{}")
    assert refused.value.refusal.status == 400
