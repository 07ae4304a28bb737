"""The prompt of the app, typed and pasted into."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.pilot import Pilot

from tests.support.seeing import drawn
from tui.prompt.prompt import Prompt


def prompt_of(pilot: Pilot[Any]) -> Prompt:
    return pilot.app.screen.query_one(Prompt)


async def typed(pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await drawn(pilot)


async def paste(pilot: Pilot[Any], text: str) -> None:
    pilot.app.post_message(events.Paste(text))
    await pilot.pause()
    await drawn(pilot)
