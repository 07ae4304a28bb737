"""Replay: the same events in the same order and time, and the sound with them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.clock import ManualClock
from gramophone.errors import ConfigError
from gramophone.ports import PlayoutState, SpeakerListener
from gramophone.replay import Replay
from gramophone.tasks import cancel, spawn
from gramophone.timeline import (
    AudioReceived,
    DeltaReceived,
    DeviceChanged,
    Entry,
    Event,
    LevelMeasured,
    PlaybackFinished,
    PlaybackStarted,
    PlayoutAdvanced,
    SessionStarted,
    TurnInterrupted,
)
from tests.builders import session_started, short_session, spoken_exchange

INFINITE = float("inf")


class NotedSpeaker:
    """Plays a turn until the test says that it is over; notes what it was told, and when."""

    device = "noted"
    silent = True

    def __init__(self, clock: ManualClock, *, at_once: bool = True) -> None:
        self._clock = clock
        self._at_once = at_once
        self._listener: SpeakerListener | None = None
        self.told: list[tuple[int, str, object]] = []
        self.turn = -1

    def open(self, listener: SpeakerListener) -> None:
        self._listener = listener

    def play(self, turn: int, pcm: bytes, *, realign: bool = False) -> None:
        self.turn = turn
        self._note("play", pcm)

    def finish(self, turn: int) -> None:
        self._note("finish", turn)
        if self._at_once:
            self.drain(turn)

    def drain(self, turn: int) -> None:
        assert self._listener is not None
        self._listener.drained(turn, 0)

    def change_device(self) -> None:
        assert self._listener is not None
        self._listener.device_changed("another", True, "unplugged")

    def hear(self, heard: bool) -> None: ...

    def stop(self) -> int:
        self._note("stop", self.turn)
        return 0

    def glance(self) -> PlayoutState:
        return PlayoutState(self.turn, 100, 50)

    def level(self) -> tuple[float, float]:
        return 0.5, 0.25

    async def aclose(self) -> None:
        self._note("close", None)

    def _note(self, what: str, value: object) -> None:
        self.told.append((self._clock.now_us(), what, value))

    def played(self) -> list[tuple[int, bytes]]:
        return [
            (at_us, value)
            for at_us, what, value in self.told
            if what == "play" and isinstance(value, bytes)
        ]


class Stage:
    """A replay under way, and the hand on its clock."""

    def __init__(
        self,
        events: Sequence[Event],
        speed: float = 1.0,
        *,
        at_once: bool = True,
        stretch: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self.clock = ManualClock()
        self.speaker = NotedSpeaker(self.clock, at_once=at_once)
        self.emitted: list[tuple[int, Entry]] = []
        self.replay = Replay(
            events,
            clock=self.clock,
            speaker=self.speaker,
            emit=lambda entry: self.emitted.append((self.clock.now_us(), entry)),
            speed=speed,
            stretch=stretch,
        )

    def events(self) -> list[Event]:
        return [entry for _, entry in self.emitted if isinstance(entry, Event)]

    def time_of(self, kind: type) -> int:
        return next(at_us for at_us, entry in self.emitted if type(entry) is kind)

    async def until_us(self, instant_us: int, step_us: int = 10_000) -> None:
        """Let time pass in steps, with room after each for everyone who woke."""
        while self.clock.now_us() < instant_us:
            self.clock.advance_us(min(step_us, instant_us - self.clock.now_us()))
            await settle()

    async def to_the_end(self, limit_us: int = 20_000_000) -> None:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(self.replay.run(), name="replay under test")
            await settle()
            while not running.done():
                assert self.clock.now_us() < limit_us, "the replay has no end"
                await self.until_us(self.clock.now_us() + 10_000)


async def settle() -> None:
    """Let everything that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def pcm_of(events: Sequence[Event]) -> bytes:
    return b"".join(event.pcm for event in events if isinstance(event, AudioReceived))


