"""The speakers: one contract for all, and what only a device can do, with a double of one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from gramophone.clock import ManualClock
from gramophone.ports import PlayoutState, Speaker
from gramophone.voice.speaker import DeviceSpeaker, MutedSpeaker
from tests.standin.clocks import WatchedClock
from tests.voice.speaker_program import ramp

RATE_HZ = 8_000
BLOCK = 160
BLOCK_US = 20_000


class Listener:
    """Remembers what it was told, and can be waited for."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []
        self._news = asyncio.Event()

    def playback_began(self, turn: int, at_us: int) -> None:
        self._note("began", turn)

    def underran(self, turn: int, at_us: int, position_samples: int, missing_samples: int) -> None:
        self._note("underran", turn, position_samples, missing_samples)

    def drained(self, turn: int, played_samples: int) -> None:
        self._note("drained", turn, played_samples)

    def device_changed(self, device: str, silent: bool, detail: str) -> None:
        self._note("device", device, silent, detail)

    def of(self, *kinds: str) -> list[tuple[Any, ...]]:
        return [news for news in self.told if news[0] in kinds]

    async def until(self, *news: Any) -> None:
        while not any(told[: len(news)] == news for told in self.told):
            self._news.clear()
            await self._news.wait()

    def _note(self, *news: Any) -> None:
        self.told.append(news)
        self._news.set()


@dataclass
class Card:
    """A double of a sound device: it asks for sound when the test says so."""

    rate_hz: int
    block_samples: int
    wanted_name: str
    fill: Callable[[int], bytes]
    name: str = "Card"
    latency_us: int = 0
    playing: bool = True
    complaint: str | None = ""
    """What it says at opening; None says nothing."""
    hangs: bool = False
    left: bool = False
    sound: bytearray = field(default_factory=bytearray)
    opened: Callable[[str], None] = print
    gone: Callable[[], None] = print

    def start(self, opened: Callable[[str], None], gone: Callable[[], None]) -> None:
        self.opened, self.gone = opened, gone
        if self.complaint is not None:
            opened(self.complaint)

    def leave(self) -> None:
        self.left = True
        if not self.hangs:
            self.gone()

    def pull(self, blocks: int = 1) -> None:
        for _ in range(blocks):
            self.sound += self.fill(self.block_samples)


class Rig(Protocol):
    """A speaker, and the time it goes by."""

    @property
    def speaker(self) -> Speaker: ...

    @property
    def listener(self) -> Listener: ...

    async def play_on(self, blocks: int) -> None:
        """Let that many blocks of time pass."""
        ...


class MutedRig:
    def __init__(self) -> None:
        self.speaker = MutedSpeaker(RATE_HZ, ManualClock())
        self.listener = Listener()
        self.speaker.open(self.listener)

    async def play_on(self, blocks: int) -> None:
        await settled()


class SilentRig:
    """A DeviceSpeaker where no device is."""

    def __init__(self, **options: Any) -> None:
        self.clock = WatchedClock()
        self.cards: list[Card] = []

        def make(rate_hz: int, block: int, name: str, fill: Callable[[int], bytes]) -> Card:
            card = Card(rate_hz, block, name, fill, **options)
            self.cards.append(card)
            return card

        self.make = make
        self.speaker = DeviceSpeaker(
            RATE_HZ, self.clock, make_device=make, open_timeout_s=30, close_timeout_s=0.01
        )
        self.listener = Listener()
        self.speaker.open(self.listener)

    @property
    def card(self) -> Card:
        (card,) = self.cards
        return card

    async def play_on(self, blocks: int) -> None:
        await self.listener.until("device", "silent")
        await settled()
        for _ in range(blocks):
            self.clock.advance_us(BLOCK_US)
            await settled()


class CardRig(SilentRig):
    async def play_on(self, blocks: int) -> None:
        await self.listener.until("device")
        self.card.pull(blocks)
        await settled()


async def settled() -> None:
    """What other threads and timers of no length have put on the loop is done."""
    for _ in range(4):
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0, done.set_result, None)
        await done


@pytest.fixture(params=["muted", "silent", "card"])
async def rig(request: pytest.FixtureRequest) -> AsyncGenerator[Rig]:
    made: Rig
    match request.param:
        case "muted":
            made = MutedRig()
        case "silent":
            made = SilentRig(complaint="No sound device (none)")
        case _:
            made = CardRig()
    yield made
    await made.speaker.aclose()


@asynccontextmanager
async def card_rig(**options: Any) -> AsyncGenerator[CardRig]:
    made = CardRig(**options)
    try:
        yield made
    finally:
        await made.speaker.aclose()


# --- what every speaker does ------------------------------------------------------------------


async def test_a_turn_is_played_to_its_last_sample(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 3 * BLOCK + 7))
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert rig.listener.of("began", "drained", "underran") == [
        ("began", 1),
        ("drained", 1, 3 * BLOCK + 7),
    ]
    assert rig.speaker.glance() == PlayoutState(1, 3 * BLOCK + 7, 0)


