"""The client's side of Deepgram Speak v2 (Flux): stretches of text, their ends, interruptions.

Text goes out as it comes; a Flush ends a stretch of it (a turn of the service), and its
SpeechMetadata says that all its sound has come. An Interrupt stops the stretch that sounds, and
its answer says which text was heard.
"""

# The service counts stretches by their order, and so does this machine: `_stretches` are those
# that were sent and are not over, the first is the one that sounds.
#
#            Speak          Flush             SpeechMetadata
#   (none) ---------> open --------> flushed ----------------> over, FlushDone
#                       |               |
#                       +------ clear --+
#                               |
#                               v         SpeechInterrupted, SpeechMetadata
#                             dead  -------------------------------------------> over
#
# Sound that comes while the first stretch is dead is stale. An Interrupt always means the stretch
# that sounds, so nothing of what follows is sent while one is dead: else it could hit the next
# one. When the last dead one is over, and the Interrupt answered, that is ClearDone.
#
# The service may ignore an Interrupt, with a warning:
#
#   NO_AUDIO_GENERATED        The stretch goes on. It is flushed, so that later text is not added
#                             to it, and interrupted again when its first sound comes.
#   INVALID_INTERRUPT_OFFSET  It is interrupted without an offset.
#   NO_ACTIVE_SPEECH          It was over when the Interrupt arrived.
#   INTERRUPT_IN_PROGRESS     The answer to the Interrupt before will come.
#
# `playback_offset` counts the session's sound from its first sample, as the service does: what was
# received, less what was not played. After an Interrupt with an offset both go on from there.

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from gramophone.core.frozen import frozen
from gramophone.wire.deepgram.json_frames import ProtocolViolation
from gramophone.wire.deepgram.speak_v1.client import NO_LIMIT, SECOND_US, split_text
from gramophone.wire.deepgram.speak_v2.messages import (
    Close,
    Configure,
    ConfigureFailure,
    Connected,
    Errored,
    Flush,
    Interrupt,
    ServerMessage,
    Speak,
    SpeechInterrupted,
    SpeechMetadata,
    SpeechStarted,
    Unknown,
    Warned,
    parse_server,
    render,
)
from gramophone.wire.deepgram.speak_v2.notices import (
    INVALID_INTERRUPT_OFFSET,
    NO_ACTIVE_SPEECH,
    NO_AUDIO_GENERATED,
)
from gramophone.wire.deepgram.speak_v2.parameters import FLUX_SAMPLE_RATES_HZ, FLUX_SPEEDS
from gramophone.wire.speech_client import (
    ClearDone,
    FlushDone,
    HeardPosition,
    NotUnderstood,
    Opened,
    OutgoingFrame,
    ServiceWarned,
    SpeechCapabilities,
    SpeechClientEvent,
)


@frozen(kw_only=True)
class SpeakV2Limits:
    """Limits of the service. None is documented for the rate of text and flushes."""

    message_chars: int = 2000
    session_us: int = 3600 * SECOND_US
    answer_timeout_us: int = 10 * SECOND_US


@frozen
class SpeakV2:
    """Speak v2 as a `ports.speech.SpeechProtocol`: text is spoken as it comes.

    `bytes_per_second` is that of the sound, by which playback offsets are counted.
    """

    bytes_per_second: int
    limits: SpeakV2Limits = field(default_factory=SpeakV2Limits)

    @property
    def capabilities(self) -> SpeechCapabilities:
        """Properties of a service that speaks v2, under these limits."""
        return SpeechCapabilities(
            streams_text=True,
            interrupts_at_offset=True,
            changes_speed=True,
            speeds=FLUX_SPEEDS,
            longest_request_chars=self.limits.message_chars,
            sample_rates_hz=FLUX_SAMPLE_RATES_HZ["linear16"],
        )

    def client(self, now_us: int) -> SpeakV2Client:
        """Make the machine of a connection that was opened now."""
        return SpeakV2Client(self.bytes_per_second, self.limits, now_us)


@frozen
class _Piece:
    """A piece of text, or a flush, that waits to be sent; `first` is that of a chunk."""

    text: str = ""
    chunk: int = 0
    first: bool = False
    flush: int | None = None


