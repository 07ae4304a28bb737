"""Turns that Listen v2 told of, read from its recorded messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.listen_v1.messages import seconds_in
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object

_SECOND_US = 1_000_000
_BEFORE_FIRST_US = 240_000
"""The assumed time from the first word of a turn to its first message, without times of words."""


@frozen
class RecordedUserTurn:
    """The messages about one turn.

    Attributes:
        messages: fields of each TurnInfo with words, in order.
        begins_us: where the voice began, in the recorded stream.
        after_us: the time from the end of the turn before, or the beginning of the stream, to it.
    """

    messages: tuple[Mapping[str, Any], ...]
    begins_us: int
    after_us: int


class HeardTurns:
    """A reader of the messages of one connection.

    Attributes:
        open: the turn that has not ended; None without one.
    """

    def __init__(self) -> None:
        self.open: Utterance | None = None

    def read(self, text: str) -> Utterance | None:
        """Read a message; gives the turn that ends with it, if one does."""
        fields = read_object(text)
        if fields.get("type") != "TurnInfo":
            return None
        if transcript := as_text(fields.get("transcript")):
            self.open = Utterance(transcript, _length_us(fields))
        if fields.get("event") != "EndOfTurn":
            return None
        ended, self.open = self.open, None
        return ended


def heard_turns(texts: Iterable[str]) -> list[Utterance]:
    """The turns in a connection's messages; the last may be one that never ended."""
    reader = HeardTurns()
    ended = [turn for text in texts if (turn := reader.read(text))]
    return [*ended, reader.open] if reader.open else ended


def recorded_turns(texts: Iterable[str]) -> tuple[RecordedUserTurn, ...]:
    """The turns in a connection's messages, each with its messages.

    A turn that never ended has no EndOfTurn; messages without words are left out.
    """
    turns: list[RecordedUserTurn] = []
    messages: list[Mapping[str, Any]] = []
    ended_us = 0
    for fields in map(read_object, texts):
        if fields.get("type") != "TurnInfo" or not as_text(fields.get("transcript")):
            continue
        messages.append(fields)
        if fields.get("event") == "EndOfTurn":
            turns.append(_turn(messages, ended_us))
            messages, ended_us = [], window_end_us(fields)
    if messages:
        turns.append(_turn(messages, ended_us))
    return tuple(turns)


def window_end_us(fields: Mapping[str, Any]) -> int:
    """The instant of the stream that a message speaks of."""
    return round(seconds_in(fields.get("audio_window_end")) * _SECOND_US)


def _turn(messages: list[Mapping[str, Any]], ended_us: int) -> RecordedUserTurn:
    words = as_list(messages[0].get("words"))
    begins_us = window_end_us(messages[0]) - _BEFORE_FIRST_US
    if words and "start" in as_object(words[0]):
        begins_us = round(seconds_in(as_object(words[0]).get("start")) * _SECOND_US)
    begins_us = max(ended_us, begins_us)
    return RecordedUserTurn(tuple(messages), begins_us, begins_us - ended_us)


def _length_us(fields: dict[str, Any]) -> int:
    """The length of what was said: of its words or, where they have no times, of its window."""
    words = [as_object(word) for word in as_list(fields.get("words"))]
    said_s = seconds_in(words[-1].get("end")) - seconds_in(words[0].get("start")) if words else 0
    if said_s <= 0:
        window = (fields.get("audio_window_end"), fields.get("audio_window_start"))
        said_s = seconds_in(window[0]) - seconds_in(window[1])
    return max(1, round(said_s * _SECOND_US))
