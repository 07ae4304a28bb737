"""Messages of Deepgram Speak v2 (Flux), of both sides, as values; read from frames and written.

Shapes are those of Deepgram's documents (flux-tts/client-messages, flux-tts/server-messages)
and of the types in deepgram-sdk 7.17. A Warning, and a message of an unknown type, are those of v1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, TypeAlias, TypeGuard, cast

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.json_frames import ProtocolViolation, json_object, text_of, whole_of
from gramophone.wire.deepgram.speak_v1.messages import Unknown, Warned

__all__ = [
    "ClientMessage",
    "Close",
    "Configure",
    "ConfigureFailure",
    "ConfigureSuccess",
    "Connected",
    "ControlsApplied",
    "Errored",
    "Flush",
    "Flushed",
    "Interrupt",
    "ProtocolViolation",
    "ServerMessage",
    "SessionMetadata",
    "Speak",
    "SpeechInterrupted",
    "SpeechMetadata",
    "SpeechStarted",
    "Unknown",
    "Warned",
    "parse_client",
    "parse_server",
    "render",
]

# --- client to server -------------------------------------------------------------------------


@frozen
class Speak:
    """Append `text` to the turn, verbatim; the first of these begins it."""

    text: str


@frozen
class Flush:
    """The turn has all its text; answered by Flushed, and by SpeechMetadata at its end."""


@frozen
class Interrupt:
    """Cancel the turn that sounds; the client has played `offset_ms` of the session's sound."""

    offset_ms: int | None = None


@frozen
class Configure:
    """Speak at `speed` from the next segment on; None changes nothing."""

    speed: float | None = None


@frozen
class Close:
    """Finish all that is queued, then close with 1000."""


ClientMessage: TypeAlias = Speak | Flush | Interrupt | Configure | Close


# --- server to client -------------------------------------------------------------------------


@frozen
class Connected:
    """The first message of a connection."""

    request_id: str
    model_name: str
    model_version: str
    model_uuids: tuple[str, ...]


@frozen
class SpeechStarted:
    """A turn began; all its sound comes after this."""

    speech_id: str


@frozen
class Flushed:
    """A flushed turn has its last text with the voice; sound may still follow."""

    speech_id: str


@frozen
class ControlsApplied:
    """Numbers of inline controls that the service acted on in a turn."""

    pronunciations_applied: int = 0
    breaks_applied: int = 0
    pronunciation_warnings: int = 0


@frozen
class SpeechMetadata:
    """A turn is over, and all its sound has been sent."""

    speech_id: str
    audio_duration_ms: int
    input_character_count: int
    billable_character_count: int
    controls_applied: ControlsApplied = field(default_factory=ControlsApplied)


@frozen
class SpeechInterrupted:
    """A turn was cancelled; comes instead of its SpeechMetadata.

    The two texts are None when the Interrupt had no offset.
    """

    audio_played_ms: int
    metadata: SpeechMetadata
    text_spoken: str | None = None
    text_remaining: str | None = None


@frozen
class SessionMetadata:
    """The sums of the session; the last message before an orderly close."""

    total_audio_duration_ms: int
    total_input_character_count: int
    total_billable_character_count: int


@frozen
class ConfigureSuccess:
    """A Configure was accepted; `speed` is the present one, None when it was never set."""

    speed: float | None


@frozen
class ConfigureFailure:
    """A Configure was refused and changed nothing; `field` and `value` name the offender."""

    code: str
    description: str
    field: str = ""
    value: float | None = None


@frozen
class Errored:
    """An Error: the connection ends after this."""

    code: str
    description: str


ServerMessage: TypeAlias = (
    Connected
    | SpeechStarted
    | Flushed
    | SpeechMetadata
    | SpeechInterrupted
    | SessionMetadata
    | ConfigureSuccess
    | ConfigureFailure
    | Warned
    | Errored
    | Unknown
)


# --- reading ----------------------------------------------------------------------------------


def parse_client(text: str) -> ClientMessage:
    """Read a text frame of a client.

    Raises:
        ProtocolViolation: with `MESSAGE-0000` when it is not a JSON object, with `DATA-0000`
            when its type is unknown or a field is not valid.
    """
    fields = json_object(text, "MESSAGE-0000")
    match fields.get("type"):
        case "Speak":
            text_field = fields.get("text")
            if not isinstance(text_field, str):
                raise _invalid("a Speak needs a text")
            return Speak(text_field)
        case "Flush":
            return Flush()
        case "Interrupt":
            return _interrupt(fields)
        case "Configure":
            speed = fields.get("speed")
            if speed is not None and not _is_number(speed):
                raise _invalid("the speed of a Configure must be a number")
            return Configure(speed if speed is None else float(speed))
        case "Close":
            return Close()
        case unknown:
            raise _invalid(f"unknown message type {unknown!r}")


def _interrupt(fields: Mapping[str, Any]) -> Interrupt:
    # Deepgram: "unknown fields are rejected", said of this message alone.
    if unknown := sorted(fields.keys() - {"type", "playback_offset"}):
        raise _invalid(f"an Interrupt has no field {unknown[0]!r}")
    offset_field = fields.get("playback_offset")
    if offset_field is None:
        return Interrupt()
    if not isinstance(offset_field, dict):
        raise _invalid("a playback_offset must be an object")
    offset = cast("dict[str, Any]", offset_field)
    value = offset.get("value")
    if offset.get("type") != "time_ms" or not _is_number(value):
        raise _invalid("a playback_offset must be of type time_ms and have a value")
    return Interrupt(int(value))


