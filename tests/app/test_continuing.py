"""A past session goes on: the screen over the engine thread, real sockets, a real library."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual.pilot import Pilot

from gramophone.app.engine_thread import EngineThread
from gramophone.core.intents import Submit
from gramophone.ports.backend import ConversationOptions
from tests.support.deadlines import HANG_S
from tests.support.engine_threads import Watched, backend, stored_sessions
from tests.support.seeing import drawn, screen_words
from tui.app import GramophoneApp
from tui.conversation.talk_pane import TalkPane
from tui.messages import ContinueWanted


async def until_said(pilot: Pilot[None], words: str) -> None:
    """The engine runs beside the screen: draw until it has come."""
    try:
        async with asyncio.timeout(HANG_S):
            while words not in screen_words(pilot):
                await drawn(pilot)
    except TimeoutError:
        pytest.fail(f"{words!r} was not seen in {screen_words(pilot)!r}")


async def go_on(running: EngineThread, session_id: str) -> None:
    """As the history asks for it, and then a prompt."""
    app = GramophoneApp(running)
    async with app.run_test(size=(100, 30)) as pilot:
        app.post_message(ContinueWanted(session_id))
        await until_said(pilot, "Green.")
        assert app.screen.query_one(TalkPane).system_prompt == "Colours only."
        await pilot.press(*"And", "enter")
        await until_said(pilot, "Blue.")


def test_a_past_session_goes_on_in_its_own_session(
    tmp_path: Path, speak_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with backend(tmp_path, speak_url, "Green.", "Blue.") as running:
        past = Watched(
            running.open_conversation(ConversationOptions(system_prompt="Colours only."))
        )
        past.talk.post(Submit("A colour?"))
        past.answer(1)
        past.talk.close()
        (before,) = asyncio.run(stored_sessions(tmp_path)).values()
        # It runs already; the screen would start it.
        monkeypatch.setattr(running, "start", lambda: None)
        asyncio.run(go_on(running, before.summary.id))
    sessions = asyncio.run(stored_sessions(tmp_path)).values()
    (after,) = sessions
    assert after.summary.id == before.summary.id
    assert [turn.text.strip() for turn in after.turns if turn.counts] == [
        "A colour?",
        "Green.",
        "And",
        "Blue.",
    ]
