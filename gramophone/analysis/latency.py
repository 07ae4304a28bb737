"""Latency waterfall: the steps of an answer, each with its beginning and end.

Every time is in microseconds since the submit. The moments are those of
`gramophone.analysis.metrics`, so a bar is as long as the figure of the same name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from gramophone.analysis.metrics import MetricsFold, TurnMetrics, TurnMoments
from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Entry,
    Event,
    Failed,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    ModelFinished,
    PlaybackStopped,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    Underran,
    WarningReceived,
)

StageName: TypeAlias = Literal[
    "First delta", "Text sent", "First byte", "First sample", "End", "Text in", "Sound in"
]
MarkKind: TypeAlias = Literal[
    "flush sent",
    "flush answered",
    "flush refused",
    "warning",
    "underrun",
    "stopped",
    "failed",
]


@frozen
class LatencyStage:
    """A span of the answer.

    A step ends with the moment it is named after and begins where the one before ended; a stream
    (`Text in`, `Sound in`) runs beside the steps.
    """

    name: StageName
    start_us: int
    end_us: int
    stream: bool = False

    @property
    def span_us(self) -> int:
        return self.end_us - self.start_us


@frozen
class LatencyMark:
    """An incident of one moment. `words` may hold text of a server."""

    at_us: int
    kind: MarkKind
    words: str


@frozen
class Waterfall:
    """One answer, from its submit at 0, which is `submitted_us` in the session's time."""

    turn: int
    question: str
    submitted_us: int
    end_us: int
    stages: tuple[LatencyStage, ...]
    marks: tuple[LatencyMark, ...]
    metrics: TurnMetrics

    @property
    def first_sample_us(self) -> int | None:
        """Time of the first sample of sound; None for an answer without sound."""
        return next((stage.end_us for stage in self.stages if stage.name == "First sample"), None)

    def stage(self, name: StageName) -> LatencyStage | None:
        """Give the stage of this name; None if the answer did not come so far."""
        return next((stage for stage in self.stages if stage.name == name), None)


def waterfalls(events: Iterable[Entry]) -> tuple[Waterfall, ...]:
    """Give a waterfall for each of the assistant's turns, in their order."""
    fold, courses = MetricsFold(), _AnswerCourses()
    for event in events:
        fold.emit(event)
        courses.emit(event, fold)
    return tuple(
        _waterfall(course, fold.moments(course.turn), fold.turn(course.turn))
        for course in courses.of_turns.values()
    )


# --- gathering --------------------------------------------------------------------------------


@dataclass(slots=True)
class _AnswerCourse:
    """Moments and marks of one turn, in the session's time."""

    turn: int
    question: str
    started_us: int
    last_us: int
    text_end_us: int | None = None
    sound_end_us: int | None = None
    ended_us: int | None = None
    marks: list[LatencyMark] = field(default_factory=list[LatencyMark])


class _AnswerCourses:
    """Sorts events to the turns they belong to."""

    def __init__(self) -> None:
        self.of_turns: dict[int, _AnswerCourse] = {}
        self._question = ""
        self._newest: _AnswerCourse | None = None

    def emit(self, event: Entry, fold: MetricsFold) -> None:
        match event:
            case TurnStarted(role="user"):
                self._question = event.text
                return
            case TurnStarted():
                submitted = fold.moments(event.turn).submitted_us
                course = _AnswerCourse(event.turn, self._question, event.at_us, event.at_us)
                course.started_us = event.at_us if submitted is None else submitted
                self.of_turns[event.turn] = self._newest = course
                self._question = ""
                return
            case _:
                course = self._course_of(event)
        # Late answers of the service belong to no step of a turn that is over.
        if course is not None and course.ended_us is None:
            _take(course, event)

    def _course_of(self, event: Entry) -> _AnswerCourse | None:
        """Find the turn of an event. A warning names none: it belongs to the newest answer."""
        if isinstance(event, WarningReceived):
            return self._newest
        turn = getattr(event, "turn", None)
        return self.of_turns.get(turn) if isinstance(event, Event) and turn is not None else None


