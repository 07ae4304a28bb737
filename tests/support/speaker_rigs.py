"""Speakers with a hand on their time, and a double of a sound device."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from gramophone.core.clock import ManualClock
from gramophone.devices.speaker import DeviceSpeaker, MutedSpeaker
from gramophone.ports.speaker import Speaker
from tests.support.clocks import WatchedClock

RATE_HZ = 8_000


BLOCK = 160


BLOCK_US = 20_000


class Listener:
    """Remembers what it was told, and can be waited for."""

    def __init__(self) -> None:
        self.reports: list[tuple[Any, ...]] = []
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
        return [news for news in self.reports if news[0] in kinds]

    async def until(self, *news: Any) -> None:
        while not any(report[: len(news)] == news for report in self.reports):
            self._news.clear()
            await self._news.wait()

    def _note(self, *news: Any) -> None:
        self.reports.append(news)
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

    def start(self, on_opened: Callable[[str], None], on_gone: Callable[[], None]) -> None:
        self.opened, self.gone = on_opened, on_gone
        if self.complaint is not None:
            on_opened(self.complaint)

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
        turned: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(0, turned.set_result, None)
        await turned


@asynccontextmanager
async def card_rig(**options: Any) -> AsyncGenerator[CardRig]:
    rig = CardRig(**options)
    try:
        yield rig
    finally:
        await rig.speaker.aclose()
