"""The service's side of one Speak v1 connection: buffer, queue, answers and limits.

Everything that happens is a method; each returns the actions it leads to, in order, for a session
with a socket and a voice to carry out.
"""

# Text moves through three places, and each message of the client acts on them:
#
#                _buffer              _waiting                     _speaking
#   Speak ----> text without  --Flush--> utterances in order ----> the one with the voice
#               a flush                  (`_next`, one at a time)      |
#                                                                      v
#                                                          Flushed, after its last frame
#
#   Clear   empties all three, cancels the voice, and is answered by Cleared.
#   Close   takes no more text; when `_waiting` and `_speaking` are empty, close 1000.
#
# The voice answers later and in between: each answer names its job, and one that is not
# `_speaking` any more was cleared and is dropped. So a Clear is exact: no frame of before it can
# follow the Cleared.
#
# Limits and their answers are Deepgram's: over 2,000 characters in one Speak close with 1009
# BIG-0001, over 2,400 in a minute with 1008 DATA-0001; the 21st Flush of a minute is ignored with
# a Warning, neither sound nor Flushed; after an hour the close is 1011 NET-0003.
#
# Where the documents are silent this machine decides: sequence ids count the acknowledgements of
# the connection; an empty buffer is flushed at once, since pipecat and livekit wait for its
# Flushed; a Clear takes the flushes that wait with it, unanswered; Close finishes what was
# flushed, and text that never was stays unspoken.

from __future__ import annotations

from collections import deque
from itertools import count
from typing import TypeAlias, assert_never

from gramophone.core.frozen import frozen
from gramophone.text.sentences.splitter import SentenceCutter
from gramophone.wire.deepgram import server_actions
from gramophone.wire.deepgram.server_actions import (
    NOT_IN_SOURCE,
    CancelSynthesis,
    CloseConnection,
    SendAudio,
    SendText,
    StartSynthesis,
)
from gramophone.wire.deepgram.speak_v1.messages import (
    Clear,
    Cleared,
    Close,
    Flush,
    Flushed,
    Metadata,
    ProtocolViolation,
    ServerMessage,
    Speak,
    Warned,
    parse_client,
)

_MINUTE_US = 60_000_000

EXCESSIVE_FLUSH = Warned(
    "EXCESSIVE_FLUSH", "Rate limit exceeded for flushes. Please try again later."
)

Action: TypeAlias = server_actions.Action[ServerMessage]


# --- rules ------------------------------------------------------------------------------------


@frozen(kw_only=True)
class SpeakLimits:
    """Limits of a connection; None means without a limit. The defaults are Deepgram's."""

    speak_characters: int | None = 2_000
    minute_characters: int | None = 2_400
    minute_flushes: int | None = 20
    session_us: int | None = 60 * _MINUTE_US

    @classmethod
    def none(cls) -> SpeakLimits:
        """No limits, for a voice on this machine."""
        return cls(
            speak_characters=None, minute_characters=None, minute_flushes=None, session_us=None
        )


@frozen(kw_only=True)
class SpeakQuirks:
    """Behaviour of the real service that surprises clients, to be asked for in a test.

    Attributes:
        starts_at_sentence: whole sentences are spoken before their Flush, as some have seen it.
        refused_flush: this Flush of the connection, counted from 1, is refused as excessive.
        late_flushed: flushes that a Clear took with it are answered after the Cleared all the same.
    """

    refused_flush: int | None = None
    late_flushed: bool = False
    starts_at_sentence: bool = False


@frozen
class _Queued:
    """An utterance that waits for the voice; `flushed` unless the end of a sentence ended it."""

    utterance: StartSynthesis
    flushed: bool


class _LastMinute:
    """A sum over the minute that ends now."""

    def __init__(self) -> None:
        self._entries: deque[tuple[int, int]] = deque()
        self._sum = 0

    def add(self, amount: int, now_us: int) -> None:
        self._entries.append((now_us, amount))
        self._sum += amount

    def sum(self, now_us: int) -> int:
        while self._entries and self._entries[0][0] <= now_us - _MINUTE_US:
            self._sum -= self._entries.popleft()[1]
        return self._sum


# --- the machine ------------------------------------------------------------------------------


