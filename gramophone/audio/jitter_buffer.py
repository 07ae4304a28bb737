"""Jitter buffer between the service's bursts of sound and the device's steady pull.

It holds one turn's PCM at a time: signed 16 bits, mono.
"""

from __future__ import annotations

from array import array
from collections import deque

from gramophone.core.frozen import frozen

BYTES_PER_SAMPLE = 2
PREFILL_MS = 40
REFILL_MS = 120
FADE_MS = 4

# Theory. A service sends sound in bursts, some ahead of time, some late; a device takes the same
# number of samples at every callback. Three rules follow:
#
# - Prefill: a turn begins when PREFILL_MS of it are queued, or all of it. Less would run dry at
#   the first late frame; more is heard as a slow answer.
# - Refill: after a gap it goes on when REFILL_MS are queued. The network is slow just then, so
#   with the small prefill one gap would become a stutter of many.
# - A gap is reported when sound follows it, with the silence that was played. Silence at the end
#   is none: it may be the wait for the service's word that the turn is over.
#
# Invariants: `_queued_bytes` is what `_frames` hold behind `_head`, always whole samples;
# `position_samples` counts samples handed out since the turn began, never silence.


@frozen
class Gap:
    """Silence that was played where sound was due, before the turn's sample `position_samples`."""

    position_samples: int
    missing_samples: int


@frozen
class Pulled:
    """Result of one pull: `pcm` of exactly the length asked for, and what happened at it.

    `began` holds at the turn's first sample, `gap` at the first sound after an underrun,
    `drained` once, at the pull after the turn's last sample.
    """

    pcm: bytes
    sounding: bool = False
    began: bool = False
    gap: Gap | None = None
    drained: bool = False


class JitterBuffer:
    """Queue of one turn's sound. Not thread-safe: its owner holds a lock around each call."""

    def __init__(self, sample_rate_hz: int, *, prefill_ms: int = PREFILL_MS) -> None:
        self._prefill_bytes = sample_rate_hz * prefill_ms // 1000 * BYTES_PER_SAMPLE
        self._refill_bytes = sample_rate_hz * REFILL_MS // 1000 * BYTES_PER_SAMPLE
        self._fade_samples = sample_rate_hz * FADE_MS // 1000
        self._frames: deque[bytes] = deque()
        self._head = 0
        self._queued_bytes = 0
        self._carry = b""
        self._tail = b""
        self.turn = -1
        self.position_samples = 0
        self._playing = False
        self._finished = True
        self._reported_drained = True
        self._missing_samples = 0

    @property
    def queued_samples(self) -> int:
        """Samples that wait to be handed out."""
        return self._queued_bytes // BYTES_PER_SAMPLE

    @property
    def idle(self) -> bool:
        """Whether pulls give silence and report nothing, until something is pushed."""
        waiting = self._queued_bytes or self._tail
        return not waiting and self._finished and self._reported_drained

    @property
    def begun(self) -> bool:
        """Whether the turn has begun to sound and is not over."""
        return self._playing

    def push(self, turn: int, pcm: bytes) -> None:
        """Queue a frame; one of another turn drops what is left of the turn before.

        An odd last byte is half a sample: it waits for the next frame.
        """
        if turn != self.turn:
            self._begin(turn)
        whole = self._carry + pcm if self._carry else pcm
        even = len(whole) & ~1
        self._carry = whole[even:]
        if even:
            self._frames.append(whole[:even])
            self._queued_bytes += even

    def realign(self) -> None:
        """Forget a carried byte: the stream it belonged to has ended."""
        self._carry = b""

    def finish(self, turn: int) -> None:
        """Note that no more comes for `turn`; once the queue is empty a pull is `drained`."""
        if turn != self.turn:
            self._begin(turn)
        self._finished = True
        self._carry = b""

    def clear(self) -> int:
        """Drop what is queued, except a short fade; give the samples of the turn handed out.

        Sound that stops at once is heard as a click: FADE_MS of it are still played, falling to 0.
        """
        fade = self._take(min(self._fade_samples * BYTES_PER_SAMPLE, self._queued_bytes))
        self._tail = _faded(fade) if self._playing else b""
        self._frames.clear()
        self._head = self._queued_bytes = 0
        self._carry = b""
        self._playing = False
        self._finished = self._reported_drained = True
        self._missing_samples = 0
        return self.position_samples

    def pull(self, samples: int) -> Pulled:
        """Give exactly `samples` samples for the device, silence where there is nothing to play."""
        wanted_bytes = samples * BYTES_PER_SAMPLE
        if self._tail:
            tail, self._tail = self._tail[:wanted_bytes], self._tail[wanted_bytes:]
            return Pulled(tail.ljust(wanted_bytes, b"\0"), sounding=True)
        if not self._may_play():
            if self._playing and not self._finished:
                self._missing_samples += samples
            return Pulled(bytes(wanted_bytes), drained=self._drained_now())
        began = not self._playing and self.position_samples == 0
        gap = self._gap_over() if self._missing_samples else None
        self._playing = True
        sound = self._take(min(wanted_bytes, self._queued_bytes))
        self.position_samples += len(sound) // BYTES_PER_SAMPLE
        lacking_bytes = wanted_bytes - len(sound)
        if lacking_bytes and not self._finished:
            self._missing_samples += lacking_bytes // BYTES_PER_SAMPLE
        return Pulled(sound.ljust(wanted_bytes, b"\0"), sounding=True, began=began, gap=gap)

    def _begin(self, turn: int) -> None:
        self.clear()
        self.turn = turn
        self.position_samples = 0
        self._finished = self._reported_drained = False

    def _may_play(self) -> bool:
        if not self._queued_bytes:
            return False
        if self._finished:
            return True
        if self._missing_samples:
            return self._queued_bytes >= self._refill_bytes
        return self._playing or self._queued_bytes >= self._prefill_bytes

    def _gap_over(self) -> Gap:
        gap = Gap(self.position_samples, self._missing_samples)
        self._missing_samples = 0
        return gap

    def _drained_now(self) -> bool:
        if self._finished and not self._reported_drained and not self._queued_bytes:
            self._reported_drained = True
            self._playing = False
            return True
        return False

    def _take(self, size_bytes: int) -> bytes:
        pcm = bytearray()
        while len(pcm) < size_bytes:
            frame = self._frames[0]
            piece = frame[self._head : self._head + size_bytes - len(pcm)]
            pcm += piece
            self._head += len(piece)
            if self._head == len(frame):
                self._frames.popleft()
                self._head = 0
        self._queued_bytes -= len(pcm)
        return bytes(pcm)


def _faded(pcm: bytes) -> bytes:
    samples = array("h", pcm)
    count = len(samples)
    for index in range(count):
        samples[index] = samples[index] * (count - index) // (count + 1)
    return samples.tobytes()
