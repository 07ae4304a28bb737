"""Schedule of a replay: the position of every event and of every sample of sound.

A position is a time in microseconds from the beginning of the schedule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace

from gramophone.alignment.word_timing import WordTiming
from gramophone.core.timeline import (
    AudioReceived,
    Entry,
    Event,
    Failed,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    SessionResumed,
    SessionStarted,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    Underran,
)
from gramophone.ports.backend import TurnMark
from gramophone.replay.seek_snapshot import SeekSnapshot
from gramophone.replay.track import AudioSource, Track

SAME_PACE_US = 500_000
"""Largest difference between the time that playing took and the length of the sound: a device's
latency and drift. A muted recording, or a device that stood still, differs by more."""

SOUND_MISSING = "The sound of this answer is missing; its text is shown in time."
SOUNDS_MISSING = "The sound of {count:,} answers is missing; their text is shown in time."
"""Reported once, with the first of them."""

# Two clocks ran in a live conversation, the machine's and the sound card's, and now and then the
# sound had to wait. The schedule puts both on one line, and the sound comes first:
#
# - A track begins at its `PlaybackStarted`; an `Underran` is a hole of the length that was heard;
#   `PlaybackFinished` lies where the last sample ends. So the sample that is heard is a function
#   of the position, and nothing can drift.
# - Events that came while a track played keep their place between the same samples: between two
#   anchors (a recorded instant and its position) time is stretched to fit.
# - Holes stay: the text went on while they lasted, and closing them would move it.


class ReplaySchedule:
    """Events and sound of a session on one timeline. `due_us[i]` is the position of `events[i]`.

    Frames that do not carry their samples are read from `sound` when they are heard.
    """

    def __init__(self, events: Iterable[Event], sound: AudioSource | None = None) -> None:
        self.sound = sound
        self.rate_hz = 0
        self.events: list[Event] = []
        self.due_us: list[int] = []
        self.tracks: list[Track] = []
        _ScheduleBuilder(self, list(events)).build()
        ends_us = [track.end_us for track in self.tracks]
        self.duration_us = max([*self.due_us[-1:], *ends_us], default=0)
        self.marks = tuple(_marks(self))
        self.passages = tuple(p for track in self.tracks for p in track.passages())
        self._starts_us = [track.start_us for track in self.tracks]
        self._word_timing = WordTiming()
        for event in self.events:
            self._word_timing.emit(event)
        self._snapshot = SeekSnapshot(self.events, self._outlasted())

    def snapshot(self, first: int, end: int) -> list[Entry]:
        """Give what a listener needs of `events[first:end]` that jumps over them."""
        return self._snapshot.between(first, end)

    def _outlasted(self) -> set[int]:
        """Give the turns of which sound is heard after their last event."""
        last_us = {
            turn: due_us
            for event, due_us in zip(self.events, self.due_us, strict=True)
            if (turn := getattr(event, "turn", None)) is not None
        }
        return {track.turn for track in self.tracks if track.end_us > last_us[track.turn]}

    def track_at(self, position_us: int) -> Track | None:
        """Give the track under a position."""
        index = bisect_right(self._starts_us, position_us) - 1
        if index < 0 or position_us >= self.tracks[index].end_us:
            return None
        return self.tracks[index]

    def next_track(self, position_us: int) -> Track | None:
        """Give the first track that begins after a position."""
        index = bisect_right(self._starts_us, position_us)
        return self.tracks[index] if index < len(self.tracks) else None

    def position_of(self, turn: int, source_sample: int) -> int | None:
        """Give the position of a sample of a turn; None where the turn has no sound."""
        for track in self.tracks:
            if track.turn == turn and track.samples:
                sample = min(track.timeline_of(source_sample), track.samples - 1)
                return track.us_of(sample)
        return None

    def position_of_word(self, turn: int, character: int) -> int | None:
        """Give the position at which the character at this offset of a turn's text is heard, or
        the next one that is; the turn's beginning where nothing from there on was spoken."""
        sample = self._word_timing.position_of(turn, character)
        position_us = None if sample is None else self.position_of(turn, sample)
        if position_us is None and (mark := self.mark_of(turn)) is not None:
            position_us = mark.start_us
        return position_us

    def mark_of(self, turn: int) -> TurnMark | None:
        """Give the beginning and end of a turn."""
        return next((mark for mark in self.marks if mark.turn == turn), None)


