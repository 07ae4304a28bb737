"""The service's side of a Speak v2 connection from a recording: the same frames again."""

# A client under test does not repeat the recording to the letter. It may cut its text otherwise,
# be faster or slower, interrupt where nobody did, and go on where the recording ends. So frames
# are not sent by instants of the clock, but by *cues*: a frame is due so many microseconds after
# the client has come as far in this turn (characters without white space, then Flush, then
# Interrupt) as it had when the frame was recorded, divided by the pace, and never before the
# frame ahead of it.
#
# As long as the client does what was recorded, frames go out verbatim: the live machine keeps
# turns, account and limits, but its own messages are replaced by the recorded ones. Where the
# client leaves the recording, the live machine takes over for that turn:
#
#   another text                  the sound of the recorded turn, and a Warning, once a turn
#                                 (a strict source closes the connection)
#   an Interrupt of its own, or   cut at once, with a SpeechInterrupted that is computed from
#   with another offset           the sound sent so far
#   no Interrupt where there      a second of waiting for it, then the end of the turn
#   was one
#   more turns than recorded      empty turns, and a Warning
#
# From then on the recorded SessionMetadata would be wrong, so the sums are computed as well
# (`_is_faithful`).

from __future__ import annotations

from collections import deque

from gramophone.text.redacted_match import RedactedText, equals_redacted, starts_with_redacted
from gramophone.text.sentences.splitter import SentenceCutter
from gramophone.text.spaceless import without_spaces
from gramophone.wire.deepgram.server_actions import SendAudio, SendText
from gramophone.wire.deepgram.speak_v2.messages import (
    Connected,
    Flushed,
    ServerMessage,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    Unknown,
    Warned,
    parse_server,
)
from gramophone.wire.deepgram.speak_v2.parameters import FluxParameters
from gramophone.wire.deepgram.speak_v2.recording import (
    ClientProgress,
    RecordedFlux,
    RecordedFrame,
    RecordedTurn,
    TurnStage,
)
from gramophone.wire.deepgram.speak_v2.rules import FluxLimits, FluxQuirks
from gramophone.wire.deepgram.speak_v2.server import Action, Interruption, SpeakV2Server
from gramophone.wire.deepgram.speak_v2.turn import FluxTurn, SpeakingRate, TurnSegment

TEXT_NOT_RECORDED = Warned(
    "TEXT_NOT_RECORDED", "The recording has not got this text; its next turn was given instead."
)
RECORDING_EXHAUSTED = Warned("RECORDING_EXHAUSTED", "The recording has nothing left for this text.")


_NEVER_US = 2**62
_INTERRUPT_WAIT_US = 1_000_000


class _Follower:
    """Text and progress of the client within one turn, with the instants."""

    def __init__(self) -> None:
        self.verbatim = ""
        self.text = ""
        self.flushed_us = 0
        self._progress: list[tuple[ClientProgress, int]] = []
        self._next = 0

    def reach(self, stage: TurnStage, text: str, now_us: int) -> None:
        """Take note of more text, or of the end of it."""
        self.verbatim += text
        self.text += without_spaces(text)
        self._progress.append((ClientProgress(stage, len(self.text)), now_us))
        if stage is TurnStage.FLUSHED:
            self.flushed_us = now_us

    def reached_us(self, cue: ClientProgress) -> int | None:
        """The instant at which a cue was reached; None when it was not yet.

        Cues must be asked for in order: what lies before the last one is not searched again.
        """
        progress = self._progress
        while self._next < len(progress) and not cue.reached_by(progress[self._next][0]):
            self._next += 1
        return progress[self._next][1] if self._next < len(progress) else None

    def says_something_else_than(self, text: str, *, whole: bool) -> bool:
        """Whether the client has left this text; with `whole`, a part is not a match either."""
        if whole:
            return self.text != text and not equals_redacted(text, self.text)
        if text.startswith(self.text) or starts_with_redacted(text, self.text):
            return False
        return RedactedText(text).follow(0, self.text, len(self.text)) is None


