"""Resuming a stored session: what its recording says, as the conversation needs it."""

from __future__ import annotations

from datetime import datetime

from gramophone.conversation.opening import EarlierTurn, Resumption
from gramophone.core.errors import SessionNotResumable
from gramophone.ports.stored_turns import message_of
from storage.recording.resumption import ResumePoint

_NOT_LIVE = (
    "The sound of this session is {encoding} at {rate_hz:,} Hz, which no voice here has, so "
    "nothing can be added to it."
)
_RATES_HZ = range(8_000, 48_001)


def resumption_of(point: ResumePoint, now: datetime) -> Resumption:
    """Make what a conversation goes on with.

    Raises:
        SessionNotResumable: the sound of the session is of a kind that nothing can be added to.
    """
    record = point.record
    if record.encoding != "linear16" or record.sample_rate_hz not in _RATES_HZ:
        raise SessionNotResumable(
            _NOT_LIVE.format(encoding=record.encoding[:20], rate_hz=record.sample_rate_hz)
        )
    return Resumption(
        turns=[
            EarlierTurn(turn.turn, message_of(turn, point.pictures, turn.give_back), turn.counts)
            for turn in record.turns
            if turn.finish_reason != "repeated"
        ],
        next_turn=point.next_turn,
        next_connection=point.next_connection,
        resumed_at=now.isoformat(timespec="milliseconds"),
    )