@dataclass(slots=True)
class _Stretch:
    """Text up to a Flush that was sent and is not over; its sound begins at `start_bytes` of the
    session's."""

    start_bytes: int
    pieces: list[_Piece] = field(default_factory=list[_Piece])
    flush: int | None = None
    flushed: bool = False
    dead: bool = False

    def heard(self, spoken_text: str) -> HeardPosition | None:
        """Find where in the chunks `spoken_text` ends; None if it is not the beginning of the text.

        Only letters and digits are compared: the service may give spaces and marks otherwise.
        """
        wanted = [char for char in spoken_text.casefold() if char.isalnum()]
        position = HeardPosition(self.pieces[0].chunk, 0) if self.pieces else None
        matched = offset = 0
        for index, piece in enumerate(self.pieces):
            if index and piece.chunk != self.pieces[index - 1].chunk:
                offset = 0
            for at, char in enumerate(piece.text):
                folded = [part for part in char.casefold() if part.isalnum()]
                if matched == len(wanted) and (folded or char.isspace()):
                    return position
                if wanted[matched : matched + len(folded)] != folded:
                    return None
                matched += len(folded)
                if not char.isspace():
                    position = HeardPosition(piece.chunk, offset + at + 1)
            offset += len(piece.text)
        return position if matched == len(wanted) else None


