"""The part of a session that an export takes, on one clock: sound, turns, sentences and words.

Two layouts exist. Joined: each spoken turn whole, as it was received, one after another with a
pause of a given length between them. As heard: every sample where the replay has it, with the
real pauses, cut where the user stopped it, silence where the sound had to wait. Captions, pages and
sound that are made from the same excerpt fit each other by construction.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from gramophone.alignment.pause_matching import Silence
from gramophone.alignment.word_timing import TimedChunk, WordTiming
from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AnswerRetracted,
    AudioReceived,
    Event,
    FlushAnswered,
    FlushSent,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    SessionStarted,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    Underran,
)
from gramophone.library.export_request import Pauses, TurnSelection
from gramophone.library.library import SessionRecord, TurnRecord
from gramophone.replay.schedule import ReplaySchedule

TELLING = (
    AnswerRetracted,
    AudioReceived,
    FlushAnswered,
    FlushSent,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    SessionStarted,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    Underran,
)
"""What an excerpt is made of; whoever reads events for one can leave out the others."""


@frozen
class AudioClip:
    """`samples` of a turn from its sample `own_samples` on, heard from `start_samples` on."""

    turn: int
    start_samples: int
    own_samples: int
    samples: int

    @property
    def end_samples(self) -> int:
        return self.start_samples + self.samples


@frozen
class TimedWord:
    """A spoken word: when it is heard, and where it stands in the turn's text (characters)."""

    start_us: int
    end_us: int
    text: str
    source_start: int
    source_end: int


@frozen
class SpokenSentence:
    """A spoken chunk, a sentence or part of one, and its words."""

    start_us: int
    end_us: int
    text: str
    words: tuple[TimedWord, ...]


@frozen
class ExcerptTurn:
    """A turn of the excerpt. Without sound it has no length and no passages."""

    record: TurnRecord
    start_us: int
    end_us: int
    stretches: tuple[AudioClip, ...] = ()
    passages: tuple[SpokenSentence, ...] = ()


@frozen
class Excerpt:
    """Part of a session on a clock of its own, which begins at 0. All samples are counted at
    `rate_hz`, also those of a turn that has another rate."""

    record: SessionRecord
    rate_hz: int
    turns: tuple[ExcerptTurn, ...]
    samples: int
    duration_us: int

    @property
    def stretches(self) -> tuple[AudioClip, ...]:
        """Clips of all turns in the order they are heard; no two overlap."""
        return tuple(stretch for turn in self.turns for stretch in turn.stretches)


def excerpt(
    record: SessionRecord,
    events: Iterable[Event],
    cut: TurnSelection | None = None,
    pauses: Pauses | None = None,
    *,
    words: bool = True,
    silences: Mapping[int, Sequence[Silence]] | None = None,
) -> Excerpt:
    """Lay a session, or what `cut` takes of it, on one clock. `events` need not carry samples;
    they are gone through once and not kept. Without `words` passages are not taken apart. The
    `silences` of turns make the times of their words exact to a twentieth of a second; without
    them it is a tenth, and more in long sentences."""
    merged = list(_joined_frames(events))
    composer = _Composer(
        record, merged, cut or TurnSelection(), pauses or Pauses(), words, silences or {}
    )
    return composer.compose()


def _joined_frames(events: Iterable[Event]) -> Generator[Event]:
    """Events that say something about time, with frames that follow each other as one, so that an
    hour takes no more room than its sentences."""
    frame: AudioReceived | None = None
    for event in events:
        if not isinstance(event, TELLING):
            continue
        if frame is not None:
            if isinstance(event, AudioReceived) and _follows(frame, event):
                frame = AudioReceived(
                    at_us=frame.at_us,
                    turn=frame.turn,
                    connection=frame.connection,
                    offset_bytes=frame.offset_bytes,
                    size_bytes=frame.size_bytes + event.size_bytes,
                    stale=frame.stale,
                    sample_rate_hz=frame.sample_rate_hz,
                )
                continue
            yield frame
            frame = None
        if isinstance(event, AudioReceived):
            frame = event
        else:
            yield event
    if frame is not None:
        yield frame


def _follows(before: AudioReceived, frame: AudioReceived) -> bool:
    return (before.turn, before.stale, before.offset_bytes + before.size_bytes) == (
        frame.turn,
        frame.stale,
        frame.offset_bytes,
    )


class _There:
    """Stand in for sound whose samples are not needed here."""

    def read(self, turn: int, offset_bytes: int, size_bytes: int) -> bytes:
        return b"\0"

    def close(self) -> None: ...


