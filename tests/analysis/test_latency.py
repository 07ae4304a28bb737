"""Waterfall: an answer step by step, in agreement with the metrics."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from fixtures import recordings
from gramophone.analysis.latency import Waterfall, waterfalls
from gramophone.analysis.metrics import MetricsFold
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    Event,
    Failed,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    PlaybackStarted,
    PlaybackStopped,
    RequestSent,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    Underran,
    WarningReceived,
)
from tests.support.builders import short_session, spoken_exchange


def stages_of(fall: Waterfall) -> list[tuple[str, int, int]]:
    return [(stage.name, stage.start_us, stage.end_us) for stage in fall.stages]


def test_an_answer_goes_from_step_to_step() -> None:
    (fall,) = waterfalls(short_session())
    assert (fall.turn, fall.question) == (1, "What is a gramophone?")
    assert (fall.submitted_us, fall.end_us) == (1_000_000, 500_000)
    assert stages_of(fall) == [
        ("First delta", 0, 200_000),
        ("Text sent", 200_000, 240_000),
        ("First byte", 240_000, 400_000),
        ("First sample", 400_000, 440_000),
        ("End", 440_000, 500_000),
        ("Text in", 200_000, 230_000),
        ("Sound in", 400_000, 410_000),
    ]
    assert [(mark.at_us, mark.kind) for mark in fall.marks] == [
        (240_000, "flush sent"),
        (430_000, "flush answered"),
    ]
    assert fall.first_sample_us == 440_000


def test_every_answer_has_one_and_no_question_has() -> None:
    falls = waterfalls([*spoken_exchange(), *spoken_exchange(first_turn=2, start_us=9_000_000)])
    assert [fall.turn for fall in falls] == [1, 3]
    assert stages_of(falls[0]) == stages_of(falls[1])


def test_a_recorded_answer_has_the_figures_of_the_metrics() -> None:
    events = recordings.load("short-answer")
    fold = MetricsFold()
    for event in events:
        fold.emit(event)
    (fall,) = waterfalls(events)
    figures = fold.turn(1)
    assert fall.metrics == figures
    first_delta, first_byte = fall.stage("First delta"), fall.stage("First byte")
    assert first_delta is not None
    assert first_byte is not None
    assert first_delta.span_us / 1000 == figures.ttft_ms
    assert first_byte.span_us / 1000 == figures.ttfb_ms
    assert fall.first_sample_us is not None
    assert fall.first_sample_us / 1000 == figures.response_ms
    assert [mark.kind for mark in fall.marks].count("flush sent") == figures.flushes == 2


def test_an_answer_that_failed_ends_where_it_stood() -> None:
    (fall,) = waterfalls(
        [
            TurnStarted(at_us=100, turn=0, role="user", text="Why?"),
            TurnStarted(at_us=100, turn=1, role="assistant"),
            RequestSent(at_us=150, turn=1, provider="p", model="m", messages=1),
            Failed(at_us=900, turn=1, stage="model", detail="No answer; ask again."),
            TurnCompleted(at_us=900, turn=1, role="assistant", text="", finish_reason="failed"),
        ]
    )
    assert stages_of(fall) == [("End", 0, 800)]
    assert [(mark.kind, mark.words) for mark in fall.marks] == [("failed", "No answer; ask again.")]


def test_what_was_spoken_without_a_question_has_no_delta() -> None:
    (fall,) = waterfalls(
        [
            TurnStarted(at_us=1000, turn=0, role="assistant", text="Hello."),
            TextSpoken(at_us=3000, turn=0, chunk=0, text="Hello.", source_start=0, source_end=6),
            PlaybackStarted(at_us=9000, turn=0, device="silent"),
        ]
    )
    assert fall.question == ""
    assert stages_of(fall) == [
        ("Text sent", 0, 2000),
        ("First sample", 2000, 8000),
        ("End", 8000, 8000),
    ]


def test_everything_that_went_wrong_is_a_mark() -> None:
    (fall,) = waterfalls(
        [
            TurnStarted(at_us=0, turn=0, role="user", text="Why?"),
            WarningReceived(at_us=0, code="EARLY", description="before any answer"),
            TurnStarted(at_us=0, turn=1, role="assistant"),
            FlushSent(at_us=10, turn=1, flush=0, last_chunk=2),
            FlushRefused(at_us=20, turn=1, flush=0),
            WarningReceived(at_us=20, code="EXCESSIVE_FLUSH", description="too many"),
            FlushAnswered(at_us=30, turn=1, flush=0, end_samples=4800),
            Underran(at_us=40, turn=1, position_samples=4800, missing_samples=12),
            PlaybackStopped(at_us=45, turn=1, played_samples=2300),
            TurnInterrupted(at_us=50, turn=1, heard_text="So", heard_samples=2400),
            TurnCompleted(at_us=50, turn=1, role="assistant", text="So", finish_reason="x"),
            WarningReceived(at_us=90, code="LATE", description="after the answer"),
        ]
    )
    assert [(mark.kind, mark.words) for mark in fall.marks] == [
        ("flush sent", "flush 0 sent, up to chunk 2"),
        ("flush refused", "flush 0 refused, to be sent again"),
        ("warning", "EXCESSIVE_FLUSH: too many"),
        ("flush answered", "flush 0 answered, 4,800 samples so far"),
        ("underrun", "12 samples missing at 4,800"),
        ("stopped", "sound stopped, 2,300 samples played"),
        ("stopped", "stopped, 2,400 samples heard"),
    ]


def test_frames_that_came_after_a_clear_are_no_sound() -> None:
    events = [
        *spoken_exchange()[:-1],
        AudioReceived(
            at_us=1_490_000, turn=1, connection=0, offset_bytes=0, size_bytes=2, stale=True
        ),
    ]
    (fall,) = waterfalls(events)
    assert stages_of(fall)[-1] == ("Sound in", 400_000, 410_000)


times = st.integers(0, 2_000_000)


@st.composite
def jumbled(draw: st.DrawFn) -> list[Event]:
    """An exchange in any order, some of it missing, at any times, as a damaged library might."""
    remaining = [event for event in spoken_exchange() if draw(st.integers(0, 4))]
    order = draw(st.permutations(remaining)) if draw(st.booleans()) else remaining
    events = [replace(event, at_us=draw(times)) for event in order]
    return sorted(events, key=lambda event: event.at_us) if draw(st.booleans()) else events


@given(jumbled())
def test_stages_stand_in_order_within_their_turn(events: list[Event]) -> None:
    for fall in waterfalls(events):
        steps = [stage for stage in fall.stages if not stage.stream]
        for before, after in pairwise(steps):
            assert before.end_us == after.start_us
        assert not steps or (steps[0].start_us, steps[-1].end_us) == (0, fall.end_us)
        for stage in fall.stages:
            assert 0 <= stage.start_us <= stage.end_us <= fall.end_us
        at_us = [mark.at_us for mark in fall.marks]
        assert at_us == sorted(at_us)
        assert all(0 <= time_us <= fall.end_us for time_us in at_us)


@given(st.lists(times, min_size=4, max_size=4).map(sorted))
def test_steps_are_as_long_as_the_figures(at_us: list[int]) -> None:
    delta_us, spoken_us, byte_us, sample_us = at_us
    (fall,) = waterfalls(
        [
            TurnStarted(at_us=0, turn=0, role="user", text="Why?"),
            TurnStarted(at_us=0, turn=1, role="assistant"),
            DeltaReceived(at_us=delta_us, turn=1, text="So"),
            TextSpoken(at_us=spoken_us, turn=1, chunk=0, text="So", source_start=0, source_end=2),
            AudioReceived(at_us=byte_us, turn=1, connection=0, offset_bytes=0, size_bytes=2),
            PlaybackStarted(at_us=sample_us, turn=1, device="silent"),
            TurnCompleted(at_us=sample_us, turn=1, role="assistant", text="So", finish_reason="x"),
        ]
    )
    spans = {stage.name: stage.span_us / 1000 for stage in fall.stages}
    assert spans["First delta"] == fall.metrics.ttft_ms
    assert spans["First byte"] == fall.metrics.ttfb_ms
    assert fall.metrics.ttfa_ms == (sample_us - spoken_us) / 1000
    assert fall.first_sample_us == sample_us