class SpeakServer:
    """One connection, from its first message to its last."""

    def __init__(
        self,
        metadata: Metadata,
        limits: SpeakLimits | None = None,
        quirks: SpeakQuirks | None = None,
    ) -> None:
        self._metadata = metadata
        self._limits = limits or SpeakLimits()
        self._quirks = quirks or SpeakQuirks()
        self._buffer = SentenceCutter(whole=not self._quirks.starts_at_sentence)
        self._waiting: deque[_Queued] = deque()
        self._speaking: _Queued | None = None
        self._closing = False
        self._closed = False
        self._jobs = count()
        self._sequence_ids = count()
        self._flushes_seen = 0
        self._minute_characters = _LastMinute()
        self._minute_flushes = _LastMinute()
        self._deadline_us: int | None = None

    @property
    def deadline_us(self) -> int | None:
        """Instant at which `time_passed` must be called; None when never."""
        return None if self._closed else self._deadline_us

    @property
    def closing(self) -> bool:
        """Whether the client has asked to close, or the connection is closed."""
        return self._closing or self._closed

    def opened(self, now_us: int) -> list[Action]:
        """Start the limit of the session, and send the Metadata."""
        if self._limits.session_us is not None:
            self._deadline_us = now_us + self._limits.session_us
        return [SendText(self._metadata)]

    def pinged(self, now_us: int) -> None:
        """Ignore a Ping or a Pong: v1 has no limit for a silent client."""

    def text_received(self, text: str, now_us: int) -> list[Action]:
        """Answer a text frame."""
        if self._closed:
            return []
        try:
            message = parse_client(text)
        except ProtocolViolation as violation:
            return self._close_connection(1008, violation.code)
        match message:
            case Speak(text=spoken_text):
                return self._speak(spoken_text, now_us)
            case Flush():
                return self._flush(now_us)
            case Clear():
                return self._clear()
            case Close():
                self._closing = True
                return self._finish_if_idle()
            case _:
                assert_never(message)

    def binary_received(self) -> list[Action]:
        """Close because of a binary frame, which no client may send."""
        return [] if self._closed else self._close_connection(1003, "MESSAGE-0000")

    def time_passed(self, now_us: int) -> list[Action]:
        """Close when the session has reached its limit; call this at `deadline_us`."""
        if self._closed or self._deadline_us is None or now_us < self._deadline_us:
            return []
        return self._close_connection(1011, "NET-0003")

    def audio_made(self, job: int, pcm: bytes) -> list[SendAudio]:
        """Pass on one frame of the sound of `job`, unless it was cleared."""
        return [SendAudio(pcm)] if self._is_speaking(job) and pcm else []

    def remarked(self, job: int, warning: Warned) -> list[Action]:
        """Pass on a warning of the voice about `job`."""
        return [SendText(warning)] if self._is_speaking(job) else []

    def synthesised(self, job: int) -> list[Action]:
        """Acknowledge `job` after its last frame, and go on with the next."""
        speaking = self._speaking
        if speaking is None or job != speaking.utterance.job:
            return []
        self._speaking = None
        return [*([self._flushed()] if speaking.flushed else []), *self._next()]

    def failed(self, job: int) -> list[Action]:
        """Close because the voice could not speak `job`."""
        return self.broken_off(job, 1011, "NET-0000")

    def refused(self) -> list[Action]:
        """Close because a strict source does not contain what the client sent."""
        return [] if self._closed else self._close_connection(1008, NOT_IN_SOURCE)

    def broken_off(self, job: int, code: int, reason: str) -> list[Action]:
        """Close within `job`, as it was recorded or asked for."""
        return self._close_connection(code, reason) if self._is_speaking(job) else []

    def _is_speaking(self, job: int) -> bool:
        return self._speaking is not None and self._speaking.utterance.job == job

    def _speak(self, text: str, now_us: int) -> list[Action]:
        if self._closing:
            return []
        limits = self._limits
        if limits.speak_characters is not None and len(text) > limits.speak_characters:
            return self._close_connection(1009, "BIG-0001")
        if limits.minute_characters is not None:
            self._minute_characters.add(len(text), now_us)
            if self._minute_characters.sum(now_us) > limits.minute_characters:
                return self._close_connection(1008, "DATA-0001")
        sentences = self._buffer.feed(text)
        for sentence in sentences:
            self._queue(sentence, now_us, flushed=False)
        return self._next() if sentences and self._speaking is None else []

    def _flush(self, now_us: int) -> list[Action]:
        if self._closing:
            return []
        self._flushes_seen += 1
        allowed = self._limits.minute_flushes
        too_many = allowed is not None and self._minute_flushes.sum(now_us) >= allowed
        if too_many or self._flushes_seen == self._quirks.refused_flush:
            return [SendText(EXCESSIVE_FLUSH)]
        if allowed is not None:
            self._minute_flushes.add(1, now_us)
        self._queue(self._buffer.rest(), now_us, flushed=True)
        return self._next() if self._speaking is None else []

    def _queue(self, text: str, now_us: int, *, flushed: bool) -> None:
        self._waiting.append(_Queued(StartSynthesis(next(self._jobs), text, now_us), flushed))

    def _clear(self) -> list[Action]:
        actions: list[Action] = []
        dropped = list(self._waiting)
        if self._speaking is not None:
            actions.append(CancelSynthesis(self._speaking.utterance.job))
            dropped.append(self._speaking)
        self._speaking = None
        self._waiting.clear()
        self._buffer.rest()
        actions.append(SendText(Cleared(next(self._sequence_ids))))
        if self._quirks.late_flushed:
            actions += [self._flushed() for queued in dropped if queued.flushed]
        return actions + self._finish_if_idle()

    def _next(self) -> list[Action]:
        actions: list[Action] = []
        while self._waiting:
            queued = self._waiting.popleft()
            # A voice given nothing but space would only make an odd sound of it.
            if queued.utterance.text.strip():
                self._speaking = queued
                return [*actions, queued.utterance]
            if queued.flushed:
                actions.append(self._flushed())
        return actions + self._finish_if_idle()

    def _finish_if_idle(self) -> list[Action]:
        idle = self._speaking is None and not self._waiting
        return self._close_connection(1000, "") if self._closing and idle else []

    def _flushed(self) -> SendText[ServerMessage]:
        return SendText(Flushed(next(self._sequence_ids)))

    def _close_connection(self, code: int, reason: str) -> list[Action]:
        actions: list[Action] = []
        if self._speaking is not None:
            actions.append(CancelSynthesis(self._speaking.utterance.job))
        self._closed = True
        self._speaking = None
        self._waiting.clear()
        self._buffer.rest()
        return [*actions, CloseConnection(code, reason)]
