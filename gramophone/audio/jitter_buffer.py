"""The jitter buffer between the service's bursts and the device's steady pull; pure.

It holds one turn's PCM at a time: signed 16-bit mono. It starts handing sound out when a little
is in hand (the prefill) or when no more will come, fills gaps with silence, and counts a gap as
an underrun only when sound follows it: the wait for a late end mark is not one.
"""

from __future__ import annotations

from array import array
from collections import deque

from gramophone.core.frozen import frozen

BYTES_PER_SAMPLE = 2
PREFILL_MS = 40
REFILL_MS = 120
FADE_MS = 4


@frozen
class Gap:
    """Silence that was played where sound was due."""

    position_samples: int
    missing_samples: int


@frozen
class Pulled:
    """What one pull gave: `pcm` of exactly the length asked for, and what happened at it.

    `began` holds at the turn's first sample, `gap` at the first sound after an underrun,
    `drained` once, at the pull after the turn's last sample.
    """

    pcm: bytes
    sounding: bool = False
    began: bool = False
    gap: Gap | None = None
    drained: bool = False


class JitterBuffer:
    """Not thread-safe: its owner holds a lock around each call."""

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
        self._told_drained = True
        self._missing_samples = 0

    @property
    def queued_samples(self) -> int:
        """Samples that wait to be handed out."""
        return self._queued_bytes // BYTES_PER_SAMPLE

    @property
    def idle(self) -> bool:
        """Whether pulling would give silence and tell nothing, until something is pushed."""
        waiting = self._queued_bytes or self._tail
        return not waiting and self._finished and self._told_drained

    @property
    def begun(self) -> bool:
        """Whether the turn has begun to sound and is not over."""
        return self._playing

    def push(self, turn: int, pcm: bytes) -> None:
        """Queue a frame; another turn than the one before begins anew. An odd byte is carried."""
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
        """No more comes for `turn`; what is queued plays out, then `drained` is told."""
        if turn != self.turn:
            self._begin(turn)
        self._finished = True
        self._carry = b""

    def clear(self) -> int:
        """Drop what waits, but for a short fade; returns the samples of the turn handed out."""
        fade = self._take(min(self._fade_samples * BYTES_PER_SAMPLE, self._queued_bytes))
        self._tail = _faded(fade) if self._playing else b""
        self._frames.clear()
        self._head = self._queued_bytes = 0
        self._carry = b""
        self._playing = False
        self._finished = self._told_drained = True
        self._missing_samples = 0
        return self.position_samples

    def pull(self, samples: int) -> Pulled:
        """Exactly `samples` samples for the device, silence where there is nothing to play."""
        wanted = samples * BYTES_PER_SAMPLE
        if self._tail:
            tail, self._tail = self._tail[:wanted], self._tail[wanted:]
            return Pulled(tail.ljust(wanted, b"\0"), sounding=True)
        if not self._may_play():
            if self._playing and not self._finished:
                self._missing_samples += samples
            return Pulled(bytes(wanted), drained=self._drained_now())
        began = not self._playing and self.position_samples == 0
        gap = self._gap_over() if self._missing_samples else None
        self._playing = True
        sound = self._take(min(wanted, self._queued_bytes))
        self.position_samples += len(sound) // BYTES_PER_SAMPLE
        lacking = wanted - len(sound)
        if lacking and not self._finished:
            self._missing_samples += lacking // BYTES_PER_SAMPLE
        return Pulled(sound.ljust(wanted, b"\0"), sounding=True, began=began, gap=gap)

    def _begin(self, turn: int) -> None:
        self.clear()
        self.turn = turn
        self.position_samples = 0
        self._finished = self._told_drained = False

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
        if self._finished and not self._told_drained and not self._queued_bytes:
            self._told_drained = True
            self._playing = False
            return True
        return False

    def _take(self, size_bytes: int) -> bytes:
        taken = bytearray()
        while len(taken) < size_bytes:
            frame = self._frames[0]
            piece = frame[self._head : self._head + size_bytes - len(taken)]
            taken += piece
            self._head += len(piece)
            if self._head == len(frame):
                self._frames.popleft()
                self._head = 0
        self._queued_bytes -= len(taken)
        return bytes(taken)


def _faded(pcm: bytes) -> bytes:
    samples = array("h", pcm)
    count = len(samples)
    for index in range(count):
        samples[index] = samples[index] * (count - index) // (count + 1)
    return samples.tobytes()
