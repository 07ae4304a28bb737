"""What a spoken turn took, folded from its events. A watcher beside the talk, never in it.

TTFT is submit to first delta; TTFB first text sent to first audio byte; TTFA first text sent to
first audible sample; response latency submit to first audible sample. All in milliseconds.
Tokens a second are the provider's count of the answer (deltas, where it gives none) over the
time from the first delta to the end of the stream.
"""

from __future__ import annotations

from dataclasses import replace

from gramophone.timeline import (
    AudioReceived,
    DeltaReceived,
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
from gramophone.values import value


@value
class TurnMetrics:
    """The figures of one turn; `None` where the thing did not happen."""

    ttft_ms: float | None = None
    ttfb_ms: float | None = None
    ttfa_ms: float | None = None
    response_ms: float | None = None
    underruns: int = 0
    flushes: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    tokens_per_s: float | None = None


@value
class TurnMoments:
    """When a turn first reached each step, in the session's time; `None` where it did not."""

    submitted_us: int | None = None
    first_delta_us: int | None = None
    first_spoken_us: int | None = None
    first_byte_us: int | None = None
    first_sample_us: int | None = None


class MetricsFold:
    """Feed it a session's entries in order; ask it for a turn's figures at any time."""

    def __init__(self) -> None:
        self._moments: dict[int, TurnMoments] = {}
        self._counts: dict[int, TurnMetrics] = {}
        self._figures: dict[int, TurnMetrics] = {}
        self._deltas: dict[int, int] = {}
        self._last_user_us: int | None = None

    def moments(self, turn: int) -> TurnMoments:
        """When `turn` reached what it has reached so far."""
        return self._moments.get(turn, TurnMoments())

    def turn(self, turn: int) -> TurnMetrics:
        """The figures of `turn` so far; the same object while they stay the same."""
        figures = self._figures.get(turn)
        if figures is None:
            figures = self._figures[turn] = self._figured(turn)
        return figures

    def _figured(self, turn: int) -> TurnMetrics:
        at = self.moments(turn)
        return replace(
            self._counted(turn),
            ttft_ms=_ms(at.submitted_us, at.first_delta_us),
            ttfb_ms=_ms(at.first_spoken_us, at.first_byte_us),
            ttfa_ms=_ms(at.first_spoken_us, at.first_sample_us),
            response_ms=_ms(at.submitted_us, at.first_sample_us),
        )

    def emit(self, entry: Entry) -> None:
        """Take one entry in; those that do not count are ignored."""
        match entry:
            case TurnStarted(role="user"):
                self._last_user_us = entry.at_us
            case TurnStarted():
                submitted = self._last_user_us if self._last_user_us is not None else entry.at_us
                self._reach(entry.turn, submitted_us=submitted)
                self._last_user_us = None
            case RequestSent() if self.moments(entry.turn).submitted_us is None:
                self._reach(entry.turn, submitted_us=entry.at_us)
            case DeltaReceived():
                self._delta(entry)
            case ModelFinished():
                self._count(entry.turn, tokens_per_s=self._pace(entry.turn, entry.at_us))
            case TextSpoken() if self.moments(entry.turn).first_spoken_us is None:
                self._reach(entry.turn, first_spoken_us=entry.at_us)
            case AudioReceived(stale=False) if self.moments(entry.turn).first_byte_us is None:
                self._reach(entry.turn, first_byte_us=entry.at_us)
            case PlaybackStarted() if self.moments(entry.turn).first_sample_us is None:
                self._reach(entry.turn, first_sample_us=entry.at_us)
            case Underran():
                self._count(entry.turn, underruns=self._counted(entry.turn).underruns + 1)
            case FlushSent():
                self._count(entry.turn, flushes=self._counted(entry.turn).flushes + 1)
            case UsageReported():
                self._count(
                    entry.turn,
                    input_tokens=entry.input_tokens,
                    output_tokens=entry.output_tokens,
                )
            case _:
                pass

    def _delta(self, delta: DeltaReceived) -> None:
        self._deltas[delta.turn] = self._deltas.get(delta.turn, 0) + 1
        if self.moments(delta.turn).first_delta_us is None:
            self._reach(delta.turn, first_delta_us=delta.at_us)

    def _pace(self, turn: int, ended_us: int) -> float | None:
        first_us = self.moments(turn).first_delta_us
        if first_us is None or ended_us <= first_us:
            return None
        tokens = self._counted(turn).output_tokens or self._deltas.get(turn, 0)
        return round(tokens * 1_000_000 / (ended_us - first_us), 1)

    def _counted(self, turn: int) -> TurnMetrics:
        return self._counts.get(turn, TurnMetrics())

    def _reach(self, turn: int, **moments: int) -> None:
        self._figures.pop(turn, None)
        self._moments[turn] = replace(self.moments(turn), **moments)

    def _count(self, turn: int, **counts: float | None) -> None:
        self._figures.pop(turn, None)
        self._counts[turn] = replace(self._counted(turn), **counts)  # pyright: ignore[reportArgumentType]


def _ms(from_us: int | None, to_us: int | None) -> float | None:
    return None if from_us is None or to_us is None else round((to_us - from_us) / 1000, 3)
