"""The strip of sound in the app: its rows, what moves and how often, and what stands still."""

from __future__ import annotations

from typing import Any

import pytest
from textual.geometry import Region
from textual.pilot import Pilot

from gramophone.core.timeline import (
    MUTED,
    DeviceChanged,
    Entry,
    PlaybackFinished,
    PlaybackStarted,
    PlayoutAdvanced,
    TurnStarted,
)
from gramophone.ports.backend import AudibleSpan
from tests.support.builders import session_started
from tests.support.screen_backend import FakeBackend, FakeFeed
from tests.support.seeing import drawn, screen_text
from tests.support.speech_like import sound, syllables
from tui.app import GramophoneApp
from tui.playback.sound_strip import INSET, Moment, SoundStrip
from tui.playback.waveform import Waveform
from tui.theme.motion import FRAMES_HZ, Motion

LOUD = b"\xff" * 80
SPEAKING: list[Entry] = [
    session_started(),
    TurnStarted(at_us=0, turn=1, role="assistant"),
    sound(1, LOUD),
    PlaybackStarted(at_us=1, turn=1, device="speaker"),
]
WAVEFORM = Waveform(8_000_000, (AudibleSpan(1, 0, 4_000_000, 0),), peaks={1: syllables(80)})


def advanced(seconds: float) -> PlayoutAdvanced:
    samples = round(seconds * 48_000)
    return PlayoutAdvanced(at_us=2, turn=1, position_samples=samples, queued_samples=9)


def talking(*entries: Entry) -> FakeBackend:
    return FakeBackend(FakeFeed([*SPEAKING, *entries]))


def strip_of(pilot: Pilot[Any]) -> SoundStrip:
    return pilot.app.screen.query_one(SoundStrip)


def colour_at(strip: SoundStrip, cell: int) -> str:
    (row,) = strip.render_lines(Region(INSET + cell, 0, 1, 1))
    return next(str(segment.style.color) for segment in row if segment.style is not None)


@pytest.mark.parametrize(
    ("size", "rows"), [((40, 12), 1), ((80, 20), 2), ((80, 24), 3), ((140, 40), 4)]
)
async def test_its_rows_go_by_the_height(size: tuple[int, int], rows: int) -> None:
    async with GramophoneApp(talking()).run_test(size=size) as pilot:
        await drawn(pilot)
        assert strip_of(pilot).size.height == rows
        assert "⣿⣿⣿" in screen_text(pilot)


async def test_what_was_played_has_another_colour_than_what_waits() -> None:
    async with GramophoneApp(talking(advanced(2.0))).run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        strip = strip_of(pilot)
        cells = strip.size.width - 2 * INSET
        here = cells // 4
        played, seam, to_come = (colour_at(strip, here + step) for step in (-1, 0, 1))
        assert len({played, seam, to_come}) == 3
        assert colour_at(strip, 0) == played
        assert colour_at(strip, cells - 1) == to_come


async def test_sound_that_has_ended_is_shown_whole_and_pale() -> None:
    backend = talking(advanced(4.0))
    async with GramophoneApp(backend).run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        speaking = colour_at(strip_of(pilot), 0)
        backend.conversation.put(PlaybackFinished(at_us=3, turn=1, played_samples=192_000))
        await drawn(pilot)
        strip = strip_of(pilot)
        assert colour_at(strip, 0) != speaking
        assert colour_at(strip, 0) == colour_at(strip, strip.size.width - 2 * INSET - 1)
        assert screen_text(pilot).count("⣿" * (strip.size.width - 2 * INSET)) == 3


async def test_sound_that_is_muted_is_not_drawn_as_heard() -> None:
    muted = DeviceChanged(at_us=1, device=MUTED, silent=True, detail="")
    colours: list[str] = []
    for entries in ([advanced(2.0)], [muted, advanced(2.0)]):
        async with GramophoneApp(talking(*entries)).run_test(size=(80, 24)) as pilot:
            await drawn(pilot)
            colours.append(colour_at(strip_of(pilot), 0))
    assert colours[0] != colours[1]


async def test_before_any_sound_it_is_a_dotted_line() -> None:
    async with GramophoneApp(FakeBackend()).run_test(size=(80, 24)) as pilot:
        await drawn(pilot)
        assert "⠁" * (80 - 2 * INSET) in screen_text(pilot)


async def test_a_smaller_terminal_finds_the_position_again_while_it_speaks() -> None:
    async with GramophoneApp(talking(advanced(2.0))).run_test(size=(140, 40)) as pilot:
        await drawn(pilot)
        before = strip_of(pilot).size
        await pilot.resize_terminal(40, 10)
        await drawn(pilot)
        strip = strip_of(pilot)
        assert (before.height, strip.size.height) == (4, 1)
        here = (strip.size.width - 2 * INSET) // 4
        assert len({colour_at(strip, here + step) for step in (-1, 0, 1)}) == 3


class Recording(SoundStrip):
    """Notes the regions that it asks to be painted, and paints none."""

    def __init__(self, motion: Motion = Motion(), *, seekable: bool = False) -> None:  # noqa: B008 (frozen)
        super().__init__(seekable=seekable)
        self.motion = motion
        self.painted: list[tuple[Region, ...]] = []

    def refresh(self, *regions: Region, **options: object) -> Recording:  # type: ignore[override]
        self.painted.append(regions)
        return self

    @property
    def _cells(self) -> int:
        return 80


def played(strip: Recording, seconds: float) -> int:
    """Frames in which it was painted while so much was played, 15 ticks a second."""
    strip.show(WAVEFORM, Moment(0, playing=True))
    strip.painted.clear()
    for tick in range(1, round(seconds * FRAMES_HZ) + 1):
        strip.show(WAVEFORM, Moment(tick * 1_000_000 // FRAMES_HZ, playing=True))
    return len(strip.painted)


@pytest.mark.parametrize(("frames_hz", "most"), [(15, 30), (8, 16), (5, 10), (1, 2)])
def test_it_draws_no_more_often_than_it_may(frames_hz: int, most: int) -> None:
    assert 0.8 * most <= played(Recording(Motion(frames_hz)), 2.0) <= most


def test_reduced_motion_draws_once_a_second_and_no_level() -> None:
    strip = Recording(Motion(reduced=True))
    assert played(strip, 3.0) == 3


def test_only_the_cells_that_were_gone_over_are_painted() -> None:
    strip = Recording()
    played(strip, 2.0)
    assert all(
        region.width <= 2 and region.x >= INSET for regions in strip.painted for region in regions
    )


def test_while_nothing_moves_nothing_is_painted() -> None:
    strip = Recording()
    strip.show(WAVEFORM, Moment(1_000_000))
    strip.painted.clear()
    for _ in range(30):
        strip.show(WAVEFORM, Moment(1_000_000))
    assert strip.painted == []


def test_a_jump_is_seen_at_once_whatever_may_move() -> None:
    strip = Recording(Motion(reduced=True), seekable=True)
    strip.show(WAVEFORM, Moment(0, playing=True))
    strip.show(WAVEFORM, Moment(50_000, playing=True))
    strip.painted.clear()
    strip.show(WAVEFORM, Moment(5_000_000, playing=True))
    strip.show(WAVEFORM, Moment(1_000_000, playing=True))
    assert len(strip.painted) == 2
