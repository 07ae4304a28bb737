"""Recorded sound on its way to the speaker, a little ahead of what is heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias

from gramophone.ports.speaker import Speaker
from gramophone.replay.silence_scanner import SilenceScanner
from gramophone.replay.track import Track

AHEAD_MS = 250
"""Sound that the speaker holds at most, so that a seek, a pause or a speed is heard at once."""
PIECE_MS = 50
LEFT_OF_SILENCE_MS = 150
"""Left at either end of a silence that is skipped, so that it sounds like a breath, not a cut."""


class TimeStretcher(Protocol):
    """Makes sound shorter or longer, piece by piece (signed 16-bit PCM, mono).

    Sample k of its output stands for sample k × speed of its input.
    """

    def push(self, pcm: bytes) -> bytes: ...
    def finish(self) -> bytes: ...


StretcherMaker: TypeAlias = Callable[[float, int], TimeStretcher]
"""Makes a stretcher for a speed (2.0 is twice as fast) and a sample rate in Hz."""


class TrackPlayer:
    """Plays `track` from the timeline sample `start` on.

    To the speaker each player is a turn of its own, `speaker_turn`, so that its playout position
    counts from 0 and cannot be confused with that of a player before a seek.
    """

    # The speaker counts what it has handed to the device: n samples at this speed stand for the
    # timeline sample start + n × speed. That is exact over any length, since the stretcher keeps
    # that promise; so the position of a replay does not drift at any speed. Only the end is not a
    # multiple: the stretcher rounds, so when all has been handed over the position is `_end`.

    def __init__(
        self,
        track: Track,
        start: int,
        *,
        speaker: Speaker,
        speaker_turn: int,
        speed: float,
        stretcher: TimeStretcher,
        skip_silence: bool,
    ) -> None:
        self._track = track
        self._start = start
        self._speaker = speaker
        self._speaker_turn = speaker_turn
        self._speed = speed
        self._stretcher = stretcher
        self._scanner = SilenceScanner(track, start) if skip_silence else None
        self._next = start
        self._end = self._resume = track.samples
        self._fed = 0
        self._finished = False

    def feed(self) -> None:
        """Keep the speaker supplied."""
        ahead = self._track.rate_hz * AHEAD_MS // 1000
        piece = max(1, int(self._track.rate_hz * PIECE_MS / 1000 * self._speed))
        played = self._handed_over()
        while not self._finished and self._fed - played < ahead:
            self._look_for_silence(self._next + piece)
            pcm = self._track.read(self._next, min(piece, self._end - self._next))
            self._next = min(self._next + piece, self._end)
            self._play(self._stretcher.push(pcm))
            if self._next >= self._end:
                self._play(self._stretcher.finish())
                self._finished = True
                self._speaker.finish(self._speaker_turn)

    @property
    def position_us(self) -> int:
        """The position of the sample that is being handed to the device."""
        return self._track.us_of(self._timeline_sample(self._handed_over()))

    @property
    def over(self) -> bool:
        """Whether all of it has been handed to the device."""
        return self._finished and self._handed_over() >= self._fed

    @property
    def end_us(self) -> int:
        """The position at which it ends: where a silence is skipped, or the track's end."""
        return self._track.us_of(self._end)

    @property
    def resume_us(self) -> int:
        """The position to go on at when this is over: behind the silence, or the end."""
        return self._track.us_of(self._resume)

    def stop_us(self) -> int:
        """Stop the sound; give the position of the sample that was heard last."""
        return self._track.us_of(self._timeline_sample(self._speaker.stop()))

    def _timeline_sample(self, handed_over: int) -> int:
        if self._finished and handed_over >= self._fed:
            return self._end
        return min(self._start + int(handed_over * self._speed), self._end)

    def _handed_over(self) -> int:
        state = self._speaker.playout()
        return state.position_samples if state.turn == self._speaker_turn else 0

    def _play(self, pcm: bytes) -> None:
        if pcm:
            self._fed += len(pcm) // 2
            self._speaker.play(self._speaker_turn, pcm, sample_rate_hz=self._track.rate_hz)

    def _look_for_silence(self, until: int) -> None:
        if self._scanner is None or self._end < self._track.samples:
            return
        silence = self._scanner.first_before(until)
        if silence is not None:
            start, end = silence
            lead_samples = self._track.rate_hz * LEFT_OF_SILENCE_MS // 1000
            self._end = max(self._next, start + lead_samples)
            # At the end of the sound there is nothing to lead into.
            last = end >= self._track.samples
            self._resume = max(self._end, end if last else end - lead_samples)
