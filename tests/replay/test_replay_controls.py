"""What can be done with a replay: pause, seek, speed, skip, loop."""

from __future__ import annotations

from array import array
from dataclasses import replace

import pytest

from gramophone.alignment.durations import reached_ms
from gramophone.core.timeline import (
    AudioReceived,
    FlushAnswered,
    FlushSent,
    PlaybackStarted,
    PlayoutAdvanced,
    TextSpoken,
    TimelineRestarted,
)
from tests.support.replay_stage import RATE_HZ, Stage, talk


class TestControls:
    def test_a_pause_is_silent_and_still_and_play_goes_on(self) -> None:
        stage = Stage(talk(3_000), rate_hz=RATE_HZ)
        stage.go(1_800_000)
        stage.replay.pause()
        position_us = stage.state.position_us
        assert stage.replay.step() is None
        emitted = len(stage.emitted)
        stage.clock.advance_us(60_000_000)
        assert stage.replay.step() is None
        assert (len(stage.emitted), stage.state.position_us) == (emitted, position_us)
        assert position_us == pytest.approx(1_800_000, abs=40_000)
        stage.replay.play()
        stage.to_the_end(120_000_000)
        assert sorted(set(stage.speaker.sounded())) == list(range(1, 3_001))

    def test_a_pause_where_nothing_sounds_keeps_the_place(self) -> None:
        stage = Stage(talk(3_000), rate_hz=RATE_HZ)
        stage.go(300_000)
        stage.replay.pause()
        assert stage.state.position_us == 300_000

    def test_one_that_begins_within_a_session_goes_on_from_there_at_once(self) -> None:
        stage = Stage(talk(3_000), rate_hz=RATE_HZ, audible=False, position_us=600_000)
        stage.go(100_000)
        stage.replay.step()
        assert stage.state.position_us == 700_000

    def test_paused_from_the_start_it_opens_no_device(self) -> None:
        stage = Stage(talk(3_000), rate_hz=RATE_HZ, playing=False, position_us=600_000)
        assert stage.replay.step() is None
        assert stage.speaker.log == []
        assert [type(event) for event in stage.events()][-1] is AudioReceived

    def test_after_a_seek_the_right_samples_come(self) -> None:
        stage = Stage(talk(3_000), rate_hz=RATE_HZ)
        stage.go(200_000)
        stage.replay.seek(2_800_000)
        stage.go(300_000)
        assert next(iter(stage.speaker.sounded())) == 2_001
        assert not stage.all_of(TimelineRestarted), "forwards there is only more to tell"
        stage.replay.seek(1_300_000)
        stage.go(300_000)
        assert 501 in stage.speaker.sounded()

    def test_going_back_tells_anew_what_holds_there(self) -> None:
        events = talk(3_000)
        stage = Stage(events, rate_hz=RATE_HZ)
        stage.go(3_000_000)
        stage.emitted.clear()
        stage.replay.pause()
        stage.replay.seek(1_800_000)
        stage.replay.step()
        restarted, *holding = [entry for _, entry in stage.emitted]
        assert isinstance(restarted, TimelineRestarted)
        assert restarted.entries == len(holding)
        *before, playout = holding
        assert before == [event for event in events if event.at_us <= 1_800_000]
        assert playout == PlayoutAdvanced(
            at_us=1_800_000, turn=1, position_samples=1_000, queued_samples=2_000
        )

    def test_at_its_end_it_waits_and_play_begins_again(self) -> None:
        stage = Stage(talk(500), rate_hz=RATE_HZ)
        stage.to_the_end()
        assert not stage.state.playing
        assert stage.state.position_us == stage.state.duration_us == 3_300_000
        stage.emitted.clear()
        stage.replay.play()
        stage.to_the_end()
        assert isinstance(stage.emitted[0][1], TimelineRestarted)
        assert stage.events() == talk(500)
        assert list(stage.speaker.sounded()) == [*range(1, 501)] * 2

    def test_a_position_outside_is_the_nearest_inside(self) -> None:
        stage = Stage(talk(500), rate_hz=RATE_HZ, playing=False)
        stage.replay.seek(-5)
        assert stage.state.position_us == 0
        stage.replay.seek(10**12)
        assert stage.state.position_us == stage.state.duration_us

    @pytest.mark.parametrize(("speed", "given_speed"), [(0.1, 0.5), (9.0, 3.0), (1.25, 1.25)])
    def test_a_speed_outside_is_the_nearest_inside(self, speed: float, given_speed: float) -> None:
        stage = Stage(talk(500), rate_hz=RATE_HZ)
        stage.replay.set_speed(speed)
        assert stage.state.speed == given_speed

    def test_skipping_silence_shortens_pauses_in_and_between_answers(self) -> None:
        pcm = array("h", [9_000] * 1_000 + [0] * 3_000 + [9_000] * 1_000).tobytes()
        events = [
            replace(event, pcm=pcm) if isinstance(event, AudioReceived) else event
            for event in talk(5_000, size=10_000)
        ]
        stage = Stage(events, rate_hz=RATE_HZ)
        stage.replay.skip_silence(True)
        stage.to_the_end()
        # 0.5 and 0.3 s to the sound, 2 s of it, 0.15 s kept at either end, 0.25 s of the idle end.
        assert stage.clock.now_us() == pytest.approx(800_000 + 2_300_000 + 250_000, abs=150_000)
        assert stage.events() == events
        assert stage.speaker.heard.count(9_000) == 2_000

    def test_a_turn_is_looped_until_told_otherwise(self) -> None:
        stage = Stage(talk(1_000, 1_000), rate_hz=RATE_HZ)
        stage.go(1_000_000)
        stage.replay.loop(1)
        stage.go(4_000_000)
        starts = [at for at, entry in stage.emitted if isinstance(entry, TimelineRestarted)]
        # Once around are 1.3 s: the turn began 0.3 s before its sound.
        assert len(starts) == 3
        assert starts[1] - starts[0] == pytest.approx(1_300_000, abs=60_000)
        assert stage.state.loop == 1
        stage.replay.loop(None)
        stage.to_the_end()
        assert stage.speaker.now() >= 0
        assert 2_000 in stage.speaker.heard

    def test_a_seek_elsewhere_ends_the_loop_and_one_inside_does_not(self) -> None:
        stage = Stage(talk(1_000, 1_000), rate_hz=RATE_HZ)
        stage.replay.loop(1)
        stage.replay.seek(1_000_000)
        assert stage.state.loop == 1
        stage.replay.seek(4_500_000)
        assert stage.state.loop is None

    def test_a_turn_that_takes_no_time_is_not_looped(self) -> None:
        stage = Stage(talk(1_000), rate_hz=RATE_HZ)
        stage.replay.loop(0)
        assert stage.state.loop is None

    def test_a_word_is_heard_from_its_sound_on(self) -> None:
        text = "one two three four five six seven eight nine ten"
        spoken = TextSpoken(
            at_us=700_000, turn=1, chunk=0, text=text, source_start=0, source_end=len(text)
        )
        flush = FlushSent(at_us=700_000, turn=1, flush=0, last_chunk=0)
        answered = FlushAnswered(at_us=790_000, turn=1, flush=0, end_samples=4_800)
        events = talk(4_800)
        at = next(n for n, event in enumerate(events) if isinstance(event, PlaybackStarted))
        stage = Stage(
            [*events[:at], spoken, flush, answered, *events[at:]], rate_hz=RATE_HZ, playing=False
        )
        stage.replay.play_from(1, text.index("six"))
        stage.go(300_000)
        assert stage.state.playing
        reached = reached_ms(text)
        before = 4_800 * reached[text.index("six")] // reached[-1]
        assert next(iter(stage.speaker.sounded())) == before + 1
        stage.replay.play_from(0, 3)
        assert stage.state.position_us == 500_000, "a turn without sound begins where it lies"
