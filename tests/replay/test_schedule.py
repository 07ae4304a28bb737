"""The schedule: events and sound of a session on one clock."""

from __future__ import annotations

from array import array
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.alignment.word_timing import WordTiming
from gramophone.analysis.metrics import MetricsFold
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    DeltasPassed,
    Event,
    Failed,
    FrameReceived,
    FrameSent,
    ModelChunkReceived,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    TextSpoken,
    TurnInterrupted,
    Underran,
)
from gramophone.ports.backend import AudibleSpan
from gramophone.replay.schedule import SOUND_MISSING, SOUNDS_MISSING, ReplaySchedule
from gramophone.replay.silence_scanner import SilenceScanner
from gramophone.replay.track import Track
from tests.support.builders import session_started, short_session, spoken_exchange

RATE_HZ = 1_000


def frame(pcm: bytes, offset: int = 0, turn: int = 1, **changes: object) -> AudioReceived:
    received = AudioReceived(
        at_us=10, turn=turn, connection=0, offset_bytes=offset, size_bytes=len(pcm), pcm=pcm
    )
    return replace(received, **changes)  # pyright: ignore[reportArgumentType]


def ramp(samples: int, first: int = 1) -> bytes:
    return array("h", range(first, first + samples)).tobytes()


def started(at_us: int = 1_000_000, turn: int = 1) -> PlaybackStarted:
    return PlaybackStarted(at_us=at_us, turn=turn, device="x")


def finished(at_us: int, samples: int, turn: int = 1) -> PlaybackFinished:
    return PlaybackFinished(at_us=at_us, turn=turn, played_samples=samples)


def delta(at_us: int) -> DeltaReceived:
    return DeltaReceived(at_us=at_us, turn=1, text="a")


def schedule_of(*events: Event, rate_hz: int = RATE_HZ) -> ReplaySchedule:
    return ReplaySchedule([session_started(sample_rate_hz=rate_hz), *events])


class Kept:
    """Kept sound by turn."""

    def __init__(self, sounds: dict[int, bytes]) -> None:
        self._sounds = sounds

    def read(self, turn: int, offset_bytes: int, size_bytes: int) -> bytes:
        return self._sounds.get(turn, b"")[offset_bytes : offset_bytes + size_bytes]

    def close(self) -> None: ...


def due_of(schedule: ReplaySchedule, event: Event) -> int:
    return schedule.due_us[schedule.events.index(event)]


