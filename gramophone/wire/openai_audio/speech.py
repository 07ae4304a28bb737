"""Text to speech of OpenAI, `POST /v1/audio/speech`: the request, its refusals, its events.

Fields, voices, formats and ranges are those of `SpeechCreateParams` (openai 3.52); the events are
those of OpenAI's OpenAPI file (`CreateSpeechResponseStreamEvent`).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_object, as_text, is_object
from gramophone.wire.llm.errors import ModelRefusal
from gramophone.wire.llm.refusals.openai_rules import (
    NumberRange,
    empty_string,
    invalid,
    missing,
    out_of_range,
    string_too_long,
    unknown_value,
    wrong_type,
)
from gramophone.wire.llm.request_validation import json_body, refuse_if
from gramophone.wire.llm.token_usage import guessed_tokens
from gramophone.wire.sse import event_bytes

SPEECH_PATH: Final = "/v1/audio/speech"
SAMPLE_RATE_HZ: Final = 24_000
"""The rate of OpenAI's speech in every format; that of `pcm`, which cannot say it (guide)."""

CONTENT_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mp3": "audio/mpeg",
        "opus": "audio/opus",
        "aac": "audio/aac",
        "flac": "audio/flac",
        "wav": "audio/wav",
        "pcm": "audio/pcm",
    }
)
"""The `content-type` of each `response_format`."""

VOICES: Final = (
    "alloy",
    "ash",
    "ballad",
    "cedar",
    "coral",
    "echo",
    "fable",
    "marin",
    "nova",
    "onyx",
    "sage",
    "shimmer",
    "verse",
)

LONGEST_INPUT: Final = 4_096
SPEEDS: Final = (0.25, 4.0)
_WITHOUT_EVENTS: Final = ("tts-1", "tts-1-hd")
_STREAM_FORMATS: Final = ("sse", "audio")
_TOKENS_PER_SECOND: Final = 20
"""Of sound: 1,250 a minute follow from OpenAI's prices by token and by minute."""


@frozen(kw_only=True)
class SpeechRequest:
    """A text that is to be spoken.

    Attributes:
        voice: a name in `VOICES`, or the id of one of the client's own.
        encoding: a name in `CONTENT_TYPES`.
        in_events: whether the answer is a stream of events, and not the sound itself.
        speed: from 0.25 to 4.
    """

    text: str
    model: str
    voice: str
    encoding: str
    in_events: bool
    speed: float

    @property
    def content_type(self) -> str:
        """The `content-type` of the answer."""
        if self.in_events:
            return "text/event-stream; charset=utf-8"
        return CONTENT_TYPES[self.encoding]


def parse_speech(body: bytes, *, strict: bool = False) -> SpeechRequest:
    """Read a request; unknown fields are ignored. When `strict`, all that the service refuses is.

    Raises:
        RequestRefused: it is not JSON, has no text, or no format that exists.
    """
    fields = json_body(body)
    refuse_if(next(_unreadable(fields), None))
    refuse_if(next(_refusals(fields), None) if strict else None)
    speed, voice = fields.get("speed"), fields.get("voice")
    number = speed if isinstance(speed, int | float) and not isinstance(speed, bool) else 1.0
    return SpeechRequest(
        text=as_text(fields.get("input")),
        model=as_text(fields.get("model")),
        voice=as_text(voice) or as_text(as_object(voice).get("id")),
        encoding=as_text(fields.get("response_format")) or "mp3",
        in_events=fields.get("stream_format") == "sse",
        speed=float(min(max(number, SPEEDS[0]), SPEEDS[1])),
    )


def _unreadable(fields: dict[str, Any]) -> Iterator[ModelRefusal]:
    """Refusals of what no answer can be made of."""
    yield from _text_refusals(fields, "input")
    if not as_text(fields.get("input")).strip():
        yield empty_string("input")
    encoding = fields.get("response_format")
    if encoding is not None and encoding not in tuple(CONTENT_TYPES):
        yield _unknown("response_format", encoding, tuple(CONTENT_TYPES))


def _refusals(fields: dict[str, Any]) -> Iterator[ModelRefusal]:
    yield from _text_refusals(fields, "model")
    yield from _voice_refusals(fields.get("voice"))
    if (length := len(as_text(fields.get("input")))) > LONGEST_INPUT:
        yield string_too_long("input", LONGEST_INPUT, length)
    yield from out_of_range(fields, (NumberRange("speed", *SPEEDS),))
    instructions = fields.get("instructions")
    if instructions is not None and not isinstance(instructions, str):
        yield wrong_type("instructions", "a string", instructions)
    stream_format = fields.get("stream_format")
    if stream_format is not None and stream_format not in _STREAM_FORMATS:
        yield _unknown("stream_format", stream_format, _STREAM_FORMATS)
    if stream_format == "sse" and fields.get("model") in _WITHOUT_EVENTS:
        sentence = "stream_format 'sse' is not supported for this model."
        yield invalid(sentence, "stream_format", "unsupported_value")


def _text_refusals(fields: dict[str, Any], param: str) -> Iterator[ModelRefusal]:
    value = fields.get(param)
    if value is None:
        yield missing(param)
    elif not isinstance(value, str):
        yield wrong_type(param, "a string", value)


def _voice_refusals(voice: object) -> Iterator[ModelRefusal]:
    """Refusals of a voice: one of the names, or an object with the id of the client's own."""
    if is_object(voice):
        if not as_text(as_object(voice).get("id")):
            yield missing("voice.id")
    elif voice is None:
        yield missing("voice")
    elif voice not in VOICES:
        yield _unknown("voice", voice, VOICES)


def _unknown(param: str, value: object, allowed: tuple[str, ...]) -> ModelRefusal:
    if not isinstance(value, str):
        return wrong_type(param, "a string", value)
    return unknown_value(param, value, allowed)


# --- the stream -------------------------------------------------------------------------------


def sound_event(piece: bytes) -> bytes:
    """The event with a piece of the sound."""
    return event_bytes({"type": "speech.audio.delta", "audio": b64encode(piece).decode()})


def done_event(text: str, duration_us: int) -> bytes:
    """The last event, with estimated counts of tokens: of the text, and of its sound."""
    input_tokens = guessed_tokens(len(text))
    output_tokens = -(-duration_us * _TOKENS_PER_SECOND // 1_000_000)
    usage = {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    }
    return event_bytes({"type": "speech.audio.done", "usage": usage})
