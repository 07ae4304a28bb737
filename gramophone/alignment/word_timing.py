"""Word timing: the text that is heard at each sample of an answer's sound, folded from events.

The only estimator of what was heard: the screen, the memory of an interrupted answer, captions and
seeking use it, for a live answer and for a replayed one alike.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from gramophone.alignment.durations import pauses, reached_ms
from gramophone.alignment.pause_matching import Anchor, Silence, TextPause, match_pauses, sample_at
from gramophone.alignment.source_map import source_map
from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AnswerRetracted,
    AudioReceived,
    DeltaReceived,
    DeltasPassed,
    Entry,
    FlushAnswered,
    FlushSent,
    PlaybackFinished,
    SessionResumed,
    SessionStarted,
    SpeechDisconnected,
    TextSpoken,
    TurnStarted,
)

GUESS_US_PER_CHAR = 62_000
"""Aura and Piper both speak 14 to 18 characters a second."""

_BYTES_PER_SAMPLE = {"linear16": 2, "mulaw": 1, "alaw": 1}

# The service gives no word times. Known are the text of every flush and, once it is answered,
# both ends of its sound. A flush is a segment: between its ends every character takes the share of
# time that the duration model gives it (`durations`), and where the sound is at hand its silences
# correct that at every mark (`pause_matching`). While the end of a segment is not known a guess
# stands in for it: the pace of the segments before, at first `GUESS_US_PER_CHAR`, and no less
# than the sound that has come.
#
# Three counts appear: samples of the turn's sound, milliseconds of the duration model, and offsets
# into the turn's text (Markdown). `source_map` leads from spoken characters to offsets.


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
        """Yield the words in order, without the spaces between them.

        A mark at the end of a word belongs to it, the pause behind does not. `source` is the
        turn's text; where it is Markdown, words cannot be located without it.
        """
        at = source_map(self.text, source, self.source_start, self.source_end)
        for word in _WORD.finditer(self.text):
            start, end = word.span()
            voiced = start + len(_PAUSE.sub("", word[0])) or end
            yield SpokenWord(
                text=word[0],
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
class _SpokenChunk:
    """A spoken text, of which `chars` characters count, and their offsets in the source.

    `length_ms` is its length by the duration model, at least 1.
    """

    text: str
    chars: int
    source_start: int
    source_end: int
    offsets: Sequence[int]
    length_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self.length_ms = reached_ms(self.text)[self.chars] or 1

    def cut(self, chars: int, source_end: int) -> None:
        """Let only the first characters count."""
        self.chars, self.source_end = chars, source_end
        self.length_ms = reached_ms(self.text)[chars] or 1


@dataclass(slots=True)
class _FlushedSegment:
    """The chunks of one flush; the last segment has those that no flush has named yet."""

    start_samples: int
    flush: int | None = None
    end_samples: int | None = None
    answered: bool = False
    chunks: list[_SpokenChunk] = field(default_factory=list[_SpokenChunk])

    @property
    def chars(self) -> int:
        return sum(chunk.chars for chunk in self.chunks)

    @property
    def length_ms(self) -> int:
        return sum(chunk.length_ms for chunk in self.chunks)


@dataclass(slots=True)
class _TurnTiming:
    """One answer's segments, in the order of their sound."""

    segments: list[_FlushedSegment] = field(default_factory=list[_FlushedSegment])
    source: list[str] = field(default_factory=list[str])
    received_bytes: int = 0
    own_rate_hz: int = 0
    us_per_char: int = GUESS_US_PER_CHAR

    def retract(self) -> None:
        """Forget the text so far: it was a thought, and offsets start from 0 again."""
        self.segments.clear()
        self.source.clear()


