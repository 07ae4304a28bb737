"""Finding in a conversation, in a stored session and in a replay: hits are marked and gone to."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from gramophone.core.timeline import DeltaReceived, TurnStarted
from tests.support.screen_backend import FakeReplay
from tests.support.seeing import drawn, press, screen_text
from tests.support.session_screen import backend_of, opened
from tests.support.transcripts import app_of, focused, turns_of
from tui.transcript.transcript import Transcript

TEXTS = ["One?", "A **café**.\n\n" + "line\n\n" * 60 + "The last cafe.", "Two?", "`cafe` again."]


def marked(pilot: Pilot[Any]) -> list[str]:
    """The hits in view, as they are drawn; the current one in capitals."""
    transcript = pilot.app.screen.query_one(Transcript)
    segments = [s for y in range(transcript.size.height) for s in transcript.render_line(y)]
    return [
        segment.text.upper() if segment.style.bold else segment.text
        for segment in segments
        if segment.style is not None and segment.style.reverse
    ]


class TestConversation:
    async def test_hits_are_marked_and_gone_to(self) -> None:
        async with app_of(*TEXTS).run_test(size=(60, 24)) as pilot:
            transcript = await focused(pilot)
            await press(pilot, "home", "slash", *"CAFÉ")
            assert marked(pilot) == ["CAFÉ"]
            assert "1 of 3" in screen_text(pilot)
            await press(pilot, "enter")
            assert transcript.has_focus
            await press(pilot, "n")
            assert marked(pilot)[:1] == ["CAFE"]
            assert "The last cafe." in screen_text(pilot)
            await press(pilot, "n")
            assert "3 of 3" in screen_text(pilot)
            await press(pilot, "n", "N", "N")
            assert "2 of 3" in screen_text(pilot)

    async def test_from_the_end_the_nearest_above_is_shown(self) -> None:
        async with app_of(*TEXTS).run_test(size=(60, 24)) as pilot:
            await focused(pilot)
            await press(pilot, "slash", *"one?", "enter")
            assert "› You" in screen_text(pilot)
            assert marked(pilot) == ["ONE?"]

    @pytest.mark.parametrize("keys", [["escape"], ["enter", "escape"]], ids=["in it", "later"])
    async def test_escape_ends_it(self, keys: list[str]) -> None:
        async with app_of(*TEXTS).run_test(size=(60, 24)) as pilot:
            transcript = await focused(pilot)
            await press(pilot, "slash", *"cafe", *keys)
            assert marked(pilot) == []
            assert transcript.has_focus
            assert "/cafe" not in screen_text(pilot)

    async def test_without_a_search_its_keys_mean_nothing(self) -> None:
        async with app_of(*TEXTS).run_test(size=(60, 24)) as pilot:
            transcript = await focused(pilot)
            top = transcript.scroll_offset.y
            await press(pilot, "n", "N")
            assert transcript.scroll_offset.y == top

    async def test_what_is_not_there_is_said(self) -> None:
        async with app_of(*TEXTS).run_test(size=(40, 12)) as pilot:
            await focused(pilot)
            await press(pilot, "slash", *"tea")
            assert "not found" in screen_text(pilot)

    async def test_text_that_comes_is_looked_through(self) -> None:
        app = app_of(*TEXTS)
        async with app.run_test(size=(60, 24)) as pilot:
            await focused(pilot)
            await press(pilot, "slash", *"cafe", "enter")
            app.backend.conversation.put(
                TurnStarted(at_us=5, turn=4, role="assistant"),
                DeltaReceived(at_us=5, turn=4, text="More caf"),
                DeltaReceived(at_us=5, turn=4, text="és."),
            )
            await drawn(pilot)
            assert "of 4" in screen_text(pilot)

    async def test_as_a_command(self) -> None:
        async with app_of(*TEXTS).run_test(size=(60, 24)) as pilot:
            await drawn(pilot)
            await press(pilot, *"/find", "space", *"last", "space", *"cafe", "enter")
            assert marked(pilot) == ["LAST CAFE"]
            assert pilot.app.screen.query_one(Transcript).has_focus

    async def test_a_conversation_without_turns_has_nothing_to_look_through(self) -> None:
        async with app_of().run_test(notifications=True) as pilot:
            await press(pilot, *"/find", "space", "x", "enter")
            assert "Nothing to look through yet." in screen_text(pilot)


class TestSession:
    async def test_in_a_stored_session(self) -> None:
        async with opened(backend_of(), "slash", *"answer", "left", "enter") as pilot:
            assert pilot.app.screen.query_one(Input).value == "answer"
            assert marked(pilot)
            assert pilot.app.screen.query_one(Transcript).has_focus

    async def test_it_goes_on_in_the_replay(self) -> None:
        backend = backend_of()
        async with opened(backend, "slash", *"cafe", "enter", "space") as pilot:
            assert isinstance(backend.replay_feed, FakeReplay)
            assert marked(pilot) == []
            backend.replay_feed.put(*turns_of(*TEXTS))
            await drawn(pilot)
            assert marked(pilot) == ["cafe", "cafe"]
            await press(pilot, "n")
            assert marked(pilot) == ["CAFÉ"]
