"""The Speak v2 connections of a recorded session, from its timeline events.

Connections to v2 are recognised by their address. Frames stand in the timeline verbatim, with
instants; here they are sorted into turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gramophone.core.errors import TimelineError
from gramophone.core.timeline import (
    AudioReceived,
    Event,
    FrameReceived,
    FrameSent,
    SpeechConnected,
    TextSpoken,
)
from gramophone.text.spaceless import without_spaces
from gramophone.wire.deepgram.paths import FLUX_PATH
from gramophone.wire.deepgram.speak_v2.messages import (
    ClientMessage,
    Close,
    ConfigureFailure,
    ConfigureSuccess,
    Connected,
    Errored,
    Flush,
    Interrupt,
    ProtocolViolation,
    SessionMetadata,
    Speak,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    Warned,
    parse_client,
    parse_server,
)
from gramophone.wire.deepgram.speak_v2.recording import (
    ClientProgress,
    RecordedFlux,
    RecordedFrame,
    RecordedTurn,
    TurnStage,
)

_IGNORED = frozenset({"NO_AUDIO_GENERATED", "INVALID_INTERRUPT_OFFSET"})
"""Warnings by which an Interrupt had no effect."""

_ANSWERS = _IGNORED | {"NO_ACTIVE_SPEECH", "INTERRUPT_IN_PROGRESS"}
"""Warnings that answer a message and belong to no turn."""


def recorded_flux(events: Sequence[Event]) -> tuple[RecordedFlux, ...]:
    """The connections to Speak v2, in order.

    Raises:
        TimelineError: an AudioReceived without its sound.
    """
    connections: dict[int, _FluxReader] = {}
    for event in events:
        match event:
            case SpeechConnected(connection=ordinal, url=url) if _is_flux(url):
                connections[ordinal] = _FluxReader()
            case FrameSent(connection=ordinal) if ordinal in connections:
                connections[ordinal].sent(event)
            case FrameReceived(connection=ordinal) if ordinal in connections:
                connections[ordinal].received(event)
            case AudioReceived(connection=ordinal) if ordinal in connections:
                if len(event.pcm) != event.size_bytes:
                    raise TimelineError(
                        "The recording was read without its sound; it cannot be spoken."
                    )
                connections[ordinal].sounded(event)
            case _:
                pass
    return tuple(connection.recorded() for connection in connections.values())


def flux_turns(events: Sequence[Event]) -> frozenset[int]:
    """The turns that were spoken over Speak v2: those whose text went out on such a connection."""
    connections: set[int] = set()
    turns: set[int] = set()
    on_flux = False
    for event in events:
        match event:
            case SpeechConnected(connection=ordinal, url=url) if _is_flux(url):
                connections.add(ordinal)
            case FrameSent(connection=ordinal):
                on_flux = ordinal in connections
            case TextSpoken(turn=turn) if on_flux:
                turns.add(turn)
            case _:
                pass
    return frozenset(turns)


def _is_flux(url: str) -> bool:
    return urlsplit(url).path.endswith(FLUX_PATH)


@dataclass(slots=True)
class _FluxTurnReader:
    """A turn while the session is read: text and progress of the client, frames of the service."""

    text: str = ""
    stage: TurnStage = TurnStage.OPEN
    offset_ms: int | None = None
    progress: list[tuple[ClientProgress, int]] = field(
        default_factory=list[tuple[ClientProgress, int]]
    )
    frames: list[tuple[int, int, str | bytes]] = field(
        default_factory=list[tuple[int, int, str | bytes]]
    )
    interrupted: bool = False

    def reach(self, stage: TurnStage, at_us: int) -> None:
        self.stage = stage
        cue = ClientProgress(stage, len(without_spaces(self.text)))
        # White space does not count as progress, so no frame can wait for it.
        if not self.progress or self.progress[-1][0] != cue:
            self.progress.append((cue, at_us))

    def go_on(self) -> None:
        """Take back the last Interrupt, which the service ignored."""
        if self.progress and self.stage is TurnStage.INTERRUPTED:
            self.progress.pop()
            self.stage = self.progress[-1][0].stage if self.progress else TurnStage.OPEN

    def add_frame(self, frame: str | bytes, at_us: int) -> None:
        self.frames.append((len(self.progress), at_us, frame))

    def recorded(self) -> RecordedTurn:
        frames = tuple(self._timed(*frame) for frame in self.frames)
        offset_ms = self.offset_ms if self.interrupted else None
        return RecordedTurn(self.text, frames, self.interrupted, offset_ms)

    def _timed(self, reached: int, at_us: int, frame: str | bytes) -> RecordedFrame:
        before = self.progress[:reached]
        cue, cue_us = before[-1] if before else (ClientProgress(TurnStage.OPEN, 0), at_us)
        return RecordedFrame(cue, at_us - cue_us, frame)


class _FluxReader:
    """One connection while the session is read."""

    def __init__(self) -> None:
        self._turns: list[_FluxTurnReader] = []
        self._begun = 0
        self._active: _FluxTurnReader | None = None
        self._connected = ""
        self._session = ""

    def sent(self, event: FrameSent) -> None:
        try:
            message: ClientMessage = parse_client(event.text)
        except ProtocolViolation:
            return
        turn = self._turns[-1] if self._turns and self._turns[-1].stage is TurnStage.OPEN else None
        match message:
            case Speak(text=text):
                if turn is None:
                    turn = _FluxTurnReader()
                    self._turns.append(turn)
                turn.text += text
                turn.reach(TurnStage.OPEN, event.at_us)
            case Flush() | Close() if turn is not None:
                turn.reach(TurnStage.FLUSHED, event.at_us)
            case Interrupt(offset_ms) if self._active is not None:
                # One at a time: another is ignored until the first is answered.
                if self._active.stage is not TurnStage.INTERRUPTED:
                    self._active.offset_ms = offset_ms
                    self._active.reach(TurnStage.INTERRUPTED, event.at_us)
            case _:
                pass

    def received(self, event: FrameReceived) -> None:
        try:
            message = parse_server(event.text)
        except ProtocolViolation:
            return
        match message:
            case Connected():
                self._connected = event.text
            case SessionMetadata():
                self._session = event.text
            case ConfigureSuccess() | ConfigureFailure() | Errored():
                pass
            case Warned(code=code) if code in _ANSWERS:
                if code in _IGNORED and self._active is not None:
                    self._active.go_on()
            case _:
                if isinstance(message, SpeechStarted) and self._begun < len(self._turns):
                    self._active = self._turns[self._begun]
                    self._begun += 1
                self._add_frame(event.text, event.at_us)
        if isinstance(message, SpeechInterrupted | SpeechMetadata) and self._active is not None:
            self._active.interrupted = isinstance(message, SpeechInterrupted)
            self._active = None

    def sounded(self, event: AudioReceived) -> None:
        self._add_frame(event.pcm, event.at_us)

    def _add_frame(self, frame: str | bytes, at_us: int) -> None:
        if self._active is not None:
            self._active.add_frame(frame, at_us)

    def recorded(self) -> RecordedFlux:
        # A turn that the service never began has nothing to give.
        turns = tuple(turn.recorded() for turn in self._turns[: self._begun])
        return RecordedFlux(turns, self._connected, self._session)
