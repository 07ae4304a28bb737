"""Which text stands at which sample of an answer's sound, folded from the events.

The service gives no word times. What is known is the text of every flush and, once the flush is
answered, both edges of its sound; inside it every character takes the share that
`gramophone.alignment.durations`
gives it. Where the end is not known yet, a pace stands in for it: the one of the flushes before, or
`GUESS_US_PER_CHAR`.

Pure, and the same for a live answer and for one that is replayed.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from gramophone.alignment.durations import pauses, reached_ms
from gramophone.alignment.pause_matching import Anchor, Pause, Silence, anchored, sample_at
from gramophone.alignment.source_map import places
from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AudioReceived,
    DeltaReceived,
    DeltasPassed,
    Entry,
    FlushAnswered,
    FlushSent,
    PlaybackFinished,
    SessionStarted,
    SpeechDisconnected,
    TextSpoken,
    TurnStarted,
)

GUESS_US_PER_CHAR = 62_000
"""Aura and Piper both speak 14 to 18 characters a second."""

_BYTES_PER_SAMPLE = {"linear16": 2, "mulaw": 1, "alaw": 1}


_WORD = re.compile(r"\S+")
_PAUSE = re.compile(r"[^\w%$€£¥°]+\Z")


@frozen
class SpokenWord:
    """A word with its samples in the turn's sound and its characters in the turn's text."""

    text: str
    start_samples: int
    end_samples: int
    source_start: int
    source_end: int


@frozen
class TimedChunk:
    """A chunk that was spoken, with its samples in the turn's sound and its characters in the
    turn's text."""

    text: str
    start_samples: int
    end_samples: int
    source_start: int
    source_end: int
    anchors: tuple[Anchor, ...] = ()
    """Where its pauses are heard, if that is known."""

    def words(self, source: str = "") -> Generator[SpokenWord]:
        """Its words, in order, without the spaces between them. A mark at the end of a word
        belongs to it, the pause after that does not. `source` is the turn's text: where it is
        Markdown, only it tells where in it a word stands."""
        at = places(self.text, source, self.source_start, self.source_end)
        for found in _WORD.finditer(self.text):
            start, end = found.span()
            voiced = start + len(_PAUSE.sub("", found[0])) or end
            yield SpokenWord(
                text=found[0],
                start_samples=self._at(start),
                end_samples=self._at(voiced),
                source_start=at[start],
                source_end=at[end],
            )

    def _at(self, char: int) -> int:
        reached = reached_ms(self.text)
        ends = (0, self.start_samples), (max(1, reached[-1]), self.end_samples)
        return sample_at(self.anchors or ends, reached[char])


@dataclass(slots=True)
class _Chunk:
    """A spoken text, of which `chars` characters count, and where they stand in the source."""

    text: str
    chars: int
    source_start: int
    source_end: int
    places: Sequence[int]

    @property
    def length_ms(self) -> int:
        """What it takes by itself; flushes that are longer or shorter share alike."""
        return reached_ms(self.text)[self.chars] or 1


@dataclass(slots=True)
class _Segment:
    """The chunks of one flush. Chunks that no flush has named yet stand in the last one."""

    start_samples: int
    flush: int | None = None
    end_samples: int | None = None
    answered: bool = False
    chunks: list[_Chunk] = field(default_factory=list[_Chunk])

    @property
    def chars(self) -> int:
        return sum(chunk.chars for chunk in self.chunks)

    @property
    def length_ms(self) -> int:
        return sum(chunk.length_ms for chunk in self.chunks)


@dataclass(slots=True)
class _Turn:
    """One answer's segments, in the order of their sound."""

    segments: list[_Segment] = field(default_factory=list[_Segment])
    source: list[str] = field(default_factory=list[str])
    received_bytes: int = 0
    us_per_char: int = GUESS_US_PER_CHAR


