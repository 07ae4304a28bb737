"""A speaker that is not to be heard, and is again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from gramophone.ports.speaker import PlayoutState
from tests.support.speaker_program import ramp
from tests.support.speaker_rigs import BLOCK, BLOCK_US, SilentRig, settled


class UnheardRig(SilentRig):
    """A DeviceSpeaker that is not to be heard yet; cards stand in `cards`."""

    async def play_on(self, blocks: int) -> None:
        await settled()
        for _ in range(blocks):
            self.clock.advance_us(BLOCK_US)
            await settled()


@asynccontextmanager
async def switched_rig(**options: Any) -> AsyncGenerator[UnheardRig]:
    rig = UnheardRig(**options)
    rig.speaker.set_audible(False)
    try:
        yield rig
    finally:
        await rig.speaker.aclose()


async def test_one_that_is_not_heard_keeps_pace_and_holds_no_device() -> None:
    async with switched_rig() as rig:
        rig.speaker.play(1, ramp(1, 3 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(2)
        assert rig.speaker.playout() == PlayoutState(1, 2 * BLOCK, BLOCK)
        await rig.play_on(3)
        assert rig.listener.reports == [("began", 1), ("drained", 1, 3 * BLOCK)]
        assert all(card.left for card in rig.cards)


async def test_with_nothing_to_play_it_does_not_wake() -> None:
    async with switched_rig() as rig:
        rig.speaker.play(1, ramp(1, BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(5)
        sleeps = rig.clock.sleeps
        await rig.play_on(50)
        assert rig.clock.sleeps == sleeps


async def test_sound_that_comes_back_is_heard_from_where_it_is() -> None:
    async with switched_rig() as rig:
        rig.speaker.play(1, ramp(1, 10 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(4)
        rig.speaker.set_audible(True)
        await rig.play_on(1)
        await rig.listener.until("device", "Card", False)
        card = rig.cards[-1]
        card.pull(2)
        assert bytes(card.sound) == ramp(1, 10 * BLOCK)[8 * BLOCK : 12 * BLOCK]
        rig.speaker.set_audible(False)
        assert card.left
        await rig.play_on(2)
        assert rig.speaker.playout().position_samples == 8 * BLOCK
        rig.speaker.set_audible(True)
        await rig.play_on(1)
        rig.cards[-1].pull(3)
        await settled()
        assert bytes(rig.cards[-1].sound[: 4 * BLOCK]) == ramp(1, 10 * BLOCK)[16 * BLOCK :]
        assert ("drained", 1, 10 * BLOCK) in rig.listener.reports


async def test_while_its_device_opens_what_has_begun_goes_on() -> None:
    async with switched_rig(complaint=None) as rig:
        rig.speaker.play(1, ramp(1, 20 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(4)
        rig.speaker.set_audible(True)
        await rig.play_on(1)
        assert rig.speaker.playout().position_samples == 4 * BLOCK
        await rig.play_on(10)
        card = rig.cards[-1]
        card.pull()
        # It has the sound now, whenever that is told.
        await rig.play_on(2)
        card.opened("")
        await settled()
        card.pull()
        assert bytes(card.sound) == ramp(1, 20 * BLOCK)[28 * BLOCK : 32 * BLOCK]
        assert rig.speaker.device == "Card"


async def test_while_its_device_opens_what_has_not_begun_waits() -> None:
    async with switched_rig(complaint=None) as rig:
        rig.speaker.play(1, ramp(1, 6 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(2)
        rig.speaker.set_audible(True)
        await rig.play_on(8)
        assert ("drained", 1, 6 * BLOCK) in rig.listener.reports
        rig.speaker.play(2, ramp(2, 10 * BLOCK))
        await rig.play_on(10)
        assert rig.speaker.playout() == PlayoutState(2, 0, 10 * BLOCK)
        rig.cards[-1].opened("")
        await settled()
        rig.cards[-1].pull(2)
        assert bytes(rig.cards[-1].sound) == ramp(2, 2 * BLOCK)


async def test_switching_to_and_fro_leaves_one_device() -> None:
    async with switched_rig() as rig:
        for audible in (True, False, True, False, True):
            rig.speaker.set_audible(audible)
        await settled()
        assert [card.left for card in rig.cards].count(False) == 1
        assert not rig.speaker.silent


async def test_a_device_is_tried_again_when_the_sound_comes_back() -> None:
    rig = SilentRig(complaint="No sound device (none)")
    await rig.listener.until("device", "silent")
    rig.speaker.set_audible(False)
    rig.speaker.set_audible(True)
    await settled()
    assert len(rig.cards) == 2
    await rig.speaker.aclose()
