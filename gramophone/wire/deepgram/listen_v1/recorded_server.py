"""Listen v1 from a recording: the service's messages again, each when its time has come."""

# Instants of the clock are of no use here: another run sends its sound faster, slower, or in other
# frames. The messages themselves say where they belong. Each Results, SpeechStarted and
# UtteranceEnd has its place in the stream, in seconds; so a message is due when as much sound has
# come as it speaks of, and the client has sent as many messages with an answer (Finalize,
# Configure, CloseStream) as it had when the message was recorded. A client that is further with
# its messages than the recording gets what is left of before without waiting for sound.
#
# A client is not silent for as long as in the recording: its user speaks when the answer before was
# spoken, which may take more time or less. Where the sound tells of voices (`voice_detection`), an
# utterance therefore begins with one, and its messages have their places and times from there on.
# Empty results of a longer silence are left out. Sound without any voice gets the messages where
# they were recorded, for programs that send zeros in its place.

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.listen_v1.connection import IDLE_REASON, Action, ListenConnection
from gramophone.wire.deepgram.listen_v1.messages import (
    CLOSE_STREAM,
    CONFIGURE,
    FINALIZE,
    ListenParameters,
    Verbatim,
    seconds_in,
)
from gramophone.wire.deepgram.listen_v1.recorded_utterances import (
    LaidMessage,
    RecordedMessage,
    laid_messages,
    moved,
)
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.listen_v2.recorded_turns import RecordedUserTurn
from gramophone.wire.deepgram.server_actions import CloseConnection, SendText
from gramophone.wire.deepgram.sound_steps import STEP_US, SoundSteps
from gramophone.wire.deepgram.voice_detection import VoiceDetector, needs_voice
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object

ANSWERED = frozenset({FINALIZE, CLOSE_STREAM, CONFIGURE})
"""Messages of a client that the service answers."""

_SECOND_US = 1_000_000
_ROUNDED_US = 10_000
"""The service rounds its seconds, and may name a little more than had come."""
_ORDERLY = frozenset({1000, 1001, 1005, 1006})


@frozen
class RecordedConnection:
    """One connection: the service's messages, and the close."""

    messages: tuple[RecordedMessage, ...]
    code: int = 1000
    reason: str = ""


@frozen
class RecordedTranscripts:
    """Transcripts of a session.

    Attributes:
        connections: to Listen v1.
        wholes: recordings that were sent whole, as JSON answers.
        turns: that Listen v2 heard, on whichever connection, or that a scenario has.
        flux: the turns of each connection to Listen v2, with their messages.
        voice_activated: whether each of the turns begins with a voice in the sound.
    """

    connections: tuple[RecordedConnection, ...] = ()
    wholes: tuple[str, ...] = ()
    turns: tuple[Utterance, ...] = ()
    flux: tuple[tuple[RecordedUserTurn, ...], ...] = ()
    voice_activated: bool = False

    def __bool__(self) -> bool:
        """Whether anything was heard."""
        return bool(self.connections or self.wholes or self.turns)


