"""Cursor over the events of a schedule: emits those up to a position, and restarts going back."""

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

MOST_EMITTED_SINGLY = 500
"""A jump over more events than these emits a summary of them (`SeekSnapshot`)."""


class EventCursor:
    """Emit the entries of `schedule` in order. With `restarts` the listener has had entries of
    the session before, so the first that is emitted is a `TimelineRestarted`."""

    # A listener folds entries and cannot take one back. So a way back is a restart: it
    # learns how many entries follow at once, drops all it has, and may draw when it has those.

    def __init__(
        self, schedule: ReplaySchedule, emit: Callable[[Entry], None], *, restarts: bool
    ) -> None:
        self._schedule = schedule
        self._emit = emit
        self._emitted = 0
        self._went_back = restarts
        self._device: DeviceChanged | None = None

    @property
    def next_due_us(self) -> int:
        """The position of the next event, or the end of the schedule."""
        due_us = self._schedule.due_us
        return due_us[self._emitted] if self._emitted < len(due_us) else self._schedule.duration_us

    def seek(self, position_us: int) -> None:
        """Take note that the position was set: what was emitted may lie ahead of it now."""
        last_us = self._schedule.due_us[self._emitted - 1] if self._emitted else -1
        self._went_back |= position_us < last_us

    def emit_all(self) -> None:
        """Emit every event at once, with no regard to time."""
        for event in self._schedule.events:
            self._emit(event)

    def advance_to(self, position_us: int, *, jumped: bool) -> None:
        """Emit what is due up to a position, or a restart where the position went back.

        `jumped` says that it came there in one step: then not every event on the way is needed,
        and the playout position is emitted, too.
        """
        if self._went_back:
            self._went_back = False
            self._restart(position_us)
            return
        for event in self._take_due(position_us, jumped=jumped):
            self._emit(event)
        if jumped:
            self.emit_playout(position_us)

    def emit_playout(self, position_us: int, level: tuple[float, float] | None = None) -> None:
        """Emit where the sound is, if there is any, and its peak and RMS (0.0 to 1.0) before."""
        playout = self._playout(position_us)
        if playout is None:
            return
        if level is not None:
            peak, rms = level
            self._emit(LevelMeasured(at_us=playout.at_us, peak=peak, rms=rms))
        self._emit(playout)

    def emit_device(self, device: str, silent: bool, detail: str) -> None:
        """Emit the device on which this replay sounds, and again after each restart."""
        at_us = self._at_us
        self._device = DeviceChanged(at_us=at_us, device=device, silent=silent, detail=detail)
        self._emit(self._device)

    def _restart(self, position_us: int) -> None:
        self._emitted = 0
        entries = self._take_due(position_us, jumped=True)
        if self._device is not None:
            entries.append(self._device)
        if (playout := self._playout(position_us)) is not None:
            entries.append(playout)
        self._emit(TimelineRestarted(at_us=self._at_us, entries=len(entries)))
        for entry in entries:
            self._emit(entry)

    def _take_due(self, position_us: int, *, jumped: bool) -> list[Entry]:
        """Give what has become due, without the devices on which it sounded back then."""
        first = self._emitted
        self._emitted = max(first, bisect_right(self._schedule.due_us, position_us))
        due: Sequence[Entry] = self._schedule.events[first : self._emitted]
        if jumped and len(due) > MOST_EMITTED_SINGLY:
            due = self._schedule.snapshot(first, self._emitted)
        return [event for event in due if not isinstance(event, DeviceChanged)]

    def _playout(self, position_us: int) -> PlayoutAdvanced | None:
        """Give the playout position. The whole sound is stored: what is not heard yet, waits."""
        track = self._schedule.track_at(position_us)
        if track is None:
            return None
        sample = track.source_of(track.sample_at(position_us))
        waiting = track.source_of(track.samples) - sample
        return PlayoutAdvanced(
            at_us=self._at_us, turn=track.turn, position_samples=sample, queued_samples=waiting
        )

    @property
    def _at_us(self) -> int:
        return self._schedule.events[self._emitted - 1].at_us if self._emitted else 0
