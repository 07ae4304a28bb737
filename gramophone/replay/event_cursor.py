"""What a replay tells: the events up to a position, and anew after a way back."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

from gramophone.core.timeline import (
    DeviceChanged,
    Entry,
    LevelMeasured,
    PlayoutAdvanced,
    TimelineRestarted,
)
from gramophone.replay.schedule import ReplaySchedule

MANY = 500
"""Fewer events than these are told all, even when it goes over them in one step."""


class EventCursor:
    """Knows how far a score has been told. With `anew` whoever listens has heard of the session
    before, and forgets that first."""

    def __init__(self, score: ReplaySchedule, emit: Callable[[Entry], None], *, anew: bool) -> None:
        self._score = score
        self._emit = emit
        self._told = 0
        self._back = anew
        self._device: DeviceChanged | None = None

    @property
    def next_due_us(self) -> int:
        """Where the next event is due, or the end."""
        dues_us = self._score.dues_us
        return dues_us[self._told] if self._told < len(dues_us) else self._score.duration_us

    def go_to(self, position_us: int) -> None:
        """The position is set, not reached: what was told may lie ahead of it now."""
        told_us = self._score.dues_us[self._told - 1] if self._told else -1
        self._back |= position_us < told_us

    def tell_everything(self) -> None:
        """All events at once, without an eye on the time."""
        for event in self._score.events:
            self._emit(event)

    def tell_up_to(self, position_us: int, *, at_once: bool) -> None:
        """All events up to there; anew when it went back. `at_once` when it came there in one
        step, where not everything on the way is needed and the sound is in another place."""
        if self._back:
            self._back = False
            self._tell_anew(position_us)
            return
        for event in self._take_due(position_us, at_once=at_once):
            self._emit(event)
        if at_once:
            self.tell_glance(position_us)

    def tell_glance(self, position_us: int, level: tuple[float, float] | None = None) -> None:
        """Where the sound is, if there is any, and its peak and RMS while it plays."""
        place = self._place(position_us)
        if place is None:
            return
        if level is not None:
            peak, rms = level
            self._emit(LevelMeasured(at_us=place.at_us, peak=peak, rms=rms))
        self._emit(place)

    def tell_device(self, device: str, silent: bool, detail: str) -> None:
        """Where this replay sounds, which is a fact of now."""
        at_us = self._at_us
        self._device = DeviceChanged(at_us=at_us, device=device, silent=silent, detail=detail)
        self._emit(self._device)

    def _tell_anew(self, position_us: int) -> None:
        self._told = 0
        holding = self._take_due(position_us, at_once=True)
        if self._device is not None:
            holding.append(self._device)
        if (place := self._place(position_us)) is not None:
            holding.append(place)
        self._emit(TimelineRestarted(at_us=self._at_us, entries=len(holding)))
        for entry in holding:
            self._emit(entry)

    def _take_due(self, position_us: int, *, at_once: bool) -> list[Entry]:
        """Those that have become due. Where it sounded then is a fact of then."""
        first, self._told = (
            self._told,
            max(self._told, bisect_right(self._score.dues_us, position_us)),
        )
        due: Sequence[Entry] = self._score.events[first : self._told]
        if at_once and len(due) > MANY:
            due = self._score.holding(first, self._told)
        return [event for event in due if not isinstance(event, DeviceChanged)]

    def _place(self, position_us: int) -> PlayoutAdvanced | None:
        """Where the sound is. All of it is at hand: what has not been heard waits."""
        track = self._score.track_at(position_us)
        if track is None:
            return None
        own = track.own_of(track.laid_at(position_us))
        rest = track.own_of(track.samples) - own
        return PlayoutAdvanced(
            at_us=self._at_us, turn=track.turn, position_samples=own, queued_samples=rest
        )

    @property
    def _at_us(self) -> int:
        return self._score.events[self._told - 1].at_us if self._told else 0
