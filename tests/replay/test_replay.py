"""Replay: the same events in the same order and time, and the sound in step with them."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.core.errors import ConfigError
from gramophone.core.tasks import cancel, spawn
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    DeviceChanged,
    Entry,
    Event,
    Failed,
    LevelMeasured,
    PlaybackFinished,
    PlaybackStarted,
    PlayoutAdvanced,
)
from gramophone.replay.schedule import SOUND_MISSING
from tests.support.builders import session_started, short_session, spoken_exchange
from tests.support.deadlines import HANG_S
from tests.support.replay_drift import drift
from tests.support.replay_stage import RATE_HZ, Nearest, Stage, pcm_of, talk
from tests.support.settling import settle

INFINITE = float("inf")


class TestOrderAndTime:
    def test_events_come_in_order_and_in_their_time(self) -> None:
        stage = Stage(short_session())
        stage.to_the_end()
        assert stage.events() == short_session()
        for at_us, entry in stage.emitted:
            if isinstance(entry, Event) and entry.at_us < 1_440_000:
                assert entry.at_us <= at_us < entry.at_us + 1_000

    def test_twice_as_fast_takes_half_the_time(self) -> None:
        stage = Stage(short_session(), 2.0)
        stage.to_the_end()
        assert stage.events() == short_session()
        for at_us, entry in stage.emitted:
            if isinstance(entry, Event) and entry.at_us < 1_440_000:
                assert entry.at_us // 2 <= at_us < entry.at_us // 2 + 1_000

    async def test_at_infinite_speed_no_time_passes_and_nothing_sounds(self) -> None:
        stage = Stage(short_session(), INFINITE)
        async with asyncio.timeout(HANG_S):
            await stage.replay.run()
        assert stage.clock.now_us() == 0
        assert stage.events() == short_session()
        assert not stage.speaker.sounded()

    @pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("-inf")])
    def test_a_speed_that_is_none_is_refused(self, speed: float) -> None:
        with pytest.raises(ConfigError, match="must be above 0"):
            Stage([], speed)

    async def test_it_runs_by_itself_to_its_end(self) -> None:
        stage = Stage(short_session(), stays=False)
        running = spawn(stage.replay.run(), name="replay under test")
        while not running.done():
            await settle()
            stage.clock.advance_us(20_000)
            stage.speaker.playout()
            assert stage.clock.now_us() < 10_000_000
        await running
        assert stage.events() == short_session()
        assert stage.speaker.log == ["open", "close"]

    async def test_no_events_are_no_replay(self) -> None:
        stage = Stage([], stays=False)
        await stage.replay.run()
        assert stage.emitted == []
        assert stage.speaker.log == ["open", "close"]

    async def test_giving_up_closes_the_speaker(self) -> None:
        stage = Stage(short_session())
        running = spawn(stage.replay.run(), name="replay under test")
        await settle()
        await cancel(running)
        assert stage.speaker.log == ["open", "close"]

    @settings(deadline=None, max_examples=30)
    @given(
        st.lists(st.integers(0, 3_000_000), min_size=1, max_size=8),
        st.sampled_from([0.5, 1.0, 3.0, INFINITE]),
    )
    def test_what_goes_in_comes_out(self, starts_us: list[int], speed: float) -> None:
        events: list[Event] = [session_started()]
        for number, start_us in enumerate(starts_us):
            events += spoken_exchange(first_turn=2 * number, start_us=start_us)
        stage = Stage(events, speed)
        if math.isinf(speed):
            asyncio.run(stage.replay.run())
        else:
            stage.to_the_end()
        assert stage.events() == events
        assert pcm_of(stage.events()) == pcm_of(events)


class TestSound:
    def test_every_sample_is_heard_once_and_at_its_position(self) -> None:
        stage = Stage(talk(3_000, 1_000), rate_hz=RATE_HZ)
        stage.to_the_end()
        assert list(stage.speaker.sounded()) == list(range(1, 4_001))

    @pytest.mark.parametrize("speed", [1.0, 2.0])
    def test_a_turn_of_another_rate_sounds_in_its_time(self, speed: float) -> None:
        events = [
            session_started(sample_rate_hz=24_000),
            *spoken_exchange(frames=(b"\0\x10" * 12_000,)),
            *(
                replace(event, sample_rate_hz=16_000) if isinstance(event, AudioReceived) else event
                for event in spoken_exchange(
                    first_turn=2, start_us=5_000_000, frames=(b"\0\x10" * 16_000,)
                )
            ),
        ]
        stage = Stage(events, speed, rate_hz=24_000)
        first, second = stage.replay.state().passages
        assert first.end_us - first.start_us == 500_000
        assert second.end_us - second.start_us == 1_000_000
        stage.to_the_end()
        assert stage.events() == events
        assert abs(len(stage.speaker.sounded()) - (12_000 + 24_000) / speed) < 1_000

    def test_a_change_of_speed_goes_on_at_the_same_place(self) -> None:
        stage = Stage(talk(6_000), rate_hz=RATE_HZ, make_stretcher=Nearest)
        stage.go(2_800_000)
        stage.replay.set_speed(3.0)
        before = stage.speaker.now()
        stage.go(700_000)
        stage.replay.set_speed(1.0)
        stage.to_the_end()
        samples = stage.speaker.sounded()
        assert 1_900 < before <= 2_000
        assert samples[-1] == 6_000
        steps = [b - a for a, b in pairwise(samples)]
        assert max(steps) == 3
        # The fade of the few samples that were cut is heard, and then they come again.
        assert sum(step < 0 for step in steps) <= 10

    @pytest.mark.parametrize("speed", [0.5, 2.0, 3.0])
    def test_it_takes_as_long_as_the_speed_says(self, speed: float) -> None:
        stage = Stage(talk(6_000), speed, rate_hz=RATE_HZ)
        stage.to_the_end()
        assert stage.clock.now_us() == pytest.approx(8_800_000 / speed, abs=120_000)

    def test_without_the_samples_the_text_is_replayed_alone_and_it_is_said(self) -> None:
        events = [
            replace(event, pcm=b"") if isinstance(event, AudioReceived) else event
            for event in talk(2_000)
        ]
        stage = Stage(events, rate_hz=RATE_HZ)
        stage.to_the_end()
        events_out = stage.events()
        (failed,) = [event for event in events_out if isinstance(event, Failed)]
        assert (failed.turn, failed.detail) == (1, SOUND_MISSING)
        assert [event for event in events_out if event is not failed] == events
        assert stage.time_of(PlaybackFinished) - stage.time_of(PlaybackStarted) == 2_000_000
        assert len(stage.all_of(PlayoutAdvanced)) > 20
        assert not stage.speaker.sounded()

    def test_muted_it_takes_its_time_and_nothing_sounds(self) -> None:
        stage = Stage(talk(2_000), rate_hz=RATE_HZ, audible=False)
        stage.to_the_end()
        assert stage.time_of(PlaybackFinished) == 2_800_000
        assert stage.all_of(PlayoutAdvanced)
        assert not stage.speaker.sounded()

    def test_levels_and_positions_are_told_while_it_sounds(self) -> None:
        stage = Stage(talk(2_000), rate_hz=RATE_HZ)
        stage.to_the_end()
        levels = [at_us for at_us, entry in stage.emitted if isinstance(entry, LevelMeasured)]
        assert 800_000 <= levels[0]
        assert levels[-1] <= 2_900_000
        assert 25 <= len(levels) <= 35
        playout = stage.all_of(PlayoutAdvanced)[10]
        assert isinstance(playout, PlayoutAdvanced)
        assert playout.position_samples + playout.queued_samples == 2_000

    def test_where_it_sounds_is_a_fact_of_now(self) -> None:
        then = DeviceChanged(at_us=600_000, device="then", silent=True, detail="gone")
        events = talk(2_000)
        stage = Stage([*events[:3], then, *events[3:]], rate_hz=RATE_HZ)
        stage.go(1_500_000)
        stage.replay.device_changed("now", False, "")
        stage.replay.seek(1_000_000)
        stage.to_the_end()
        assert [e.device for e in stage.all_of(DeviceChanged) if isinstance(e, DeviceChanged)] == [
            "now",
            "now",
        ]


class TestInStep:
    """Text and sound within 50 ms of each other, whatever is done."""

    @pytest.mark.parametrize(
        ("speed", "off_ppm"), [(0.5, -200), (1.0, 200), (1.0, -200), (1.25, 200), (3.0, -200)]
    )
    def test_with_a_card_that_runs_off(self, speed: float, off_ppm: int) -> None:
        """In twelve minutes 200 ppm are 144 ms; the campaign `long_talks` replays hours."""
        assert drift(speed, 0.2, off_ppm).broken() == []

    @settings(deadline=None, max_examples=15)
    @given(st.randoms(use_true_random=False))
    def test_after_a_hundred_seeks_pauses_and_speeds(self, chance: object) -> None:
        from random import Random

        assert isinstance(chance, Random)
        stage = Stage(
            talk(20_000, 5_000, size=50), rate_hz=RATE_HZ, off_ppm=-200, make_stretcher=Nearest
        )
        for _ in range(100):
            match chance.randrange(5):
                case 0:
                    stage.replay.seek(chance.randrange(stage.state.duration_us))
                case 1:
                    stage.replay.pause()
                case 2:
                    stage.replay.set_speed(chance.choice([0.5, 0.75, 1.0, 1.5, 3.0]))
                case 3:
                    stage.replay.skip_silence(chance.random() < 0.5)
                case _:
                    stage.replay.play()
            stage.go(chance.randrange(700_000))
        stage.replay.set_speed(1.0)
        stage.replay.loop(None)
        stage.replay.seek(1_000_000)
        stage.replay.play()
        stage.go(100_000)
        off: list[int] = []

        def look(entry: Entry) -> None:
            if isinstance(entry, DeltaReceived) and entry.turn == 1:
                off.append(stage.speaker.now() - int(entry.text))

        stage.on_emit = look
        stage.go(3_000_000)
        assert len(off) > 50
        # A sample is a millisecond here.
        assert -2 <= min(off) <= max(off) <= 25
