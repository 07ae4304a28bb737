"""Sound of one turn as it was received: how much of it, and at which rate."""

from __future__ import annotations

from dataclasses import dataclass

from gramophone.core.timeline import AudioReceived


@dataclass(slots=True)
class ReceivedSound:
    """Count of a turn's sound; it has the rate of its first frame."""

    turn: int
    session_rate_hz: int
    bytes_per_sample: int
    size_bytes: int = 0
    own_rate_hz: int = 0
    connection: int = -1

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the first frame; the session's until there is one."""
        return self.own_rate_hz or self.session_rate_hz

    @property
    def samples(self) -> int:
        """Whole samples received."""
        return self.size_bytes // self.bytes_per_sample

    def length_us(self, samples: int) -> int:
        """Duration of so many samples."""
        return samples * 1_000_000 // self.sample_rate_hz

    def fits(self, sample_rate_hz: int) -> bool:
        """Whether sound of this rate, 0 for the session's, can follow what was received."""
        rate_hz = sample_rate_hz or self.session_rate_hz
        return not self.size_bytes or rate_hz == self.sample_rate_hz

    def begin_frame(self, connection: int, sample_rate_hz: int) -> bool:
        """Prepare for a frame of a connection; whether it begins a new stream of bytes.

        A frame may end within a sample, and the next one goes on there. A new connection begins
        with a whole sample, so the half that the old one left is filled up.
        """
        if not self.size_bytes and sample_rate_hz != self.session_rate_hz:
            self.own_rate_hz = sample_rate_hz
        if self.connection == connection:
            return False
        self.size_bytes += -self.size_bytes % self.bytes_per_sample
        self.connection = connection
        return True

    def add(self, pcm: bytes, now_us: int, *, stale: bool) -> AudioReceived:
        """Count the frame; give the event of it."""
        offset_bytes, self.size_bytes = self.size_bytes, self.size_bytes + len(pcm)
        return AudioReceived(
            at_us=now_us,
            turn=self.turn,
            connection=self.connection,
            offset_bytes=offset_bytes,
            size_bytes=len(pcm),
            stale=stale,
            sample_rate_hz=self.own_rate_hz,
            pcm=pcm,
        )