class WordTiming:
    """Feed it a session's entries in order; ask it for text or samples at any time."""

    def __init__(self, sample_rate_hz: int = 48_000, bytes_per_sample: int = 2) -> None:
        """The form of the sound is what `SessionStarted` says, where it is among the entries."""
        self._turns: dict[int, _Turn] = {}
        self._rate_hz = sample_rate_hz
        self._bytes_per_sample = bytes_per_sample
        self._newest: _Turn | None = None

    # --- in -----------------------------------------------------------------------------------

    def emit(self, entry: Entry) -> None:
        """Take one entry; those that say nothing about speech are passed over."""
        match entry:
            case AudioReceived() if not entry.stale:
                turn = self._turn(entry.turn)
                end_bytes = entry.offset_bytes + entry.size_bytes
                turn.received_bytes = max(turn.received_bytes, end_bytes)
            case DeltaReceived() | DeltasPassed():
                self._turn(entry.turn).source.append(entry.text)
            case TurnStarted() if entry.text and entry.role == "assistant":
                self._turn(entry.turn).source.append(entry.text)
            case TextSpoken():
                self._spoken(self._turn(entry.turn), entry)
            case FlushSent():
                _flushed(self._turn(entry.turn), entry.flush)
            case FlushAnswered():
                self._answered(self._turn(entry.turn), entry)
            case PlaybackFinished():
                self._close(self._turn(entry.turn), entry.played_samples)
            case SpeechDisconnected() if self._newest is not None:
                self._close(self._newest, self._received_samples(self._newest))
            case SessionStarted():
                self._rate_hz = entry.sample_rate_hz or self._rate_hz
                self._bytes_per_sample = _BYTES_PER_SAMPLE.get(entry.encoding, 2)
            case _:
                pass

    def _turn(self, number: int) -> _Turn:
        self._newest = self._turns.setdefault(number, _Turn())
        return self._newest

    def _spoken(self, turn: _Turn, spoken: TextSpoken) -> None:
        _forget_repeated(turn, spoken.source_start)
        if not turn.segments or turn.segments[-1].flush is not None:
            turn.segments.append(_Segment(self._known_end(turn)))
        turn.segments[-1].chunks.append(_chunk(turn, spoken))

    def _answered(self, turn: _Turn, answer: FlushAnswered) -> None:
        """Answers come in the order of the flushes; sound of the next begins where this ends."""
        start = None
        for segment in turn.segments:
            if segment.end_samples is not None:
                continue
            if start is not None:
                segment.start_samples = start
            if segment.flush is None or segment.flush > answer.flush:
                break
            segment.answered = True
            segment.end_samples = start = max(segment.start_samples, answer.end_samples)
            self._learn_pace(turn, segment)

    def _close(self, turn: _Turn, end_samples: int) -> None:
        """No more sound will come for what was flushed so far."""
        for segment in turn.segments:
            if segment.end_samples is None:
                segment.end_samples = max(segment.start_samples, end_samples)

    def _learn_pace(self, turn: _Turn, segment: _Segment) -> None:
        spoken_samples = (segment.end_samples or 0) - segment.start_samples
        if segment.chars >= 20 and spoken_samples > 0:
            turn.us_per_char = spoken_samples * 1_000_000 // (self._rate_hz * segment.chars)

    # --- out ----------------------------------------------------------------------------------

    def heard_end(self, turn: int, position_samples: int) -> int:
        """How many characters of the turn's text have been spoken at this playout position."""
        return self._reached(turn, position_samples)[1]

    def heard_words(self, turn: int, position_samples: int) -> str:
        """The turn's text up to this playout position, without the word that sounds there: what
        of an answer that is stopped there was understood."""
        start, end = self._reached(turn, position_samples)
        known = self._turns.get(turn)
        source = "".join(known.source) if known is not None else ""
        if end < len(source):
            while end > start and not source[end].isspace():
                end -= 1
        return source[:end].rstrip()

    def _reached(self, turn: int, position_samples: int) -> tuple[int, int]:
        """Where in the text the chunk begins that sounds at this position, and what is reached."""
        known = self._turns.get(turn)
        if known is None:
            return 0, 0
        starts = [segment.start_samples for segment in known.segments]
        place = bisect_right(starts, position_samples) - 1
        if place < 0:
            return 0, 0
        segment = known.segments[place]
        span = max(1, self._end(known, segment) - segment.start_samples)
        into = min(span, position_samples - segment.start_samples)
        return _source_at(segment, segment.length_ms * into / span)

    def position_of(self, turn: int, character: int) -> int | None:
        """The sample at which the character at this offset of the turn's text is spoken, or the
        next one that is; None when nothing from there on was spoken."""
        known = self._turns.get(turn)
        for segment in known.segments if known is not None else ():
            assert known is not None
            before = 0
            for chunk in segment.chunks:
                if character < chunk.source_end:
                    char = min(bisect_left(chunk.places, character), chunk.chars)
                    into_ms = before + reached_ms(chunk.text)[char]
                    length = self._end(known, segment) - segment.start_samples
                    return segment.start_samples + length * into_ms // max(1, segment.length_ms)
                before += chunk.length_ms
        return None

    def spans(self, turn: int, silences: Sequence[Silence] = ()) -> list[TimedChunk]:
        """The turn's chunks in the order of their sound; each is spoken once here, also when a
        lost connection made it be said again. `silences` of the turn's sound, where it is at hand,
        tell when a mark was reached."""
        known = self._turns.get(turn)
        spans: list[TimedChunk] = []
        for segment in known.segments if known is not None else ():
            assert known is not None
            anchors = anchored(
                list(_pauses(segment)),
                segment.length_ms,
                segment.start_samples,
                self._end(known, segment),
                silences,
            )
            before = 0
            for chunk in segment.chunks:
                if chunk.chars:
                    spans.append(_span(chunk, before, anchors))
                before += chunk.length_ms
        return spans

    def _end(self, turn: _Turn, segment: _Segment) -> int:
        if segment.end_samples is not None:
            return segment.end_samples
        guess = segment.chars * turn.us_per_char * self._rate_hz // 1_000_000
        return max(self._received_samples(turn), segment.start_samples + guess)

    def _known_end(self, turn: _Turn) -> int:
        return self._end(turn, turn.segments[-1]) if turn.segments else 0

    def _received_samples(self, turn: _Turn) -> int:
        return turn.received_bytes // self._bytes_per_sample


