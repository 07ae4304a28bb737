"""A replay in the hand of another thread: what is asked for is done, when it can be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from gramophone.app.replay_player import ANSWER_SPEAKS, ReplayPlayer
from gramophone.core.clock import ManualClock
from gramophone.core.errors import StorageError
from gramophone.core.timeline import AudioReceived, Entry, Event, Failed, TimelineRestarted
from gramophone.ports.backend import ReplayState
from gramophone.replay.replay import Replay, ReplayOptions, ReplayPorts
from gramophone.replay.schedule import ReplaySchedule
from tests.support.builders import SAMPLE_RATE_HZ, short_session
from tests.support.paced_speaker import PacedSpeaker
from tests.support.settling import settle


class Hand:
    """A player over a short session, on the loop of the test."""

    def __init__(self, initial: ReplayState | None = None) -> None:
        self.clock = ManualClock()
        self.loads = 0
        self.closed = 0
        self.reads: list[int] = []
        self.taken = False
        self.failure: StorageError | None = None
        self.player = ReplayPlayer(
            lambda call: call(),
            self._load,
            self._make,
            is_busy=lambda: self.taken,
            initial=initial or ReplayState(),
        )

    async def _load(self) -> ReplaySchedule:
        self.loads += 1
        if self.failure is not None:
            raise self.failure
        rows = [
            replace(event, pcm=b"") if isinstance(event, AudioReceived) else event
            for event in short_session()
        ]
        return await asyncio.to_thread(ReplaySchedule, rows, self)

    def read(self, turn: int, offset_bytes: int, size_bytes: int) -> bytes:
        """The session's sound."""
        self.reads.append(size_bytes)
        frames = [e for e in short_session() if isinstance(e, AudioReceived) and e.turn == turn]
        end_bytes = max(frame.offset_bytes + frame.size_bytes for frame in frames)
        sound = bytearray(end_bytes)
        for frame in frames:
            sound[frame.offset_bytes : frame.offset_bytes + frame.size_bytes] = frame.pcm
        return bytes(sound[offset_bytes : offset_bytes + size_bytes])

    def close(self) -> None:
        self.closed += 1

    def _make(
        self,
        schedule: ReplaySchedule,
        emit: Callable[[Entry], None],
        *,
        state: ReplayState,
        on_state: Callable[[ReplayState], None],
    ) -> Replay:
        self.speaker = PacedSpeaker(self.clock, SAMPLE_RATE_HZ)
        return Replay(
            schedule,
            ReplayPorts(clock=self.clock, speaker=self.speaker, emit=emit, on_state=on_state),
            ReplayOptions(
                speed=state.speed,
                playing=state.playing,
                position_us=state.position_us,
                stays=True,
                restarts=True,
            ),
        )

    async def pass_us(self, passed_us: int) -> None:
        for _ in range(passed_us // 10_000):
            self.clock.advance_us(10_000)
            await settle()

    async def ready(self) -> None:
        """The session has been read, and what was asked for before is done."""
        while not self.player.state().ready:
            # It is laid out on a thread: one hop to another lets that one go on.
            await asyncio.to_thread(bool)
        await settle()


async def test_to_look_at_it_opens_no_device_and_tells_nothing() -> None:
    hand = Hand()
    assert not hand.player.state().ready
    hand.player.seek(1_000_000)
    hand.player.set_speed(2.0)
    await hand.ready()
    state = hand.player.state()
    assert (state.ready, state.playing, state.position_us, state.speed) == (
        True,
        False,
        1_000_000,
        2.0,
    )
    assert len(state.marks) == 2
    assert state.passages
    assert hand.speaker.log == []
    assert hand.player.take() == []
    hand.player.close()
    await settle()
    assert hand.closed == 1


async def test_the_sound_is_read_while_it_plays() -> None:
    hand = Hand(ReplayState(playing=True))
    await hand.ready()
    assert not hand.speaker.sounded()
    whole = b"".join(e.pcm for e in short_session() if isinstance(e, AudioReceived))
    await hand.pass_us(3_000_000)
    assert hand.speaker.sounded().tobytes() == whole
    assert max(hand.reads) <= len(whole) // 2
    hand.player.close()
    await settle()


async def test_what_was_set_before_holds_when_it_plays() -> None:
    hand = Hand(ReplayState(position_us=500_000, playing=True))
    hand.player.seek(1_000_000)
    hand.player.set_speed(0.5)
    hand.player.skip_silence(True)
    await hand.ready()
    state = hand.player.state()
    assert hand.loads == 1
    assert (state.playing, state.position_us, state.speed, state.skipping) == (
        True,
        1_000_000,
        0.5,
        True,
    )
    assert hand.player.take()[1] == short_session()[0]
    hand.player.pause()
    await settle()
    assert not hand.player.state().playing
    hand.player.close()
    await settle()


async def test_it_stays_at_its_end_and_plays_again() -> None:
    hand = Hand(ReplayState(playing=True))
    await hand.ready()
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


async def test_at_rest_it_is_silent_gives_the_device_back_and_goes_on_anew() -> None:
    hand = Hand(ReplayState(playing=True))
    await hand.ready()
    hand.player.set_speed(0.5)
    hand.player.skip_silence(True)
    await hand.pass_us(1_000_000)
    first = hand.speaker
    before = hand.player.state()
    assert before.playing
    hand.player.suspend()
    await settle()
    state = hand.player.state()
    assert first.log[-1] == "close"
    assert (state.playing, hand.player.take(), hand.loads) == (False, [], 1)
    assert state.position_us == pytest.approx(before.position_us, abs=10_000)
    assert (state.speed, state.skipping) == (0.5, True)
    hand.player.seek(1_300_000)
    await hand.pass_us(1_000_000)
    assert hand.player.take() == [], "nobody listens"
    assert hand.speaker.log == [], "nothing has been opened for it"
    hand.player.play()
    await settle()
    entries = hand.player.take()
    events = [entry for entry in entries if isinstance(entry, Event)]
    assert isinstance(entries[0], TimelineRestarted)
    assert events == short_session()[: len(events)]
    assert hand.player.state().position_us == 1_300_000
    hand.player.close()
    await settle()
    assert hand.closed == 1


async def test_played_again_before_it_has_come_to_rest_it_plays() -> None:
    hand = Hand(ReplayState(playing=True))
    await hand.ready()
    await hand.pass_us(1_000_000)
    hand.player.suspend()
    hand.player.play()
    await settle()
    entries = hand.player.take()
    assert hand.player.state().playing
    assert isinstance(entries[0], TimelineRestarted)
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
    hand.player.play_from(1, 0)
    await hand.ready()
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