class WordTiming:
    """Fold of a session's entries, in order; it gives text or samples at any time."""

    def __init__(self, sample_rate_hz: int = 48_000, bytes_per_sample: int = 2) -> None:
        """`SessionStarted` and `SessionResumed` override both parameters."""
        self._turns: dict[int, _TurnTiming] = {}
        self._rate_hz = sample_rate_hz
        self._bytes_per_sample = bytes_per_sample
        self._newest: _TurnTiming | None = None

    # --- in -----------------------------------------------------------------------------------

    def emit(self, entry: Entry) -> None:
        """Take one entry; those that say nothing about speech are ignored."""
        match entry:
            case AudioReceived() if not entry.stale:
                turn = self._turn(entry.turn)
                end_bytes = entry.offset_bytes + entry.size_bytes
                turn.received_bytes = max(turn.received_bytes, end_bytes)
                turn.own_rate_hz = entry.sample_rate_hz
            case DeltaReceived() | DeltasPassed():
                self._turn(entry.turn).source.append(entry.text)
            case TurnStarted() if entry.text and entry.role == "assistant":
                self._turn(entry.turn).source.append(entry.text)
            case AnswerRetracted():
                self._turn(entry.turn).retract()
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
            case SessionStarted() | SessionResumed():
                self._rate_hz = entry.sample_rate_hz or self._rate_hz
                self._bytes_per_sample = _BYTES_PER_SAMPLE.get(entry.encoding, 2)
            case _:
                pass

    def _turn(self, number: int) -> _TurnTiming:
        self._newest = self._turns.setdefault(number, _TurnTiming())
        return self._newest

    def _spoken(self, turn: _TurnTiming, event: TextSpoken) -> None:
        _forget_repeated(turn, event.source_start)
        if not turn.segments or turn.segments[-1].flush is not None:
            turn.segments.append(_FlushedSegment(self._known_end(turn)))
        turn.segments[-1].chunks.append(_chunk(turn, event))

    def _answered(self, turn: _TurnTiming, answer: FlushAnswered) -> None:
        """End the segments up to the answered flush.

        Answers come in the order of the flushes; the sound of the next begins where this ends.
        """
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

    def _close(self, turn: _TurnTiming, end_samples: int) -> None:
        """End all open segments: no more sound will come for them."""
        for segment in turn.segments:
            if segment.end_samples is None:
                segment.end_samples = max(segment.start_samples, end_samples)

    def _learn_pace(self, turn: _TurnTiming, segment: _FlushedSegment) -> None:
        spoken_samples = (segment.end_samples or 0) - segment.start_samples
        if segment.chars >= 20 and spoken_samples > 0:
            turn.us_per_char = spoken_samples * 1_000_000 // (self._rate_of(turn) * segment.chars)

    def own_rate_hz(self, turn: int) -> int:
        """Give the rate of the turn's sound, if it is another than the session's; else 0."""
        timing = self._turns.get(turn)
        return timing.own_rate_hz if timing is not None else 0

    # --- out ----------------------------------------------------------------------------------

    def heard_end(self, turn: int, position_samples: int) -> int:
        """Give how many characters of the turn's text are spoken at a playout position."""
        return self._reached(turn, position_samples)[1]

    def heard_words(self, turn: int, position_samples: int) -> str:
        """Give the turn's text up to a playout position, without the word that sounds there.

        It is what was understood of an answer that is stopped there.
        """
        start, end = self._reached(turn, position_samples)
        timing = self._turns.get(turn)
        source = "".join(timing.source) if timing is not None else ""
        if end < len(source):
            while end > start and not source[end].isspace():
                end -= 1
        return source[:end].rstrip()

    def _reached(self, turn: int, position_samples: int) -> tuple[int, int]:
        """Give the offsets of the chunk that sounds at a position, and of the character."""
        timing = self._turns.get(turn)
        if timing is None:
            return 0, 0
        starts = [segment.start_samples for segment in timing.segments]
        index = bisect_right(starts, position_samples) - 1
        if index < 0:
            return 0, 0
        segment = timing.segments[index]
        span = max(1, self._end(timing, segment) - segment.start_samples)
        into = min(span, position_samples - segment.start_samples)
        return _source_at(segment, segment.length_ms * into / span)

    def position_of(self, turn: int, character: int) -> int | None:
        """Give the sample at which the character at this offset of the turn's text is spoken, or
        the next one that is; None when nothing from there on was spoken."""
        timing = self._turns.get(turn)
        for segment in timing.segments if timing is not None else ():
            assert timing is not None
            before = 0
            for chunk in segment.chunks:
                if character < chunk.source_end:
                    char = min(bisect_left(chunk.offsets, character), chunk.chars)
                    into_ms = before + reached_ms(chunk.text)[char]
                    length = self._end(timing, segment) - segment.start_samples
                    return segment.start_samples + length * into_ms // max(1, segment.length_ms)
                before += chunk.length_ms
        return None

    def spans(self, turn: int, silences: Sequence[Silence] = ()) -> list[TimedChunk]:
        """Give the turn's chunks in the order of their sound.

        Each is there once, also when a lost connection made it be spoken again. `silences` of the
        turn's sound, where it is at hand, make the times more exact.
        """
        timing = self._turns.get(turn)
        spans: list[TimedChunk] = []
        for segment in timing.segments if timing is not None else ():
            assert timing is not None
            anchors = match_pauses(
                list(_pauses(segment, _source(timing))),
                segment.length_ms,
                segment.start_samples,
                self._end(timing, segment),
                silences,
            )
            before = 0
            for chunk in segment.chunks:
                if chunk.chars:
                    spans.append(_span(chunk, before, anchors))
                before += chunk.length_ms
        return spans

    def _end(self, turn: _TurnTiming, segment: _FlushedSegment) -> int:
        if segment.end_samples is not None:
            return segment.end_samples
        guess = segment.chars * turn.us_per_char * self._rate_of(turn) // 1_000_000
        return max(self._received_samples(turn), segment.start_samples + guess)

    def _known_end(self, turn: _TurnTiming) -> int:
        return self._end(turn, turn.segments[-1]) if turn.segments else 0

    def _rate_of(self, turn: _TurnTiming) -> int:
        return turn.own_rate_hz or self._rate_hz

    def _received_samples(self, turn: _TurnTiming) -> int:
        return turn.received_bytes // self._bytes_per_sample


