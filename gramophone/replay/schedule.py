"""The score of a recording: where every event and every sample lies on one clock; pure.

In a live talk two clocks ran, the machine's and the sound card's, and now and then the sound had
to wait. The score lays both on one line of microseconds, the position. The sound is laid first:
it begins at its `PlaybackStarted`, and a hole is silence of the length that was heard. The events
that came while it played lie between the same samples as then, and `PlaybackFinished` lies where
the last sample ends. So the sample that is heard is a function of the position, and nothing can
drift. Holes stay, because the text went on while they lasted; closing them would move the text.
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
"""Live playing and the sound's own length may differ by a device's latency and its drift. A
recording that was muted, or a device that stood still, differs by more."""

SOUND_MISSING = "The sound of this answer is missing; its text is shown in time."
SOUNDS_MISSING = "The sound of {count:,} answers is missing; their text is shown in time."
"""Said once, with the first of them."""


class ReplaySchedule:
    """Events and sound of a session on one clock. `dues_us[i]` is the position of `events[i]`.

    Frames that do not carry their samples are read from `sound` when they are heard.
    """

    def __init__(self, events: Iterable[Event], sound: AudioSource | None = None) -> None:
        self.sound = sound
        self.rate_hz = 0
        self.events: list[Event] = []
        self.dues_us: list[int] = []
        self.tracks: list[Track] = []
        _ScheduleBuilder(self, list(events)).compose()
        ends_us = [track.end_us for track in self.tracks]
        self.duration_us = max([*self.dues_us[-1:], *ends_us], default=0)
        self.marks = tuple(_marks(self))
        self.passages = tuple(p for track in self.tracks for p in track.passages())
        self._starts_us = [track.start_us for track in self.tracks]
        self._alignment = WordTiming()
        for event in self.events:
            self._alignment.emit(event)
        self._holding = SeekSnapshot(self.events, self._outlasted())

    def holding(self, first: int, end: int) -> list[Entry]:
        """What is told of the events from one place to another to whoever goes there at once."""
        return self._holding.between(first, end)

    def _outlasted(self) -> set[int]:
        """The turns of which sound is heard after their last event."""
        last_us = {
            turn: due_us
            for event, due_us in zip(self.events, self.dues_us, strict=True)
            if (turn := getattr(event, "turn", None)) is not None
        }
        return {track.turn for track in self.tracks if track.end_us > last_us[track.turn]}

    def track_at(self, position_us: int) -> Track | None:
        """The sound under a position."""
        place = bisect_right(self._starts_us, position_us) - 1
        if place < 0 or position_us >= self.tracks[place].end_us:
            return None
        return self.tracks[place]

    def next_track(self, position_us: int) -> Track | None:
        """The sound that begins after a position."""
        place = bisect_right(self._starts_us, position_us)
        return self.tracks[place] if place < len(self.tracks) else None

    def position_of(self, turn: int, own_samples: int) -> int | None:
        """Where a sample of a turn is heard; None where the turn has no sound."""
        for track in self.tracks:
            if track.turn == turn and track.samples:
                laid = min(track.laid_of(own_samples), track.samples - 1)
                return track.us_of(laid)
        return None

    def position_of_word(self, turn: int, character: int) -> int | None:
        """Where the character at this offset of a turn's text is heard, or the next one that is;
        the turn's beginning where nothing from there on was spoken."""
        samples = self._alignment.position_of(turn, character)
        position_us = None if samples is None else self.position_of(turn, samples)
        if position_us is None and (mark := self.mark_of(turn)) is not None:
            position_us = mark.start_us
        return position_us

    def mark_of(self, turn: int) -> TurnMark | None:
        """Where a turn lies."""
        return next((mark for mark in self.marks if mark.turn == turn), None)


