"""While it speaks: what has been heard, the word that sounds, and what is still to come."""

from __future__ import annotations

from typing import Any

import pytest
from textual.color import Color
from textual.pilot import Pilot

from gramophone.core.timeline import (
    DeltaReceived,
    DeviceChanged,
    Entry,
    FlushAnswered,
    FlushSent,
    PlaybackFinished,
    PlaybackStarted,
    PlayoutAdvanced,
    TextSpoken,
    TimelineRestarted,
    TurnInterrupted,
    TurnStarted,
)
from tests.support.builders import session_started
from tests.support.screen_backend import FakeBackend, FakeReplay
from tests.support.seeing import drawn
from tests.support.session_screen import backend_of, opened
from tui.app import GramophoneApp
from tui.markdown.paint import Painter
from tui.markdown.styles import SPOKEN, TO_BE_READ, TO_COME
from tui.theme.contrast import LEAST_CONTRAST, contrast
from tui.transcript.model import TranscriptModel
from tui.transcript.transcript import Transcript

TEXT = "One **two** three `four` five. Six seven eight nine ten."
FIRST = TEXT.index(" Six")


def talk(heard_samples: int) -> list[Entry]:
    """Two sentences of a second each, at 48 kHz."""
    return [
        session_started(),
        TurnStarted(at_us=1, turn=1, role="assistant"),
        DeltaReceived(at_us=2, turn=1, text=TEXT),
        _sent(0, "One two three four five.", 0, FIRST),
        FlushSent(at_us=3, turn=1, flush=0, last_chunk=0),
        _sent(1, "Six seven eight nine ten.", FIRST + 1, len(TEXT)),
        FlushSent(at_us=3, turn=1, flush=1, last_chunk=1),
        FlushAnswered(at_us=4, turn=1, flush=0, end_samples=48_000),
        FlushAnswered(at_us=4, turn=1, flush=1, end_samples=96_000),
        PlaybackStarted(at_us=5, turn=1, device="x"),
        PlayoutAdvanced(at_us=6, turn=1, position_samples=heard_samples, queued_samples=0),
    ]


def _sent(chunk: int, text: str, start: int, end: int) -> TextSpoken:
    return TextSpoken(at_us=3, turn=1, chunk=chunk, text=text, source_start=start, source_end=end)


class TestModel:
    def test_what_is_heard_follows_the_sound(self) -> None:
        model = TranscriptModel()
        model.apply_all(talk(0))
        assert model.turns[1].heard_chars == 0
        model.take_changed()
        model.apply(_at(72_000))
        assert model.turns[1].heard_chars == pytest.approx(FIRST + 13, abs=2)
        assert [view.turn for view in model.take_changed()] == [1]
        model.apply(_at(72_000))
        assert model.take_changed() == [], "nothing to draw again"

    def test_afterwards_nothing_is_told_apart(self) -> None:
        model = TranscriptModel()
        model.apply_all(talk(48_000))
        model.apply(PlaybackFinished(at_us=9, turn=1, played_samples=96_000))
        assert model.turns[1].heard_chars is None

    def test_nor_after_an_interruption(self) -> None:
        model = TranscriptModel()
        model.apply_all(talk(48_000))
        stop = TurnInterrupted(at_us=9, turn=1, heard_text="One **two**", heard_samples=20_000)
        model.apply(stop)
        assert model.turns[1].heard_chars is None

    def test_nor_where_the_sound_is_off_or_not_known(self) -> None:
        off, unknown = TranscriptModel(), TranscriptModel()
        off.apply(DeviceChanged(at_us=0, device="muted", silent=True, detail=""))
        off.apply_all(talk(48_000))
        unknown.apply_all(
            entry for entry in talk(48_000) if not isinstance(entry, TextSpoken | FlushAnswered)
        )
        assert (off.turns[1].heard_chars, unknown.turns[1].heard_chars) == (None, None)
        assert off.turns[1].speaking

    def test_going_back_in_a_replay_hears_less(self) -> None:
        model = TranscriptModel()
        model.apply_all(talk(90_000))
        far = model.turns[1].heard_chars or 0
        before = talk(10_000)
        model.apply_all([TimelineRestarted(at_us=0, entries=len(before)), *before])
        assert 0 < (model.turns[1].heard_chars or 0) < far