def _flushed(turn: _TurnTiming, flush: int) -> None:
    """Name the open segment: text spoken since the last flush belongs to this one."""
    if turn.segments and turn.segments[-1].flush is None:
        turn.segments[-1].flush = flush


def _forget_repeated(turn: _TurnTiming, source_start: int) -> None:
    """Drop text that is spoken again after a lost connection: it is heard where it came last."""
    while turn.segments and turn.segments[-1].end_samples is not None:
        segment = turn.segments[-1]
        if segment.answered or not segment.chunks:
            return
        # An answered segment was heard as a whole, and stays.
        earlier = [chunk for chunk in segment.chunks if chunk.source_start < source_start]
        if earlier and earlier[-1].source_end > source_start:
            last = earlier[-1]
            share = (source_start - last.source_start) / (last.source_end - last.source_start)
            last.cut(int(last.chars * share), source_start)
        segment.chunks = earlier
        if earlier:
            return
        turn.segments.pop()


def _chunk(turn: _TurnTiming, event: TextSpoken) -> _SpokenChunk:
    start, end = event.source_start, event.source_end
    # Its source need not be looked at where it was spoken as it stands.
    source = "" if end - start == len(event.text) else _source(turn)
    offsets = source_map(event.text, source, start, end)
    return _SpokenChunk(event.text, len(event.text), start, end, offsets)


def _source(turn: _TurnTiming) -> str:
    """Give the turn's text, which is joined once for all the chunks that ask for it."""
    turn.source[:] = ["".join(turn.source)]
    return turn.source[0]


def _pauses(segment: _FlushedSegment, source: str) -> Generator[TextPause]:
    """Yield the pauses of all chunks, in ms from the beginning of the segment.

    A chunk without a mark at its end has a pause there only if its line ends, or the segment: text
    that is streamed comes in chunks of a few words.
    """
    before = 0
    for chunk, following in zip_longest(segment.chunks, segment.chunks[1:]):
        line = source[chunk.source_end : following.source_start] if following else "\n"
        for pause in pauses(chunk.text[: chunk.chars]):
            if pause.start_ms < pause.end_ms or "\n" in line or not source:
                yield TextPause(before + pause.start_ms, before + pause.end_ms, pause.sentence)
        before += chunk.length_ms


def _span(chunk: _SpokenChunk, before_ms: int, anchors: Sequence[Anchor]) -> TimedChunk:
    """Time a chunk that begins `before_ms` into its segment."""
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


def _source_at(segment: _FlushedSegment, spoken_ms: float) -> tuple[int, int]:
    """Give the offsets of the chunk, and of the character in it, that are reached after so much
    speech; both are the end of the last chunk where all was spoken."""
    reached = segment.chunks[0].source_start if segment.chunks else 0
    for chunk in segment.chunks:
        if spoken_ms < chunk.length_ms:
            char = bisect_right(reached_ms(chunk.text), spoken_ms) - 1
            return chunk.source_start, chunk.offsets[min(char, chunk.chars)]
        spoken_ms -= chunk.length_ms
        reached = chunk.source_end
    return reached, reached
