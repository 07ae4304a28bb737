"""Listen v1 from a recording: the service's messages again, each when its time has come."""

# Instants of the clock are of no use here: another run sends its sound faster, slower, or in other
# frames. The messages themselves say where they belong. Each Results, SpeechStarted and
# UtteranceEnd has its place in the stream, in seconds; so a message is due when as much sound has
# come as it speaks of, and the client has sent as many messages with an answer (Finalize,
# Configure, CloseStream) as it had when the message was recorded. A client that is further with
# its messages than the recording gets what is left of before without waiting for sound.

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.listen_v1.connection import IDLE_REASON, Action, ListenConnection
from gramophone.wire.deepgram.listen_v1.messages import (
    CLOSE_STREAM,
    CONFIGURE,
    FINALIZE,
    ListenParameters,
    Verbatim,
)
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object

ANSWERED = frozenset({FINALIZE, CLOSE_STREAM, CONFIGURE})
"""Messages of a client that the service answers."""

_SECOND_US = 1_000_000
_LONGEST_S = 1e9
_ROUNDED_US = 10_000
"""The service rounds its seconds, and may name a little more than had come."""
_ORDERLY = frozenset({1000, 1001, 1005, 1006})


@frozen
class RecordedMessage:
    """A message of the service, verbatim.

    `after` is the number of the client's messages in `ANSWERED` before it.
    """

    text: str
    after: int = 0


@frozen
class RecordedConnection:
    """One connection: the service's messages, and the close."""

    messages: tuple[RecordedMessage, ...]
    code: int = 1000
    reason: str = ""


@frozen
class RecordedTranscripts:
    """Transcripts of a session.

    Attributes:
        connections: to Listen v1.
        wholes: recordings that were sent whole, as JSON answers.
        turns: that Listen v2 heard, on whichever connection, or that a scenario has.
        voice_activated: whether each of the turns begins with a voice in the sound.
    """

    connections: tuple[RecordedConnection, ...] = ()
    wholes: tuple[str, ...] = ()
    turns: tuple[Utterance, ...] = ()
    voice_activated: bool = False

    def __bool__(self) -> bool:
        """Whether anything was heard."""
        return bool(self.connections or self.wholes or self.turns)


class ListenReplay(ListenConnection):
    """A connection that repeats what was recorded, in the place of a `ListenServer`."""

    def __init__(self, parameters: ListenParameters, recorded: RecordedConnection) -> None:
        super().__init__(parameters)
        self._recorded = recorded
        self._waiting = [(message, position_us(message.text)) for message in recorded.messages]
        self._answered = 0

    def _hear(self, sound: bytes) -> list[Action]:
        return self._due()

    def _answer(self, kind: str) -> list[Action]:
        self._answered += kind in ANSWERED
        return self._due()

    def _finish(self) -> list[Action]:
        return [SendText(Verbatim(message.text)) for message, _ in self._waiting]

    def _due(self) -> list[Action]:
        actions: list[Action] = []
        while self._waiting:
            message, at_us = self._waiting[0]
            # What came before the client's last message waits for no more sound.
            if message.after > self._answered:
                break
            if message.after == self._answered and at_us > self._meter.now_us + _ROUNDED_US:
                break
            self._waiting.pop(0)
            actions.append(SendText(Verbatim(message.text)))
        recorded = self._recorded
        # A service that broke off by itself does so again, once it has said all. An orderly end
        # is the client's, and an idle one the timer's: both come by themselves.
        ended_itself = recorded.code not in _ORDERLY and recorded.reason != IDLE_REASON
        if not self._waiting and ended_itself:
            self._closed = True
            actions.append(CloseConnection(recorded.code, recorded.reason))
        return actions


def position_us(text: str) -> int:
    """Length of the sound that a message speaks of, in microseconds; 0 if it names no place."""
    fields = read_object(text)
    match as_text(fields.get("type")):
        case "Results":
            at_s = seconds_in(fields.get("start")) + seconds_in(fields.get("duration"))
        case "SpeechStarted":
            at_s = seconds_in(fields.get("timestamp"))
        case "UtteranceEnd":
            at_s = seconds_in(fields.get("last_word_end"))
        case _:
            at_s = 0.0
    return round(at_s * _SECOND_US)


def final_transcript(fields: dict[str, Any]) -> str:
    """The transcript in a final result; empty for any other message."""
    if fields.get("type") != "Results" or fields.get("is_final") is not True:
        return ""
    return _alternative(as_object(fields.get("channel")))


def whole_transcript(text: str) -> str:
    """The transcript in the answer to a whole recording, a line for each channel."""
    channels = as_list(as_object(read_object(text).get("results")).get("channels"))
    return "\n".join(filter(None, (_alternative(as_object(channel)) for channel in channels)))


def _alternative(channel: dict[str, Any]) -> str:
    """The transcript of the first alternative, which is the likeliest."""
    alternatives = as_list(channel.get("alternatives"))
    return as_text(as_object(alternatives[0]).get("transcript")) if alternatives else ""


def seconds_in(value: object) -> float:
    """The value as seconds; 0 if it is none, or out of all bounds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return 0.0
    return float(value) if 0 < value < _LONGEST_S else 0.0


def utterances_in(recorded: Sequence[RecordedConnection]) -> list[tuple[str, int]]:
    """The final texts of recorded connections, each with its length in microseconds."""
    utterances: list[tuple[str, int]] = []
    for connection in recorded:
        for message in connection.messages:
            fields = read_object(message.text)
            if text := final_transcript(fields):
                utterances.append((text, round(seconds_in(fields.get("duration")) * _SECOND_US)))
    return utterances


def whole_utterance(text: str) -> tuple[str, int]:
    """The transcript of a whole recording, and the length of its sound in microseconds."""
    duration = as_object(read_object(text).get("metadata")).get("duration")
    return whole_transcript(text), round(seconds_in(duration) * _SECOND_US)
