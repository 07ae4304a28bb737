"""Utterances in the recorded messages of Listen v1, and messages moved to another place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.listen_v1.messages import seconds, seconds_in
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object

_SECOND_US = 1_000_000
_PAUSE_US = 640_000
"""The pause between two words behind which another utterance begins."""


@frozen
class RecordedMessage:
    """A message of the service, verbatim.

    `after` is the number of the client's messages that the service answers before it.
    """

    text: str
    after: int = 0


@frozen
class LaidMessage:
    """A recorded message and its place.

    Attributes:
        at_us: the length of the sound that it speaks of; 0 if it names no place.
        utterance: the number of the utterance that it belongs to, or that it follows; 0 before
            the first.
        begins_us: where the voice of this utterance began, in the recorded stream.
        pause_us: the time from the voice before it, or the beginning of the stream, to it.
        has_words: whether it is a result with words.
        is_empty: whether it is one without.
    """

    message: RecordedMessage
    at_us: int
    utterance: int
    begins_us: int
    pause_us: int
    has_words: bool
    is_empty: bool


def laid_messages(messages: Sequence[RecordedMessage]) -> list[LaidMessage]:
    """The messages of a connection, each with its place and its utterance."""
    laid: list[LaidMessage] = []
    utterance, begins_us, pause_us, spoken_until_us, is_open = 0, 0, 0, 0, False
    for message in messages:
        fields = read_object(message.text)
        starts_us, ends_us = _voice(fields)
        has_voice = starts_us is not None
        if starts_us is not None:
            if not is_open or starts_us >= spoken_until_us + _PAUSE_US:
                utterance, begins_us, is_open = utterance + 1, starts_us, True
                pause_us = starts_us - spoken_until_us
            spoken_until_us = max(spoken_until_us, ends_us)
        is_result = fields.get("type") == "Results"
        laid.append(
            LaidMessage(
                message,
                _position_us(fields),
                utterance,
                begins_us,
                pause_us,
                has_words=is_result and has_voice,
                is_empty=is_result and not has_voice,
            )
        )
        if _ends_utterance(fields):
            is_open = False
    return laid


def moved(text: str, shift_us: int) -> str:
    """A message with its times later by `shift_us`, or earlier if that is negative."""
    if not shift_us:
        return text
    fields = read_object(text)
    for name in ("start", "timestamp", "last_word_end"):
        if seconds_in(fields.get(name)) or fields.get(name) == 0:
            fields[name] = _moved_s(fields[name], shift_us)
    for word in _words(fields):
        for name in ("start", "end"):
            if name in word:
                word[name] = _moved_s(word[name], shift_us)
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def _moved_s(value: object, shift_us: int) -> float:
    return seconds(max(0, round(seconds_in(value) * _SECOND_US) + shift_us))


def _position_us(fields: dict[str, Any]) -> int:
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


def _voice(fields: dict[str, Any]) -> tuple[int | None, int]:
    """Beginning and end of the voice that a message speaks of; None if it speaks of none."""
    kind = fields.get("type")
    if kind == "SpeechStarted":
        at_us = _position_us(fields)
        return at_us, at_us
    words = _words(fields)
    if kind != "Results" or not words:
        return None, 0
    first_us = round(seconds_in(words[0].get("start")) * _SECOND_US)
    return first_us, round(seconds_in(words[-1].get("end")) * _SECOND_US)


def _ends_utterance(fields: dict[str, Any]) -> bool:
    is_last = fields.get("speech_final") is True or fields.get("from_finalize") is True
    return is_last or fields.get("type") == "UtteranceEnd"


def _words(fields: dict[str, Any]) -> list[dict[str, Any]]:
    alternatives = as_list(as_object(fields.get("channel")).get("alternatives"))
    words = as_list(as_object(alternatives[0]).get("words")) if alternatives else []
    return [as_object(word) for word in words]
