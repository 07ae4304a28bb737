"""The voice that gives back a recorded session: the same frames, with the same timing.

What was recorded is a plain value, made of timeline events; where they were kept is not known
here. Text is matched on what is said, so that spaces and the cutting into messages do not
matter. The place in the recording belongs to a connection: a new one starts at the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from gramophone.errors import TimelineError
from gramophone.standin.voices import Progress, Sound, Utterance
from gramophone.timeline import (
    AudioReceived,
    Event,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    SessionStarted,
    SpeechDisconnected,
    TextSpoken,
)
from gramophone.wire.speak_messages import SpeakParameters, Warned

TEXT_NOT_RECORDED = "TEXT_NOT_RECORDED"
"""The recording has not got this text; the next segment was given in its place."""
RECORDING_EXHAUSTED = "RECORDING_EXHAUSTED"
"""The recording has not got this text, and nothing is left to give; there was no sound."""


@dataclass(frozen=True, slots=True)
class RecordedSegment:
    """What one Flush brought: its text, and frames as (microseconds after the Flush, bytes)."""

    text: str
    frames: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class RecordedSpeech:
    """All that was spoken in a session, in the order of the flushes."""

    encoding: str
    sample_rate_hz: int
    segments: tuple[RecordedSegment, ...]


def recorded_speech(events: Sequence[Event]) -> RecordedSpeech:
    """The speech of a recorded session, from its events in order.

    Frames that came after a Clear belong to the flush they came from, as far as they came.
    A flush that was refused, or was open when the connection broke, leaves its text to the
    next one; frames it had brought stay with it.

    Raises:
        TimelineError: no SessionStarted, or an AudioReceived without its sound.
    """
    started = next((event for event in events if isinstance(event, SessionStarted)), None)
    if started is None:
        raise TimelineError("The recording has no beginning (SessionStarted); it cannot be spoken.")
    turns: dict[int, _TurnReader] = {}
    flushes: list[_OpenFlush] = []
    for event in events:
        match event:
            case TextSpoken(turn=turn) | FlushRefused(turn=turn) | FlushAnswered(turn=turn):
                turns.setdefault(turn, _TurnReader()).read(event)
            case FlushSent(turn=turn):
                flushes.append(turns.setdefault(turn, _TurnReader()).flush(event))
            case AudioReceived(turn=turn):
                turns.setdefault(turn, _TurnReader()).hear(event)
            case SpeechDisconnected():
                for reader in turns.values():
                    reader.break_off()
            case _:
                pass
    return RecordedSpeech(
        started.encoding,
        started.sample_rate_hz,
        tuple(flush.segment() for flush in flushes if flush.frames or not flush.withdrawn),
    )


@dataclass(slots=True)
class _OpenFlush:
    """A flush while its turn is read."""

    number: int
    text: str
    first_chunk: int
    sent_us: int
    frames: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    withdrawn: bool = False

    def segment(self) -> RecordedSegment:
        return RecordedSegment(self.text, tuple(self.frames))


class _TurnReader:
    """Ties the chunks, flushes and frames of one turn together; answers come in order."""

    def __init__(self) -> None:
        self._chunks: dict[int, str] = {}
        self._next_chunk = 0
        self._open: list[_OpenFlush] = []

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
        return flush

    def hear(self, event: AudioReceived) -> None:
        if len(event.pcm) != event.size_bytes:
            raise TimelineError("The recording was read without its sound; it cannot be spoken.")
        if self._open:
            flush = self._open[0]
            flush.frames.append((event.at_us - flush.sent_us, event.pcm))

    def break_off(self) -> None:
        self._withdraw(self._open)

    def _withdraw(self, flushes: Sequence[_OpenFlush]) -> None:
        for flush in flushes:
            flush.withdrawn = True
            self._next_chunk = min(self._next_chunk, flush.first_chunk)
        self._open = [flush for flush in self._open if not flush.withdrawn]


class RecordingVoice:
    """Gives each text the frames it was recorded with.

    A text is looked for from the place in the recording onwards, then from its beginning. One
    that was never recorded gets the next segment, and the client a Warning of
    `TEXT_NOT_RECORDED`; when nothing is left, silence and `RECORDING_EXHAUSTED`.
    """

    def __init__(self, speech: RecordedSpeech) -> None:
        self._speech = speech
        self._said = [_said(segment.text) for segment in speech.segments]
        self._place = 0

    async def load(self, progress: Progress) -> None:
        pass

    def refusal(self, parameters: SpeakParameters) -> str:
        speech = self._speech
        asked = (parameters.encoding, parameters.sample_rate_hz)
        if asked == (speech.encoding, speech.sample_rate_hz):
            return ""
        return f"The recording is in {speech.encoding} at {speech.sample_rate_hz} Hz only."

    def for_connection(self) -> Self:
        return type(self)(self._speech)

    async def synthesise(self, text: str, parameters: SpeakParameters) -> Utterance:
        index = self._find(_said(text))
        if index is None:
            index = self._place
            if index >= len(self._said):
                yield Warned(RECORDING_EXHAUSTED, "The recording has nothing left for this text.")
                return
            yield Warned(
                TEXT_NOT_RECORDED,
                f"The recording has not got this text; segment {index} was given in its place.",
            )
        self._place = index + 1
        for due_us, pcm in self._speech.segments[index].frames:
            yield Sound(pcm, due_us)

    async def aclose(self) -> None:
        pass

    def _find(self, said: str) -> int | None:
        for index in (*range(self._place, len(self._said)), *range(self._place)):
            if self._said[index] == said:
                return index
        return None


def _said(text: str) -> str:
    """What is left of a text when only what is said counts."""
    return "".join(text.split())