class SpeakV2Client:
    """One connection. Times are microseconds on the caller's clock."""

    def __init__(self, bytes_per_second: int, limits: SpeakV2Limits, opened_us: int) -> None:
        self._bytes_per_second = bytes_per_second
        self._limits = limits
        self._expires_us = opened_us + limits.session_us
        self._queue: deque[_Piece] = deque()
        self._controls: list[str] = []
        self._stretches: deque[_Stretch] = deque()
        self._sounded_bytes = 0
        self._clearing = False
        self._interrupting = False
        self._offset_ms: int | None = None
        self._last_offset_ms = -1
        self._heard: HeardPosition | None = None
        self._heard_us = opened_us

    # --- state --------------------------------------------------------------------------------

    @property
    def stale(self) -> bool:
        """Whether sound that comes now belongs to what was cleared."""
        return self._clearing

    @property
    def owing(self) -> bool:
        """Whether something waits to be sent, or for its sound, that was not cleared."""
        return bool(self._queue) or any(not stretch.dead for stretch in self._stretches)

    def near_expiry(self, now_us: int, margin_us: int = 300 * SECOND_US) -> bool:
        """Whether the service will end this connection soon (60 minutes after it opened)."""
        return now_us >= self._expires_us - margin_us

    def flushes_left(self, now_us: int) -> int:
        """Any number: flushes are not counted."""
        return NO_LIMIT

    def next_wake_us(self, now_us: int) -> int | None:
        """Instant at which an answer is overdue; None while none is owed."""
        return self._heard_us + self._limits.answer_timeout_us + 1 if self._owed else None

    def timed_out(self, now_us: int) -> bool:
        """Whether the service has owed an answer for too long."""
        return self._owed and now_us - self._heard_us > self._limits.answer_timeout_us

    @property
    def _owed(self) -> bool:
        """Whether the service must say something: an open stretch may wait for its text."""
        return self._clearing or any(stretch.flushed for stretch in self._stretches)

    # --- to the service -----------------------------------------------------------------------

    def speak(self, text: str, chunk: int) -> None:
        """Queue text; one space goes after it, because the service adds none between messages."""
        for index, piece in enumerate(split_text(f"{text} ", self._limits.message_chars)):
            self._queue.append(_Piece(piece, chunk, first=not index))

    def flush(self, number: int) -> None:
        """Queue the end of a stretch, which is named by `number` in the events about it."""
        self._queue.append(_Piece(flush=number))

    def clear(self, now_us: int, unheard_us: int = 0) -> list[str]:
        """Drop all that waits, and interrupt what was sent; gives the frames to send at once."""
        self._queue.clear()
        if not self.owing:
            return []
        for stretch in self._stretches:
            stretch.dead = True
        self._clearing, self._heard, self._heard_us = True, None, now_us
        played_ms = self._sounded_ms - unheard_us // 1000
        return [self._interrupt(played_ms if played_ms > self._last_offset_ms else None)]

    def set_speed(self, speed: float) -> list[str]:
        """Speak at this speed from the next segment on."""
        return [render(Configure(speed))]

    def close(self) -> list[str]:
        """The frame that ends the session politely."""
        return [render(Close())]

    def poll(self, now_us: int) -> list[OutgoingFrame]:
        """The frames that may be sent now, in order."""
        frames = [OutgoingFrame(frame) for frame in self._controls]
        self._controls.clear()
        while self._queue and not self._clearing:
            piece = self._queue.popleft()
            stretch = self._open_stretch()
            if piece.flush is None:
                stretch.pieces.append(piece)
                chunks = (piece.chunk,) if piece.first else ()
                frames.append(OutgoingFrame(render(Speak(piece.text)), chunks))
                continue
            if not self._owed:
                self._heard_us = now_us
            stretch.flush, stretch.flushed = piece.flush, True
            frames.append(OutgoingFrame(render(Flush()), flush=piece.flush))
        return frames

    def _open_stretch(self) -> _Stretch:
        """The stretch that takes text; a new one behind those that are flushed."""
        if not self._stretches or self._stretches[-1].flushed:
            self._stretches.append(_Stretch(self._sounded_bytes))
        return self._stretches[-1]

    def _interrupt(self, offset_ms: int | None) -> str:
        self._interrupting, self._offset_ms = True, offset_ms
        return render(Interrupt(offset_ms))

    @property
    def _sounded_ms(self) -> int:
        return self._sounded_bytes * 1000 // self._bytes_per_second

    # --- from the service ---------------------------------------------------------------------

    def receive_audio(self, now_us: int, size_bytes: int) -> None:
        """Count sound that came; interrupt a dead stretch that has only begun to sound."""
        self._heard_us = now_us
        self._sounded_bytes += size_bytes
        if self._clearing and not self._interrupting:
            self._controls.append(self._interrupt(None))

    def receive_text(self, frame: str, now_us: int) -> list[SpeechClientEvent]:
        """Read a text frame; gives the events that it means."""
        try:
            message = parse_server(frame)
        except ProtocolViolation as error:
            return [NotUnderstood(str(error))]
        self._heard_us = now_us
        return self._read(message)

    def _read(self, message: ServerMessage) -> list[SpeechClientEvent]:
        match message:
            case Connected():
                return [Opened(message.request_id)]
            case SpeechStarted():
                if self._stretches:
                    self._stretches[0].start_bytes = self._sounded_bytes
                return []
            case SpeechMetadata():
                return self._ended()
            case SpeechInterrupted():
                return self._interrupted(message.text_spoken)
            case Warned(code, description):
                return [ServiceWarned(code, description), *self._warned(code)]
            case ConfigureFailure(code, description) | Errored(code, description):
                return [ServiceWarned(code, description)]
            case Unknown():
                return [NotUnderstood(f"unknown message type {message.type!r}")]
            case _:
                # Flushed comes before the last sound, or even behind the SpeechMetadata.
                return []

    def _ended(self) -> list[SpeechClientEvent]:
        """End the stretch that sounds; one that was not flushed cannot be over."""
        if not self._stretches or not (self._stretches[0].flushed or self._stretches[0].dead):
            return []
        stretch = self._stretches.popleft()
        if stretch.dead or stretch.flush is None:
            return self._go_on_clearing()
        return [FlushDone(stretch.flush)]

    def _interrupted(self, spoken_text: str | None) -> list[SpeechClientEvent]:
        if not self._interrupting:
            return []
        self._interrupting = False
        if self._offset_ms is not None:
            self._sounded_bytes = self._offset_ms * self._bytes_per_second // 1000
        self._last_offset_ms = self._sounded_ms
        if self._stretches and self._stretches[0].dead:
            stretch = self._stretches.popleft()
            # Where the player was still at an earlier stretch, this one tells nothing.
            if spoken_text is not None and self._sounded_bytes > stretch.start_bytes:
                self._heard = stretch.heard(spoken_text)
        return self._go_on_clearing()

    def _go_on_clearing(self) -> list[SpeechClientEvent]:
        """Interrupt the next dead stretch; where there is none, all is cleared."""
        if not self._clearing or self._interrupting:
            return []
        if self._stretches:
            self._controls.append(self._interrupt(None))
            return []
        self._clearing = False
        return [ClearDone(self._heard)]

    def _warned(self, code: str) -> list[SpeechClientEvent]:
        if code == NO_ACTIVE_SPEECH.code and not self._interrupting:
            # A Flush came too late: the service had ended the stretch by itself.
            return self._ended()
        if not self._interrupting:
            return []
        if code == NO_ACTIVE_SPEECH.code:
            self._interrupting = False
            self._stretches.clear()
            return self._go_on_clearing()
        if code == INVALID_INTERRUPT_OFFSET.code:
            self._controls.append(self._interrupt(None))
        elif code == NO_AUDIO_GENERATED.code:
            self._interrupting = False
            if not self._stretches:
                return self._go_on_clearing()
            if not self._stretches[-1].flushed:
                self._stretches[-1].flushed = True
                self._controls.append(render(Flush()))
        return []
