"""A speaker with a device, which a test has in its hands."""

from __future__ import annotations

import asyncio

from gramophone.devices.speaker import DeviceSpeaker
from tests.support.speaker_program import ramp
from tests.support.speaker_rigs import (
    BLOCK,
    RATE_HZ,
    Card,
    CardRig,
    Listener,
    SilentRig,
    card_rig,
    settled,
)


async def test_sound_waits_for_a_device_that_opens_late() -> None:
    async with card_rig(complaint=None) as rig:
        rig.speaker.play(1, ramp(1, 500))
        rig.speaker.finish(1)
        await settled()
        assert rig.listener.reports == []
        rig.card.opened("")
        await rig.play_on(8)
        assert rig.listener.reports == [
            ("device", "Card", False, ""),
            ("began", 1),
            ("drained", 1, 500),
        ]
        assert bytes(rig.card.sound[:1_000]) == ramp(1, 500)


async def test_a_device_that_does_not_open_is_left() -> None:
    rig = SilentRig(complaint=None)
    await rig.speaker.aclose()
    speaker = DeviceSpeaker(RATE_HZ, rig.clock, make_device=rig.make, open_timeout_s=0.01)
    listener = Listener()
    speaker.open(listener)
    await listener.until("device")
    late = rig.cards[-1]
    assert late.left
    late.opened("")
    await settled()

    assert listener.reports == [
        (
            "device",
            "silent",
            True,
            "The sound device does not answer: the answer is recorded, not heard.",
        )
    ]
    assert speaker.silent
    await speaker.aclose()


async def test_closing_leaves_a_device_that_is_still_opening() -> None:
    async with card_rig(complaint=None, hangs=True) as rig:
        await rig.speaker.aclose()
        assert rig.card.left
        rig.card.opened("")
        await settled()
        assert rig.listener.reports == []


async def test_a_device_that_dies_is_replaced_at_the_same_position() -> None:
    async with card_rig() as rig:
        rig.speaker.play(1, ramp(1, 20 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(5)
        rig.card.playing = False
        await rig.clock.asleep_until(100_000)
        rig.clock.advance_us(100_000)
        await SilentRig.play_on(rig, 20)

        assert rig.card.left
        assert rig.listener.reports == [
            ("device", "Card", False, ""),
            ("began", 1),
            (
                "device",
                "silent",
                True,
                "The sound device went away: the answer is recorded, not heard.",
            ),
            ("drained", 1, 20 * BLOCK),
        ]
        assert bytes(rig.card.sound) == ramp(1, 20 * BLOCK)[: len(rig.card.sound)]
        assert rig.speaker.silent


async def watched(rig: CardRig, steps: int) -> None:
    """Let the speaker look at its device so many times."""
    for _ in range(steps):
        await rig.clock.asleep_until(rig.clock.now_us() + 100_000)
        rig.clock.advance_us(100_000)
    await settled()


async def test_a_device_that_pulls_no_more_is_given_up() -> None:
    async with card_rig() as rig:
        await rig.play_on(5)
        await watched(rig, 15)
        assert not rig.speaker.silent
        await watched(rig, 6)
        assert rig.speaker.silent


async def test_a_device_that_pulls_now_and_then_is_kept() -> None:
    async with card_rig() as rig:
        for _ in range(4):
            await rig.play_on(1)
            await watched(rig, 15)
        assert not rig.speaker.silent


async def test_a_device_is_not_given_up_for_a_suspension() -> None:
    async with card_rig() as rig:
        await rig.play_on(5)
        await watched(rig, 2)
        for _ in range(3):
            await rig.clock.asleep_until(rig.clock.now_us() + 100_000)
            rig.clock.advance_us(3_600_000_000)
            await settled()
        assert not rig.speaker.silent
        await rig.play_on(1)
        await watched(rig, 10)
        assert not rig.speaker.silent


async def test_a_gap_in_the_sound_is_told() -> None:
    async with card_rig() as rig:
        rig.speaker.play(1, ramp(1, 3 * BLOCK))
        await rig.play_on(5)
        rig.speaker.play(1, ramp(2, 10 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(12)

        assert rig.listener.of("underran") == [("underran", 1, 3 * BLOCK, 2 * BLOCK)]
        assert ("drained", 1, 13 * BLOCK) in rig.listener.reports


async def test_stop_leaves_but_a_fade() -> None:
    async with card_rig() as rig:
        rig.speaker.play(1, b"\x00\x40" * 10_000)
        await rig.play_on(5)
        position = rig.speaker.stop()
        rig.card.sound.clear()
        await rig.play_on(5)

        assert position == 5 * BLOCK
        assert any(rig.card.sound[:64])
        assert not any(rig.card.sound[64:]), "4 ms at 8 kHz are 32 samples"


async def test_the_end_is_told_when_it_has_been_heard() -> None:
    async with card_rig(latency_us=30_000) as rig:
        rig.speaker.play(1, ramp(1, 100))
        rig.speaker.finish(1)
        await rig.listener.until("device")
        handed_over = asyncio.get_running_loop().time()
        await rig.play_on(2)
        await rig.listener.until("drained", 1, 100)
        assert asyncio.get_running_loop().time() - handed_over >= 0.029


async def test_stop_takes_an_end_back_that_was_not_yet_heard() -> None:
    async with card_rig(latency_us=200_000) as rig:
        rig.speaker.play(1, ramp(1, 100))
        rig.speaker.finish(1)
        await rig.play_on(2)
        rig.speaker.stop()
        rig.speaker.play(2, ramp(2, 100))
        rig.speaker.finish(2)
        await rig.play_on(2)
        await rig.listener.until("drained", 2)
        assert rig.listener.of("drained") == [("drained", 2, 100)]


async def test_stop_overtakes_an_end_that_is_on_its_way() -> None:
    async with card_rig() as rig:
        rig.speaker.play(1, ramp(1, 100))
        rig.speaker.finish(1)
        await rig.listener.until("device")
        rig.card.pull(2)
        rig.speaker.stop()
        await settled()
        assert rig.listener.of("drained") == []


def test_a_device_may_pull_when_the_loop_is_gone() -> None:
    async def talk() -> Card:
        rig = CardRig()
        rig.speaker.play(1, ramp(1, 100))
        rig.speaker.finish(1)
        await rig.listener.until("device")
        await rig.speaker.aclose()
        return rig.card

    card = asyncio.run(talk())
    card.pull(3)
    card.opened("")
    card.gone()
    assert len(card.sound) == 3 * BLOCK * 2


async def test_another_device_is_used_at_once_and_the_sound_goes_on() -> None:
    async with card_rig(complaint="") as rig:
        rig.speaker.play(1, ramp(1, 8 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(4)
        rig.speaker.use_device("Headphones")
        while len(rig.cards) < 2:
            await settled()
        first, second = rig.cards
        assert first.left
        assert second.wanted_name == "Headphones"
        await settled()
        second.pull(6)
        await settled()
        assert rig.listener.reports[-1] == ("drained", 1, 8 * BLOCK)