class ListenReplay(ListenConnection):
    """A connection that repeats what was recorded, in the place of a `ListenServer`."""

    def __init__(self, parameters: ListenParameters, recorded: RecordedConnection) -> None:
        super().__init__(parameters)
        self._recorded = recorded
        self._waiting = deque(laid_messages(recorded.messages))
        self._steps = SoundSteps(parameters.encoding, parameters.bytes_per_second)
        self._voice = VoiceDetector(activates=True)
        self._now_us = 0
        self._answered = 0
        self._utterance = 0
        self._shift_us = 0

    def _hear(self, sound: bytes) -> list[Action]:
        actions: list[Action] = []
        for loud in self._steps.hear(sound):
            begins = self._voice.hear(loud) and loud is not None
            if begins:
                actions += self._begin()
            self._now_us += STEP_US
            actions += self._due(self._now_us)
        return actions + self._due(self._meter.now_us)

    def _answer(self, kind: str) -> list[Action]:
        self._answered += kind in ANSWERED
        if kind == FINALIZE:
            self._voice.pause()
        return self._due(self._meter.now_us)

    def _finish(self) -> list[Action]:
        # Sound that tells of no voice may stand for all of them.
        unspoken = {
            laid for laid in self._waiting if self._voice.tells and laid.utterance > self._utterance
        }
        return [
            self._said(laid) for laid in self._waiting if laid not in unspoken or not laid.at_us
        ]

    def _awaits_voice(self, laid: LaidMessage) -> bool:
        """Whether a message is of an utterance that was not spoken yet."""
        if laid.utterance <= self._utterance:
            return False
        late_us = self._now_us - self._shift_us - laid.begins_us
        return self._voice.tells or needs_voice(laid.pause_us, late_us)

    def _begin(self) -> list[Action]:
        """Lay the next utterance over the voice that begins here, unless one goes on."""
        before: list[LaidMessage] = []
        index = 0
        while index < len(self._waiting) and self._waiting[index].utterance <= self._utterance:
            before.append(self._waiting[index])
            index += 1
        goes_on = any(laid.has_words for laid in before)
        if goes_on or index == len(self._waiting):
            return []
        first = self._waiting[index]
        for _ in before:
            self._waiting.popleft()
        # Results of a silence that was longer in the recording speak of sound that never came.
        actions = [self._said(laid) for laid in before if not laid.is_empty]
        self._utterance = first.utterance
        self._shift_us = self._now_us - first.begins_us
        self._answered = first.message.after
        return actions

    def _due(self, now_us: int) -> list[Action]:
        actions: list[Action] = []
        while self._waiting:
            laid = self._waiting[0]
            if self._awaits_voice(laid):
                break
            # What came before the client's last message waits for no more sound.
            if laid.message.after > self._answered:
                break
            at_us = laid.at_us + self._shift_us
            if laid.message.after == self._answered and at_us > now_us + _ROUNDED_US:
                break
            self._waiting.popleft()
            self._utterance = max(self._utterance, laid.utterance)
            actions.append(self._said(laid))
        return actions + self._ended()

    def _ended(self) -> list[Action]:
        """The close of a service that broke off by itself, once it has said all.

        An orderly end is the client's, and an idle one the timer's: both come by themselves.
        """
        recorded = self._recorded
        ended_itself = recorded.code not in _ORDERLY and recorded.reason != IDLE_REASON
        if self._waiting or self._closed or not ended_itself:
            return []
        self._closed = True
        return [CloseConnection(recorded.code, recorded.reason)]

    def _said(self, laid: LaidMessage) -> Action:
        return SendText(Verbatim(moved(laid.message.text, self._shift_us)))


def final_transcript(fields: dict[str, Any]) -> str:
    """The transcript in a final result; empty for any other message."""
    if fields.get("type") != "Results" or fields.get("is_final") is not True:
        return ""
    return _alternative(as_object(fields.get("channel")))


def whole_transcript(text: str) -> str:
    """The transcript in the answer to a whole recording, a line for each channel."""
    channels = as_list(as_object(read_object(text).get("results")).get("channels"))
    return "\n".join(filter(None, (_alternative(as_object(channel)) for channel in channels)))


def _alternative(channel: dict[str, Any]) -> str:
    """The transcript of the first alternative, which is the likeliest."""
    alternatives = as_list(channel.get("alternatives"))
    return as_text(as_object(alternatives[0]).get("transcript")) if alternatives else ""


def utterances_in(recorded: Sequence[RecordedConnection]) -> list[tuple[str, int]]:
    """The final texts of recorded connections, each with its length in microseconds."""
    utterances: list[tuple[str, int]] = []
    for connection in recorded:
        for message in connection.messages:
            fields = read_object(message.text)
            if text := final_transcript(fields):
                utterances.append((text, round(seconds_in(fields.get("duration")) * _SECOND_US)))
    return utterances


def whole_utterance(text: str) -> tuple[str, int]:
    """The transcript of a whole recording, and the length of its sound in microseconds."""
    duration = as_object(read_object(text).get("metadata")).get("duration")
    return whole_transcript(text), round(seconds_in(duration) * _SECOND_US)
