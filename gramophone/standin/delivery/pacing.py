"""Frames and instants of the sound of one connection, without a socket or a clock."""

# Instants are absolute: each frame's is computed from the beginning of its utterance and the bytes
# sent since, never from the frame before. A sender that wakes late sends late once and is in time
# again with the next frame; with relative pauses all delays would add up.
#
# Three cases, by `pace` and by whether the voice gives instants of its own:
#
#   pace 0                   everything at the beginning, as fast as the client reads
#   pace N, no instants      a frame goes out when the sound before it has been played N times as
#                            fast as it sounds; an utterance waits for the one before it
#   pace N, with instants    as recorded: microseconds after the Flush, divided by N
#
# Sound with instants is sent in the recorded frames. Faults of size cut it anew all the same, and
# the pieces then have the instant of the sound that completed them.

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from gramophone.audio.pcm import FrameCutter
from gramophone.standin.faults import FaultName, value_of
from gramophone.standin.options import StandinOptions
from gramophone.standin.voice import VoiceSound
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters, bytes_per_sample

# websockets clients close with 1009 above this, and no frame of the service was ever longer.
_LARGEST_FRAME_BYTES = 2**20 - 2
_BIG_FRAME_BYTES = 2**20


class FramePacer:
    """The schedule of one connection."""

    def __init__(
        self, options: StandinOptions, parameters: SpeakParameters, connection: int
    ) -> None:
        sample_bytes = bytes_per_sample(parameters.encoding)
        slow_ms = value_of(options.faults, FaultName.SLOW_FIRST_BYTE, connection, 0) or 0
        frame_bytes = parameters.sample_rate_hz * options.frame_ms // 1000 * sample_bytes
        frame_bytes = max(sample_bytes, min(frame_bytes, _LARGEST_FRAME_BYTES))
        self._cut_all = False
        if value_of(options.faults, FaultName.ODD_FRAMES, connection) is not None:
            frame_bytes, self._cut_all = (frame_bytes + 1) | 1, True
        if value_of(options.faults, FaultName.ONE_BYTE_FRAMES, connection) is not None:
            frame_bytes, self._cut_all = 1, True
        if (big := value_of(options.faults, FaultName.BIG_FRAMES, connection)) is not None:
            frame_bytes, self._cut_all = big or _BIG_FRAME_BYTES, True
        self._bytes_per_second = parameters.sample_rate_hz * sample_bytes
        self._first_byte_us = 1000 * max(options.first_byte_ms, slow_ms)
        self._jitter_us = 1000 * (value_of(options.faults, FaultName.JITTER, connection) or 0)
        self._random = Random(connection)
        self._late_us = 0
        self._pace = options.pace
        self._cutter = FrameCutter(frame_bytes)
        self._asked_us = 0
        self._began_us = 0
        self._sent_bytes = 0

    def begin(self, asked_us: int) -> None:
        """Begin an utterance, whose Flush came at `asked_us`."""
        # The line is busy until the sound before this has gone out at its pace.
        self._began_us = max(asked_us + self._first_byte_us, self._busy_until_us())
        self._asked_us = asked_us
        self._sent_bytes = 0
        self._cutter.rest()

    def stop(self) -> None:
        """Give up the utterance: the next need not wait for its sound."""
        self._began_us = 0
        self._sent_bytes = 0

    def frames(self, sound: VoiceSound) -> Iterator[tuple[bytes, int]]:
        """The frames that `sound` completes, each with its instant."""
        if sound.due_us is not None and not self._cut_all:
            yield sound.pcm, self._instant_us(sound.pcm, sound.due_us)
            return
        for frame in self._cutter.cut(sound.pcm):
            yield frame, self._instant_us(frame, sound.due_us)

    def last_frames(self) -> Iterator[tuple[bytes, int]]:
        """The rest at the end of an utterance, shorter than a frame, with its instant."""
        if frame := self._cutter.rest():
            yield frame, self._instant_us(frame, None)

    def recut(self, pcm: bytes) -> Iterator[bytes]:
        """The frames of recorded sound, cut again where a fault of size asks for it."""
        if self._cut_all:
            yield from self._cutter.cut(pcm)
        else:
            yield pcm

    def take_held(self) -> bytes:
        """Take the sound that `recut` has held back, because it is less than a frame."""
        return self._cutter.rest()

    def _instant_us(self, frame: bytes, due_us: int | None) -> int:
        instant_us = self._began_us
        if self._pace > 0:
            if due_us is None:
                instant_us = self._busy_until_us()
            else:
                instant_us = max(instant_us, self._asked_us + round(due_us / self._pace))
        self._sent_bytes += len(frame)
        return self._jittered_us(instant_us) if self._jitter_us else instant_us

    def _jittered_us(self, instant_us: int) -> int:
        # Late by chance, but never before the frame that went ahead: TCP keeps the order, too.
        late_us = instant_us + self._random.randrange(self._jitter_us + 1)
        self._late_us = max(self._late_us, late_us)
        return self._late_us

    def _busy_until_us(self) -> int:
        if self._pace <= 0:
            return self._began_us
        playing_us = self._sent_bytes * 1_000_000 / self._bytes_per_second
        return self._began_us + round(playing_us / self._pace)
