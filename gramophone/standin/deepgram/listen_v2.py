"""Listen v2 (Flux) on a websocket."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from uuid import uuid4

from websockets.asyncio.server import ServerConnection

from gramophone.core.clock import Clock
from gramophone.standin.deepgram.handshake import admit_connection, socket_headers
from gramophone.standin.deepgram.listening import ListeningSession
from gramophone.standin.delivery.fault_injector import FaultInjector
from gramophone.standin.delivery.websocket_sender import WebSocketSender
from gramophone.standin.faults import REASONS, FaultName, value_of
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.standin.server.routes import Accept, HandshakeRequest
from gramophone.standin.server.sniffing import when_pinged
from gramophone.standin.source.hearing import ExpectedUtterances
from gramophone.wire.deepgram.listen_v1.utterances import UtteranceQueue
from gramophone.wire.deepgram.listen_v2.messages import Errored, MessageWriter
from gramophone.wire.deepgram.listen_v2.parameters import ListenV2Parameters
from gramophone.wire.deepgram.listen_v2.recorded_turns import RecordedUserTurn
from gramophone.wire.deepgram.listen_v2.server import ListenV2Server
from gramophone.wire.deepgram.listen_v2.turns import TurnFaults

_log = logging.getLogger(__name__)


class ListenV2Endpoint:
    """Admission of connections, which hear the expected utterances.

    Behind one that a fault cut off or made silent, the next goes on with the turn that had no end:
    a client that connects anew sends the sound of that turn again.

    Without faults of turns, connections that were `recorded` come again with their messages, in
    their order, and after the last the first.
    """

    def __init__(
        self,
        expected: ExpectedUtterances,
        options: StandinOptions,
        clock: Clock,
        recorded: Sequence[Sequence[RecordedUserTurn]] = (),
    ) -> None:
        self._expected = expected
        self._recorded = [turns for turns in recorded if turns]
        self._last: _HeardConnection | None = None
        self._options = options
        self._clock = clock
        self._ordinals = count()

    def __call__(self, handshake: HandshakeRequest) -> Accept | HttpRefusal:
        """Accept a connection or refuse it."""
        ordinal = next(self._ordinals)
        answer = admit_connection(handshake, ordinal, self._options, ListenV2Parameters.from_query)
        if isinstance(answer, HttpRefusal):
            return answer
        request_id = str(uuid4())
        headers = socket_headers(request_id)
        return Accept(headers, partial(self._serve, ordinal, request_id, answer))

    async def _serve(
        self,
        ordinal: int,
        request_id: str,
        parameters: ListenV2Parameters,
        connection: ServerConnection,
    ) -> None:
        faults = self._options.faults
        queue = self._queue()
        machine = ListenV2Server(
            parameters,
            queue,
            _turn_faults(self._options, ordinal),
            value_of(faults, FaultName.CONFIGURE_FAILURE, ordinal),
            self._recorded_turns(ordinal),
        )
        injector = FaultInjector(faults, ordinal)
        listener = _HeardConnection(machine, queue, MessageWriter(request_id), injector)
        self._last = listener
        sender = WebSocketSender(connection, listener.injector, self._clock, listener.last_word)
        when_pinged(connection, lambda: machine.pinged(self._clock.now_us()))
        _log.info("Flux listening connection %d: open, %s", ordinal, parameters)
        session = ListeningSession(
            machine, listener.writer.write, sender, self._clock, listener.sent
        )
        try:
            await session.run(connection)
        finally:
            listener.put_back()
        _log.info("Flux listening connection %d: closed, %s", ordinal, connection.close_code)

    def _recorded_turns(self, ordinal: int) -> Sequence[RecordedUserTurn]:
        """The turns of a new connection, if they come from a recording with their messages."""
        last = self._last
        is_disturbed = any(fault.name in _TURN_FAULTS for fault in self._options.faults)
        if not self._recorded or is_disturbed or (last is not None and last.is_cut_off):
            return ()
        return self._recorded[ordinal % len(self._recorded)]

    def _queue(self) -> UtteranceQueue:
        """The queue of a new connection."""
        last = self._last
        if last is None or not last.is_cut_off:
            return self._expected.queue()
        last.put_back()
        return last.queue


@dataclass(slots=True, eq=False)
class _HeardConnection:
    """A connection with what went out on it, which may be less than what the machine said."""

    machine: ListenV2Server
    queue: UtteranceQueue
    writer: MessageWriter
    injector: FaultInjector
    has_put_back: bool = False

    @property
    def is_cut_off(self) -> bool:
        """Whether a fault has ended the connection, or made it silent."""
        return self.injector.silent or self.machine.silent

    def put_back(self) -> None:
        """Leave the utterances whose turns have not ended for the client to the next, once."""
        is_over = self.machine.has_finished and not self.injector.silent
        if not self.has_put_back and not is_over:
            self.has_put_back = True
            self.queue.put_back(self.machine.unfinished(self.writer.ended_turns))

    def sent(self) -> None:
        """Count a message, unless a fault kept it back."""
        if not self.injector.silent:
            self.writer.sent()

    def last_word(self, reason: str) -> str:
        """The Error before a close; on v2 one goes before each for a reason of Deepgram's."""
        if reason not in REASONS:
            return ""
        code = "INTERNAL_SERVER_ERROR" if reason == "NET-0000" else reason
        return self.writer.write(Errored(code, "This was asked for."))


_TURN_FAULTS = (
    FaultName.NEVER_ENDS,
    FaultName.RESUMES,
    FaultName.LATE_WORDS,
    FaultName.GOES_SILENT,
)


def _turn_faults(options: StandinOptions, ordinal: int) -> TurnFaults:
    faults = options.faults
    return TurnFaults(
        never_ends=value_of(faults, FaultName.NEVER_ENDS, ordinal),
        resumes=value_of(faults, FaultName.RESUMES, ordinal),
        late_words=value_of(faults, FaultName.LATE_WORDS, ordinal),
        goes_silent=value_of(faults, FaultName.GOES_SILENT, ordinal),
    )
