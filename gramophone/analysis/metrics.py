"""Metrics of spoken turns, folded from the events.

TTFT is submit to first delta; TTFB first text sent to first audio byte; TTFA first text sent to
first audible sample; response latency submit to first audible sample. All in milliseconds.
Tokens per second are the provider's count for the answer (deltas, where it gives none) over the
time from the first delta to the end of the stream.
"""

from __future__ import annotations

from dataclasses import dataclass

from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AnswerRetracted,
    AudioReceived,
    DeltaReceived,
    DeltasPassed,
    Entry,
    FlushSent,
    ModelFinished,
    PlaybackStarted,
    RequestSent,
    TextSpoken,
    TurnStarted,
    Underran,
    UsageReported,
)


@frozen
class TurnMetrics:
    """Figures of one turn; `None` where an event that they need did not come."""

    ttft_ms: float | None = None
    ttfb_ms: float | None = None
    ttfa_ms: float | None = None
    response_ms: float | None = None
    underruns: int = 0
    flushes: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    tokens_per_s: float | None = None


@frozen
class TurnMoments:
    """First time of each step of a turn, in the session's time; `None` where it did not come."""

    submitted_us: int | None = None
    first_delta_us: int | None = None
    first_spoken_us: int | None = None
    first_byte_us: int | None = None
    first_sample_us: int | None = None


@dataclass(slots=True)
class _TurnProgress:
    """Moments and counts of a turn so far; `figures` caches what follows from them."""

    submitted_us: int | None = None
    first_delta_us: int | None = None
    first_spoken_us: int | None = None
    first_byte_us: int | None = None
    first_sample_us: int | None = None
    deltas: int = 0
    underruns: int = 0
    flushes: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    tokens_per_s: float | None = None
    figures: TurnMetrics | None = None

    def to_metrics(self) -> TurnMetrics:
        return TurnMetrics(
            ttft_ms=_ms(self.submitted_us, self.first_delta_us),
            ttfb_ms=_ms(self.first_spoken_us, self.first_byte_us),
            ttfa_ms=_ms(self.first_spoken_us, self.first_sample_us),
            response_ms=_ms(self.submitted_us, self.first_sample_us),
            underruns=self.underruns,
            flushes=self.flushes,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            tokens_per_s=self.tokens_per_s,
        )

    def tokens_per_s_at(self, ended_us: int) -> float | None:
        first_us = self.first_delta_us
        if first_us is None or ended_us <= first_us:
            return None
        tokens = self.output_tokens or self.deltas
        return round(tokens * 1_000_000 / (ended_us - first_us), 1)


class MetricsFold:
    """Fold of a session's entries, in order; it gives a turn's figures at any time."""

    def __init__(self) -> None:
        self._courses: dict[int, _TurnProgress] = {}
        self._last_user_us: int | None = None

    def moments(self, turn: int) -> TurnMoments:
        """Give the moments that `turn` has reached so far."""
        at = self._courses.get(turn) or _TurnProgress()
        return TurnMoments(
            submitted_us=at.submitted_us,
            first_delta_us=at.first_delta_us,
            first_spoken_us=at.first_spoken_us,
            first_byte_us=at.first_byte_us,
            first_sample_us=at.first_sample_us,
        )

    def turn(self, turn: int) -> TurnMetrics:
        """Give the figures of `turn` so far; the same object while they stay the same."""
        course = self._course(turn)
        if course.figures is None:
            course.figures = course.to_metrics()
        return course.figures

    def emit(self, entry: Entry) -> None:
        """Take one entry; those that do not count are ignored."""
        match entry:
            case DeltaReceived():
                self._deltas(entry, 1)
            case DeltasPassed():
                self._deltas(entry, entry.deltas)
            case AnswerRetracted():
                # That was a thought: the first delta of the answer is still to come.
                course = self._changed(entry.turn)
                course.first_delta_us, course.deltas = None, 0
            case AudioReceived():
                self._sound(entry)
            case TurnStarted(role="user"):
                self._last_user_us = entry.at_us
            case TurnStarted():
                course = self._changed(entry.turn)
                # The submit is the start of the user's turn; an answer without one of its own (a
                # text that is only spoken) counts from its own start.
                submitted = self._last_user_us if self._last_user_us is not None else entry.at_us
                course.submitted_us, self._last_user_us = submitted, None
            case RequestSent() if self._course(entry.turn).submitted_us is None:
                self._changed(entry.turn).submitted_us = entry.at_us
            case ModelFinished():
                course = self._changed(entry.turn)
                course.tokens_per_s = course.tokens_per_s_at(entry.at_us)
            case TextSpoken() if self._course(entry.turn).first_spoken_us is None:
                self._changed(entry.turn).first_spoken_us = entry.at_us
            case PlaybackStarted() if self._course(entry.turn).first_sample_us is None:
                self._changed(entry.turn).first_sample_us = entry.at_us
            case Underran():
                self._changed(entry.turn).underruns += 1
            case FlushSent():
                self._changed(entry.turn).flushes += 1
            case UsageReported():
                course = self._changed(entry.turn)
                course.input_tokens = entry.input_tokens
                course.output_tokens = entry.output_tokens
            case _:
                pass

    def _deltas(self, delta: DeltaReceived | DeltasPassed, count: int) -> None:
        course = self._course(delta.turn)
        course.deltas += count
        if course.first_delta_us is None:
            course.first_delta_us = delta.at_us
            course.figures = None

    def _sound(self, frame: AudioReceived) -> None:
        # Deltas and frames come by the thousand: they drop the figures only at the first.
        course = self._course(frame.turn)
        if course.first_byte_us is None and not frame.stale:
            course.first_byte_us = frame.at_us
            course.figures = None

    def _course(self, turn: int) -> _TurnProgress:
        course = self._courses.get(turn)
        if course is None:
            course = self._courses[turn] = _TurnProgress()
        return course

    def _changed(self, turn: int) -> _TurnProgress:
        course = self._course(turn)
        course.figures = None
        return course


def _ms(from_us: int | None, to_us: int | None) -> float | None:
    return None if from_us is None or to_us is None else round((to_us - from_us) / 1000, 3)