class TestEvents:
    def test_none_is_lost_and_none_is_changed(self) -> None:
        assert ReplaySchedule(short_session()).events == short_session()

    def test_the_end_of_playback_lies_where_the_last_sample_ends(self) -> None:
        end, after = finished(2_100_000, 1_000), delta(2_500_000)
        schedule = schedule_of(frame(ramp(1_000)), started(), end, after)
        assert due_of(schedule, end) == 2_000_000
        assert due_of(schedule, after) == 2_400_000

    def test_a_slow_card_does_not_move_text_against_sound(self) -> None:
        """Of an hour's answer the live clock saw 0.72 s more: the text stays at its samples."""
        hour = 3_600 * RATE_HZ
        sound = frame(b"", size_bytes=2 * hour)
        middle, end = delta(1_000_000 + 1_800_360_000), finished(1_000_000 + 3_600_720_000, hour)
        schedule = schedule_of(sound, started(), middle, end)
        assert due_of(schedule, middle) == 1_000_000 + 1_800_000_000
        assert due_of(schedule, end) == 1_000_000 + 3_600_000_000

    def test_text_of_a_muted_recording_comes_as_it_came(self) -> None:
        """No playing time passed: what follows moves on by the length of the sound."""
        text, end, after = delta(1_050_000), finished(1_100_000, 5_000), delta(1_200_000)
        schedule = schedule_of(frame(ramp(5_000)), started(), text, end, after)
        assert due_of(schedule, text) == 1_050_000
        assert due_of(schedule, end) == 6_000_000
        assert due_of(schedule, after) == 6_100_000

    def test_an_interruption_lies_where_the_sound_was_cut(self) -> None:
        cut = TurnInterrupted(at_us=1_320_000, turn=1, heard_text="", heard_samples=300)
        schedule = schedule_of(frame(ramp(1_000)), started(), cut)
        assert due_of(schedule, cut) == 1_300_000 == schedule.duration_us
        (track,) = schedule.tracks
        assert track.samples == 300

    def test_sound_that_was_hushed_ends_there_and_the_text_goes_on(self) -> None:
        hushed, text = (
            PlaybackStopped(at_us=1_300_000, turn=1, played_samples=300),
            delta(1_900_000),
        )
        schedule = schedule_of(frame(ramp(1_000)), started(), hushed, text)
        assert (due_of(schedule, hushed), due_of(schedule, text)) == (1_300_000, 1_900_000)
        assert schedule.tracks[0].samples == 300

    def test_a_turn_stopped_in_a_hole_is_stopped_as_late_as_then(self) -> None:
        cut = TurnInterrupted(at_us=9_000_000, turn=1, heard_text="", heard_samples=300)
        schedule = schedule_of(frame(ramp(300)), started(), cut)
        assert due_of(schedule, cut) == 9_000_000
        assert schedule.tracks[0].end_us == 1_300_000

    def test_sound_that_never_ended_ends_with_its_samples_or_at_the_next(self) -> None:
        alone = schedule_of(frame(ramp(1_000)), started())
        assert alone.duration_us == 2_000_000
        schedule = schedule_of(
            frame(ramp(1_000)), started(), frame(ramp(10), turn=3), started(1_400_000, turn=3)
        )
        assert [track.samples for track in schedule.tracks] == [400, 10]

    def test_an_event_of_an_earlier_time_lies_with_the_one_before(self) -> None:
        schedule = schedule_of(delta(500_000), delta(400_000))
        assert schedule.due_us == [0, 500_000, 500_000]

    def test_nothing_has_no_length(self) -> None:
        schedule = ReplaySchedule([])
        assert (schedule.duration_us, schedule.marks, schedule.track_at(0)) == (0, (), None)
        assert schedule.next_track(0) is None

    @given(
        st.lists(
            st.tuples(st.integers(0, 500), st.integers(0, 400), st.integers(-200, 2_000)),
            max_size=4,
        ),
        st.integers(0, 900),
        st.integers(0, 3_000_000),
    )
    def test_whatever_happened_the_order_stays(
        self, holes: list[tuple[int, int, int]], samples: int, end_us: int
    ) -> None:
        events: list[Event] = [frame(ramp(samples)) if samples else delta(5), started()]
        at_us = 1_000_000
        for position, missing, step_ms in holes:
            at_us += step_ms * 1_000
            events += [
                delta(at_us),
                Underran(at_us=at_us, turn=1, position_samples=position, missing_samples=missing),
            ]
        end = finished(at_us + end_us, samples)
        schedule = schedule_of(*events, end, delta(at_us + end_us + 5))
        assert len(schedule.events) == len(events) + 3
        assert all(a <= b for a, b in pairwise(schedule.due_us))
        (track,) = schedule.tracks
        assert due_of(schedule, end) == max(track.end_us, schedule.due_us[-3])
        sounded = array("h", track.read(0, track.samples))
        assert [sample for sample in sounded if sample] == list(range(1, samples + 1))
        for own in range(0, samples, 37):
            assert sounded[track.timeline_of(own)] == own + 1
            assert track.source_of(track.timeline_of(own)) == own


