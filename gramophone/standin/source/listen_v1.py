"""Transcripts of Listen in a recorded session, from its timeline events.

A connection to Listen is recognised by its address, and a whole recording by an address of HTTP.
The messages of the service stand in the timeline verbatim.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gramophone.core.timeline import (
    Event,
    FrameReceived,
    FrameSent,
    SpeechConnected,
    SpeechDisconnected,
)
from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.listen_v1.messages import client_type
from gramophone.wire.deepgram.listen_v1.recorded_server import (
    ANSWERED,
    RecordedConnection,
    RecordedMessage,
    RecordedTranscripts,
)
from gramophone.wire.deepgram.listen_v2.recorded_turns import heard_turns, recorded_turns
from gramophone.wire.deepgram.paths import LISTEN_PATH, LISTEN_V2_PATH


def recorded_transcripts(events: Sequence[Event]) -> RecordedTranscripts:
    """The transcripts of a session, in order; empty when it has none."""
    connections: dict[int, _ListenReader] = {}
    for event in events:
        match event:
            case SpeechConnected(connection=ordinal, url=url):
                parts = urlsplit(url)
                if parts.path.endswith((LISTEN_PATH, LISTEN_V2_PATH)):
                    connections[ordinal] = _ListenReader(
                        whole=parts.scheme.startswith("http"),
                        by_turns=parts.path.endswith(LISTEN_V2_PATH),
                    )
            case (
                FrameSent(connection=ordinal)
                | FrameReceived(connection=ordinal)
                | SpeechDisconnected(connection=ordinal)
            ) if ordinal in connections:
                connections[ordinal].read(event)
            case _:
                pass
    readers = connections.values()
    return RecordedTranscripts(
        tuple(
            reader.connection() for reader in readers if not reader.whole and not reader.by_turns
        ),
        tuple(text for reader in readers if reader.whole for text in reader.texts),
        tuple(turn for reader in readers if reader.by_turns for turn in heard_turns(reader.texts)),
        tuple(recorded_turns(reader.texts) for reader in readers if reader.by_turns),
    )


@dataclass(slots=True)
class _ListenReader:
    """A connection while the session is read."""

    whole: bool
    by_turns: bool
    messages: list[RecordedMessage] = field(default_factory=list[RecordedMessage])
    answered: int = 0
    ended: tuple[int, str] = (1000, "")

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    def read(self, event: FrameSent | FrameReceived | SpeechDisconnected) -> None:
        match event:
            case FrameSent(text=text):
                self.answered += _is_answered(text)
            case FrameReceived(text=text):
                self.messages.append(RecordedMessage(text, self.answered))
            case SpeechDisconnected(code=code, reason=reason):
                self.ended = code, reason

    def connection(self) -> RecordedConnection:
        return RecordedConnection(tuple(self.messages), *self.ended)


def _is_answered(text: str) -> bool:
    try:
        return client_type(text) in ANSWERED
    except ProtocolViolation:
        return False