def _flushed(turn: _Turn, flush: int) -> None:
    """What was spoken since the last flush belongs to this one."""
    if turn.segments and turn.segments[-1].flush is None:
        turn.segments[-1].flush = flush


def _forget_repeated(turn: _Turn, source_start: int) -> None:
    """After a lost connection text is spoken again: it sounds where it was said last."""
    while turn.segments and turn.segments[-1].end_samples is not None:
        segment = turn.segments[-1]
        if segment.answered or not segment.chunks:
            return
        kept = [chunk for chunk in segment.chunks if chunk.source_start < source_start]
        if kept and kept[-1].source_end > source_start:
            last = kept[-1]
            share = (source_start - last.source_start) / (last.source_end - last.source_start)
            last.chars, last.source_end = int(last.chars * share), source_start
        segment.chunks = kept
        if kept:
            return
        turn.segments.pop()


def _chunk(turn: _Turn, spoken: TextSpoken) -> _Chunk:
    start, end = spoken.source_start, spoken.source_end
    # Its source need not be looked at where it was spoken as it stands.
    source = "" if end - start == len(spoken.text) else "".join(turn.source)
    known = places(spoken.text, source, start, end)
    return _Chunk(spoken.text, len(spoken.text), start, end, known)


def _pauses(segment: _Segment) -> Generator[Pause]:
    """All that its chunks ask for, in the segment's own time."""
    before = 0
    for chunk in segment.chunks:
        for pause in pauses(chunk.text[: chunk.chars]):
            yield Pause(before + pause.start_ms, before + pause.end_ms, pause.sentence)
        before += chunk.length_ms


def _span(chunk: _Chunk, before_ms: int, anchors: Sequence[Anchor]) -> TimedChunk:
    """A chunk that begins `before_ms` into its segment."""
    end_ms = before_ms + chunk.length_ms
    start, end = sample_at(anchors, before_ms), sample_at(anchors, end_ms)
    within = [(ms - before_ms, at) for ms, at in anchors if before_ms < ms < end_ms]
    return TimedChunk(
        chunk.text[: chunk.chars],
        start,
        end,
        chunk.source_start,
        chunk.source_end,
        ((0, start), *within, (chunk.length_ms, end)),
    )


def _source_at(segment: _Segment, spoken_ms: float) -> tuple[int, int]:
    """The offsets in the source where a chunk begins, and that is reached in it, after so much
    speech; both are the end of the last chunk where all was spoken."""
    reached = segment.chunks[0].source_start if segment.chunks else 0
    for chunk in segment.chunks:
        if spoken_ms < chunk.length_ms:
            char = bisect_right(reached_ms(chunk.text), spoken_ms) - 1
            return chunk.source_start, chunk.places[min(char, chunk.chars)]
        spoken_ms -= chunk.length_ms
        reached = chunk.source_end
    return reached, reached
