"""The speech of a recorded session as a plain value, which `voices.recorded` gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

from gramophone.core.errors import TimelineError
from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    Event,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    SessionStarted,
    SpeechDisconnected,
    TextSpoken,
)
from gramophone.standin.source.speak_v2 import flux_turns, recorded_flux
from gramophone.standin.source.speech_files import RecordedFile, recorded_files
from gramophone.standin.voice import Break
from gramophone.text.spaceless import without_spaces
from gramophone.wire.deepgram.speak_v2.recording import RecordedFlux, RecordedTurn

_CLOSED_BY_REQUEST = 1000


@frozen
class RecordedSegment:
    """The text and sound of one Flush.

    Attributes:
        text: that was to be spoken.
        frames: as (microseconds after the Flush, bytes); None for tones of the text.
        first_us: microseconds from the Flush to the first of those tones.
        ends: the connection ended behind the frames, and there was no Flushed.
        cleared: a Clear, or with v2 an Interrupt, came behind the frames.
    """

    text: str
    frames: tuple[tuple[int, bytes], ...] | None
    first_us: int = 0
    ends: Break | None = None
    cleared: bool = False


@frozen
class RecordedSpeech:
    """The speech of a session, in the order of the flushes.

    Attributes:
        encoding: of the sound; empty where none was recorded, since tones are made in any.
        flux: connections to Speak v2, verbatim; their turns are among the segments, too.
        files: answers over HTTP that are more than samples.
        messages: the texts as they were cut into messages; empty where that is not known.
    """

    encoding: str
    sample_rate_hz: int
    segments: tuple[RecordedSegment, ...]
    flux: tuple[RecordedFlux, ...] = ()
    files: tuple[RecordedFile, ...] = ()
    messages: tuple[str, ...] = ()


def recorded_speech(events: Sequence[Event]) -> RecordedSpeech:
    """The speech of a recorded session, from its events in order.

    Frames that came after a Clear belong to the flush they came from, as far as they came.
    A flush that was refused leaves its text to the next one. So does one that was open when the
    connection broke; the frames it had brought stay with it, and the first of these breaks the
    connection again.

    Raises:
        TimelineError: no SessionStarted, or an AudioReceived without its sound.
    """
    started = next((event for event in events if isinstance(event, SessionStarted)), None)
    if started is None:
        raise TimelineError("The recording has no beginning (SessionStarted); it cannot be spoken.")
    flux = recorded_flux(events)
    segments = [
        flush.segment()
        for flush in _flushes(events)
        if flush.frames or flush.ends is not None or flush.cleared or not flush.withdrawn
    ]
    segments += [_segment(turn) for connection in flux for turn in connection.turns]
    files = recorded_files(events)
    segments = [_in_tones(segment, files) for segment in segments]
    # Without any samples the session has no encoding: tones are made in the one asked for.
    silent = bool(segments) and all(segment.frames is None for segment in segments)
    encoding = "" if silent else started.encoding
    messages = tuple(event.text for event in events if isinstance(event, TextSpoken))
    return RecordedSpeech(encoding, started.sample_rate_hz, tuple(segments), flux, files, messages)


def _flushes(events: Sequence[Event]) -> list[_OpenFlush]:
    """The flushes of a session, in order, each with its text and what came of it."""
    turns: dict[int, _TurnReader] = {}
    flushes: list[_OpenFlush] = []
    # Those of Speak v2 are given back by `recorded_flux`.
    on_flux = flux_turns(events)
    for event in events:
        match event:
            case (
                TextSpoken(turn=turn)
                | FlushAnswered(turn=turn)
                | ClearSent(turn=turn)
                | FlushSent(turn=turn)
                | AudioReceived(turn=turn)
            ) if turn in on_flux:
                pass
            case TextSpoken(turn=turn) | FlushRefused(turn=turn) | FlushAnswered(turn=turn):
                turns.setdefault(turn, _TurnReader()).read(event)
            case ClearSent(turn=turn):
                turns.setdefault(turn, _TurnReader()).clear()
            case FlushSent(turn=turn):
                flushes.append(turns.setdefault(turn, _TurnReader()).flush(event))
            case AudioReceived(turn=turn):
                turns.setdefault(turn, _TurnReader()).add_audio(event)
            case SpeechDisconnected(code=code, reason=reason):
                for reader in turns.values():
                    reader.break_off(Break(code, reason))
            case _:
                pass
    return flushes


def _in_tones(segment: RecordedSegment, files: Sequence[RecordedFile]) -> RecordedSegment:
    """A segment in tones if its sound is only in a file, which a websocket cannot send."""
    filed = any(
        without_spaces(file.text) == without_spaces(segment.text) for file in files if file.whole
    )
    return replace(segment, frames=None) if filed and not segment.frames else segment


def _segment(turn: RecordedTurn) -> RecordedSegment:
    """A turn of v2 for a client of v1: its sound, timed as it was after what it followed."""
    sound = [
        (recorded.after_us, recorded.frame)
        for recorded in turn.frames
        if isinstance(recorded.frame, bytes)
    ]
    # What came before the Flush counts from a Speak, which may begin again with each of them.
    instants = accumulate((after_us for after_us, _ in sound), max)
    frames = tuple((at_us, pcm) for at_us, (_, pcm) in zip(instants, sound, strict=True))
    return RecordedSegment(turn.text, frames, cleared=turn.interrupted)


@dataclass(slots=True)
class _OpenFlush:
    """A flush while its turn is read."""

    number: int
    text: str
    first_chunk: int
    sent_us: int
    frames: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    withdrawn: bool = False
    cleared: bool = False
    ends: Break | None = None

    def segment(self) -> RecordedSegment:
        return RecordedSegment(self.text, tuple(self.frames), ends=self.ends, cleared=self.cleared)


class _TurnReader:
    """A reader of one turn, which ties chunks, flushes and frames together by their order."""

    def __init__(self) -> None:
        self._chunks: dict[int, str] = {}
        self._next_chunk = 0
        self._open: list[_OpenFlush] = []
        self._last: _OpenFlush | None = None

    def read(self, event: TextSpoken | FlushRefused | FlushAnswered) -> None:
        match event:
            case TextSpoken(chunk=chunk, text=text):
                self._chunks[chunk] = text
                # After a reconnection chunks are said again.
                self._next_chunk = min(self._next_chunk, chunk)
            case FlushAnswered(flush=number):
                self._open = [flush for flush in self._open if flush.number != number]
            case FlushRefused(flush=number):
                self._withdraw([flush for flush in self._open if flush.number == number])

    def flush(self, event: FlushSent) -> _OpenFlush:
        covered = range(self._next_chunk, event.last_chunk + 1)
        text = "".join(self._chunks.get(chunk, "") for chunk in covered)
        flush = _OpenFlush(event.flush, text, self._next_chunk, event.at_us)
        self._next_chunk = event.last_chunk + 1
        self._open.append(flush)
        self._last = flush
        return flush

    def add_audio(self, event: AudioReceived) -> None:
        """Add a frame to the flush that it answers.

        Raises:
            TimelineError: the event was read without its sound.
        """
        if len(event.pcm) != event.size_bytes:
            raise TimelineError("The recording was read without its sound; it cannot be spoken.")
        if flush := self._open[0] if self._open else self._last:
            flush.frames.append((event.at_us - flush.sent_us, event.pcm))

    def break_off(self, ends: Break) -> None:
        """Take back the open flushes of a connection that is gone; their texts are sent again."""
        if self._open and not self._open[0].cleared and ends.code != _CLOSED_BY_REQUEST:
            self._open[0].ends = ends
        self._withdraw(self._open)
        # Texts without an answer are sent again, with new numbers or the same ones.
        self._next_chunk = max(self._chunks, default=-1) + 1

    def clear(self) -> None:
        """Mark the open flushes as cleared: they need no answer."""
        for flush in self._open:
            flush.cleared = True

    def _withdraw(self, flushes: Sequence[_OpenFlush]) -> None:
        for flush in flushes:
            flush.withdrawn = True
            self._next_chunk = min(self._next_chunk, flush.first_chunk)
        self._open = [flush for flush in self._open if not flush.withdrawn]