async def test_the_device_is_told_once(rig: Rig) -> None:
    await rig.play_on(1)

    assert len(rig.listener.of("device")) == 1
    _, device, silent, _ = rig.listener.of("device")[0]
    assert (device, silent) == (rig.speaker.device, rig.speaker.silent)


async def test_turn_after_turn(rig: Rig) -> None:
    for turn, samples in ((1, 500), (2, 3), (5, 1_000)):
        rig.speaker.play(turn, ramp(turn, samples))
        rig.speaker.finish(turn)
        await rig.play_on(12)

    assert rig.listener.of("began", "drained", "underran") == [
        ("began", 1),
        ("drained", 1, 500),
        ("began", 2),
        ("drained", 2, 3),
        ("began", 5),
        ("drained", 5, 1_000),
    ]


async def test_an_odd_byte_waits_for_the_next_frame(rig: Rig) -> None:
    pcm = ramp(1, 600)
    for start in range(0, len(pcm), 7):
        rig.speaker.play(1, pcm[start : start + 7])
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert ("drained", 1, 600) in rig.listener.told
    assert rig.listener.of("underran") == []


async def test_single_bytes_starve_nobody(rig: Rig) -> None:
    for byte in ramp(1, 400):
        rig.speaker.play(1, bytes([byte]))
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert rig.listener.of("began", "drained", "underran") == [("began", 1), ("drained", 1, 400)]


async def test_an_odd_byte_ends_with_its_stream(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 400) + b"\x01")
    rig.speaker.play(1, ramp(1, 400), realign=True)
    rig.speaker.finish(1)
    await rig.play_on(12)

    assert ("drained", 1, 800) in rig.listener.told


async def test_a_turn_without_sound_is_over_at_once(rig: Rig) -> None:
    rig.speaker.finish(1)
    await rig.play_on(2)

    assert rig.listener.of("began", "drained") == [("drained", 1, 0)]
    assert rig.speaker.glance() == PlayoutState(1, 0, 0)


async def test_an_end_is_told_once(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 100))
    rig.speaker.finish(1)
    await rig.play_on(4)
    rig.speaker.finish(1)
    await rig.play_on(4)

    assert len(rig.listener.of("drained")) == 1


async def test_a_turn_that_was_stopped_is_not_drained(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 10 * BLOCK))
    await rig.play_on(4)
    position = rig.speaker.glance().position_samples
    assert position
    assert rig.speaker.stop() == position
    assert rig.speaker.glance() == PlayoutState(1, position, 0)
    rig.speaker.finish(1)
    await rig.play_on(8)

    assert rig.speaker.glance().position_samples == position
    assert rig.listener.of("drained") == []


async def test_the_turn_after_one_that_was_stopped_is_whole(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 10 * BLOCK) + b"\x01")
    await rig.play_on(4)
    rig.speaker.stop()
    rig.speaker.play(2, ramp(2, 500))
    rig.speaker.finish(2)
    await rig.play_on(10)

    assert rig.listener.of("began", "drained") == [("began", 1), ("began", 2), ("drained", 2, 500)]


async def test_stopping_silence_is_nothing(rig: Rig) -> None:
    assert rig.speaker.stop() == 0
    assert rig.speaker.stop() == 0


async def test_after_its_end_it_tells_nothing(rig: Rig) -> None:
    rig.speaker.play(1, ramp(1, 100))
    await rig.speaker.aclose()
    before = list(rig.listener.told)
    rig.speaker.play(1, ramp(1, 1_000))
    rig.speaker.finish(1)
    rig.speaker.stop()
    await settled()

    assert rig.listener.told == before
    await rig.speaker.aclose()


async def test_levels_lie_between_silence_and_full(rig: Rig) -> None:
    assert rig.speaker.level() == (0.0, 0.0)
    rig.speaker.play(1, b"\x00\x80" * 1_000)
    await rig.play_on(2)
    peak, rms = rig.speaker.level()

    assert (peak, rms) == ((0.0, 0.0) if isinstance(rig, MutedRig) else (1.0, pytest.approx(1.0)))
    assert rig.speaker.level() == (0.0, 0.0), "what was told once is told"


# --- where no device is -----------------------------------------------------------------------


async def test_silence_keeps_real_time() -> None:
    rig = SilentRig(complaint="No sound device (none)")
    rig.speaker.play(1, ramp(1, RATE_HZ))
    for blocks in (1, 10, 15):
        before = rig.speaker.glance().position_samples
        await rig.play_on(blocks)
        assert rig.speaker.glance().position_samples - before == blocks * BLOCK
    assert rig.listener.of("device") == [
        ("device", "silent", True, "No sound device (none): the answer is recorded, not heard.")
    ]
    assert rig.card.left
    await rig.speaker.aclose()


