"""Metrics: what a turn took, folded from its events."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.analysis.metrics import MetricsFold, TurnMetrics
from gramophone.core.timeline import (
    AnswerRetracted,
    AudioReceived,
    DeltaReceived,
    DeltasPassed,
    Entry,
    LevelMeasured,
    ModelFinished,
    PlaybackStarted,
    RequestSent,
    TextSpoken,
    TurnStarted,
    Underran,
    UsageReported,
)
from tests.support.builders import short_session, spoken_exchange


def folded(events: Sequence[Entry]) -> MetricsFold:
    fold = MetricsFold()
    for event in events:
        fold.emit(event)
    return fold


def test_a_spoken_turn_has_all_its_figures() -> None:
    assert folded(short_session()).turn(1) == TurnMetrics(
        ttft_ms=200.0,
        ttfb_ms=160.0,
        ttfa_ms=200.0,
        response_ms=440.0,
        underruns=0,
        flushes=1,
        input_tokens=12,
        output_tokens=6,
        tokens_per_s=200.0,
    )


def test_without_a_count_of_tokens_deltas_are_counted() -> None:
    events = [event for event in short_session() if not isinstance(event, UsageReported)]
    assert folded(events).turn(1).tokens_per_s == 66.7


def test_deltas_that_were_gone_over_count_as_many() -> None:
    events = short_session()
    deltas = [event for event in events if isinstance(event, DeltaReceived)]
    passed = DeltasPassed(at_us=deltas[0].at_us, turn=1, text="", deltas=2)
    counted = [
        passed if event is deltas[0] else event for event in events if event is not deltas[1]
    ]
    counted = [event for event in counted if not isinstance(event, UsageReported)]
    assert folded(counted).turn(1).tokens_per_s == 66.7


def test_text_that_was_a_thought_is_no_first_delta() -> None:
    events = [
        TurnStarted(at_us=0, turn=0, role="user", text="Why?"),
        TurnStarted(at_us=0, turn=1, role="assistant"),
        DeltaReceived(at_us=10_000, turn=1, text="Hm."),
        AnswerRetracted(at_us=20_000, turn=1, text="Hm."),
        DeltaReceived(at_us=30_000, turn=1, text="Because."),
    ]
    assert folded(events).turn(1).ttft_ms == 30.0


def test_an_answer_in_one_piece_has_no_pace() -> None:
    events = [DeltaReceived(at_us=5, turn=1, text="x"), ModelFinished(at_us=5, turn=1, reason="s")]
    assert folded(events).turn(1).tokens_per_s is None


def test_a_users_turn_and_one_that_never_was_have_none() -> None:
    fold = folded(short_session())
    assert fold.turn(0) == TurnMetrics()
    assert fold.turn(99) == TurnMetrics()


def test_each_turn_is_measured_from_its_own_question() -> None:
    fold = folded([*spoken_exchange(), *spoken_exchange(first_turn=2, start_us=9_000_000)])
    assert fold.turn(3) == fold.turn(1)


def test_only_the_first_of_each_counts() -> None:
    late = [
        DeltaReceived(at_us=9_000_000, turn=1, text="late"),
        AudioReceived(at_us=9_000_000, turn=1, connection=0, offset_bytes=0, size_bytes=2),
        PlaybackStarted(at_us=9_000_000, turn=1, device="silent"),
    ]
    assert folded([*spoken_exchange(), *late]).turn(1) == folded(spoken_exchange()).turn(1)


def test_what_is_said_without_a_question_is_measured_from_its_start() -> None:
    fold = folded(
        [
            TurnStarted(at_us=1000, turn=0, role="assistant", text="Hello."),
            TextSpoken(at_us=3000, turn=0, chunk=0, text="Hello.", source_start=0, source_end=6),
            PlaybackStarted(at_us=9000, turn=0, device="silent"),
        ]
    )
    assert (fold.turn(0).response_ms, fold.turn(0).ttfa_ms) == (8.0, 6.0)


def test_a_question_counts_for_the_answer_after_it_alone() -> None:
    fold = folded(
        [
            *spoken_exchange(),
            TurnStarted(at_us=5_000_000, turn=2, role="assistant", text="Hello."),
            PlaybackStarted(at_us=5_100_000, turn=2, device="silent"),
        ]
    )
    assert fold.turn(2).response_ms == 100.0


def test_where_the_beginning_is_missing_there_is_no_figure() -> None:
    fold = folded(
        [
            DeltaReceived(at_us=5, turn=1, text="a"),
            AudioReceived(at_us=6, turn=1, connection=0, offset_bytes=0, size_bytes=2),
            PlaybackStarted(at_us=7, turn=1, device="silent"),
        ]
    )
    assert fold.turn(1) == TurnMetrics()


def test_a_request_alone_will_do_for_a_beginning() -> None:
    request = RequestSent(at_us=1000, turn=1, provider="local", model="m", messages=1)
    fold = folded([request, DeltaReceived(at_us=3500, turn=1, text="a")])
    assert fold.turn(1).ttft_ms == 2.5


def test_sound_that_came_too_late_is_no_first_byte() -> None:
    spoken = TextSpoken(at_us=0, turn=1, chunk=0, text="a", source_start=0, source_end=1)
    stale = AudioReceived(at_us=6, turn=1, connection=0, offset_bytes=0, size_bytes=2, stale=True)
    assert folded([spoken, stale]).turn(1).ttfb_ms is None


def test_underruns_are_counted() -> None:
    gap = Underran(at_us=1, turn=1, position_samples=5, missing_samples=3)
    assert folded([gap, gap]).turn(1).underruns == 2


def test_what_does_not_count_is_passed_over() -> None:
    fold = MetricsFold()
    fold.emit(LevelMeasured(at_us=1, peak=1.0, rms=1.0))
    assert fold.turn(0) == TurnMetrics()