class TestOrderAndTime:
    async def test_events_come_in_order_and_in_their_time(self) -> None:
        stage = Stage(short_session())
        await stage.to_the_end()
        assert stage.events() == short_session()
        for at_us, entry in stage.emitted:
            if isinstance(entry, Event):
                assert entry.at_us <= at_us < entry.at_us + 10_000

    async def test_twice_as_fast_takes_half_the_time(self) -> None:
        stage = Stage(short_session(), 2.0)
        await stage.to_the_end()
        assert stage.events() == short_session()
        for at_us, entry in stage.emitted:
            if isinstance(entry, Event):
                assert entry.at_us // 2 <= at_us < entry.at_us // 2 + 10_000

    async def test_at_infinite_speed_no_time_passes_and_nothing_sounds(self) -> None:
        stage = Stage(short_session(), INFINITE)
        async with asyncio.timeout(5):
            await stage.replay.run()
        assert stage.clock.now_us() == 0
        assert stage.events() == short_session()
        assert stage.speaker.played() == []

    @pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("-inf")])
    def test_a_speed_that_is_none_is_refused(self, speed: float) -> None:
        with pytest.raises(ConfigError, match="must be above 0"):
            Stage([], speed)

    async def test_an_event_of_an_earlier_time_comes_at_once(self) -> None:
        late = DeltaReceived(at_us=10, turn=1, text="late")
        stage = Stage([session_started(at_us=100_000), late])
        await stage.to_the_end()
        assert stage.time_of(DeltaReceived) == stage.time_of(SessionStarted)

    async def test_no_events_are_no_replay(self) -> None:
        stage = Stage([])
        await stage.to_the_end()
        assert stage.emitted == []
        assert [what for _, what, _ in stage.speaker.told] == ["close"]

    @settings(deadline=None, max_examples=30)
    @given(
        st.lists(st.integers(0, 3_000_000), min_size=1, max_size=8),
        st.sampled_from([0.5, 1.0, 3.0, INFINITE]),
    )
    def test_what_goes_in_comes_out(self, starts_us: list[int], speed: float) -> None:
        events: list[Event] = [session_started()]
        for number, start_us in enumerate(starts_us):
            events += spoken_exchange(first_turn=2 * number, start_us=start_us)

        async def replayed() -> Stage:
            stage = Stage(events, speed)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(stage.replay.run(), name="replay under test")
                while not running.done():
                    await settle()
                    stage.clock.advance_us(500_000)
            return stage

        stage = asyncio.run(replayed())
        assert stage.events() == events
        assert pcm_of(stage.events()) == pcm_of(events)


