"""Position of a replay: where it is, how it moves by the clock, and how far it may.

While sound plays the speaker moves the position (`track_player`); where nothing sounds the clock
does.
"""

from __future__ import annotations

import math

from gramophone.core.clock import Clock
from gramophone.ports.backend import TurnMark
from gramophone.replay.schedule import ReplaySchedule
from gramophone.replay.track import Track

IDLE_US = 600_000
LEFT_OF_IDLE_US = 250_000
"""Where nothing sounds for longer than `IDLE_US`, this much of it is left when it is skipped."""

SHORTEST_LOOP_US = 200_000


class Playhead:
    """The position on a schedule, in microseconds, from 0 to its duration.

    With `audible` False no track counts as sound, so that the clock moves the position throughout.
    """

    # By the clock: position = anchor position + (now - anchor time) × speed. Whatever changes the
    # speed or sets the position must `anchor` again, so that time that has passed keeps its
    # speed. The clock may move the position up to `limit_us` only: what begins or ends there (a
    # sound, the loop, the session) has to be looked at before time goes on.

    def __init__(
        self,
        schedule: ReplaySchedule,
        clock: Clock,
        *,
        position_us: int = 0,
        speed: float = 1.0,
        audible: bool = True,
    ) -> None:
        self.speed = speed
        self.loop_turn: int | None = None
        self._schedule = schedule
        self._clock = clock
        self._audible = audible
        self.position_us = self._within(position_us)
        self.anchor()

    def set(self, position_us: int) -> None:
        """Set the position, limited to the schedule, and count on from there."""
        self.position_us = self._within(position_us)
        self.anchor()

    def anchor(self) -> None:
        """Count time from now and from this position on."""
        self._anchor_us = self._clock.now_us()
        self._anchor_position_us = self.position_us

    def advance(self) -> None:
        """Move by the clock, never back and at most to `limit_us`."""
        passed_us = self._clock.now_us() - self._anchor_us
        reached_us = self._anchor_position_us + int(passed_us * self.speed)
        self.position_us = max(self.position_us, min(reached_us, self.limit_us()))

    def advance_over_idle(self, next_due_us: int, *, skip: bool) -> None:
        """Move by the clock, and over most of a long idle time if `skip` is set.

        `next_due_us` is the position of the next event.
        """
        limit_us = self.limit_us()
        self.advance()
        if skip and self._schedule.track_at(self.position_us) is None:
            ahead_us = min(next_due_us, limit_us)
            if ahead_us - self.position_us > IDLE_US:
                self.set(ahead_us - LEFT_OF_IDLE_US)
        if self.position_us >= limit_us:
            self.anchor()

    def instant_of(self, position_us: int) -> int:
        """Give the time of the clock at which the position is reached, or that of its limit."""
        ahead_us = min(position_us, self.limit_us()) - self._anchor_position_us
        return self._anchor_us + math.ceil(ahead_us / self.speed)

    def limit_us(self) -> int:
        """Give how far the clock may move the position."""
        limit_us = self._schedule.duration_us
        track = self._schedule.next_track(self.position_us)
        while track is not None and not self._sounds(track):
            track = self._schedule.next_track(track.start_us)
        if track is not None:
            limit_us = min(limit_us, track.start_us)
        mark = self.loop_mark
        if mark is not None and self.position_us < mark.end_us:
            limit_us = min(limit_us, mark.end_us)
        return limit_us

    @property
    def at_end(self) -> bool:
        """Whether the position is the end of the schedule."""
        return self.position_us >= self._schedule.duration_us

    def track(self) -> Track | None:
        """Give the track that sounds at the position."""
        track = self._schedule.track_at(self.position_us)
        return track if track is not None and self._sounds(track) else None

    # The loop

    @property
    def loop_mark(self) -> TurnMark | None:
        """The turn that is played again and again."""
        return self._schedule.mark_of(self.loop_turn) if self.loop_turn is not None else None

    def finished_loop(self) -> TurnMark | None:
        """Give the turn that is to be played again, once its end is reached."""
        mark = self.loop_mark
        return mark if mark is not None and self.position_us >= mark.end_us else None

    def in_loop(self, position_us: int) -> bool:
        """Say whether a position is in the turn of the loop; True without a loop."""
        mark = self.loop_mark
        return mark is None or mark.start_us <= position_us <= mark.end_us

    def set_loop(self, turn: int | None) -> None:
        """Repeat this turn; one that is shorter than `SHORTEST_LOOP_US` cannot be."""
        mark = self._schedule.mark_of(turn) if turn is not None else None
        long_enough = mark is not None and mark.end_us - mark.start_us >= SHORTEST_LOOP_US
        self.loop_turn = turn if long_enough else None

    def _sounds(self, track: Track) -> bool:
        return self._audible and track.audible and track.samples > 0

    def _within(self, position_us: int) -> int:
        return min(max(0, position_us), self._schedule.duration_us)
