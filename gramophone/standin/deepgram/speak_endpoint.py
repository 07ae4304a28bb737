"""Speak on a websocket, either version: the handshake and the session of each connection."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from functools import partial
from itertools import count
from typing import ClassVar, Generic, Protocol, TypeAlias, TypeVar

from websockets.asyncio.server import ServerConnection

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.handshake import admit_connection, bad_request
from gramophone.standin.deepgram.session import SessionProtocol, SessionVoice, SpeakSession
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.pacing import FramePacer
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.standin.server.routes import Accept, HandshakeRequest
from gramophone.standin.voice import Voice
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.server_actions import ServerProtocol
from gramophone.wire.deepgram.speak_v1.parameters import SpeakParameters

_log = logging.getLogger(__name__)

Headers: TypeAlias = tuple[tuple[str, str], ...]


class Parameters(Protocol):
    """Parameters of a connection, of either version."""

    def to_query(self) -> str:
        """The query with these parameters."""
        ...


ParametersT = TypeVar("ParametersT", bound=Parameters)
MessageT = TypeVar("MessageT")


class SpeakEndpoint(ABC, Generic[ParametersT, MessageT]):
    """Admission of connections; a subclass for each version of the protocol."""

    LABEL: ClassVar[str]
    """The name of a connection in the log."""

    def __init__(self, voice: Voice, options: StandinOptions, clock: Clock) -> None:
        self._voice = voice
        self._options = options
        self._clock = clock
        self._ordinals = count()

    @abstractmethod
    def _parse(self, query: str) -> ParametersT:
        """Read the parameters of a connection.

        Raises:
            ParameterRefused: the service would refuse them.
        """

    @abstractmethod
    def _sounding(self, parameters: ParametersT) -> SpeakParameters:
        """The parameters for the voice."""

    @abstractmethod
    def _open(
        self, ordinal: int, parameters: ParametersT
    ) -> tuple[Headers, ServerProtocol[MessageT]]:
        """Make the headers and the state machine of a connection."""

    @abstractmethod
    def _render(self, message: MessageT) -> str:
        """Write a message as a text frame."""

    def _last_word(self, reason: str) -> str:
        """The text frame before a close for this reason; empty for none."""
        return ""

    def _closed(self, machine: ServerProtocol[MessageT], voice: Voice) -> None:
        """Take note that a connection has ended."""

    def __call__(self, handshake: HandshakeRequest) -> Accept | HttpRefusal:
        """Accept a connection or refuse it."""
        ordinal = next(self._ordinals)
        answer = self._admit(handshake, ordinal)
        if isinstance(answer, HttpRefusal):
            return answer
        headers, machine = self._open(ordinal, answer)
        return Accept(headers, partial(self._serve, ordinal, machine, answer))

    def _admit(self, handshake: HandshakeRequest, ordinal: int) -> ParametersT | HttpRefusal:
        answer = admit_connection(handshake, ordinal, self._options, self._parse)
        if isinstance(answer, HttpRefusal):
            return answer
        why = self._voice.refusal(self._sounding(answer))
        return bad_request(why) if why else answer

    async def _serve(
        self,
        ordinal: int,
        machine: ServerProtocol[MessageT],
        parameters: ParametersT,
        connection: ServerConnection,
    ) -> None:
        sounding = self._sounding(parameters)
        voice = self._voice.for_connection()
        faults = FaultInjector(self._options.faults, ordinal)
        tap = voice.check_frame if isinstance(voice, RecordedVoice) else None
        session = SpeakSession(
            SessionProtocol(machine, self._render, tap),
            SessionVoice(voice, sounding, FramePacer(self._options, sounding, ordinal)),
            WebSocketSender(connection, faults, self._clock, self._last_word),
            self._clock,
        )
        _log.info("%s %d: open, %s", self.LABEL, ordinal, parameters.to_query())
        await session.run(connection)
        self._closed(machine, voice)
        _log.info(
            "%s %d: closed, %s %s",
            self.LABEL,
            ordinal,
            connection.close_code,
            connection.close_reason,
        )