def _at(samples: int) -> PlayoutAdvanced:
    return PlayoutAdvanced(at_us=7, turn=1, position_samples=samples, queued_samples=0)


def told_apart(pilot: Pilot[Any]) -> tuple[str, str, str]:
    """The parts of the answer drawn as heard, as spoken now, and as still to come."""
    transcript = pilot.app.screen.query_one(Transcript)
    painter = Painter(transcript.visual_style, transcript.selection_style)
    quiet = [painter.style(f"{look}+{TO_COME}").color for look in ("", "code")]
    parts_of: dict[str, list[str]] = {"heard": [], "now": [], "to come": []}
    lines = [transcript.render_line(y) for y in range(transcript.size.height)]
    row = next(line for line in lines if "three" in line.text)
    for segment in list(row)[2:]:
        style = segment.style
        assert style is not None
        if style.underline:
            parts_of["now"].append(segment.text)
        else:
            parts_of["to come" if style.color in quiet else "heard"].append(segment.text)
    before, now, to_come = ("".join(parts).strip() for parts in parts_of.values())
    return before, now, to_come


class TestOnScreen:
    async def test_heard_now_and_to_come(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=(100, 24)) as pilot:
            backend.conversation.put(*talk(0))
            await drawn(pilot)
            assert told_apart(pilot)[:2] == ("", "")
            backend.conversation.put(_at(72_000))
            await drawn(pilot)
            assert told_apart(pilot) == (
                "One two three four five. Six seven",
                "eight",
                "nine ten.",
            )
            backend.conversation.put(
                PlaybackFinished(at_us=9, turn=1, played_samples=96_000),
            )
            await drawn(pilot)
            assert told_apart(pilot) == (TEXT.replace("*", "").replace("`", ""), "", "")

    async def test_where_it_was_stopped_stays_marked_and_what_was_not_heard_dimmed(self) -> None:
        backend = FakeBackend()
        async with GramophoneApp(backend).run_test(size=(100, 24)) as pilot:
            backend.conversation.put(*talk(72_000))
            await drawn(pilot)
            heard_text = TEXT[: TEXT.index("Six")].rstrip()
            backend.conversation.put(
                TurnInterrupted(at_us=9, turn=1, heard_text=heard_text, heard_samples=48_000)
            )
            await drawn(pilot)
            assert told_apart(pilot) == (
                "One two three four",
                "five.",
                "Six seven eight nine ten.",
            )

    async def test_a_replay_is_drawn_alike(self) -> None:
        backend = backend_of()
        async with opened(backend, "space", size=(100, 30)) as pilot:
            feed = backend.replay_feed
            assert isinstance(feed, FakeReplay)
            feed.put(*talk(72_000))
            await drawn(pilot)
            assert told_apart(pilot)[1] == "eight"

    async def test_every_theme_can_be_read(self) -> None:
        app = GramophoneApp(FakeBackend())
        async with app.run_test() as pilot:
            transcript = app.screen.query_one(Transcript)
            for theme in app.available_themes:
                app.theme = theme
                await pilot.pause()
                painter = Painter(transcript.visual_style, transcript.selection_style)
                for look in TO_BE_READ | {f"link+{TO_COME}", f"code+{SPOKEN}"}:
                    style = painter.style(look)
                    assert style.color is not None
                    assert style.bgcolor is not None
                    text, ground = style.color.triplet, style.bgcolor.triplet
                    if text is None or ground is None:
                        assert look != SPOKEN or style.underline
                        continue
                    apart = contrast(Color(*text), Color(*ground))
                    assert apart >= LEAST_CONTRAST - 0.05, (theme, look)