class TestSound:
    async def test_it_is_handed_over_when_playback_started(self) -> None:
        stage = Stage(short_session())
        await stage.to_the_end()
        ((at_us, pcm),) = stage.speaker.played()
        assert at_us == stage.time_of(PlaybackStarted)
        assert pcm == pcm_of(short_session())
        assert [what for _, what, _ in stage.speaker.told] == ["play", "finish", "close"]

    async def test_at_another_speed_it_is_stretched(self) -> None:
        stage = Stage(short_session(), 2.0, stretch=lambda pcm: pcm[: len(pcm) // 2])
        await stage.to_the_end()
        ((_, pcm),) = stage.speaker.played()
        assert pcm == pcm_of(short_session())[:960]

    async def test_the_end_of_playback_waits_for_the_last_sample(self) -> None:
        events = [*short_session()[:-1], *spoken_exchange(first_turn=2, start_us=2_000_000)]
        stage = Stage(events, at_once=False)
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.replay.run(), name="replay under test")
            await settle()
            await stage.until_us(3_000_000)
            assert PlaybackFinished not in [type(event) for event in stage.events()]
            stage.speaker.drain(1)
            await settle()
            assert stage.time_of(PlaybackFinished) == 3_000_000
            # Its time was 1.5 s: what follows is as much later.
            await stage.until_us(3_900_000)
            assert len(stage.speaker.played()) == 1
            await stage.until_us(4_000_000)
            assert len(stage.speaker.played()) == 2
            await stage.until_us(5_000_000)
            stage.speaker.drain(1)
            await settle()
            assert len(stage.events()) < len(events), "another turn's end was taken for this one's"
            stage.speaker.drain(3)
        assert stage.events() == events

    async def test_an_interruption_stops_it(self) -> None:
        exchange = spoken_exchange()
        started = next(i for i, e in enumerate(exchange) if isinstance(e, PlaybackStarted))
        cut = TurnInterrupted(at_us=1_460_000, turn=1, heard_text="A", heard_samples=100)
        stage = Stage([session_started(), *exchange[: started + 1], cut], at_once=False)
        await stage.to_the_end()
        assert [what for _, what, _ in stage.speaker.told] == ["play", "finish", "stop", "close"]
        assert stage.speaker.told[2][0] == 1_460_000

    async def test_an_interruption_before_the_first_sound_stops_nothing(self) -> None:
        cut = TurnInterrupted(at_us=10, turn=1, heard_text="", heard_samples=0)
        stage = Stage([session_started(), cut])
        await stage.to_the_end()
        assert [what for _, what, _ in stage.speaker.told] == ["close"]

    async def test_without_the_samples_the_text_is_replayed_alone(self) -> None:
        events = [
            replace(event, pcm=b"") if isinstance(event, AudioReceived) else event
            for event in short_session()
        ]
        stage = Stage(events)
        await stage.to_the_end()
        assert stage.speaker.played() == []
        assert stage.events() == events

    def frames(self, *frames: AudioReceived) -> list[Event]:
        started = PlaybackStarted(at_us=100, turn=1, device="silent")
        return [session_started(), *frames, started]

    def frame(
        self, offset: int, pcm: bytes, size: int = 0, *, stale: bool = False
    ) -> AudioReceived:
        return AudioReceived(
            at_us=50,
            turn=1,
            connection=0,
            offset_bytes=offset,
            size_bytes=size or len(pcm),
            stale=stale,
            pcm=pcm,
        )

    async def test_padding_and_lost_frames_are_silence_of_their_length(self) -> None:
        stage = Stage(
            self.frames(
                self.frame(0, b"\x01\x02\x03"),
                self.frame(4, b"\x05\x06"),
                self.frame(6, b"", 2),
                self.frame(8, b"\x09\x0a"),
            )
        )
        await stage.to_the_end()
        ((_, pcm),) = stage.speaker.played()
        assert pcm == b"\x01\x02\x03\0\x05\x06\0\0\x09\x0a"

    async def test_stale_sound_is_never_heard(self) -> None:
        stage = Stage(
            self.frames(self.frame(0, b"\x01\x02"), self.frame(2, b"\x03\x04", stale=True))
        )
        await stage.to_the_end()
        ((_, pcm),) = stage.speaker.played()
        assert pcm == b"\x01\x02"

    async def test_levels_and_positions_are_told_while_it_sounds(self) -> None:
        stage = Stage(short_session(), 2.0, at_once=False)
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.replay.run(), name="replay under test")
            await settle()
            await stage.until_us(1_000_000)
            stage.speaker.drain(1)
            await settle()
            await stage.until_us(2_000_000)
        levels = [at_us for at_us, entry in stage.emitted if isinstance(entry, LevelMeasured)]
        assert levels == [720_000, 780_000, 840_000, 900_000, 960_000]
        position = next(e for _, e in stage.emitted if isinstance(e, PlayoutAdvanced))
        assert (position.turn, position.position_samples, position.queued_samples) == (1, 200, 100)

    async def test_where_it_sounds_is_a_fact_of_now(self) -> None:
        stage = Stage(short_session())
        async with asyncio.TaskGroup() as group:
            group.create_task(stage.replay.run(), name="replay under test")
            await settle()
            await stage.until_us(500_000)
            stage.speaker.change_device()
            await stage.until_us(2_100_000)
        changed = next(entry for entry in stage.events() if isinstance(entry, DeviceChanged))
        assert (changed.device, changed.silent) == ("another", True)

    async def test_giving_up_closes_the_speaker(self) -> None:
        stage = Stage(short_session())
        running = spawn(stage.replay.run(), name="replay under test")
        await settle()
        await cancel(running)
        assert [what for _, what, _ in stage.speaker.told] == ["close"]