# JSON has no limit for numbers: `1e999` is read as infinity, and a whole number may be too large
# for a float. Neither can be an offset or a speed.
def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _invalid(detail: str) -> ProtocolViolation:
    return ProtocolViolation("DATA-0000", detail)


def parse_server(text: str) -> ServerMessage:
    """Read a text frame of the service, leniently: a missing field is empty, or 0.

    Raises:
        ProtocolViolation: with `MESSAGE-0000`, when it is not a JSON object.
    """
    fields = json_object(text, "MESSAGE-0000")
    name = text_of(fields, "type")
    reader = _READERS.get(name)
    return reader(fields) if reader is not None else Unknown(name, text)


def _connected(fields: Mapping[str, Any]) -> Connected:
    return Connected(
        text_of(fields, "request_id"),
        text_of(fields, "model_name"),
        text_of(fields, "model_version"),
        _texts_of(fields, "model_uuids"),
    )


def _metadata(fields: Mapping[str, Any]) -> SpeechMetadata:
    applied = _object_of(fields, "controls_applied")
    return SpeechMetadata(
        text_of(fields, "speech_id"),
        whole_of(fields, "audio_duration_ms"),
        whole_of(fields, "input_character_count"),
        whole_of(fields, "billable_character_count"),
        ControlsApplied(
            whole_of(applied, "pronunciations_applied"),
            whole_of(applied, "breaks_applied"),
            whole_of(applied, "pronunciation_warnings"),
        ),
    )


def _interrupted(fields: Mapping[str, Any]) -> SpeechInterrupted:
    return SpeechInterrupted(
        whole_of(fields, "audio_played_ms"),
        _metadata(_object_of(fields, "metadata")),
        _text_or_none(fields, "text_spoken"),
        _text_or_none(fields, "text_remaining"),
    )


def _session(fields: Mapping[str, Any]) -> SessionMetadata:
    return SessionMetadata(
        whole_of(fields, "total_audio_duration_ms"),
        whole_of(fields, "total_input_character_count"),
        whole_of(fields, "total_billable_character_count"),
    )


def _configured(fields: Mapping[str, Any]) -> ConfigureSuccess:
    return ConfigureSuccess(_number_or_none(_object_of(fields, "applied"), "speed"))


def _not_configured(fields: Mapping[str, Any]) -> ConfigureFailure:
    return ConfigureFailure(
        text_of(fields, "code"),
        text_of(fields, "description"),
        text_of(fields, "field"),
        _number_or_none(fields, "value"),
    )


_READERS: Mapping[str, Callable[[Mapping[str, Any]], ServerMessage]] = MappingProxyType(
    {
        "Connected": _connected,
        "SpeechStarted": lambda fields: SpeechStarted(text_of(fields, "speech_id")),
        "Flushed": lambda fields: Flushed(text_of(fields, "speech_id")),
        "SpeechMetadata": _metadata,
        "SpeechInterrupted": _interrupted,
        "SessionMetadata": _session,
        "ConfigureSuccess": _configured,
        "ConfigureFailure": _not_configured,
        "Warning": lambda fields: Warned(text_of(fields, "code"), text_of(fields, "description")),
        "Error": lambda fields: Errored(text_of(fields, "code"), text_of(fields, "description")),
    }
)


def _object_of(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = fields.get(name)
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _texts_of(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = fields.get(name)
    if not isinstance(value, list):
        return ()
    return tuple(text for text in cast("list[object]", value) if isinstance(text, str))


def _text_or_none(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None


def _number_or_none(fields: Mapping[str, Any], name: str) -> float | None:
    value = fields.get(name)
    return float(value) if value is not None and _is_number(value) else None


# --- writing ----------------------------------------------------------------------------------


def render(message: ClientMessage | ServerMessage) -> str:
    """The message as the JSON of one text frame.

    Everything beyond ASCII is escaped, so that even a lone surrogate can be sent as UTF-8.
    """
    if isinstance(message, Unknown):
        return message.raw
    return json.dumps({"type": _type_of(message), **_fields(message)}, separators=(",", ":"))


def _type_of(message: ClientMessage | ServerMessage) -> str:
    match message:
        case Warned():
            return "Warning"
        case Errored():
            return "Error"
        case _:
            return type(message).__name__


def _fields(message: ClientMessage | ServerMessage) -> dict[str, object]:
    """The fields as they are sent: absent ones are left out, never null."""
    match message:
        case Interrupt(offset_ms):
            offset = {"type": "time_ms", "value": offset_ms}
            return {} if offset_ms is None else {"playback_offset": offset}
        case Configure(speed):
            return {} if speed is None else {"speed": speed}
        case SpeechMetadata(controls_applied=controls):
            return _slots(message) | {"controls_applied": _slots(controls)}
        case SpeechInterrupted(played_ms, metadata, spoken_text, remaining):
            texts = {"text_spoken": spoken_text, "text_remaining": remaining}
            known_texts = {name: text for name, text in texts.items() if text is not None}
            return {"audio_played_ms": played_ms, **known_texts, "metadata": _fields(metadata)}
        case ConfigureSuccess(speed):
            return {"applied": {} if speed is None else {"speed": speed}}
        case ConfigureFailure(field=named, value=value):
            fields: dict[str, object] = {"code": message.code, "description": message.description}
            subject: dict[str, object] = {"field": named} if named else {}
            return fields | subject | ({} if value is None else {"value": value})
        case _:
            return _slots(message)


def _slots(message: object) -> dict[str, object]:
    names = cast("tuple[str, ...]", getattr(type(message), "__slots__", ()))
    return {name: getattr(message, name) for name in names}
