"""The service's side of a Listen v2 connection: its life, its settings, and the turns in it."""

# A connection greets with Connected, and is open until one of four things ends it:
#
#   client sends             answer
#   -----------------------  -----------------------------------------------------------------
#   sound                    TurnInfo for each step of it that is worth one, see `turns`
#   an empty binary frame    nothing: sound without length
#   ForceEndTurn             the turn's EndOfTurn or, without a turn, a Warning
#   Configure                ConfigureSuccess with all settings, or ConfigureFailure; it holds
#                            from the next step of sound on
#   CloseStream              the last words in an Update, no EndOfTurn; a close without a code
#   no message of these      Error UNPARSABLE_CLIENT_MESSAGE; a close without a code
#   nothing for 60 s         Error NET-0001; a close without a code. A Ping counts as something
#
# The stream has its own time, the length of the sound that came; the clock drives the idle timer
# alone. Sound is looked at in steps of 80 ms, and what is over waits for the next frame.

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.listen_v1.utterances import Utterance, UtteranceQueue
from gramophone.wire.deepgram.listen_v2.messages import (
    CLOSE_STREAM,
    CONFIGURE,
    NO_ACTIVE_TURN,
    ConfigureFailure,
    ConfigureSuccess,
    Connected,
    Errored,
    RecordedTurnInfo,
    ServerMessage,
    TurnInfo,
    parse_client,
)
from gramophone.wire.deepgram.listen_v2.parameters import (
    ConfigureRefused,
    ListenV2Parameters,
    configured,
)
from gramophone.wire.deepgram.listen_v2.recorded_turn_taking import RecordedTurnTaking
from gramophone.wire.deepgram.listen_v2.recorded_turns import RecordedUserTurn
from gramophone.wire.deepgram.listen_v2.turns import TurnFaults, TurnTaking
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText
from gramophone.wire.deepgram.sound_steps import SoundSteps

IDLE_US = 60_000_000
"""Deepgram: a connection without a message for so long ends."""
IDLE_CODE = "NET-0001"
NO_STATUS = 1005
"""Stands for a close frame without a code, the only one that v2 was seen to send."""

Action: TypeAlias = SendText[ServerMessage] | CloseConnection


class ListenV2Server:
    """A connection that hears the utterances it was made with, one turn each, in order.

    Attributes:
        has_finished: whether all words were said for a CloseStream.
    """

    def __init__(
        self,
        parameters: ListenV2Parameters,
        utterances: UtteranceQueue | Iterable[Utterance],
        faults: TurnFaults | None = None,
        failed_configure: int | None = None,
        recorded: Sequence[RecordedUserTurn] = (),
    ) -> None:
        """`failed_configure` is the number, from 1, of a Configure that fails on purpose.

        Turns that were `recorded` come in the place of those of utterances.
        """
        self._is_multilingual = parameters.is_multilingual
        self._settings = parameters.settings
        thresholds = parameters.settings.thresholds
        self._turns = (
            RecordedTurnTaking(recorded, thresholds)
            if recorded
            else TurnTaking(utterances, thresholds, faults)
        )
        self._sound = SoundSteps(parameters.encoding, parameters.bytes_per_second)
        self._failed_configure = failed_configure
        self._configures = 0
        self._closed = False
        self.has_finished = False
        self._deadline_us = 0

    @property
    def deadline_us(self) -> int | None:
        """Instant at which `time_passed` must be called; None when never again. It may move."""
        return None if self._closed else self._deadline_us

    @property
    def silent(self) -> bool:
        """Whether a fault has come after which nothing is said any more."""
        return self._turns.silent

    def unfinished(self, turns: int) -> tuple[Utterance, ...]:
        """The utterances that were taken behind the end of so many turns."""
        return self._turns.unfinished(turns)

    def opened(self, now_us: int) -> list[Action]:
        """Greet the client of a new connection."""
        self._deadline_us = now_us + IDLE_US
        return [SendText(Connected())]

    def pinged(self, now_us: int) -> None:
        """Take a Ping or a Pong."""
        self._deadline_us = now_us + IDLE_US

    def sound_received(self, sound: bytes, now_us: int) -> list[Action]:
        """Take a binary frame."""
        if self._closed:
            return []
        self._deadline_us = now_us + IDLE_US
        return self._told([turn for loud in self._sound.hear(sound) for turn in self._step(loud)])

    def text_received(self, text: str, now_us: int) -> list[Action]:
        """Take a text frame."""
        if self._closed:
            return []
        self._deadline_us = now_us + IDLE_US
        try:
            kind, fields = parse_client(text)
        except ProtocolViolation as violation:
            return self._fail(violation.code, f"The message was not understood: {violation.detail}")
        if kind == CLOSE_STREAM:
            silent = self._turns.silent
            self.has_finished = not silent
            return self._close([] if silent else self._told(self._turns.finish()))
        if self._turns.silent:
            return []
        if kind == CONFIGURE:
            return [SendText(self._configure(fields))]
        return self._told(self._turns.force_end()) or [SendText(NO_ACTIVE_TURN)]

    def time_passed(self, now_us: int) -> list[Action]:
        """Close if the client has been silent for too long; call this at `deadline_us`."""
        if self._closed or now_us < self._deadline_us:
            return []
        return self._fail(IDLE_CODE, "No message was received from the client in time.")

    def _step(self, loud: bool | None) -> Sequence[RecordedTurnInfo | TurnInfo]:
        return [] if self._turns.silent else self._turns.step(loud)

    def _told(self, turns: Sequence[RecordedTurnInfo | TurnInfo]) -> list[Action]:
        return [SendText(self._with_languages(turn)) for turn in turns]

    def _with_languages(self, turn: RecordedTurnInfo | TurnInfo) -> RecordedTurnInfo | TurnInfo:
        if not self._is_multilingual or isinstance(turn, RecordedTurnInfo):
            return turn
        hints = self._settings.language_hints
        languages = (hints[0] if hints else "en",) if turn.words else ()
        return replace(turn, languages=languages, languages_hinted=hints)

    def _configure(self, fields: Mapping[str, Any]) -> ServerMessage:
        self._configures += 1
        if self._configures == self._failed_configure:
            return ConfigureFailure("INTERNAL_ERROR", "The configuration could not be applied.")
        try:
            self._settings = configured(
                fields, self._settings, is_multilingual=self._is_multilingual
            )
        except ConfigureRefused as refused:
            return ConfigureFailure(refused.code, f"{refused}.")
        self._turns.thresholds = self._settings.thresholds
        return ConfigureSuccess(self._settings)

    def _fail(self, code: str, description: str) -> list[Action]:
        return self._close([SendText(Errored(code, description))])

    def _close(self, last: list[Action]) -> list[Action]:
        self._closed = True
        return [*last, CloseConnection(NO_STATUS, "")]