async def test_silence_does_not_race_after_a_suspension() -> None:
    rig = SilentRig(complaint="No sound device (none)")
    rig.speaker.play(1, ramp(1, 60 * RATE_HZ))
    await rig.play_on(5)
    rig.clock.advance_us(30_000_000)
    await rig.play_on(5)

    assert rig.speaker.glance().position_samples <= 12 * BLOCK
    await rig.speaker.aclose()


# --- with a device ----------------------------------------------------------------------------


async def test_sound_waits_for_a_device_that_opens_late() -> None:
    async with card_rig(complaint=None) as rig:
        rig.speaker.play(1, ramp(1, 500))
        rig.speaker.finish(1)
        await settled()
        assert rig.listener.told == []
        rig.card.opened("")
        await rig.play_on(8)
        assert rig.listener.told == [
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

    assert listener.told == [
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
        assert rig.listener.told == []


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
        assert rig.listener.told == [
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
        assert ("drained", 1, 13 * BLOCK) in rig.listener.told


async def test_stop_leaves_but_a_fade() -> None:
    async with card_rig() as rig:
        rig.speaker.play(1, b"\x00\x40" * 10_000)
        await rig.play_on(5)
        heard = rig.speaker.stop()
        rig.card.sound.clear()
        await rig.play_on(5)

        assert heard == 5 * BLOCK
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


# --- heard, and not heard ---------------------------------------------------------------------


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
    rig.speaker.hear(False)
    try:
        yield rig
    finally:
        await rig.speaker.aclose()


async def test_one_that_is_not_heard_keeps_pace_and_holds_no_device() -> None:
    async with switched_rig() as rig:
        rig.speaker.play(1, ramp(1, 3 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(2)
        assert rig.speaker.glance() == PlayoutState(1, 2 * BLOCK, BLOCK)
        await rig.play_on(3)
        assert rig.listener.told == [("began", 1), ("drained", 1, 3 * BLOCK)]
        assert all(card.left for card in rig.cards)


async def test_with_nothing_to_play_it_does_not_wake() -> None:
    async with switched_rig() as rig:
        rig.speaker.play(1, ramp(1, BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(5)
        asked = rig.clock.sleeps
        await rig.play_on(50)
        assert rig.clock.sleeps == asked


async def test_sound_that_comes_back_is_heard_from_where_it_is() -> None:
    async with switched_rig() as rig:
        rig.speaker.play(1, ramp(1, 10 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(4)
        rig.speaker.hear(True)
        await rig.play_on(1)
        await rig.listener.until("device", "Card", False)
        card = rig.cards[-1]
        card.pull(2)
        assert bytes(card.sound) == ramp(1, 10 * BLOCK)[8 * BLOCK : 12 * BLOCK]
        rig.speaker.hear(False)
        assert card.left
        await rig.play_on(2)
        assert rig.speaker.glance().position_samples == 8 * BLOCK
        rig.speaker.hear(True)
        await rig.play_on(1)
        rig.cards[-1].pull(3)
        await settled()
        assert bytes(rig.cards[-1].sound[: 4 * BLOCK]) == ramp(1, 10 * BLOCK)[16 * BLOCK :]
        assert ("drained", 1, 10 * BLOCK) in rig.listener.told


async def test_while_its_device_opens_what_has_begun_goes_on() -> None:
    async with switched_rig(complaint=None) as rig:
        rig.speaker.play(1, ramp(1, 20 * BLOCK))
        rig.speaker.finish(1)
        await rig.play_on(4)
        rig.speaker.hear(True)
        await rig.play_on(1)
        assert rig.speaker.glance().position_samples == 4 * BLOCK
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
        rig.speaker.hear(True)
        await rig.play_on(8)
        assert ("drained", 1, 6 * BLOCK) in rig.listener.told
        rig.speaker.play(2, ramp(2, 10 * BLOCK))
        await rig.play_on(10)
        assert rig.speaker.glance() == PlayoutState(2, 0, 10 * BLOCK)
        rig.cards[-1].opened("")
        await settled()
        rig.cards[-1].pull(2)
        assert bytes(rig.cards[-1].sound) == ramp(2, 2 * BLOCK)


async def test_switching_to_and_fro_leaves_one_device() -> None:
    async with switched_rig() as rig:
        for heard in (True, False, True, False, True):
            rig.speaker.hear(heard)
        await settled()
        assert [card.left for card in rig.cards].count(False) == 1
        assert not rig.speaker.silent


async def test_a_device_is_tried_again_when_the_sound_comes_back() -> None:
    rig = SilentRig(complaint="No sound device (none)")
    await rig.listener.until("device", "silent")
    rig.speaker.hear(False)
    rig.speaker.hear(True)
    await settled()
    assert len(rig.cards) == 2
    await rig.speaker.aclose()
