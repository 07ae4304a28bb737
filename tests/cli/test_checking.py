"""`fixture check`: what was recorded is said again, and comes to the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures import recordings
from gramophone.cli.checking import CheckError, checked_against
from gramophone.timeline import DeltaReceived, Event, ModelChunkReceived

WHOLE = ("short-answer", "long-list", "long-markdown", "reconnect")


@pytest.mark.parametrize("name", WHOLE)
async def test_every_recording_comes_to_the_same(name: str) -> None:
    checked = await checked_against(recordings.load(name))
    assert checked.differences == ()
    assert checked.failures == ()


async def test_other_words_are_told() -> None:
    events = [
        event
        for event in recordings.load("short-answer")
        if not isinstance(event, ModelChunkReceived)
    ]
    at = next(i for i, event in enumerate(events) if isinstance(event, DeltaReceived))
    changed: list[Event] = [*events]
    changed[at] = replace(events[at], text="Telephones! ")
    checked = await checked_against(changed)
    assert any(sentence.startswith("Turn 1 says ") for sentence in checked.differences)


async def test_what_was_interrupted_is_refused() -> None:
    with pytest.raises(CheckError, match="interrupted, taken back or continued"):
        await checked_against(recordings.load("interrupted"))
