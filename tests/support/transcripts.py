"""The app over a conversation that has turns, with its transcript in the focus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

import tui
from gramophone.core.timeline import Entry, TurnCompleted, TurnStarted
from tests.support.builders import session_started
from tests.support.screen_backend import FakeBackend
from tests.support.seeing import drawn
from tui.app import GramophoneApp
from tui.transcript.transcript import Transcript


def turns_of(*texts: str, first: int = 0) -> list[Entry]:
    """Turn by turn: a prompt, its answer, a prompt …"""
    entries: list[Entry] = [session_started()]
    for turn, text in enumerate(texts, first):
        role = "assistant" if turn % 2 else "user"
        entries.append(TurnStarted(at_us=1, turn=turn, role=role, text=text))
        entries.append(
            TurnCompleted(at_us=2, turn=turn, role=role, text=text, finish_reason="stop")
        )
    return entries


class Listening(GramophoneApp):
    """Remembers what was to be copied."""

    CSS_PATH = Path(tui.__file__).parent / "screens" / "conversation.tcss"

    def __init__(self, backend: FakeBackend) -> None:
        super().__init__(backend)
        self.backend = backend
        self.copied: list[tuple[str, str]] = []

    def _copy(self, text: str, subject: str) -> None:
        self.copied.append((text, subject))


def app_of(*texts: str) -> Listening:
    backend = FakeBackend()
    backend.conversation.put(*turns_of(*texts))
    return Listening(backend)


async def focused(pilot: Pilot[Any]) -> Transcript:
    await drawn(pilot)
    transcript = pilot.app.screen.query_one(Transcript)
    transcript.focus()
    await pilot.pause()
    return transcript
