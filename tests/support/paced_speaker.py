"""A speaker that plays by a manual clock, as a card of its own pace does."""

from __future__ import annotations

from array import array

from gramophone.audio.jitter_buffer import JitterBuffer
from gramophone.audio.level import level
from gramophone.core.clock import ManualClock
from gramophone.devices.turn_resampler import TurnResampler
from gramophone.ports.speaker import PlayoutState, SpeakerListener

BLOCK_MS = 20


class PacedSpeaker:
    """Pulls a block every 20 ms of its own time, which runs `off_ppm` beside the clock's."""

    device = "paced"
    silent = True

    def __init__(self, clock: ManualClock, rate_hz: int, *, off_ppm: int = 0) -> None:
        self._clock = clock
        self._rate_hz = rate_hz
        self._block = max(1, rate_hz * BLOCK_MS // 1000)
        self._off_ppm = off_ppm
        self._buffer = JitterBuffer(rate_hz)
        self._resampler = TurnResampler(rate_hz)
        self._listener: SpeakerListener | None = None
        self._began_us = 0
        self._pulled = 0
        self._recent = b""
        self.heard = array("h")
        self.log: list[str] = []

    def open(self, listener: SpeakerListener) -> None:
        self._listener = listener
        self._began_us = self._clock.now_us()
        self.log.append("open")

    def play(
        self, turn: int, pcm: bytes, *, realign: bool = False, sample_rate_hz: int = 0
    ) -> None:
        self._catch_up()
        pcm = self._resampler.push(turn, pcm, sample_rate_hz, realign=realign)
        self._buffer.push(turn, pcm)

    def finish(self, turn: int) -> None:
        self._catch_up()
        self._buffer.push(turn, self._resampler.finish(turn))
        self._buffer.finish(turn)

    def set_audible(self, audible: bool) -> None: ...

    def stop(self) -> int:
        self._catch_up()
        self.log.append("stop")
        return self._resampler.own_samples(self._buffer.turn, self._buffer.clear())

    def playout(self) -> PlayoutState:
        self._catch_up()
        buffer = self._buffer
        position = self._resampler.own_samples(buffer.turn, buffer.position_samples)
        return PlayoutState(buffer.turn, position, buffer.queued_samples)

    def level(self) -> tuple[float, float]:
        return level(self._recent)

    async def aclose(self) -> None:
        self.log.append("close")

    def now(self) -> int:
        """The sample that came out last."""
        self._catch_up()
        return self.heard[-1] if self.heard else 0

    def sounded(self) -> array[int]:
        """What came out, without the silence before, between and after."""
        return array("h", [sample for sample in self.heard if sample])

    def _catch_up(self) -> None:
        lived_us = self._clock.now_us() - self._began_us
        lived_us += lived_us * self._off_ppm // 1_000_000
        due = lived_us * self._rate_hz // 1_000_000 // self._block
        while self._pulled < due:
            self._pulled += 1
            pulled = self._buffer.pull(self._block)
            self.heard.frombytes(pulled.pcm)
            self._recent = pulled.pcm
            if pulled.drained and self._listener is not None:
                self._listener.drained(self._buffer.turn, self._buffer.position_samples)
