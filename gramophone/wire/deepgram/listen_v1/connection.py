"""The service's side of a Listen v1 connection: its life, whatever decides the transcripts.

`server` recognises by rule, `recorded_server` repeats a recording; both are `ListenConnection`s.
"""

# A connection is open until one of five things ends it:
#
#   client sends               answer
#   -------------------------  ---------------------------------------------------------------
#   sound                      what the subclass has to say of it; the idle timer starts again
#   an empty binary frame      as CloseStream: the service takes it for the end of the stream
#   CloseStream                the rest of the transcript, Metadata, close 1000
#   Finalize, Configure        what the subclass says; the connection goes on
#   KeepAlive                  nothing; the idle timer starts again
#   no message of these        Error with variant SchemaError; the connection goes on, and the
#                              idle timer runs on: a client that sends rubbish is still silent
#   nothing for 10 s           close 1011, NET-0001
#
# Time is measured in two ways that must not be mixed. *Stream time*, in which words and results
# have their place, is the length of the sound that came: it comes from counting bytes, so a
# client that sends a file faster than real time gets the same result. *Clock time* drives the
# idle timer only, and is handed in as `now_us`.

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeAlias

from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.listen_v1.messages import (
    CLOSE_STREAM,
    ListenParameters,
    Misunderstood,
    ServerMessage,
    client_type,
)
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText

IDLE_US = 10_000_000
"""Deepgram: without sound or KeepAlive for ten seconds the connection ends, with NET-0001."""
IDLE_REASON = "NET-0001"

COMPRESSED_BYTES_PER_SECOND = 4_000
"""The rate that is assumed of sound whose length does not show."""

_SECOND_US = 1_000_000
_WAV_HEAD_BYTES = 44
_SLOWEST_BYTES_PER_SECOND = 1_000
"""A WAV that states less is not believed: a frame of it would have hours."""

Action: TypeAlias = SendText[ServerMessage] | CloseConnection


class AudioMeter:
    """Length of the sound that has come, from its bytes and the format in the query.

    Raw sound has the rate that the query states. A container states it itself, of which only the
    canonical head of a WAV is read; any other is counted as `COMPRESSED_BYTES_PER_SECOND`.
    """

    def __init__(self, bytes_per_second: int) -> None:
        """`bytes_per_second` is 0 for a container."""
        self._per_second = bytes_per_second
        self._head = b""
        self._bytes = 0

    def measure(self, sound: bytes) -> None:
        """Add a frame."""
        self._bytes += len(sound)
        if not self._per_second and len(self._head) < _WAV_HEAD_BYTES:
            self._head += sound[: _WAV_HEAD_BYTES - len(self._head)]

    @property
    def now_us(self) -> int:
        """Microseconds of sound so far: the present in stream time."""
        per_second, sound_bytes = self._per_second, self._bytes
        if not per_second:
            per_second = COMPRESSED_BYTES_PER_SECOND
            if self._head[:4] == b"RIFF" and self._head[8:16] == b"WAVEfmt ":
                # The canonical head says how many bytes a second has.
                stated = int.from_bytes(self._head[28:32], "little")
                per_second = stated if stated >= _SLOWEST_BYTES_PER_SECOND else per_second
                sound_bytes = max(0, sound_bytes - _WAV_HEAD_BYTES)
        return sound_bytes * _SECOND_US // per_second


class ListenConnection(ABC):
    """One connection, from its opening to its close."""

    def __init__(self, parameters: ListenParameters) -> None:
        self._parameters = parameters
        self._meter = AudioMeter(parameters.bytes_per_second)
        self._closed = False
        self._deadline_us = 0

    @property
    def deadline_us(self) -> int | None:
        """Instant at which `time_passed` must be called; None when never again. It may move."""
        return None if self._closed else self._deadline_us

    def opened(self, now_us: int) -> list[Action]:
        """Take note that the connection stands; the service says nothing of it."""
        self._deadline_us = now_us + IDLE_US
        return []

    def sound_received(self, sound: bytes, now_us: int) -> list[Action]:
        """Take a binary frame; an empty one ends the stream."""
        if self._closed:
            return []
        self._deadline_us = now_us + IDLE_US
        if not sound:
            return self._close()
        self._meter.measure(sound)
        return self._hear(sound)

    def text_received(self, text: str, now_us: int) -> list[Action]:
        """Take a text frame."""
        if self._closed:
            return []
        try:
            kind = client_type(text)
        except ProtocolViolation as violation:
            return [SendText(Misunderstood(violation.detail, text))]
        self._deadline_us = now_us + IDLE_US
        return self._close() if kind == CLOSE_STREAM else self._answer(kind)

    def time_passed(self, now_us: int) -> list[Action]:
        """Close if the client has been silent for too long; call this at `deadline_us`."""
        if self._closed or now_us < self._deadline_us:
            return []
        self._closed = True
        return [CloseConnection(1011, IDLE_REASON)]

    @abstractmethod
    def _hear(self, sound: bytes) -> list[Action]:
        """Answer a frame of sound, which the meter has counted."""

    @abstractmethod
    def _answer(self, kind: str) -> list[Action]:
        """Answer a message other than CloseStream, named by its `type`."""

    @abstractmethod
    def _finish(self) -> list[Action]:
        """Say what is left to say before the close."""

    def _close(self) -> list[Action]:
        self._closed = True
        return [*self._finish(), CloseConnection(1000, "")]
