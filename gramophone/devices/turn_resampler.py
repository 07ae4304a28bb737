"""Resampling of turns whose sound has another rate than the device.

Positions of such a turn are counted in its own samples everywhere but here and in the jitter
buffer: those count what the device is handed.
"""

from __future__ import annotations

from gramophone.audio.rate_converter import RateConverter

_SAMPLE_BYTES = 2
_MOST_TURNS = 4
"""Turns that are remembered: what the device reports of one may come after the next has begun."""


class TurnResampler:
    """Converts the sound of turns to `device_hz`, and counts of the device's samples back."""

    def __init__(self, device_hz: int) -> None:
        self._device_hz = device_hz
        self._turns: dict[int, _ResampledTurn] = {}

    def push(self, turn: int, pcm: bytes, sample_rate_hz: int, *, realign: bool) -> bytes:
        """Convert a frame of the turn; a rate of 0 is that of the device. An odd last byte waits
        for the next frame, unless that is the first of a new stream (`realign`)."""
        stream = self._turns.get(turn)
        if stream is None:
            if sample_rate_hz in (0, self._device_hz):
                return pcm
            stream = self._turns[turn] = _ResampledTurn(sample_rate_hz, self._device_hz)
            while len(self._turns) > _MOST_TURNS:
                del self._turns[next(iter(self._turns))]
        return stream.push(pcm, realign=realign)

    def finish(self, turn: int) -> bytes:
        """Give the rest of the turn's sound."""
        stream = self._turns.get(turn)
        return b"" if stream is None else stream.finish()

    def own_samples(self, turn: int, device_samples: int) -> int:
        """Count the samples of the turn that were handed over with so many of the device's."""
        stream = self._turns.get(turn)
        return device_samples if stream is None else stream.own_samples(device_samples)

    def own_length(self, turn: int, device_samples: int) -> int:
        """Count the samples at the turn's rate that last as long as so many of the device's."""
        stream = self._turns.get(turn)
        return device_samples if stream is None else stream.own_length(device_samples)


class _ResampledTurn:
    def __init__(self, own_hz: int, device_hz: int) -> None:
        self._own_hz = own_hz
        self._device_hz = device_hz
        self._converter = RateConverter(own_hz, device_hz)
        self._finished = False
        self._device_samples = 0

    def push(self, pcm: bytes, *, realign: bool) -> bytes:
        if self._finished:
            return b""
        if realign:
            self._converter.realign()
        return self._counted(self._converter.push(pcm))

    def finish(self) -> bytes:
        if self._finished:
            return b""
        self._finished = True
        return self._counted(self._converter.finish())

    def own_samples(self, device_samples: int) -> int:
        if self._finished and device_samples >= self._device_samples:
            # The two lengths differ by what the last sample is rounded to.
            return self._converter.samples
        return min(self.own_length(device_samples), self._converter.samples)

    def own_length(self, device_samples: int) -> int:
        return device_samples * self._own_hz // self._device_hz

    def _counted(self, pcm: bytes) -> bytes:
        self._device_samples += len(pcm) // _SAMPLE_BYTES
        return pcm