class _ScheduleBuilder:
    """Fills a schedule in one walk over the events.

    The last anchor is the instant `_at_us` of the recording and its position. Events since then
    have a preliminary position, as if time went as recorded (`_natural_us`); those in `_pending`
    came while a track played, and move when the next anchor is known.
    """

    def __init__(self, schedule: ReplaySchedule, events: list[Event]) -> None:
        self._schedule = schedule
        self._source = events
        self._at_us: int = 0
        self._position_us: int = 0
        self._track: Track | None = None
        self._pending: list[int] = []
        self._missing: set[int] = set()
        self._missing_at = -1
        started = next((e for e in events if isinstance(e, SessionStarted)), None)
        self._rate_hz = (started.sample_rate_hz if started else 0) or 48_000
        encoding = started.encoding if started else "linear16"
        self._encoding = encoding if encoding in ("mulaw", "alaw") else "linear16"
        schedule.rate_hz = self._rate_hz
        self._frames: dict[int, list[AudioReceived]] = {}
        for event in events:
            if isinstance(event, AudioReceived) and not event.stale:
                self._frames.setdefault(event.turn, []).append(event)

    def build(self) -> None:
        for event in self._source:
            track = self._track
            match event:
                case PlaybackStarted():
                    self._begin(event)
                case Underran() if track is not None and event.turn == track.turn:
                    track.add_hole(event.position_samples, event.missing_samples)
                    self._anchor(event, track.us_of(track.timeline_of(event.position_samples)))
                case PlaybackFinished() if track is not None and event.turn == track.turn:
                    self._anchor(event, track.end_us)
                    self._track = None
                case TurnInterrupted() if track is not None and event.turn == track.turn:
                    self._stop(event, track, event.heard_samples)
                case PlaybackStopped() if track is not None and event.turn == track.turn:
                    self._stop(event, track, event.played_samples)
                case SessionResumed() if track is not None:
                    # The process was killed while it played: its sound ends before the seam.
                    self._anchor(event, track.end_us, at_least=True)
                    self._track = None
                case _:
                    self._add(event, self._natural_us(event))
        self._raise_to_order()

    def _begin(self, event: PlaybackStarted) -> None:
        start_us = max(self._natural_us(event), *self._schedule.due_us[-1:], 0)
        if self._track is not None:
            self._track.cut(self._track.sample_at(start_us))
        self._add(event, start_us)
        self._at_us, self._position_us = event.at_us, start_us
        self._pending.clear()
        frames = sorted(self._frames.get(event.turn, ()), key=lambda frame: frame.offset_bytes)
        own_hz = frames[0].sample_rate_hz if frames else 0
        track = Track(
            *(event.turn, start_us, own_hz or self._rate_hz),
            *(frames, self._encoding, self._schedule.sound),
        )
        self._track = track
        self._schedule.tracks.append(track)
        if frames and not track.audible:
            self._report_missing(event, start_us)

    def _stop(self, event: Event, track: Track, heard_samples: int) -> None:
        track.cut(track.timeline_of(heard_samples))
        # A hole may have lasted when it was stopped: then it is stopped later.
        self._anchor(event, track.end_us, at_least=True)
        self._track = None

    def _report_missing(self, first: PlaybackStarted, position_us: int) -> None:
        """Report once, at the first answer whose sound is missing, for all of them."""
        self._missing.add(first.turn)
        events, count = self._schedule.events, len(self._missing)
        if self._missing_at < 0:
            self._missing_at = len(events)
            failed = Failed(
                at_us=first.at_us, stage="recording", detail=SOUND_MISSING, turn=first.turn
            )
            self._add(failed, position_us)
        elif count > 1:
            detail = SOUNDS_MISSING.format(count=count)
            events[self._missing_at] = replace(events[self._missing_at], detail=detail)

    def _anchor(self, event: Event, position_us: int, *, at_least: bool = False) -> None:
        """Set `event` at `position_us`, and those since the last anchor between the two.

        With `at_least` a later position is taken if the recording took longer.
        """
        recorded_us = event.at_us - self._at_us
        sound_us = max(0, position_us - self._position_us)
        same_pace = abs(recorded_us - sound_us) <= max(SAME_PACE_US, sound_us // 20)
        if at_least and not same_pace:
            position_us = max(position_us, self._position_us + recorded_us)
        for index in self._pending:
            since_us = max(0, self._schedule.events[index].at_us - self._at_us)
            # At another pace (a muted recording) stretching would tear the text apart: the events
            # keep their distance, as far as the sound reaches.
            if same_pace and recorded_us > 0:
                since_us = since_us * sound_us // recorded_us
            self._schedule.due_us[index] = self._position_us + min(since_us, sound_us)
        self._pending.clear()
        self._at_us, self._position_us = event.at_us, position_us
        self._add(event, position_us)

    def _natural_us(self, event: Event) -> int:
        return self._position_us + event.at_us - self._at_us

    def _add(self, event: Event, position_us: int) -> None:
        if self._track is not None:
            self._pending.append(len(self._schedule.events))
        self._schedule.events.append(event)
        self._schedule.due_us.append(position_us)

    def _raise_to_order(self) -> None:
        """Let no event be due before one that was recorded before it."""
        latest_us = 0
        for index, due_us in enumerate(self._schedule.due_us):
            latest_us = max(latest_us, due_us)
            self._schedule.due_us[index] = latest_us


def _marks(schedule: ReplaySchedule) -> Iterable[TurnMark]:
    ends_us = {
        event.turn: due_us
        for event, due_us in zip(schedule.events, schedule.due_us, strict=True)
        if isinstance(event, TurnCompleted)
    }
    for event, due_us in zip(schedule.events, schedule.due_us, strict=True):
        if isinstance(event, TurnStarted):
            end_us = ends_us.get(event.turn, schedule.duration_us)
            yield TurnMark(event.turn, event.role, due_us, max(due_us, end_us))
