"""The service's side of one Listen v1 connection: what it has heard, and what it tells of it.

Nothing is recognised here. What is said is known beforehand, as utterances with their lengths,
and lies over the sound one behind the other from its beginning: as far as the sound has come, so
many words were heard. Where the client says that it is over (Finalize, CloseStream), the
utterance that was begun is told whole, with its words in the time that there was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.listen_v1.messages import (
    CLOSE_STREAM,
    CONFIGURE,
    FINALIZE,
    ConfigureFailure,
    ConfigureSuccess,
    ListenParameters,
    Metadata,
    Misunderstood,
    Results,
    ServerMessage,
    SpeechStarted,
    UtteranceEnd,
    Word,
    client_type,
    words_of,
)
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText

IDLE_US = 10_000_000
"""Deepgram: without sound or KeepAlive for ten seconds the connection ends, with NET-0001."""

COMPRESSED_BYTES_PER_SECOND = 4_000
"""What sound is taken for whose length does not show."""

_SECOND_US = 1_000_000
_INTERIM_US = _SECOND_US
_WAV_HEAD_BYTES = 44

Action: TypeAlias = SendText[ServerMessage] | CloseConnection


@frozen
class Utterance:
    """What is said at one go, and how long that takes."""

    text: str
    duration_us: int


class AudioMeter:
    """How much time the sound that came has taken."""

    def __init__(self, parameters: ListenParameters) -> None:
        self._per_second = parameters.bytes_per_second
        self._head = b""
        self._bytes = 0

    def measure(self, sound: bytes) -> None:
        """Some more has come."""
        self._bytes += len(sound)
        if not self._per_second and len(self._head) < _WAV_HEAD_BYTES:
            self._head += sound[: _WAV_HEAD_BYTES - len(self._head)]

    @property
    def now_us(self) -> int:
        """The end of what has come."""
        per_second, sound_bytes = self._per_second, self._bytes
        if not per_second:
            per_second = COMPRESSED_BYTES_PER_SECOND
            if self._head[:4] == b"RIFF" and self._head[8:16] == b"WAVEfmt ":
                # The canonical head says how many bytes a second has.
                per_second = int.from_bytes(self._head[28:32], "little") or per_second
                sound_bytes = max(0, sound_bytes - _WAV_HEAD_BYTES)
        return sound_bytes * _SECOND_US // per_second


class ListenServer:
    """One connection, from its first sound to its Metadata."""

    def __init__(self, parameters: ListenParameters, utterances: Sequence[Utterance]) -> None:
        self._parameters = parameters
        self._waiting = [each for each in utterances if words_of(each.text) and each.duration_us]
        self._ruler = AudioMeter(parameters)
        self._sha256 = hashlib.sha256()
        self._start_us = 0
        self._words: tuple[Word, ...] = ()
        self._started = False
        self._told = 0
        self._interim_us = 0
        self._last_word_end_us: int | None = None
        self._closed = False
        self._deadline_us = 0
        self._lay(0)

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
        self._sha256.update(sound)
        return [SendText(message) for message in self._heard()]

    def text_received(self, text: str, now_us: int) -> list[Action]:
        """A text frame came."""
        if self._closed:
            return []
        try:
            kind = client_type(text)
        except ProtocolViolation as violation:
            return [SendText(Misunderstood(violation.detail, text))]
        self._deadline_us = now_us + IDLE_US
        if kind == FINALIZE:
            return [SendText(self._finished(from_finalize=True))]
        if kind == CLOSE_STREAM:
            return self._close()
        return [SendText(self._configured())] if kind == CONFIGURE else []

    def time_passed(self, now_us: int) -> list[Action]:
        """It is `now_us`; call this at `deadline_us`."""
        if self._closed or now_us < self._deadline_us:
            return []
        self._closed = True
        return [CloseConnection(1011, "NET-0001")]

    def _heard(self) -> Iterator[ServerMessage]:
        now_us = self._ruler.now_us
        while self._words:
            if self._parameters.vad_events and not self._started and now_us > self._start_us:
                self._started = True
                yield SpeechStarted(self._start_us)
            if now_us < self._words[-1].end_us:
                break
            yield self._final(self._words, self._words[-1].end_us)
        if interim := self._interim(now_us):
            yield interim
        end_us, wait_ms = self._last_word_end_us, self._parameters.utterance_end_ms
        if end_us is not None and wait_ms is not None and now_us >= end_us + 1_000 * wait_ms:
            self._last_word_end_us = None
            yield UtteranceEnd(end_us)

    def _interim(self, now_us: int) -> Results | None:
        words = self._words_until(now_us)
        due = now_us >= self._interim_us + _INTERIM_US and len(words) > self._told
        if not self._parameters.interim_results or not due:
            return None
        self._interim_us, self._told = now_us, len(words)
        # A word has been said, so whatever was before it is over.
        self._last_word_end_us = None
        return Results(start_us=self._start_us, end_us=now_us, words=words)

    def _final(
        self, words: tuple[Word, ...], end_us: int, *, from_finalize: bool = False
    ) -> Results:
        """All that can be said of what was heard up to `end_us`; behind it, the next begins."""
        result = Results(
            start_us=self._start_us,
            end_us=end_us,
            words=words,
            is_final=True,
            speech_final=bool(words) and self._parameters.endpointing,
            from_finalize=from_finalize,
        )
        if words:
            self._waiting.pop(0)
            self._last_word_end_us = end_us
            self._lay(end_us)
        return result

    def _finished(self, *, from_finalize: bool = False) -> Results:
        """No more is to be waited for."""
        now_us = max(self._ruler.now_us, self._start_us)
        begun = bool(self._words_until(now_us)) or (self._start_us == 0 and now_us > 0)
        words = self._words if begun else ()
        span_us, length_us = now_us - self._start_us, self._length_us()
        if words:
            words = tuple(
                Word(
                    word.text,
                    self._start_us + (word.start_us - self._start_us) * span_us // length_us,
                    self._start_us + (word.end_us - self._start_us) * span_us // length_us,
                )
                for word in words
            )
        return self._final(words, now_us, from_finalize=from_finalize)

    def _close(self) -> list[Action]:
        self._closed = True
        now_us = self._ruler.now_us
        said: list[Action] = [SendText(self._finished())]
        return [
            *said,
            SendText(Metadata(self._sha256.hexdigest(), now_us)),
            CloseConnection(1000, ""),
        ]

    def _configured(self) -> ServerMessage:
        if self._parameters.has_keyterms:
            return ConfigureSuccess()
        return ConfigureFailure(
            "CONFIGURE_KEYTERMS_NOT_SUPPORTED", "Only Nova-3 models take other keyterms."
        )

    def _length_us(self) -> int:
        return self._words[-1].end_us - self._start_us if self._words else 1

    def _words_until(self, now_us: int) -> tuple[Word, ...]:
        return tuple(word for word in self._words if word.end_us <= now_us)

    def _lay(self, start_us: int) -> None:
        """Lay the next utterance over the sound that begins here; longer words take longer."""
        self._start_us, self._interim_us, self._told = start_us, start_us, 0
        self._started = False
        if not self._waiting:
            self._words = ()
            return
        utterance = self._waiting[0]
        said = words_of(utterance.text)
        whole = sum(map(len, said))
        ends = [sum(map(len, said[: at + 1])) for at in range(len(said))]
        instants = [start_us, *(start_us + utterance.duration_us * end // whole for end in ends)]
        self._words = tuple(map(Word, said, instants, instants[1:]))