def _take(course: _AnswerCourse, event: Entry) -> None:
    course.last_us = max(course.last_us, event.at_us)
    match event:
        case DeltaReceived() | ModelFinished():
            course.text_end_us = event.at_us
        case AudioReceived(stale=False):
            course.sound_end_us = event.at_us
        case TurnCompleted():
            course.ended_us = event.at_us
        case _:
            course.marks.extend(_marks(event))


def _marks(event: Entry) -> Iterator[LatencyMark]:
    match event:
        case FlushSent():
            words = f"flush {event.flush} sent, up to chunk {event.last_chunk}"
            yield LatencyMark(event.at_us, "flush sent", words)
        case FlushAnswered():
            words = f"flush {event.flush} answered, {event.end_samples:,} samples so far"
            yield LatencyMark(event.at_us, "flush answered", words)
        case FlushRefused():
            words = f"flush {event.flush} refused, to be sent again"
            yield LatencyMark(event.at_us, "flush refused", words)
        case WarningReceived():
            yield LatencyMark(event.at_us, "warning", f"{event.code}: {event.description}")
        case Underran():
            words = f"{event.missing_samples:,} samples missing at {event.position_samples:,}"
            yield LatencyMark(event.at_us, "underrun", words)
        case TurnInterrupted():
            words = f"stopped, {event.heard_samples:,} samples heard"
            yield LatencyMark(event.at_us, "stopped", words)
        case PlaybackStopped():
            words = f"sound stopped, {event.played_samples:,} samples played"
            yield LatencyMark(event.at_us, "stopped", words)
        case Failed():
            yield LatencyMark(event.at_us, "failed", event.detail)
        case _:
            pass


# --- laying out -------------------------------------------------------------------------------


def _waterfall(course: _AnswerCourse, moments: TurnMoments, metrics: TurnMetrics) -> Waterfall:
    zero_us = course.started_us
    end_us = max(zero_us, course.last_us if course.ended_us is None else course.ended_us)
    stages = [*_steps(moments, zero_us, end_us), *_streams(course, moments)]
    inside = (replace(stage, end_us=min(stage.end_us, end_us)) for stage in stages)
    return Waterfall(
        turn=course.turn,
        question=course.question,
        submitted_us=zero_us,
        end_us=end_us - zero_us,
        stages=tuple(
            replace(stage, start_us=stage.start_us - zero_us, end_us=stage.end_us - zero_us)
            for stage in inside
            if zero_us <= stage.start_us <= stage.end_us
        ),
        marks=tuple(
            replace(mark, at_us=mark.at_us - zero_us)
            for mark in sorted(course.marks, key=lambda mark: mark.at_us)
            if zero_us <= mark.at_us <= end_us
        ),
        metrics=metrics,
    )


def _steps(moments: TurnMoments, zero_us: int, end_us: int) -> Iterator[LatencyStage]:
    # A moment may be missing (nothing was spoken) or lie before the one above it: then that step
    # is left out, and the next one takes its time.
    reached_us = zero_us
    steps: tuple[tuple[StageName, int | None], ...] = (
        ("First delta", moments.first_delta_us),
        ("Text sent", moments.first_spoken_us),
        ("First byte", moments.first_byte_us),
        ("First sample", moments.first_sample_us),
        ("End", end_us),
    )
    for name, at_us in steps:
        if at_us is not None and reached_us <= at_us <= end_us:
            yield LatencyStage(name, reached_us, at_us)
            reached_us = at_us


def _streams(course: _AnswerCourse, moments: TurnMoments) -> Iterator[LatencyStage]:
    if moments.first_delta_us is not None and course.text_end_us is not None:
        yield LatencyStage("Text in", moments.first_delta_us, course.text_end_us, stream=True)
    if moments.first_byte_us is not None and course.sound_end_us is not None:
        yield LatencyStage("Sound in", moments.first_byte_us, course.sound_end_us, stream=True)