class _ScheduleBuilder:
    """Walks the events once. Between two anchors (a recorded instant, its position) time goes as
    it went; while sound plays, the sound sets the anchors."""

    def __init__(self, score: ReplaySchedule, events: list[Event]) -> None:
        self._score = score
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
        score.rate_hz = self._rate_hz
        self._frames: dict[int, list[AudioReceived]] = {}
        for event in events:
            if isinstance(event, AudioReceived) and not event.stale:
                self._frames.setdefault(event.turn, []).append(event)

    def compose(self) -> None:
        for event in self._source:
            track = self._track
            match event:
                case PlaybackStarted():
                    self._begin(event)
                case Underran() if track is not None and event.turn == track.turn:
                    track.add_hole(event.position_samples, event.missing_samples)
                    self._anchor(event, track.us_of(track.laid_of(event.position_samples)))
                case PlaybackFinished() if track is not None and event.turn == track.turn:
                    self._anchor(event, track.end_us)
                    self._track = None
                case TurnInterrupted() | PlaybackStopped() if (
                    track is not None and event.turn == track.turn
                ):
                    heard = (
                        event.heard_samples
                        if isinstance(event, TurnInterrupted)
                        else event.played_samples
                    )
                    track.cut(track.laid_of(heard))
                    # A hole may have lasted when it was stopped: then it is stopped later.
                    self._anchor(event, track.end_us, at_least=True)
                    self._track = None
                case _:
                    self._place(event, self._naturally(event))
        self._settle_order()

    def _begin(self, event: PlaybackStarted) -> None:
        start_us = max(self._naturally(event), *self._score.dues_us[-1:], 0)
        if self._track is not None:
            self._track.cut(self._track.laid_at(start_us))
        self._place(event, start_us)
        self._at_us, self._position_us = event.at_us, start_us
        self._pending.clear()
        frames = sorted(self._frames.get(event.turn, ()), key=lambda frame: frame.offset_bytes)
        track = Track(
            event.turn, start_us, self._rate_hz, frames, self._encoding, self._score.sound
        )
        self._track = track
        self._score.tracks.append(track)
        if frames and not track.audible:
            self._miss(event, start_us)

    def _miss(self, first: PlaybackStarted, position_us: int) -> None:
        """Said once, at the first answer whose sound is not there, for all of them."""
        self._missing.add(first.turn)
        events, count = self._score.events, len(self._missing)
        if self._missing_at < 0:
            self._missing_at = len(events)
            told = Failed(
                at_us=first.at_us, stage="recording", detail=SOUND_MISSING, turn=first.turn
            )
            self._place(told, position_us)
        elif count > 1:
            words = SOUNDS_MISSING.format(count=count)
            events[self._missing_at] = replace(events[self._missing_at], detail=words)

    def _anchor(self, event: Event, position_us: int, *, at_least: bool = False) -> None:
        """This event lies at `position_us`; those since the last anchor between the two."""
        lived_us = event.at_us - self._at_us
        laid_us = max(0, position_us - self._position_us)
        same_pace = abs(lived_us - laid_us) <= max(SAME_PACE_US, laid_us // 20)
        if at_least and not same_pace:
            position_us = max(position_us, self._position_us + lived_us)
        for place in self._pending:
            since_us = max(0, self._score.events[place].at_us - self._at_us)
            if same_pace and lived_us > 0:
                since_us = since_us * laid_us // lived_us
            self._score.dues_us[place] = self._position_us + min(since_us, laid_us)
        self._pending.clear()
        self._at_us, self._position_us = event.at_us, position_us
        self._place(event, position_us)

    def _naturally(self, event: Event) -> int:
        return self._position_us + event.at_us - self._at_us

    def _place(self, event: Event, position_us: int) -> None:
        if self._track is not None:
            self._pending.append(len(self._score.events))
        self._score.events.append(event)
        self._score.dues_us.append(position_us)

    def _settle_order(self) -> None:
        latest_us = 0
        for place, due_us in enumerate(self._score.dues_us):
            latest_us = max(latest_us, due_us)
            self._score.dues_us[place] = latest_us


def _marks(score: ReplaySchedule) -> Iterable[TurnMark]:
    ends_us = {
        event.turn: due_us
        for event, due_us in zip(score.events, score.dues_us, strict=True)
        if isinstance(event, TurnCompleted)
    }
    for event, due_us in zip(score.events, score.dues_us, strict=True):
        if isinstance(event, TurnStarted):
            end_us = ends_us.get(event.turn, score.duration_us)
            yield TurnMark(event.turn, event.role, due_us, max(due_us, end_us))
