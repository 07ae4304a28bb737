"""Listen v1 as it was recorded: what the service said, and how much sound it had heard by then.

The messages themselves tell that: each Results, SpeechStarted and UtteranceEnd has its place in
the stream, in seconds. So a recorded message is given when as much sound has come as it speaks of
and the client has said what it had said before it; however the sound was cut into frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.listen_v1.messages import (
    CLOSE_STREAM,
    CONFIGURE,
    FINALIZE,
    ListenParameters,
    Misunderstood,
    Verbatim,
    client_type,
)
from gramophone.wire.deepgram.listen_v1.server import IDLE_US, Action, AudioMeter
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object

ANSWERED = frozenset({FINALIZE, CLOSE_STREAM, CONFIGURE})
"""What a client says that the service answers."""

_SECOND_US = 1_000_000
_LONGEST_S = 1e9
_ROUNDED_US = 10_000
"""The service rounds its seconds, and may name a little more than had come."""
_IDLE = "NET-0001"
_ORDERLY = frozenset({1000, 1001, 1005, 1006})


@frozen
class HeardMessage:
    """A message of the service, verbatim; `after` counts what of `ANSWERED` was said before."""

    text: str
    after: int = 0


@frozen
class RecordedListening:
    """One connection: what the service said, and how it closed."""

    messages: tuple[HeardMessage, ...]
    code: int = 1000
    reason: str = ""


@frozen
class RecordedTranscripts:
    """All that was heard in a session: by connection, and of recordings as a whole."""

    connections: tuple[RecordedListening, ...] = ()
    wholes: tuple[str, ...] = ()


class ListenReplay:
    """A connection that gets what was recorded. It takes the place of a `ListenServer`."""

    def __init__(self, parameters: ListenParameters, recorded: RecordedListening) -> None:
        self._ruler = AudioMeter(parameters)
        self._recorded = recorded
        self._waiting = [(each, position_us(each.text)) for each in recorded.messages]
        self._said = 0
        self._closed = False
        self._deadline_us = 0

    @property
    def deadline_us(self) -> int | None:
        """When `time_passed` must be called; None when never again. It may move."""
        return None if self._closed else self._deadline_us

    def opened(self, now_us: int) -> None:
        """The connection stands."""
        self._deadline_us = now_us + IDLE_US

    def sound_received(self, sound: bytes, now_us: int) -> list[Action]:
        """A binary frame came; an empty one ends the stream."""
        if self._closed:
            return []
        self._deadline_us = now_us + IDLE_US
        if not sound:
            return self._close()
        self._ruler.measure(sound)
        return self._due()

    def text_received(self, text: str, now_us: int) -> list[Action]:
        """A text frame came."""
        if self._closed:
            return []
        try:
            kind = client_type(text)
        except ProtocolViolation as violation:
            return [SendText(Misunderstood(violation.detail, text))]
        self._deadline_us = now_us + IDLE_US
        if kind == CLOSE_STREAM:
            return self._close()
        if kind in ANSWERED:
            self._said += 1
        return self._due()

    def time_passed(self, now_us: int) -> list[Action]:
        """It is `now_us`; call this at `deadline_us`."""
        if self._closed or now_us < self._deadline_us:
            return []
        self._closed = True
        return [CloseConnection(1011, _IDLE)]

    def _due(self) -> list[Action]:
        said: list[Action] = []
        while self._waiting:
            message, at_us = self._waiting[0]
            # What came before the client's last message waits for no more sound.
            if message.after > self._said:
                break
            if message.after == self._said and at_us > self._ruler.now_us + _ROUNDED_US:
                break
            self._waiting.pop(0)
            said.append(SendText(Verbatim(message.text)))
        ended = self._recorded
        if not self._waiting and ended.code not in _ORDERLY and ended.reason != _IDLE:
            self._closed = True
            said.append(CloseConnection(ended.code, ended.reason))
        return said

    def _close(self) -> list[Action]:
        self._closed = True
        said: list[Action] = [SendText(Verbatim(message.text)) for message, _ in self._waiting]
        return [*said, CloseConnection(1000, "")]


def position_us(text: str) -> int:
    """How much sound had come at the least when the service said this; 0 if it does not say."""
    fields = read_object(text)
    match as_text(fields.get("type")):
        case "Results":
            at_s = _seconds(fields.get("start")) + _seconds(fields.get("duration"))
        case "SpeechStarted":
            at_s = _seconds(fields.get("timestamp"))
        case "UtteranceEnd":
            at_s = _seconds(fields.get("last_word_end"))
        case _:
            at_s = 0.0
    return round(at_s * _SECOND_US)


def final_transcript(fields: dict[str, Any]) -> str:
    """The words of a final result; empty where it has none or is none."""
    if fields.get("type") != "Results" or fields.get("is_final") is not True:
        return ""
    return _alternative(as_object(fields.get("channel")))


def whole_transcript(text: str) -> str:
    """The words of an answer to a whole recording, a line for each channel."""
    channels = as_list(as_object(read_object(text).get("results")).get("channels"))
    return "\n".join(filter(None, (_alternative(as_object(channel)) for channel in channels)))


def _alternative(channel: dict[str, Any]) -> str:
    """What a channel most likely says."""
    alternatives = as_list(channel.get("alternatives"))
    return as_text(as_object(alternatives[0]).get("transcript")) if alternatives else ""


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0.0
    return float(value) if 0 < value < _LONGEST_S else 0.0


def utterances_in(recorded: Sequence[RecordedListening]) -> list[tuple[str, int]]:
    """The final texts of recorded connections, each with the microseconds that it took."""
    found: list[tuple[str, int]] = []
    for connection in recorded:
        for message in connection.messages:
            fields = read_object(message.text)
            if text := final_transcript(fields):
                found.append((text, round(_seconds(fields.get("duration")) * _SECOND_US)))
    return found


def whole_utterance(text: str) -> tuple[str, int]:
    """The transcript of a whole recording, and how long that was in microseconds."""
    duration = as_object(read_object(text).get("metadata")).get("duration")
    return whole_transcript(text), round(_seconds(duration) * _SECOND_US)
