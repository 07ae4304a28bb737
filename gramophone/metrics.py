"""What a spoken turn took, folded from its events. A watcher beside the talk, never in it.

TTFT is submit to first delta; TTFB first text sent to first audio byte; TTFA first text sent to
first audible sample; response latency submit to first audible sample. All in milliseconds.
Tokens a second are the provider's count of the answer (deltas, where it gives none) over the
time from the first delta to the end of the stream.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
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


class MetricsFold:
    """Feed it a session's entries in order; ask it for a turn's figures at any time."""

    def __init__(self) -> None:
        self._metrics: dict[int, TurnMetrics] = {}
        self._submitted_us: dict[int, int] = {}
        self._spoken_us: dict[int, int] = {}
        self._deltas: dict[int, tuple[int, int]] = {}
        self._last_user_us: int | None = None

    def turn(self, turn: int) -> TurnMetrics:
        """The figures of `turn` so far."""
        return self._metrics.get(turn, TurnMetrics())

    def emit(self, entry: Entry) -> None:
        """Take one entry in; those that do not count are ignored."""
        match entry:
            case TurnStarted(role="user"):
                self._last_user_us = entry.at_us
            case TurnStarted():
                submitted = self._last_user_us if self._last_user_us is not None else entry.at_us
                self._submitted_us[entry.turn] = submitted
                self._last_user_us = None
            case RequestSent():
                self._submitted_us.setdefault(entry.turn, entry.at_us)
            case DeltaReceived():
                self._delta(entry)
            case ModelFinished():
                self._set(entry.turn, tokens_per_s=self._pace(entry.turn, entry.at_us))
            case TextSpoken():
                self._spoken_us.setdefault(entry.turn, entry.at_us)
            case AudioReceived(stale=False) if self.turn(entry.turn).ttfb_ms is None:
                self._set(entry.turn, ttfb_ms=self._since_spoken(entry.turn, entry.at_us))
            case PlaybackStarted() if self.turn(entry.turn).ttfa_ms is None:
                self._set(
                    entry.turn,
                    ttfa_ms=self._since_spoken(entry.turn, entry.at_us),
                    response_ms=self._since_submit(entry.turn, entry.at_us),
                )
            case Underran():
                self._set(entry.turn, underruns=self.turn(entry.turn).underruns + 1)
            case FlushSent():
                self._set(entry.turn, flushes=self.turn(entry.turn).flushes + 1)
            case UsageReported():
                self._set(
                    entry.turn,
                    input_tokens=entry.input_tokens,
                    output_tokens=entry.output_tokens,
                )
            case _:
                pass

    def _delta(self, delta: DeltaReceived) -> None:
        first_us, count = self._deltas.get(delta.turn, (delta.at_us, 0))
        self._deltas[delta.turn] = first_us, count + 1
        if self.turn(delta.turn).ttft_ms is None:
            self._set(delta.turn, ttft_ms=self._since_submit(delta.turn, delta.at_us))

    def _pace(self, turn: int, ended_us: int) -> float | None:
        first_us, count = self._deltas.get(turn, (ended_us, 0))
        tokens = self.turn(turn).output_tokens or count
        return round(tokens * 1_000_000 / (ended_us - first_us), 1) if ended_us > first_us else None

    def _set(self, turn: int, **figures: float | None) -> None:
        self._metrics[turn] = replace(self.turn(turn), **figures)  # pyright: ignore[reportArgumentType]

    def _since_submit(self, turn: int, at_us: int) -> float | None:
        return _ms(self._submitted_us.get(turn), at_us)

    def _since_spoken(self, turn: int, at_us: int) -> float | None:
        return _ms(self._spoken_us.get(turn), at_us)


def _ms(from_us: int | None, to_us: int) -> float | None:
    return None if from_us is None else round((to_us - from_us) / 1000, 3)
