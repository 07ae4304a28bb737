"""Messages of Deepgram Listen v2 (Flux): a turn of the user, as it is heard.

Names and fields are those of the types in deepgram-sdk 7.17. The text of each refusal is ours where
none is published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.json_frames import ProtocolViolation, json_object, text_of
from gramophone.wire.deepgram.listen_v1.messages import HeardWord, seconds, seconds_in
from gramophone.wire.deepgram.listen_v2.parameters import TurnSettings
from gramophone.wire.lenient_json import as_list, as_object

# --- from the client --------------------------------------------------------------------------

CONFIGURE, FORCE_END_TURN, CLOSE_STREAM = "Configure", "ForceEndTurn", "CloseStream"
UNPARSABLE = "UNPARSABLE_CLIENT_MESSAGE"
"""The code of the Error about a text frame that is not a message; the connection ends."""


def parse_client(text: str) -> tuple[str, Mapping[str, Any]]:
    """The `type` of a client's text frame, and its fields.

    Raises:
        ProtocolViolation: the frame is not one of the client's messages.
    """
    fields = json_object(text, UNPARSABLE)
    kind = text_of(fields, "type")
    if kind not in (CONFIGURE, FORCE_END_TURN, CLOSE_STREAM):
        raise ProtocolViolation(UNPARSABLE, f"unknown type {kind[:40]!r}")
    return kind, fields


# --- from the service -------------------------------------------------------------------------

TurnEvent: TypeAlias = Literal[
    "StartOfTurn", "Update", "EagerEndOfTurn", "TurnResumed", "EndOfTurn"
]
TurnTrigger: TypeAlias = Literal["model", "manual", "timeout"]


@frozen
class Connected:
    """The first message of a connection."""


@frozen(kw_only=True)
class TurnInfo:
    """The state of a turn; `words` are all of the turn so far, not a piece.

    Attributes:
        start_us: where the turn before ended, in the stream.
        end_us: how far the stream was heard.
        confidence: that nothing more is said in this turn, from 0 to 1.
        trigger: why an EndOfTurn came; None with any other event.
        languages: told by a multilingual model alone, once there are words.
        languages_hinted: the hints, where any were given.
    """

    event: TurnEvent
    turn_index: int
    start_us: int
    end_us: int
    words: tuple[HeardWord, ...] = ()
    confidence: float = 0.0
    trigger: TurnTrigger | None = None
    languages: tuple[str, ...] = ()
    languages_hinted: tuple[str, ...] = ()

    @property
    def transcript(self) -> str:
        """The text of the turn so far."""
        return " ".join(word.text for word in self.words)


@frozen(kw_only=True)
class RecordedTurnInfo:
    """The state of a turn as it was recorded, in another place of the stream.

    Attributes:
        fields: those of the recorded message; None leaves one out.
        start_us: where the turn before ended, in the stream.
        shift_us: the time by which the turn is later than in the recording.
        end_us: how far the stream was heard, if not as far as in the recording.
    """

    fields: Mapping[str, Any]
    turn_index: int
    start_us: int
    shift_us: int
    end_us: int | None = None


@frozen
class ConfigureSuccess:
    """A Configure was applied; these are all settings behind it."""

    settings: TurnSettings


@frozen
class ConfigureFailure:
    """A Configure was refused; nothing was changed."""

    code: str
    description: str


@frozen
class Noticed:
    """A Warning; the connection goes on."""

    code: str
    description: str


@frozen
class Errored:
    """An Error, which a close follows."""

    code: str
    description: str


ServerMessage: TypeAlias = (
    Connected
    | TurnInfo
    | RecordedTurnInfo
    | ConfigureSuccess
    | ConfigureFailure
    | Noticed
    | Errored
)

NO_ACTIVE_TURN = Noticed(
    "FORCE_END_TURN_NO_ACTIVE_TURN", "There is no active turn. The request will be ignored."
)

_CONFIDENCE = 0.99
_OF_CONNECTION = frozenset({"type", "request_id", "sequence_id"})
"""Fields that are the connection's, and not a turn's."""


class MessageWriter:
    """Writer of the messages of one connection, which are counted from 0.

    A message that a fault keeps back leaves its number to the next: only what was sent counts.

    Attributes:
        ended_turns: how many turns ended in what was sent.
    """

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._number = 0
        self._ends_turn = False
        self.ended_turns = 0

    def write(self, message: ServerMessage) -> str:
        """The text frame of the next message."""
        kind, fields = _fields(message)
        self._ends_turn = fields.get("event") == "EndOfTurn"
        head: dict[str, Any] = {"type": kind}
        # An Error is the one message that does not name the request.
        if not isinstance(message, Errored):
            head["request_id"] = self._request_id
        head["sequence_id"] = self._number
        return json.dumps(head | fields, separators=(",", ":"), ensure_ascii=False)

    def sent(self) -> None:
        """Count the message that was written last."""
        self._number += 1
        self.ended_turns += self._ends_turn


def _fields(message: ServerMessage) -> tuple[str, dict[str, Any]]:
    match message:
        case Connected():
            return "Connected", {}
        case TurnInfo():
            return "TurnInfo", _turn_info(message)
        case RecordedTurnInfo():
            return "TurnInfo", _recorded_turn_info(message)
        case ConfigureSuccess(settings):
            return "ConfigureSuccess", _settings(settings)
        case ConfigureFailure(code, description):
            return "ConfigureFailure", {"code": code, "description": description}
        case Noticed(code, description):
            return "Warning", {"code": code, "description": description}
        case Errored(code, description):
            return "Error", {"code": code, "description": description}


def _turn_info(message: TurnInfo) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "event": message.event,
        "turn_index": message.turn_index,
        "audio_window_start": seconds(message.start_us),
        "audio_window_end": seconds(message.end_us),
        "transcript": message.transcript,
        "words": [
            {
                "word": word.text,
                "confidence": _CONFIDENCE,
                "start": seconds(word.start_us),
                "end": seconds(word.end_us),
            }
            for word in message.words
        ],
        "end_of_turn_confidence": message.confidence,
    }
    if message.trigger is not None:
        fields["trigger"] = message.trigger
    if message.languages:
        fields["languages"] = list(message.languages)
    if message.languages_hinted:
        fields["languages_hinted"] = list(message.languages_hinted)
    return fields


def _recorded_turn_info(message: RecordedTurnInfo) -> dict[str, Any]:
    recorded = {
        name: value
        for name, value in message.fields.items()
        if name not in _OF_CONNECTION and value is not None
    }
    end_us = _shifted_us(recorded.get("audio_window_end"), message.shift_us)
    own_end_us = end_us if message.end_us is None else min(end_us, message.end_us)
    fields = recorded | {
        "turn_index": message.turn_index,
        "audio_window_start": seconds(message.start_us),
        "audio_window_end": seconds(own_end_us),
    }
    if "words" in recorded:
        fields["words"] = [
            _shifted_word(as_object(word), message.shift_us, own_end_us)
            for word in as_list(recorded["words"])
        ]
    return fields


def _shifted_word(word: dict[str, Any], shift_us: int, end_us: int) -> dict[str, Any]:
    instants = {
        name: seconds(min(_shifted_us(word[name], shift_us), end_us))
        for name in ("start", "end")
        if name in word
    }
    return word | instants


def _shifted_us(value: object, shift_us: int) -> int:
    return max(0, round(seconds_in(value) * 1_000_000) + shift_us)


def _settings(settings: TurnSettings) -> dict[str, Any]:
    thresholds: dict[str, Any] = {
        "eot_threshold": settings.thresholds.eot,
        "eot_timeout_ms": settings.thresholds.timeout_ms,
    }
    if settings.thresholds.eager_eot is not None:
        thresholds["eager_eot_threshold"] = settings.thresholds.eager_eot
    fields: dict[str, Any] = {"thresholds": thresholds, "keyterms": list(settings.keyterms)}
    if settings.language_hints:
        fields["language_hints"] = list(settings.language_hints)
    if settings.numerals is not None:
        fields["numerals"] = settings.numerals
    return fields
