"""Which model answered a turn, and in which voice, folded from the events; pure.

The session's row names the newest of them; here each turn has its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    Event,
    RequestSent,
    SessionStarted,
    SettingsChanged,
    TurnStarted,
)


@frozen
class Answerer:
    """Who answered; `provider` and `model` are empty where no model was asked."""

    provider: str = ""
    model: str = ""
    voice: str = ""


NOBODY: Final = Answerer()
KINDS: Final = (SessionStarted, SettingsChanged, TurnStarted, RequestSent)
"""The events this is told by."""


def answerers(events: Iterable[Event]) -> dict[int, Answerer]:
    """By the number of the turn; a user's turns have no entry."""
    voice = ""
    known: dict[int, Answerer] = {}
    for event in events:
        match event:
            case SessionStarted() | SettingsChanged():
                voice = event.voice
            case TurnStarted(role="assistant"):
                known[event.turn] = Answerer(voice=voice)
            case RequestSent():
                known[event.turn] = Answerer(event.provider, event.model, voice)
            case _:
                pass
    return known
