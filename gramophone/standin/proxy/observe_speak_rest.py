"""A request to Speak over HTTP and its answer as events of a session.

It is recorded as a connection of its own, with one turn and one flush. Samples are sound; anything
else is kept as it came.
"""

from __future__ import annotations

from gramophone.audio.wav_parser import Samples, WavStream, Wrapping
from gramophone.core.timeline import (
    AudioReceived,
    Event,
    FlushAnswered,
    FlushSent,
    FrameReceived,
    FrameSent,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from gramophone.standin.proxy.session_recorder import AudioEncoding
from gramophone.standin.source.speech_files import body_frame
from gramophone.wire.deepgram.speak_v1.parameters import bytes_per_sample


class SpeakRequestObserver:
    """Observer of a request that was granted; instants are microseconds since the session began."""

    def __init__(
        self,
        connection: int,
        turn: int,
        text: str,
        content_type: str,
        samples: AudioEncoding | None,
    ) -> None:
        """`samples` is None where the answer has no samples in the session's form."""
        self._connection = connection
        self._turn = turn
        self._text = text
        self._content_type = content_type
        self._rate_hz = samples.sample_rate_hz if samples is not None else 0
        self._sample_bytes = bytes_per_sample(samples.encoding) if samples is not None else 0
        self._stream = WavStream()
        self._sound_bytes = 0

    def begun(self, body: str, at_us: int) -> list[Event]:
        """Give the events of the request, which the service has accepted."""
        turn, text = self._turn, self._text
        return [
            FrameSent(at_us=at_us, connection=self._connection, text=body),
            TurnStarted(at_us=at_us, turn=turn, role="assistant"),
            TextSpoken(
                at_us=at_us, turn=turn, chunk=0, text=text, source_start=0, source_end=len(text)
            ),
            FlushSent(at_us=at_us, turn=turn, flush=0, last_chunk=0),
        ]

    def received(self, piece: bytes, at_us: int) -> list[Event]:
        """Give the events of a piece of the answer's body."""
        parts = self._stream.feed(piece) if self._sample_bytes else [Wrapping(piece)]
        return [self._part(part, at_us) for part in parts]

    def ended(self, at_us: int) -> list[Event]:
        """Give the events of the end of the body."""
        samples = self._sound_bytes // (self._sample_bytes or 1)
        answered = FlushAnswered(at_us=at_us, turn=self._turn, flush=0, end_samples=samples)
        last_parts = [self._part(part, at_us) for part in self._stream.rest()]
        return [*last_parts, answered, *self._over("stop", 1000, "", at_us)]

    def broken(self, at_us: int) -> list[Event]:
        """Give the events of a service that was lost."""
        return self._over("failed", 1006, "", at_us)

    def left(self, at_us: int) -> list[Event]:
        """Give the events of a client that has gone away."""
        return self._over("interrupted", 1000, "client gone", at_us)

    def _part(self, part: Samples | Wrapping, at_us: int) -> Event:
        if isinstance(part, Wrapping) and _rate_hz_in(part.data) not in (0, self._rate_hz):
            # A service that names no rate beforehand has another one than the session.
            self._sample_bytes = 0
        if isinstance(part, Wrapping) or not self._sample_bytes:
            frame = body_frame(part.data, self._content_type)
            return FrameReceived(at_us=at_us, connection=self._connection, text=frame)
        offset, self._sound_bytes = self._sound_bytes, self._sound_bytes + len(part.data)
        return AudioReceived(
            at_us=at_us,
            turn=self._turn,
            connection=self._connection,
            offset_bytes=offset,
            size_bytes=len(part.data),
            pcm=part.data,
        )

    def _over(self, finish_reason: str, code: int, reason: str, at_us: int) -> list[Event]:
        return [
            TurnCompleted(
                at_us=at_us,
                turn=self._turn,
                role="assistant",
                text=self._text,
                finish_reason=finish_reason,
            ),
            SpeechDisconnected(at_us=at_us, connection=self._connection, code=code, reason=reason),
        ]


def _rate_hz_in(head: bytes) -> int:
    """The rate that the head of a WAV states; 0 where this is none."""
    at = head.find(b"fmt ") if head.startswith(b"RIFF") else -1
    return int.from_bytes(head[at + 12 : at + 16], "little") if at > 0 else 0