class TestSound:
    def test_a_hole_is_silence_of_its_length_and_the_text_stays_where_it_was(self) -> None:
        hole = Underran(at_us=1_700_000, turn=1, position_samples=400, missing_samples=300)
        during, end = delta(1_500_000), finished(2_300_000, 1_000)
        schedule = schedule_of(frame(ramp(1_000)), started(), during, hole, end)
        (track,) = schedule.tracks
        sounded = array("h", track.read(0, track.samples))
        assert list(sounded) == [*range(1, 401), *[0] * 300, *range(401, 1_001)]
        assert due_of(schedule, during) == 1_500_000
        assert due_of(schedule, hole) == 1_700_000
        assert due_of(schedule, end) == 2_300_000
        assert schedule.passages == (
            AudibleSpan(1, 1_000_000, 1_400_000, 0),
            AudibleSpan(1, 1_700_000, 2_300_000, 400_000),
        )
        assert schedule.position_of(1, 399) == 1_399_000
        assert schedule.position_of(1, 400) == 1_700_000

    def test_stale_sound_is_not_heard(self) -> None:
        stale = frame(ramp(5, 100), 20, stale=True)
        (track,) = schedule_of(frame(ramp(10)), stale, started()).tracks
        assert list(array("h", track.read(0, 99))) == list(range(1, 11))

    def test_padding_and_lost_frames_are_silence(self) -> None:
        frames = [
            frame(b"\x01\x02\x03"),
            frame(b"\x05\x06", 4),
            frame(b"", 6, size_bytes=2),
            frame(b"\x09\x0a", 8),
        ]
        (track,) = schedule_of(*frames, started()).tracks
        assert track.read(0, 5) == b"\x01\x02\x03\0\x05\x06\0\0\x09\x0a"
        assert track.read(1, 2) == b"\x03\0\x05\x06"

    def test_telephone_sound_is_decoded(self) -> None:
        events = [
            session_started(sample_rate_hz=RATE_HZ, encoding="mulaw"),
            frame(b"\x00\xff"),
            frame(b"\x00", 2),
            started(),
        ]
        (track,) = ReplaySchedule(events).tracks
        assert list(array("h", track.read(0, 9))) == [-32_124, 0, -32_124]

    @pytest.mark.parametrize("encoding", ["linear16", "mulaw", "alaw"])
    def test_read_piece_by_piece_it_is_the_same(self, encoding: str) -> None:
        """Of the frames only the rows are there; their samples come from where they are kept."""
        stored = bytes(range(256)) * 4
        cuts = [0, 3, 100, 101, 640, 1_024]
        frames = [frame(stored[start:end], start) for start, end in pairwise(cuts)]
        begin = session_started(sample_rate_hz=RATE_HZ, encoding=encoding)
        (whole,) = ReplaySchedule([begin, *frames, started()]).tracks
        rows = [replace(row, pcm=b"") for row in frames]
        (track,) = ReplaySchedule([begin, *rows, started()], Kept({1: stored})).tracks
        assert track.audible
        assert track.read(0, track.samples) == whole.read(0, whole.samples)
        for laid in range(0, track.samples, 7):
            assert track.read(laid, 19) == whole.read(laid, 19)

    def test_a_file_that_is_short_is_silent_from_there_on(self) -> None:
        rows = [frame(b"", size_bytes=20), frame(b"", 20, size_bytes=20)]
        events = [session_started(sample_rate_hz=RATE_HZ), *rows, started()]
        (track,) = ReplaySchedule(events, Kept({1: ramp(15)})).tracks
        assert list(array("h", track.read(0, 99))) == [*range(1, 16), *[0] * 5]

    def test_without_its_file_sound_is_missing(self) -> None:
        rows = [frame(b"", size_bytes=20), started()]
        schedule = ReplaySchedule([session_started(sample_rate_hz=RATE_HZ), *rows], Kept({}))
        assert [e.detail for e in schedule.events if isinstance(e, Failed)] == [SOUND_MISSING]

    def test_missing_sound_is_said_once_a_turn_and_takes_its_time(self) -> None:
        end = finished(2_000_000, 1_000)
        schedule = schedule_of(frame(b"", size_bytes=2_000), started(), end)
        assert due_of(schedule, end) == 2_000_000
        (failed,) = [event for event in schedule.events if isinstance(event, Failed)]
        assert (failed.stage, failed.turn, failed.detail) == ("recording", 1, SOUND_MISSING)
        assert not schedule.tracks[0].audible

    def test_where_more_answers_lack_theirs_it_is_said_once_with_their_number(self) -> None:
        events: list[Event] = []
        for turn, pcm in ((1, b""), (3, ramp(9)), (5, b""), (7, b"")):
            at_us = turn * 1_000_000
            events += frame(pcm, turn=turn, size_bytes=18), started(at_us, turn)
            events.append(finished(at_us + 9_000, 9, turn))
        schedule = schedule_of(*events)
        (failed,) = [event for event in schedule.events if isinstance(event, Failed)]
        assert (failed.turn, failed.detail) == (1, SOUNDS_MISSING.format(count=3))
        before = schedule.events[schedule.events.index(failed) - 1]
        assert before == started(1_000_000, 1), "with the first of them"
        assert [track.audible for track in schedule.tracks] == [False, True, False, False]

    def test_positions_and_samples_are_each_others_inverse(self) -> None:
        track = Track(1, 123_457, 44_100, [frame(ramp(30_000))], "linear16")
        for laid in range(0, 30_000, 7):
            assert track.sample_at(track.us_of(laid)) == laid