class FluxReplay(SpeakV2Server):
    """A server that sends recorded frames and never asks for a voice.

    Attributes:
        texts: the text of each turn that is over.
        unrecorded: those of them that the recording does not contain.
    """

    def __init__(
        self,
        recorded: RecordedFlux,
        connected: Connected,
        parameters: FluxParameters,
        pace: float,
        limits: FluxLimits | None = None,
        quirks: FluxQuirks | None = None,
        *,
        strict: bool = False,
    ) -> None:
        """`pace` is the factor on the recorded speed, 0 for at once; `strict` closes the connection
        where the text is another."""
        super().__init__(connected, parameters, limits, quirks)
        self._strict = strict
        self.texts: list[str] = []
        self.unrecorded: list[str] = []
        self._recorded = recorded
        self._pace = pace
        self._turns_left = deque(recorded.turns)
        self._followers: dict[str, _Follower] = {}
        self._playing: RecordedTurn | None = None
        self._frames: deque[RecordedFrame] = deque()
        self._expected = ""
        self._sent_bytes = 0
        self._has_started = False
        self._is_known = True
        self._is_interrupting = False
        self._is_faithful = True
        self._last_us = 0
        self._now_us = 0

    @property
    def deadline_us(self) -> int | None:
        if self._closed:
            return None
        due = (super().deadline_us, self._next_us(), self._end_us())
        return min((at_us for at_us in due if at_us is not None), default=None)

    def opened(self, now_us: int) -> list[Action]:
        """Greet the client as it was greeted."""
        live = super().opened(now_us)
        return [_verbatim(self._recorded.connected)] if self._recorded.connected else live

    def text_received(self, text: str, now_us: int) -> list[Action]:
        """Answer a text frame."""
        self._now_us = now_us
        return super().text_received(text, now_us)

    def time_passed(self, now_us: int) -> list[Action]:
        """Send what is due; call this at `deadline_us`."""
        self._now_us = now_us
        actions = super().time_passed(now_us)
        return actions if self._closed else [*actions, *self._advance()]

    # --- messages -----------------------------------------------------------------------------

    def _speak(self, text: str, now_us: int) -> list[Action]:
        if self._closing:
            return []
        actions: list[Action] = []
        turn = self._open_turn()
        if turn is None:
            turn = FluxTurn(next(self._speech_ids), SentenceCutter(whole=True))
            self._turns.append(turn)
            self._followers[turn.speech_id] = _Follower()
            if turn is self._turns[0]:
                actions += self._start(turn)
        # The warnings that a text leads to are in the recording.
        turn.take(text, now_us)
        self._followers[turn.speech_id].reach(TurnStage.OPEN, text, now_us)
        return actions + self._advance()

    def _flush(self, now_us: int) -> list[Action]:
        self._text_ended(now_us)
        return super()._flush(now_us)

    def _close(self, now_us: int) -> list[Action]:
        self._text_ended(now_us)
        return super()._close(now_us)

    def _text_ended(self, now_us: int) -> None:
        if not self._closing and (turn := self._open_turn()):
            self._followers[turn.speech_id].reach(TurnStage.FLUSHED, "", now_us)

    # --- turns --------------------------------------------------------------------------------

    def _start(self, turn: FluxTurn) -> list[Action]:
        self._playing = self._turns_left.popleft() if self._turns_left else None
        self._frames = deque(self._playing.frames if self._playing else ())
        self._expected = without_spaces(self._playing.text) if self._playing else ""
        self._sent_bytes = 0
        self._has_started = self._playing is None
        self._is_known = True
        self._is_interrupting = False
        if self._playing is not None:
            return []
        self._is_faithful = False
        if self._strict:
            return []
        return [*super()._start(turn), SendText(RECORDING_EXHAUSTED)]

    def _next_turn(self) -> list[Action]:
        follower = self._followers.pop(self._turns[0].speech_id)
        self.texts.append(follower.verbatim)
        if self._playing is None or not self._is_known:
            self.unrecorded.append(follower.verbatim)
        return super()._next_turn()

    def _next_us(self) -> int | None:
        """Instant of the next frame; None while the client has not come to its cue."""
        if not self._turns or not self._frames:
            return None
        frame = self._frames[0]
        reached_us = self._followers[self._turns[0].speech_id].reached_us(frame.cue)
        if reached_us is None:
            return None
        after_us = round(frame.after_us / self._pace) if self._pace > 0 else 0
        return max(self._last_us, reached_us + after_us)

    def _end_us(self) -> int | None:
        """Instant at which a turn ends whose end was not recorded; None while frames are left."""
        if not self._turns or not self._turns[0].ended or self._interruption is not None:
            return None
        if self._next_us() is not None:
            return None
        if not self._frames or self._closing:
            return self._now_us
        # The recorded turn was interrupted; this client may be about to do so.
        flushed_us = self._followers[self._turns[0].speech_id].flushed_us
        return max(self._last_us, flushed_us) + _INTERRUPT_WAIT_US

    def _advance(self) -> list[Action]:
        actions: list[Action] = []
        while self._turns:
            turn = self._turns[0]
            actions += self._compare(turn)
            if self._closed:
                break
            due_us = self._next_us()
            if due_us is not None and due_us > self._now_us:
                break
            if due_us is not None:
                self._last_us = due_us
                actions += self._send_recorded(turn, self._frames.popleft().frame)
            elif self._is_interrupting:
                actions += self._interrupt_live(turn)
            elif (end_us := self._end_us()) is not None and end_us <= self._now_us:
                actions += self._finish(turn)
            else:
                break
        if not self._turns and self._closing and not self._closed:
            actions += self._close_session()
        return actions

    def _compare(self, turn: FluxTurn) -> list[Action]:
        """Warn, once a turn, when another text is spoken than the recorded one, or refuse it."""
        if self._playing is None and self._strict and self._followers[turn.speech_id].text:
            return self._refuse(turn)
        if self._playing is None or not self._is_known:
            return []
        # Of a turn that was interrupted the client may have more to say, or less.
        whole = turn.ended and not self._playing.interrupted and self._interruption is None
        follower = self._followers[turn.speech_id]
        if not follower.says_something_else_than(self._expected, whole=whole):
            return []
        if self._strict:
            return self._refuse(turn)
        self._is_known = self._is_faithful = False
        return [SendText(TEXT_NOT_RECORDED)]

    def _refuse(self, turn: FluxTurn) -> list[Action]:
        self.texts.append(self._followers[turn.speech_id].verbatim)
        self.unrecorded.append(self.texts[-1])
        return self.refused()

    def _send_recorded(self, turn: FluxTurn, frame: str | bytes) -> list[Action]:
        if isinstance(frame, bytes):
            self._has_sounded = True
            self._sent_bytes += len(frame)
            return [SendAudio(frame)]
        actions: list[Action] = [_verbatim(frame)]
        match parse_server(frame):
            case SpeechStarted():
                self._has_started = True
            case Flushed():
                turn.to_acknowledge = False
            case SpeechMetadata() as metadata:
                self._account.complete(metadata)
                actions += self._next_turn()
            case SpeechInterrupted(metadata=metadata):
                # A recording may have the answer and lack the Interrupt.
                offset_ms = self._interruption.offset_ms if self._interruption else None
                self._account.interrupt(self._played_ms, offset_ms)
                self._account.count(metadata)
                self._interruption = None
                actions += self._next_turn()
            case _:
                pass
        return actions

    @property
    def _played_ms(self) -> int:
        return round(self._sent_bytes / self._bytes_per_ms)

    def _finish(self, turn: FluxTurn) -> list[Action]:
        """End a turn whose end was not recorded."""
        self._is_faithful = False
        started = self._finish_segments(turn)
        return [*started, *self._end_turn(turn)]

    def _interrupt_turn(self) -> list[Action]:
        interruption, playing = self._interruption, self._playing
        assert interruption is not None
        turn = self._turns[0]
        as_recorded = playing is not None and playing.interrupted and self._has_started
        if playing is None or not as_recorded or playing.offset_ms != interruption.offset_ms:
            return self._interrupt_live(turn)
        # What was on its way until the service had heard of it is in the recording.
        while self._frames and self._frames[0].cue.stage < TurnStage.INTERRUPTED:
            self._frames.popleft()
        self._is_interrupting = True
        self._interruption = Interruption(interruption.offset_ms, due_us=_NEVER_US)
        self._followers[turn.speech_id].reach(TurnStage.INTERRUPTED, "", self._now_us)
        return self._advance()

    def _interrupt_live(self, turn: FluxTurn) -> list[Action]:
        """Answer an Interrupt that was not recorded as the live machine does."""
        self._is_faithful = False
        started = self._finish_segments(turn)
        if self._playing is not None:
            frames = [recorded.frame for recorded in self._playing.frames]
            sound_bytes = sum(len(frame) for frame in frames if isinstance(frame, bytes))
            self._rate = SpeakingRate()
            self._rate.learn(TurnSegment(self._playing.text, 0), sound_bytes / self._bytes_per_ms)
        return [*started, *super()._interrupt_turn()]

    def _finish_segments(self, turn: FluxTurn) -> list[Action]:
        """Make the turn one of which all text was given to a voice, with the sound so far."""
        turn.waiting.append(TurnSegment(turn.cutter.rest(), self._now_us))
        while segment := turn.begin_next():
            segment.sent_bytes = self._sent_bytes
            self._sent_bytes = 0
        self._frames.clear()
        return [] if self._has_started else super()._start(turn)

    def _close_session(self) -> list[Action]:
        live = super()._close_session()
        verbatim = self._is_faithful and not self._turns_left and self._recorded.session
        return [_verbatim(self._recorded.session), live[-1]] if verbatim else live


def _verbatim(raw: str) -> SendText[ServerMessage]:
    return SendText(Unknown("", raw))
