"""A replay in the hand of another thread: what is asked for is done, when it can be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from gramophone.cli.replay_feed import ANSWER_SPEAKS, ReplayPlayer
from gramophone.clock import ManualClock
from gramophone.errors import StorageError
from gramophone.ports import ReplayState
from gramophone.replay import Replay
from gramophone.timeline import AudioReceived, Entry, Event, Failed
from tests.builders import SAMPLE_RATE_HZ, short_session
from tests.paced_speaker import PacedSpeaker


class Hand:
    """A player over a short session, on the loop of the test."""

    def __init__(self, wanted: ReplayState | None = None) -> None:
        self.clock = ManualClock()
        self.loads: list[bool] = []
        self.taken = False
        self.failure: StorageError | None = None
        self.player = ReplayPlayer(
            lambda call: call(),
            self._load,
            self._make,
            taken=lambda: self.taken,
            wanted=wanted or ReplayState(),
        )

    async def _load(self, *, with_pcm: bool) -> list[Event]:
        self.loads.append(with_pcm)
        if self.failure is not None:
            raise self.failure
        return [
            event if with_pcm or not isinstance(event, AudioReceived) else replace(event, pcm=b"")
            for event in short_session()
        ]

    def _make(
        self,
        events: list[Event],
        emit: Callable[[Entry], None],
        *,
        state: ReplayState,
        tell: Callable[[ReplayState], None] | None,
    ) -> Replay:
        return Replay(
            events,
            clock=self.clock,
            speaker=PacedSpeaker(self.clock, SAMPLE_RATE_HZ),
            emit=emit,
            speed=state.speed,
            playing=state.playing,
            at_us=state.position_us,
            stays=True,
            tell=tell,
        )

    async def pass_us(self, passed_us: int) -> None:
        for _ in range(passed_us // 10_000):
            self.clock.advance_us(10_000)
            await settle()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_to_look_at_it_no_sound_is_read() -> None:
    hand = Hand()
    assert not hand.player.state().ready
    hand.player.seek(1_000_000)
    hand.player.set_speed(2.0)
    await settle()
    state = hand.player.state()
    assert (state.ready, state.playing, state.position_us, state.speed) == (
        True,
        False,
        1_000_000,
        2.0,
    )
    assert len(state.marks) == 2
    assert state.passages
    assert hand.loads == [False]
    assert hand.player.take() == []
    hand.player.close()
    await settle()


async def test_what_was_set_before_holds_when_it_plays() -> None:
    hand = Hand(ReplayState(position_us=500_000, playing=True))
    hand.player.seek(1_000_000)
    hand.player.set_speed(0.5)
    hand.player.skip_silence(True)
    await settle()
    state = hand.player.state()
    assert hand.loads == [False, True]
    assert (state.playing, state.position_us, state.speed, state.skipping) == (
        True,
        1_000_000,
        0.5,
        True,
    )
    assert hand.player.take()[0] == short_session()[0]
    hand.player.pause()
    await settle()
    assert not hand.player.state().playing
    hand.player.close()
    await settle()


async def test_it_stays_at_its_end_and_plays_again() -> None:
    hand = Hand(ReplayState(playing=True))
    await settle()
    await hand.pass_us(3_000_000)
    state = hand.player.state()
    assert (state.playing, state.position_us) == (False, state.duration_us)
    events = [entry for entry in hand.player.take() if isinstance(entry, Event)]
    assert events == short_session()
    hand.player.play()
    await settle()
    assert hand.player.state().playing
    hand.player.close()
    await settle()


async def test_while_an_answer_is_spoken_it_does_not_begin() -> None:
    hand = Hand()
    hand.taken = True
    hand.player.play()
    await settle()
    assert hand.player.state().refusal == ANSWER_SPEAKS
    assert not hand.player.state().playing
    hand.taken = False
    hand.player.hear(1, 0)
    await settle()
    assert hand.player.state().refusal == ""
    assert hand.player.state().playing
    hand.player.close()
    await settle()


async def test_a_library_that_cannot_be_read_is_one_sentence() -> None:
    hand = Hand()
    hand.failure = StorageError("The library is damaged.")
    await settle()
    (failed,) = hand.player.take()
    assert isinstance(failed, Failed)
    assert hand.player.state().refusal == failed.detail == "The library is damaged."