@dataclass(slots=True)
class _HeardSpan:
    """A turn's own samples `own` to `own + samples`, heard at a position of the replay."""

    turn: int
    position_samples: int
    own: int
    samples: int


@dataclass(slots=True)
class _TurnDraft:
    """A turn while it is laid out."""

    record: TurnRecord
    start_samples: int
    stretches: list[AudioClip] = field(default_factory=list[AudioClip])


class _Composer:
    def __init__(
        self,
        record: SessionRecord,
        events: Sequence[Event],
        cut: TurnSelection,
        pauses: Pauses,
        words: bool,
        silences: Mapping[int, Sequence[Silence]],
    ) -> None:
        self._with_words = words
        self._record = record
        self._cut = cut
        self._pauses = pauses
        self._silences = silences
        self._rate_hz = _highest_rate_hz(record, cut) or record.sample_rate_hz or 48_000
        self._score = ReplaySchedule(events, _There())
        self._alignment = WordTiming()
        for event in events:
            self._alignment.emit(event)
        self._began_us = self._beginnings()

    def compose(self) -> Excerpt:
        chosen = [turn for turn in self._record.turns if self._takes(turn)]
        laid = self._as_heard(chosen) if self._pauses.real else self._joined(chosen)
        turns = tuple(self._turn(draft) for draft in laid)
        samples = max((s.end_samples for draft in laid for s in draft.stretches), default=0)
        ends_us = [turn.end_us for turn in turns]
        return Excerpt(
            record=self._record,
            rate_hz=self._rate_hz,
            turns=turns,
            samples=samples,
            duration_us=max([self._us(samples), *ends_us]),
        )

    def _takes(self, turn: TurnRecord) -> bool:
        if turn.withdrawn and not self._cut.withdrawn:
            return False
        if self._cut.turns and turn.turn not in self._cut.turns:
            return False
        if not self._cut.timed:
            return True
        if turn.audio is not None:
            return bool(self._heard(turn))
        began_us = self._began_us.get(turn.turn, turn.started_us)
        return self._cut.from_us <= began_us < self._end_us()

    def _end_us(self) -> float:
        return float("inf") if self._cut.to_us is None else self._cut.to_us

    def _beginnings(self) -> dict[int, int]:
        """Begin of each turn on the replay's clock, in microseconds. For sound that was not played
        (recorded beside the conversation) it is the arrival of its first frame."""
        began_us = {mark.turn: mark.start_us for mark in self._score.marks}
        placed = set[int]()
        for event, due_us in zip(self._score.events, self._score.due_us, strict=True):
            if isinstance(event, AudioReceived) and event.turn not in placed:
                placed.add(event.turn)
                began_us[event.turn] = max(due_us, began_us.get(event.turn, 0))
        return began_us

    # --- two layouts --------------------------------------------------------------------------

    def _joined(self, chosen: Sequence[TurnRecord]) -> list[_TurnDraft]:
        pause = self._pauses.given_us * self._rate_hz // 1_000_000
        laid: list[_TurnDraft] = []
        end = 0
        for record in chosen:
            parts = self._whole(record) if not self._cut.timed else self._heard(record)
            parts = [part for part in parts if part.samples]
            start = end + pause if end and parts else end
            turn = _TurnDraft(record, start)
            for part in parts:
                turn.stretches.append(AudioClip(record.turn, start, part.own, part.samples))
                start += part.samples
            laid.append(turn)
            end = start
        return laid

    def _as_heard(self, chosen: Sequence[TurnRecord]) -> list[_TurnDraft]:
        heard_spans = {turn.turn: self._heard(turn) for turn in chosen}
        firsts = [part.position_samples for parts in heard_spans.values() for part in parts]
        base = self._samples(self._cut.from_us) if self._cut.from_us else min(firsts, default=0)
        laid: list[_TurnDraft] = []
        end = 0
        for record in chosen:
            began = self._samples(self._began_us.get(record.turn, record.started_us))
            turn = _TurnDraft(record, max(0, end, began - base))
            for part in heard_spans[record.turn]:
                # Positions are rounded to microseconds: a sample may lie before the last one's end.
                start = max(end, part.position_samples - base)
                turn.stretches.append(AudioClip(record.turn, start, part.own, part.samples))
                end = start + part.samples
            if turn.stretches:
                turn.start_samples = turn.stretches[0].start_samples
            laid.append(turn)
        return laid

    def _whole(self, turn: TurnRecord) -> list[_HeardSpan]:
        return [_HeardSpan(turn.turn, 0, 0, self._length(turn))] if turn.audio is not None else []

    def _heard(self, turn: TurnRecord) -> list[_HeardSpan]:
        """Spans of the turn's samples that are heard within the cut, with their positions."""
        if turn.audio is None:
            return []
        tracks = [track for track in self._score.tracks if track.turn == turn.turn]
        spans = [
            _HeardSpan(
                turn.turn,
                self._samples(track.start_us) + self._of(turn, piece.timeline_start),
                self._of(turn, piece.source_start),
                self._of(turn, piece.samples),
            )
            for track in tracks
            for piece in track.pieces
        ]
        if not tracks:
            began = self._samples(self._began_us.get(turn.turn, turn.started_us))
            spans = [_HeardSpan(turn.turn, began, 0, self._length(turn))]
        return [part for span in spans if (part := self._within(span, self._length(turn)))]

    def _within(self, part: _HeardSpan, kept_samples: int) -> _HeardSpan | None:
        # What is kept is what can be exported, whatever the timeline says.
        samples = min(part.samples, kept_samples - part.own)
        first = max(0, self._samples(self._cut.from_us) - part.position_samples)
        last = samples
        if self._cut.to_us is not None:
            last = min(last, self._samples(self._cut.to_us) - part.position_samples)
        if first >= last:
            return None
        return _HeardSpan(part.turn, part.position_samples + first, part.own + first, last - first)

    # --- text ---------------------------------------------------------------------------------

    def _turn(self, laid: _TurnDraft) -> ExcerptTurn:
        end = laid.stretches[-1].end_samples if laid.stretches else laid.start_samples
        return ExcerptTurn(
            record=laid.record,
            start_us=self._us(laid.start_samples),
            end_us=self._us(end),
            stretches=tuple(laid.stretches),
            passages=tuple(self._passages(laid)),
        )

    def _passages(self, laid: _TurnDraft) -> Generator[SpokenSentence]:
        positions = _ExcerptMap(laid.stretches, partial(self._of, laid.record))
        silences = self._silences.get(laid.record.turn, ())
        for span in self._alignment.spans(laid.record.turn, silences) if laid.stretches else ():
            start, end = positions.of(span.start_samples), positions.of(span.end_samples)
            if start < end:
                words: tuple[TimedWord, ...] = ()
                if self._with_words:
                    words = tuple(self._words(span, laid.record.text, positions))
                yield SpokenSentence(self._us(start), self._us(end), span.text, words)

    def _words(self, span: TimedChunk, source: str, positions: _ExcerptMap) -> Generator[TimedWord]:
        for word in span.words(source):
            start, end = positions.of(word.start_samples), positions.of(word.end_samples)
            if start < end:
                yield TimedWord(
                    start_us=self._us(start),
                    end_us=self._us(end),
                    text=word.text,
                    source_start=word.source_start,
                    source_end=word.source_end,
                )

    def _of(self, turn: TurnRecord, own_samples: int) -> int:
        """Count a turn's own samples at the excerpt's rate."""
        own_hz = turn.audio.sample_rate_hz if turn.audio is not None else self._rate_hz
        return own_samples * self._rate_hz // own_hz

    def _length(self, turn: TurnRecord) -> int:
        return self._of(turn, turn.audio.samples) if turn.audio is not None else 0

    def _us(self, samples: int) -> int:
        return samples * 1_000_000 // self._rate_hz

    def _samples(self, position_us: int) -> int:
        return -(-position_us * self._rate_hz // 1_000_000)


def _highest_rate_hz(record: SessionRecord, cut: TurnSelection) -> int:
    """Rate of the turns that may be chosen; the highest, where they have several; 0 for none."""
    chosen = [turn for turn in record.turns if not cut.turns or turn.turn in cut.turns]
    return max((turn.audio.sample_rate_hz for turn in chosen if turn.audio is not None), default=0)


class _ExcerptMap:
    """From a turn's own samples to those of the excerpt."""

    def __init__(self, stretches: Sequence[AudioClip], count: Callable[[int], int]) -> None:
        """`count` counts the turn's own samples at the excerpt's rate."""
        self._stretches = stretches
        self._count = count
        self._owns = [stretch.own_samples for stretch in stretches]

    def of(self, own: int) -> int:
        """Position of one of the turn's samples; one that was cut off lies at the nearest edge."""
        own = self._count(own)
        stretch = self._stretches[max(0, bisect_right(self._owns, own) - 1)]
        into = min(max(0, own - stretch.own_samples), stretch.samples)
        return stretch.start_samples + into
