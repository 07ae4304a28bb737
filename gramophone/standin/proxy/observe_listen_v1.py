"""Traffic between a client and Listen v1 as events of a session.

An utterance is a turn of the user that was heard and not typed. The sound that the client sends
is not kept, only the messages of the service about it, with their instants.
"""

from __future__ import annotations

from collections.abc import Iterator

from gramophone.core.timeline import (
    Event,
    FrameReceived,
    FrameSent,
    SpeechDisconnected,
    TurnCompleted,
    TurnStarted,
)
from gramophone.wire.deepgram.listen_v1.recorded_server import final_transcript, whole_transcript
from gramophone.wire.lenient_json import read_object

HEARD = "heard"
"""The finish reason of a turn that was recognised from sound."""


class ListenObserver:
    """Observer of a connection to Listen v1; a whole recording is one with a single answer."""

    def __init__(self, connection: int, turns: Iterator[int]) -> None:
        """`turns` gives the ordinals of the session's next turns."""
        self._connection = connection
        self._turns = turns
        self._texts: list[str] = []

    def sent(self, frame: str, at_us: int) -> list[Event]:
        """Give the events of a text frame from the client."""
        return [FrameSent(at_us=at_us, connection=self._connection, text=frame)]

    def received(self, frame: str | bytes, at_us: int) -> list[Event]:
        """Give the events of a frame from the service."""
        if isinstance(frame, bytes):
            return []
        event = FrameReceived(at_us=at_us, connection=self._connection, text=frame)
        fields = read_object(frame)
        if text := final_transcript(fields):
            self._texts.append(text)
        is_over = fields.get("speech_final") is True or fields.get("from_finalize") is True
        return [event, *(self._turn(at_us) if is_over else [])]

    def answered(self, text: str, at_us: int) -> list[Event]:
        """Give the events of the transcript of a whole recording."""
        return self.transcribed(text, whole_transcript(text), at_us)

    def transcribed(self, answer: str, text: str, at_us: int) -> list[Event]:
        """Give the events of the answer to a whole recording, which has this text."""
        event = FrameReceived(at_us=at_us, connection=self._connection, text=answer)
        self._texts += filter(None, [text])
        return [event, *self._turn(at_us)]

    def ended(self, code: int, reason: str, at_us: int) -> list[Event]:
        """Give the events of the end of the connection."""
        disconnected = SpeechDisconnected(
            at_us=at_us, connection=self._connection, code=code, reason=reason
        )
        return [*self._turn(at_us), disconnected]

    def _turn(self, at_us: int) -> list[Event]:
        text, self._texts = " ".join(self._texts), []
        if not text:
            return []
        turn = next(self._turns)
        return [
            TurnStarted(at_us=at_us, turn=turn, role="user", text=text),
            TurnCompleted(at_us=at_us, turn=turn, role="user", text=text, finish_reason=HEARD),
        ]
