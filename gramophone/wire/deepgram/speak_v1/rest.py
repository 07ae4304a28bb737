"""Speak v1 over HTTP: parameters and text of a `POST /v1/speak`, and the WAV head of its answer.

Encodings, containers and rates are those of Deepgram's table of audio formats; the texts of
refusals are its own where one is published (reference/errors), and ours elsewhere.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol, cast
from urllib.parse import parse_qsl

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.speak_v1.parameters import (
    DEFAULT_MODEL,
    ParameterRefused,
    bytes_per_sample,
    decimal,
    model_refusal,
    speed_refusal,
    truth,
    whole,
)
from gramophone.wire.lenient_json import is_bounded

DEFAULT_ENCODING = "mp3"
# The sizes in a WAV head have to be written before the sound is known. Deepgram does not document
# its own; the largest value is the custom of encoders that write to a pipe.
_STREAM_BYTES = 0xFFFF_FFFF


class TextRefused(ValueError):
    """A body without a text that can be spoken; the text of this is the `err_msg`."""


@frozen
class SoundFormat:
    """Containers and rates of one encoding; the first of each is the default."""

    containers: tuple[str, ...]
    rates_hz: tuple[int, ...]
    content_type: str


FORMATS: Mapping[str, SoundFormat] = MappingProxyType(
    {
        "linear16": SoundFormat(("wav", "none"), (24000, 8000, 16000, 32000, 48000), "audio/l16"),
        "mulaw": SoundFormat(("wav", "none"), (8000, 16000), "audio/mulaw"),
        "alaw": SoundFormat(("wav", "none"), (8000, 16000), "audio/alaw"),
        "mp3": SoundFormat(("none",), (22050,), "audio/mpeg"),
        "opus": SoundFormat(("ogg",), (48000,), "audio/ogg"),
        "flac": SoundFormat(("none",), (48000, 8000, 16000, 22050, 32000), "audio/flac"),
        "aac": SoundFormat(("none",), (22050,), "audio/aac"),
    }
)


@frozen(kw_only=True)
class RestParameters:
    """Voice and form of the sound of one answer."""

    model: str
    encoding: str
    container: str
    sample_rate_hz: int
    speed: float

    @property
    def raw(self) -> bool:
        """Whether the encoding is one that a websocket has as well."""
        return self.encoding in ("linear16", "mulaw", "alaw")

    @property
    def content_type(self) -> str:
        """The `content-type` of the answer."""
        if self.container == "wav":
            return "audio/wav"
        plain = FORMATS[self.encoding].content_type
        return f"{plain};rate={self.sample_rate_hz};channels=1" if self.raw else plain

    @classmethod
    def from_query(cls, query: str) -> RestParameters:
        """Read the query of the address; unknown parameters are ignored.

        Raises:
            ParameterRefused: with the text of the 400 refusal.
        """
        values = dict(parse_qsl(query, keep_blank_values=True))
        encoding = values.get("encoding", DEFAULT_ENCODING)
        model = values.get("model", DEFAULT_MODEL)
        speed = decimal("speed", values.get("speed"), 1.0)
        truth("mip_opt_out", values.get("mip_opt_out"))
        if refusal := model_refusal(model):
            raise ParameterRefused(refusal)
        if (form := FORMATS.get(encoding)) is None:
            raise ParameterRefused(f"Unsupported encoding '{encoding}'.")
        container = values.get("container", form.containers[0])
        if container not in form.containers:
            raise ParameterRefused(f"Unsupported container '{container}' for '{encoding}'.")
        rate_hz = whole("sample_rate", _rounded(values.get("sample_rate")), form.rates_hz[0])
        if rate_hz not in form.rates_hz:
            raise ParameterRefused(f"Unsupported sample_rate {rate_hz} for '{encoding}'.")
        if refusal := speed_refusal(model, speed):
            raise ParameterRefused(refusal)
        return cls(
            model=model,
            encoding=encoding,
            container=container,
            sample_rate_hz=rate_hz,
            speed=speed,
        )


def _rounded(number: str | None) -> str | None:
    # Deepgram's own clients have the rate as a float and send it as one.
    return number.removesuffix(".0") if number else number


def text_of(content_type: str, body: bytes) -> str:
    """The text of a request.

    Raises:
        TextRefused: with the `err_msg` of the refusal.
    """
    kind = content_type.partition(";")[0].strip().lower()
    match kind:
        case "application/json":
            text = _text_in_json(body)
        case "text/plain":
            text = _decoded(body)
        case _:
            raise TextRefused("The text comes as application/json or as text/plain.")
    if not text.strip():
        raise TextRefused("There is no text to speak.")
    return text


def _text_in_json(body: bytes) -> str:
    try:
        parsed: object = json.loads(body) if is_bounded(body) else None
    except (ValueError, RecursionError):
        parsed = None
    fields = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    text = fields.get("text")
    if not isinstance(text, str):
        raise TextRefused(
            "Content-type was application/json, but we could not process the JSON payload."
        )
    return text


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise TextRefused("The text is not UTF-8.") from None


class SampleForm(Protocol):
    """Encoding and rate of samples."""

    @property
    def encoding(self) -> str: ...

    @property
    def sample_rate_hz(self) -> int: ...


def wav_header(parameters: SampleForm, size_bytes: int | None) -> bytes:
    """The 44 bytes before the samples; `size_bytes` is None while the length is unknown."""
    sample_bytes = bytes_per_sample(parameters.encoding)
    rate_hz = parameters.sample_rate_hz
    riff_bytes = data_bytes = _STREAM_BYTES
    if size_bytes is not None:
        data_bytes = size_bytes
        riff_bytes = 36 + size_bytes + size_bytes % 2
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        riff_bytes,
        b"WAVE",
        b"fmt ",
        16,
        {"linear16": 1, "alaw": 6, "mulaw": 7}[parameters.encoding],
        1,
        rate_hz,
        rate_hz * sample_bytes,
        sample_bytes,
        8 * sample_bytes,
        b"data",
        data_bytes,
    )
