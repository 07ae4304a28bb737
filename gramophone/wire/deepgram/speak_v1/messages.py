"""Messages of Deepgram Speak v1, of both sides, as values; read from text frames and written.

Shapes are those of the published AsyncAPI file; the second dialect of `Warning` is the one that
the service was seen to speak (deepgram-python-sdk issues 617 and 653).
"""

from __future__ import annotations

import dataclasses
import json
from typing import Literal, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.json_frames import ProtocolViolation, json_object, text_of, whole_of
from gramophone.wire.deepgram.speak_v1.parameters import (
    ENCODINGS,
    SAMPLE_RATES_HZ,
    ParameterRefused,
    SpeakParameters,
    bytes_per_sample,
)

__all__ = [
    "ENCODINGS",
    "SAMPLE_RATES_HZ",
    "Clear",
    "Cleared",
    "ClientMessage",
    "Close",
    "Dialect",
    "Flush",
    "Flushed",
    "Metadata",
    "ParameterRefused",
    "ProtocolViolation",
    "ServerMessage",
    "Speak",
    "SpeakParameters",
    "Unknown",
    "Warned",
    "bytes_per_sample",
    "parse_client",
    "parse_server",
    "render",
]

Dialect: TypeAlias = Literal["observed", "specified"]
"""Field names of a Warning: `warn_code`/`warn_msg` or, as specified, `code`/`description`."""


# --- client to server -------------------------------------------------------------------------


@frozen
class Speak:
    """Append `text` to the buffer, verbatim: the service puts no space between two of these."""

    text: str


@frozen
class Flush:
    """Speak everything that is buffered; answered by Flushed, after the sound."""


@frozen
class Clear:
    """Drop buffered text and sound not yet sent; answered by Cleared."""


@frozen
class Close:
    """Finish what was flushed, then close with 1000."""


ClientMessage: TypeAlias = Speak | Flush | Clear | Close


# --- server to client -------------------------------------------------------------------------


@frozen
class Metadata:
    """The first message of a connection. Fields that were missing are empty."""

    request_id: str
    model_name: str
    model_version: str
    model_uuid: str


@frozen
class Flushed:
    """The sound of one Flush has been sent. No known client relies on `sequence_id`."""

    sequence_id: int


@frozen
class Cleared:
    """The buffer is empty; no more sound of before the Clear will come."""

    sequence_id: int


@frozen
class Warned:
    """A Warning in either dialect; the connection stays."""

    code: str
    description: str


@frozen
class Unknown:
    """A JSON object whose `type` v1 does not have (empty where it has none), verbatim in `raw`."""

    type: str
    raw: str


ServerMessage: TypeAlias = Metadata | Flushed | Cleared | Warned | Unknown


# --- reading ----------------------------------------------------------------------------------
#
# The two sides are read with different strictness. The stand-in reads clients as the service does,
# which closes with DATA-0000 at the first thing that it does not understand. Our client reads the
# service leniently: fields may be added or left out by a new version, and nothing of that is worth
# the loss of a connection.


def parse_client(text: str) -> ClientMessage:
    """Read a text frame of a client.

    Raises:
        ProtocolViolation: with `DATA-0000`: not a JSON object, an unknown `type`, or a Speak
            without a text.
    """
    fields = json_object(text, "DATA-0000")
    match fields.get("type"):
        case "Speak":
            text_field = fields.get("text")
            if not isinstance(text_field, str):
                raise ProtocolViolation("DATA-0000", "a Speak needs a text")
            return Speak(text_field)
        case "Flush":
            return Flush()
        case "Clear":
            return Clear()
        case "Close":
            return Close()
        case unknown:
            raise ProtocolViolation("DATA-0000", f"unknown message type {unknown!r}")


def parse_server(text: str) -> ServerMessage:
    """Read a text frame of the service, leniently: a missing field is empty, or 0.

    Raises:
        ProtocolViolation: with `DATA-0000`, when it is not a JSON object.
    """
    fields = json_object(text, "DATA-0000")
    match fields.get("type"):
        case "Metadata":
            return Metadata(
                request_id=text_of(fields, "request_id"),
                model_name=text_of(fields, "model_name"),
                model_version=text_of(fields, "model_version"),
                model_uuid=text_of(fields, "model_uuid"),
            )
        case "Flushed":
            return Flushed(whole_of(fields, "sequence_id"))
        case "Cleared":
            return Cleared(whole_of(fields, "sequence_id"))
        case "Warning":
            return Warned(
                code=text_of(fields, "warn_code") or text_of(fields, "code"),
                description=text_of(fields, "warn_msg") or text_of(fields, "description"),
            )
        case _:
            return Unknown(text_of(fields, "type"), text)


# --- writing ----------------------------------------------------------------------------------


def render(message: ClientMessage | ServerMessage, dialect: Dialect = "observed") -> str:
    """The message as the JSON of one text frame; `dialect` is how a Warning is written.

    Everything beyond ASCII is escaped, so that even a lone surrogate can be sent as UTF-8.
    """
    match message:
        case Unknown(raw=raw):
            return raw
        case Warned(code, description) if dialect == "observed":
            fields = {"type": "Warning", "warn_code": code, "warn_msg": description}
        case Warned(code, description):
            fields = {"type": "Warning", "code": code, "description": description}
        case _:
            fields = {"type": type(message).__name__} | {
                field.name: getattr(message, field.name) for field in dataclasses.fields(message)
            }
    return json.dumps(fields, separators=(",", ":"))
