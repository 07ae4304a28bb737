"""Opening of a conversation: a new session, or a stored one that goes on."""

from __future__ import annotations

from collections.abc import Sequence

from gramophone.conversation.history import History
from gramophone.conversation.settings import ConversationSettings
from gramophone.core.frozen import frozen
from gramophone.core.timeline import Event
from gramophone.ports.language_model import Message


@frozen
class EarlierTurn:
    """A turn of a stored session; one that does not count was taken back."""

    turn: int
    message: Message
    counts: bool = True


@frozen(kw_only=True)
class Resumption:
    """Point from which a stored session goes on: its turns, the next numbers, the time of day."""

    turns: Sequence[EarlierTurn]
    next_turn: int
    next_connection: int
    resumed_at: str


def start(
    settings: ConversationSettings, history: History, inherited: Sequence[Message], now_us: int
) -> list[Event]:
    """Fill the history with turns of another session, numbered from 0; the events of the start."""
    events: list[Event] = [settings.started(now_us)]
    if settings.model_settings.chosen():
        # The event of the start, and the session's row, have no place for them.
        events.append(settings.as_event(now_us))
    for turn, message in enumerate(inherited):
        remembered = settings.remembered(message.text, message.heard_chars)
        events += history.inherit(turn, message, remembered, now_us)
    return events


def resume(
    settings: ConversationSettings, history: History, resumption: Resumption, now_us: int
) -> list[Event]:
    """Fill the history with the session's own turns, which are recorded already; the events of its
    going on."""
    for earlier in resumption.turns:
        message = earlier.message
        remembered = settings.remembered(message.text, message.heard_chars)
        history.restore(earlier.turn, message, remembered, counts=earlier.counts)
    return [settings.resumed(resumption.resumed_at, now_us), settings.as_event(now_us)]
