"""Attribution: the model that answered each turn and the voice that spoke it, from the events.

The session's row has the newest of them only; here each turn has its own.
"""

from __future__ import annotations

from bisect import bisect_right
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
    """Model and voice of one answer; `provider` and `model` are empty where no model was asked."""

    provider: str = ""
    model: str = ""
    voice: str = ""


NO_ANSWERER: Final = Answerer()
SETTINGS_EVENTS: Final = (SessionStarted, SettingsChanged)
"""The events that `ModelChanges` reads."""
ATTRIBUTION_EVENTS: Final = (SessionStarted, SettingsChanged, TurnStarted, RequestSent)
"""The events that `answerers` reads."""


def answerers(events: Iterable[Event]) -> dict[int, Answerer]:
    """Give the answerers by the number of the turn; a user's turns have no entry."""
    voice = ""
    by_turn: dict[int, Answerer] = {}
    for event in events:
        match event:
            case SessionStarted() | SettingsChanged():
                voice = event.voice
            # A text that is only spoken asks no model: then the voice is all there is.
            case TurnStarted(role="assistant"):
                by_turn[event.turn] = Answerer(voice=voice)
            case RequestSent():
                by_turn[event.turn] = Answerer(event.provider, event.model, voice)
            case _:
                pass
    return by_turn


class ModelChanges:
    """The models that a session was set to, by time: they answer from the next turn on."""

    def __init__(self, events: Iterable[Event]) -> None:
        changes = [event for event in events if isinstance(event, SETTINGS_EVENTS)]
        self._times_us = [event.at_us for event in changes]
        self._models = [event.model for event in changes]

    def model_at(self, time_us: int) -> str:
        """The model that was set at this time of the session; empty before the first."""
        index = bisect_right(self._times_us, time_us) - 1
        return self._models[index] if index >= 0 else ""
