"""The meter in the app: it moves with the sound, stops with it, and keeps to what may move."""

from __future__ import annotations

from typing import Any

import pytest
from textual.geometry import Region
from textual.pilot import Pilot

from gramophone.core.timeline import (
    Entry,
    LevelMeasured,
    PlaybackFinished,
    PlaybackStarted,
    TurnStarted,
    Underran,
)
from tests.support.builders import session_started
from tests.support.screen_backend import FakeBackend, FakeFeed
from tests.support.seeing import drawn, screen_text
from tui.app import GramophoneApp
from tui.conversation.pane import Pane
from tui.playback.meter import Meter
from tui.playback.waveform import UNDERRUN
from tui.theme.motion import Motion

SOUNDING: list[Entry] = [
    session_started(),
    TurnStarted(at_us=0, turn=1, role="assistant"),
    PlaybackStarted(at_us=1, turn=1, device="speaker"),
]


def level(peak: float) -> LevelMeasured:
    return LevelMeasured(at_us=2, peak=peak, rms=peak / 4)


def talking(*entries: Entry) -> FakeBackend:
    return FakeBackend(FakeFeed([*SOUNDING, *entries]))


async def a_second_later(pilot: Pilot[Any]) -> None:
    """Let a second pass, and what is due by then be drawn."""
    pane = pilot.app.screen.query_one(Pane)
    later_s = pane.seconds() + 1.0
    pane.seconds = lambda: later_s
    await drawn(pilot)


def meter_of(pilot: Pilot[Any]) -> Meter:
    return pilot.app.screen.query_one(Meter)


def colours_of(pilot: Pilot[Any]) -> set[str]:
    """The colours of the meter's waveform, of empty columns as well."""
    (row, *_) = meter_of(pilot).render_lines(Region(0, 0, 80, 1))
    return {str(segment.style.color) for segment in row if segment.style is not None}


async def test_every_level_is_a_column_in_its_order() -> None:
    async with GramophoneApp(talking(level(0.25), level(1.0))).run_test() as pilot:
        await drawn(pilot)
        await a_second_later(pilot)
        assert meter_of(pilot).waveform.peaks == [0.25, 1.0]
        assert "▄█" in screen_text(pilot)


async def test_an_underrun_is_a_column_of_its_own() -> None:
    backend = talking(level(0.5))
    async with GramophoneApp(backend).run_test() as pilot:
        await drawn(pilot)
        backend.conversation.put(
            level(0.5), Underran(at_us=3, turn=1, position_samples=1, missing_samples=9)
        )
        await drawn(pilot)
        await a_second_later(pilot)
        assert meter_of(pilot).waveform.peaks == [0.5, 0.5, UNDERRUN]
        assert "▆▆!" in screen_text(pilot)


async def test_the_beginning_of_sound_is_drawn_before_time_passes() -> None:
    backend = FakeBackend(FakeFeed(SOUNDING[:2]))
    async with GramophoneApp(backend).run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        empty = colours_of(pilot)
        backend.conversation.put(*SOUNDING[2:])
        await drawn(pilot)
        assert colours_of(pilot) != empty


async def test_it_stands_still_when_the_sound_has_ended() -> None:
    backend = talking(level(1.0))
    async with GramophoneApp(backend).run_test() as pilot:
        await drawn(pilot)
        backend.conversation.put(PlaybackFinished(at_us=3, turn=1, played_samples=9), level(0.1))
        await drawn(pilot)
        assert meter_of(pilot).waveform.peaks == [1.0]
        assert meter_of(pilot).needles.at_rest
        assert "dB" not in screen_text(pilot)


@pytest.mark.parametrize(
    ("size", "rows"), [((40, 12), 0), ((80, 20), 1), ((80, 24), 2), ((140, 40), 3)]
)
async def test_it_takes_what_room_there_is(size: tuple[int, int], rows: int) -> None:
    async with GramophoneApp(talking(level(1.0))).run_test(size=size) as pilot:
        await drawn(pilot)
        assert meter_of(pilot).size.height == rows


@pytest.mark.parametrize("size", [(40, 12), (80, 24)])
async def test_reduced_motion_makes_it_a_number(size: tuple[int, int]) -> None:
    backend = talking(level(0.5))
    app = GramophoneApp(backend, {"TEXTUAL_ANIMATIONS": "none"})
    async with app.run_test(size=size) as pilot:
        await drawn(pilot)
        assert "-6 dB" in screen_text(pilot)
        assert "█" not in screen_text(pilot)
        backend.conversation.put(PlaybackFinished(at_us=3, turn=1, played_samples=9))
        await drawn(pilot)
        assert "dB" not in screen_text(pilot)


class Counting(Meter):
    """Counts its frames instead of drawing them."""

    def __init__(self, motion: Motion) -> None:
        super().__init__()
        self.motion = motion
        self.frames = 0

    def refresh(self, *regions: object, **options: object) -> Counting:  # type: ignore[override]
        self.frames += 1
        return self


@pytest.mark.parametrize(("frames_hz", "frames"), [(15, 30), (5, 10), (1, 2)])
def test_it_draws_no_more_often_than_it_may(frames_hz: int, frames: int) -> None:
    meter = Counting(Motion(frames_hz))
    meter.frames = 0
    for tick in range(30):
        meter.advance(1 / 15, [(tick / 30, 0.1)], sounding=True)
    assert meter.frames == frames


def test_reduced_motion_says_a_new_number_once_a_second() -> None:
    meter = Counting(Motion(reduced=True))
    words: list[str] = []
    for tick in range(40):
        meter.advance(1 / 15, [(0.01 * (tick + 1), 0.01)], sounding=True)
        words.append(meter.words)
    assert len(dict.fromkeys(words)) == 3
    assert meter.frames == 0


def test_it_draws_nothing_while_nothing_sounds() -> None:
    meter = Counting(Motion())
    meter.frames = 0
    for _ in range(30):
        meter.advance(1 / 15, sounding=False)
    assert meter.frames == 0
