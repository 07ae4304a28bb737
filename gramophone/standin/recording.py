"""The voice that gives back a recorded session: the same frames, with the same timing.

What was recorded is a plain value, made of timeline events; where they were kept is not known
here. Text is matched on what is said, so that spaces and the cutting into messages do not
matter. The place in the recording belongs to a connection: a new one starts at the beginning.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Self

from gramophone.errors import TimelineError
from gramophone.standin.flux_timeline import recorded_flux
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
from gramophone.wire.flux_recording import RecordedFlux, RecordedTurn
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
    """All that was spoken in a session, in the order of the flushes.

    `flux` has its connections to Speak v2, verbatim; their turns stand among the segments, too.
    """

    encoding: str
    sample_rate_hz: int
    segments: tuple[RecordedSegment, ...]
    flux: tuple[RecordedFlux, ...] = ()


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
    flux = recorded_flux(events)
    spoken = [flush.segment() for flush in flushes if flush.frames or not flush.withdrawn]
    spoken += [_segment(turn) for connection in flux for turn in connection.turns]
    return RecordedSpeech(started.encoding, started.sample_rate_hz, tuple(spoken), flux)


def _segment(turn: RecordedTurn) -> RecordedSegment:
    """A turn of v2 for a client of v1: its sound, timed as it was after what it followed."""
    sound = [(each.after_us, each.frame) for each in turn.frames if isinstance(each.frame, bytes)]
    # What came before the Flush counts from a Speak, which may begin anew with each of them.
    instants = accumulate((after_us for after_us, _ in sound), max)
    return RecordedSegment(
        turn.text, tuple((at_us, pcm) for at_us, (_, pcm) in zip(instants, sound, strict=True))
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

    def hear(self, event: AudioReceived) -> None:
        if len(event.pcm) != event.size_bytes:
            raise TimelineError("The recording was read without its sound; it cannot be spoken.")
        if flush := self._open[0] if self._open else self._last:
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

    A text is looked for at the place in the recording, then at the beginnings of segments, those
    that come before those that have been. It may take in several segments; when it ends within
    one, it gets the whole of its sound, and the rest of that text gets none. One that was never
    recorded gets the next segment, and the client a Warning of `TEXT_NOT_RECORDED`; when nothing
    is left, silence and `RECORDING_EXHAUSTED`.
    """

    def __init__(self, speech: RecordedSpeech, unrecorded: list[str] | None = None) -> None:
        self._speech = speech
        # Shared by the voices of all connections.
        self._unrecorded: list[str] = [] if unrecorded is None else unrecorded
        self.flux = speech.flux
        # A segment without a text still takes up a place, or it would be given for ever.
        said = [_said(segment.text) or "\0" for segment in speech.segments]
        self._script = "".join(said)
        self._starts = list(accumulate(map(len, said[:-1]), initial=0)) if said else []
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
        return type(self)(self._speech, self._unrecorded)

    def differences(self) -> list[str]:
        """What was asked for on any connection and is not in the recording."""
        return [f"This was never recorded: {text!r}." for text in self._unrecorded]

    async def synthesise(self, text: str, parameters: SpeakParameters) -> Utterance:
        said = _said(text)
        start = self._find(said)
        if start is not None:
            self._place = start + len(said)
            given = range(bisect_left(self._starts, start), bisect_left(self._starts, self._place))
        else:
            self._unrecorded.append(text)
            index = bisect_left(self._starts, self._place)
            if index >= len(self._starts):
                yield Warned(RECORDING_EXHAUSTED, "The recording has nothing left for this text.")
                return
            given = range(index, index + 1)
            self._place = [*self._starts, len(self._script)][index + 1]
            yield Warned(
                TEXT_NOT_RECORDED,
                f"The recording has not got this text; segment {index} was given in its place.",
            )
        for sound in self._sounds(given):
            yield sound

    async def aclose(self) -> None:
        pass

    def _find(self, said: str) -> int | None:
        """Where in the script this is said: whole segments before a part of one."""
        if self._script.startswith(said, self._place):
            return self._place
        ahead = bisect_left(self._starts, self._place)
        starts = [*self._starts[ahead:], *self._starts[:ahead]]
        found = [start for start in starts if self._script.startswith(said, start)]
        ends = {*self._starts, len(self._script)}
        whole = [start for start in found if start + len(said) in ends]
        return next(iter(whole or found), None)

    def _sounds(self, given: range) -> Iterator[Sound]:
        before_us = 0
        for index in given:
            due_us = 0
            for due_us, pcm in self._speech.segments[index].frames:
                yield Sound(pcm, before_us + due_us)
            before_us += due_us


def _said(text: str) -> str:
    """What is left of a text when only what is said counts."""
    return "".join(text.split())