class TestMarks:
    def test_each_turn_has_its_beginning_and_end(self) -> None:
        events = [*short_session()[:-1], *spoken_exchange(first_turn=2, start_us=3_000_000)]
        schedule = ReplaySchedule(events)
        assert [(m.turn, m.role) for m in schedule.marks] == [
            (0, "user"),
            (1, "assistant"),
            (2, "user"),
            (3, "assistant"),
        ]
        assert [m.start_us for m in schedule.marks[:2]] == [1_000_000, 1_000_100]
        assert schedule.mark_of(1) == schedule.marks[1]
        assert schedule.marks[1].end_us == schedule.tracks[0].end_us
        assert schedule.mark_of(9) is None


class TestHolding:
    """What is told to whoever goes to a place at once."""

    def events(self) -> list[Event]:
        wire = [
            FrameSent(at_us=1, connection=0, text="{}"),
            FrameReceived(at_us=2, connection=0, text="{}"),
            ModelChunkReceived(at_us=3, turn=1, raw="{}"),
        ]
        second = spoken_exchange(first_turn=2, start_us=3_000_000)
        return [session_started(), *wire, *spoken_exchange(), *second]

    def over(self, schedule: ReplaySchedule, end: int) -> set[int]:
        """The turns that are told of as over, so that nobody asks where their words sound."""
        later = {getattr(event, "turn", None) for event in schedule.events[end:]}
        return set(range(4)) - later

    def test_figures_and_alignment_are_those_of_all_events(self) -> None:
        schedule = ReplaySchedule(self.events())
        for end in range(len(schedule.events)):
            some, every = MetricsFold(), MetricsFold()
            heard_some, heard_every = WordTiming(), WordTiming()
            for event in schedule.snapshot(0, end):
                some.emit(event)
                heard_some.emit(event)
            for event in schedule.events[:end]:
                every.emit(event)
                heard_every.emit(event)
            for turn in range(4):
                assert some.turn(turn) == every.turn(turn)
                assert some.moments(turn) == every.moments(turn)
                if turn in self.over(schedule, end):
                    continue
                assert [heard_some.heard_end(turn, at) for at in range(0, 1_000, 50)] == [
                    heard_every.heard_end(turn, at) for at in range(0, 1_000, 50)
                ]

    def test_the_wire_is_left_out_and_so_is_sound_that_is_over(self) -> None:
        schedule = ReplaySchedule(self.events())
        held = schedule.snapshot(0, len(schedule.events))
        frames = [event.turn for event in held if isinstance(event, AudioReceived)]
        assert frames == [1, 3], "where the sound began belongs to the figures"
        assert not any(isinstance(e, FrameSent | FrameReceived | ModelChunkReceived) for e in held)
        holding = [event for event in held if not isinstance(event, DeltasPassed)]
        assert [event for event in schedule.events if event in holding] == holding

    def test_deltas_are_told_in_one_piece_with_their_number(self) -> None:
        schedule = ReplaySchedule(self.events())
        held = schedule.snapshot(0, len(schedule.events))
        joined = [event for event in held if isinstance(event, DeltasPassed)]
        text = "A gramophone plays records."
        assert [(delta.turn, delta.text, delta.deltas) for delta in joined] == [
            (1, text, 2),
            (3, text, 2),
        ]
        assert not any(isinstance(event, DeltaReceived) for event in held)

    def test_deltas_are_not_told_after_what_ended_their_text(self) -> None:
        failed = Failed(at_us=7, stage="model", detail="It broke.", turn=1)
        schedule = schedule_of(delta(5), delta(6), failed, delta(8), delta(9))
        kinds = [type(event) for event in schedule.snapshot(0, len(schedule.events))[1:]]
        assert kinds == [DeltasPassed, Failed, DeltasPassed]

    def test_of_an_hour_little_is_told_wherever_one_goes(self) -> None:
        """What is told at once is drawn at once: that bounds how long the screen stands still."""
        frames = tuple(b"\x01\x00" * 480 for _ in range(100))
        events: list[Event] = [session_started()]
        for number in range(100):
            start_us = 1_000_000 + 36_000_000 * number
            one = spoken_exchange(first_turn=2 * number, start_us=start_us, frames=frames)
            deltas = [event for event in one if isinstance(event, DeltaReceived)]
            many = [replace(deltas[-1], text="more ") for _ in range(300)]
            index = one.index(deltas[-1]) + 1
            events += [*one[:index], *many, *one[index:]]
        schedule = ReplaySchedule(events)
        assert len(schedule.events) > 40_000
        for end in range(0, len(schedule.events) + 1, 997):
            assert len(schedule.snapshot(0, end)) <= 1 + 14 * 100
            assert len(schedule.snapshot(end // 2, end)) <= 1 + 14 * 100

    def test_of_a_turn_that_goes_on_is_told_how_far_its_sound_reaches(self) -> None:
        schedule = schedule_of(
            *(frame(ramp(10), 20 * n) for n in range(9)), started(), delta(3_000_000)
        )
        end = len(schedule.events) - 1
        reached = [event for event in schedule.snapshot(0, end) if isinstance(event, AudioReceived)]
        assert [event.offset_bytes for event in reached] == [0, 160]

    def test_on_from_where_it_was_no_beginning_is_told_twice(self) -> None:
        schedule = ReplaySchedule(self.events())
        first = next(n for n, e in enumerate(schedule.events) if isinstance(e, AudioReceived)) + 1
        held = schedule.snapshot(first, len(schedule.events))
        assert [event.turn for event in held if isinstance(event, AudioReceived)] == [3]

    def test_of_sound_that_is_heard_after_all_events_the_words_are_told(self) -> None:
        """A session that was cut short: its sound goes on to the last sample."""
        cut = [event for event in spoken_exchange() if event.at_us <= 1_440_000]
        schedule = ReplaySchedule([session_started(), *cut])
        assert any(isinstance(e, TextSpoken) for e in schedule.snapshot(0, len(schedule.events)))
        assert schedule.tracks[0].end_us > schedule.due_us[-1]


class TestSilences:
    def track(self, *parts: tuple[int, int]) -> Track:
        """Parts of so many samples of such loudness."""
        pcm = array("h", [level for samples, level in parts for _ in range(samples)])
        return Track(1, 0, RATE_HZ, [frame(pcm.tobytes())], "linear16")

    def test_a_long_one_is_found_before_it_begins(self) -> None:
        track = self.track((1_000, 9_000), (2_000, 5), (1_000, -9_000))
        scanner = SilenceScanner(track, 0)
        assert scanner.first_before(100) is None
        assert scanner.first_before(1_100) == (1_000, 3_000)

    def test_a_short_one_is_left(self) -> None:
        track = self.track((1_000, 9_000), (400, 0), (1_000, 9_000))
        assert SilenceScanner(track, 0).first_before(9_999) is None

    def test_one_may_last_to_the_end_or_from_the_beginning(self) -> None:
        assert SilenceScanner(self.track((500, 9_000), (900, 0)), 0).first_before(600) == (
            500,
            1_400,
        )
        assert SilenceScanner(self.track((900, 0), (500, 9_000)), 0).first_before(1) == (0, 900)
