"""Paces one turn's speech: decides which text is sent, and when it is flushed.

The first clause is flushed at once, so that sound starts early. After that text is held here and
sent, with its flush, when the sound still unheard grows short, a few sentences at a time: the
service makes sound far faster than it plays, so nothing is gained by hurrying, and flushes are
few (20 in 60 s). When sound is about to run dry in mid-sentence, what is held is cut at a clause
or a word. The flush at the end always comes.

Theory. Three times are compared, all in µs of sound. `queued_us` waits in the speaker. What is
owed is still to come for text that was flushed: its characters times the pace of the voice, which
is guessed at first and learnt from each answered flush, less what has come of it. Their sum is
unheard sound. A new flush has to leave when that falls to the time to first byte (TTFB, halved
towards each measurement) and a margin: `_low_us`, which shrinks as the window's flushes run out, so
that the last ones are kept for the end and for a sound about to stop. RESERVED_FLUSHES are never
spent on text that may wait.

A service that takes text as it comes (`streams_text`) is given every word as soon as it is whole,
and one flush at the end of the text; only text whose sound would be heard more than `MOST_AHEAD_US`
later waits.

Groups of GROUP_CHARS have their price: a voice hears no further than its group, so intonation is
better in long ones, and an interruption throws away what is left of one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gramophone.core.frozen import frozen
from gramophone.text.chunker import AUTO, Chunk, Chunker
from gramophone.text.word_stream import WordStream

US_PER_CHAR = 62_000
"""Length of speech that a character of text makes, until the service's own pace is known (Aura and
Piper both speak 14 to 18 characters a second)."""

SLOW_US_PER_CHAR = 95_000
"""The same, where a guess that is too quick would lose words."""

GROUP_CHARS = 400
"""Characters that one flush makes sound of, unless a single chunk is longer."""

RESERVED_FLUSHES = 4
"""Flushes of the window that only a sound about to stop, or the end of the text, may use."""

TTFB_GUESS_US = 250_000
LONGEST_TTFB_US = 2_000_000
"""Bound on a measured time to first byte: one slow answer must not make every flush early."""

MOST_AHEAD_US = 120_000_000
"""Sound ahead of what is heard beyond which streamed text waits: it takes memory, and what is left
of it is thrown away by an interruption."""

CUT_MARGIN_US = 150_000
SURE_MARGIN_US = 300_000
"""Sound that does not count as received after a loss of the connection."""


@dataclass(slots=True)
class FlushedText:
    """Chunks that one flush makes sound of, from `start_us` of the turn's sound on."""

    flush: int
    chunks: list[Chunk]
    start_us: int

    @property
    def chars(self) -> int:
        return sum(len(chunk.text) for chunk in self.chunks)


@frozen
class TextBatch:
    """Text of the flush of this number, to be sent now; the flush follows where it `ends` here."""

    flush: int
    first_chunk: int
    chunks: tuple[Chunk, ...]
    ends: bool = True

    @property
    def last_chunk(self) -> int:
        return self.first_chunk + len(self.chunks) - 1


@dataclass(slots=True)
class SpeechPacer:
    """The speech of one turn. Feed it text, tell it what came, ask it what to send.

    `streams_text` where the service takes text as it comes. `awaited` when somebody listens: then
    a sentence whose text comes slower than it is spoken is cut rather than let the sound stop.
    Sound that is only kept is spoken by whole sentences.
    """

    turn: int
    lang: str = AUTO
    hint: str = ""
    awaited: bool = True
    streams_text: bool = False
    received_us: int = 0
    _chunker: Chunker = field(init=False)
    _words: WordStream | None = None
    _streamed: FlushedText | None = None
    _ready_chars: int = 0
    _ready: deque[Chunk] = field(default_factory=deque[Chunk])
    _segments: list[FlushedText] = field(default_factory=list[FlushedText])
    _unanswered: deque[FlushedText] = field(default_factory=deque[FlushedText])
    _chunks_sent: int = 0
    _text_ended: bool = False
    _abandoned: bool = False
    _sent_at_us: int | None = None
    _ttfb_us: int = TTFB_GUESS_US
    _us_per_char: int = US_PER_CHAR
    _slowest_us_per_char: int = 0

    def __post_init__(self) -> None:
        self._chunker = Chunker(lang=self.lang, hint=self.hint, first_clause=True)
        self._words = WordStream() if self.streams_text else None

    # --- text in ------------------------------------------------------------------------------

    def feed(self, delta: str) -> None:
        """More of the answer's text."""
        if not self._abandoned:
            self._make_ready((self._words or self._chunker).feed(delta))

    def _make_ready(self, chunks: Iterable[Chunk]) -> None:
        for chunk in chunks:
            self._ready.append(chunk)
            self._ready_chars += len(chunk.text)

    def finish(self) -> None:
        """The text is whole."""
        if not self._text_ended:
            self._text_ended = True
            self._make_ready((self._words or self._chunker).finish())

    # --- what to send -------------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether all text has come and all its sound has been received."""
        return self._text_ended and not self._ready and not self._unanswered

    @property
    def begun(self) -> bool:
        """Whether any text was given out to be sent."""
        return bool(self._segments)

    def renewed(self) -> SpeechPacer:
        """Give a pacer for the same turn that has no text yet."""
        return SpeechPacer(
            self.turn,
            lang=self.lang,
            hint=self.hint,
            awaited=self.awaited,
            streams_text=self.streams_text,
        )

    @property
    def abandoned(self) -> bool:
        """Whether it was given up before all of it was spoken."""
        return self._abandoned

    def send(self, now_us: int, queued_us: int, flushes_left: int) -> TextBatch | None:
        """Decide what to send at this moment, if anything.

        `queued_us` is the sound that waits in the player; `flushes_left` what the service's
        window still allows.
        """
        if self.streams_text:
            return self._stream(now_us, queued_us)
        if not self._segments:
            return self._take(now_us, chars=1) if self._ready and flushes_left else None
        unheard_us = queued_us + self._owed_us()
        if self._ready:
            last = self._text_ended and self._ready_chars <= GROUP_CHARS
            spare = flushes_left > RESERVED_FLUSHES or unheard_us == 0
            if (last and flushes_left) or (spare and unheard_us < self._low_us(flushes_left)):
                return self._take(now_us)
            return None
        if self._text_ended or not self.awaited or not self._sounding():
            return None
        if flushes_left <= RESERVED_FLUSHES:
            return None
        if unheard_us < self._ttfb_us + CUT_MARGIN_US and (chunk := self._chunker.cut()):
            self._make_ready([chunk])
            return self._take(now_us)
        return None

    def _stream(self, now_us: int, queued_us: int) -> TextBatch | None:
        """Give what is ready, and the flush behind the last of it."""
        if self._ready and queued_us + self._owed_us() > MOST_AHEAD_US:
            return None
        if not self._ready and not (self._text_ended and self._streamed):
            return None
        chunks = self._pop_ready(GROUP_CHARS) if self._ready else []
        if self._streamed is None:
            batch = self._open_segment(chunks, now_us)
            self._streamed = self._segments[-1]
        else:
            batch = TextBatch(self._streamed.flush, self._chunks_sent, tuple(chunks))
            self._streamed.chunks += chunks
            self._chunks_sent += len(chunks)
        ends = self._text_ended and not self._ready
        if ends:
            self._streamed = None
        return replace(batch, ends=ends)

    def unspoken(self, now_us: int) -> list[TextBatch]:
        """Queue again, for a new connection, everything unanswered but what was surely received.

        It gets flush and chunk numbers of its own. How much was received is known in time, not in
        text, so it is taken at the slowest pace seen and less a margin: to hear a word twice is
        better than to miss it.
        """
        segments = list(self._unanswered)
        self._unanswered.clear()
        rest: list[TextBatch] = []
        for index, segment in enumerate(segments):
            got_us = 0
            if index == 0:
                got_us = max(0, self.received_us - segment.start_us - SURE_MARGIN_US)
            segment.chunks, again = _split_chunks(segment.chunks, got_us // self._sure_us_per_char)
            streamed = segment is self._streamed
            if again:
                rest.append(replace(self._open_segment(again, now_us), ends=not streamed))
            if streamed:
                self._streamed = self._segments[-1] if again else None
        return rest

    # --- sound in -----------------------------------------------------------------------------

    def audio(self, now_us: int, length_us: int) -> None:
        """Sound of this length came for the oldest unanswered flush."""
        if self._sent_at_us is not None:
            ttfb_us = min(now_us - self._sent_at_us, LONGEST_TTFB_US)
            self._ttfb_us = (ttfb_us + self._ttfb_us) // 2
            self._sent_at_us = None
        self.received_us += length_us

    def flush_done(self, flush: int) -> None:
        """Take all sound of this flush as received; answers come in the order of the flushes."""
        if not any(segment.flush == flush for segment in self._unanswered):
            return
        while self._unanswered:
            segment = self._unanswered.popleft()
            self._end_segment(segment)
            if segment.flush == flush:
                break
        if self._unanswered:
            self._unanswered[0].start_us = self.received_us

    def abandon(self) -> None:
        """No more sound will come: what was received is all there is."""
        self._ready.clear()
        self._ready_chars = 0
        self._streamed = None
        self._text_ended = self._abandoned = True
        self._unanswered.clear()

    # --- inside -------------------------------------------------------------------------------

    def _take(self, now_us: int, chars: int = GROUP_CHARS) -> TextBatch:
        return self._open_segment(self._pop_ready(chars), now_us)

    def _pop_ready(self, chars: int) -> list[Chunk]:
        """One chunk at least, and as many as fit into `chars` characters."""
        chunks: list[Chunk] = []
        while self._ready and (not chunks or len(self._ready[0].text) <= chars):
            chunk = self._ready.popleft()
            self._ready_chars -= len(chunk.text)
            chars -= len(chunk.text)
            chunks.append(chunk)
        return chunks

    def _open_segment(self, chunks: list[Chunk], now_us: int) -> TextBatch:
        if not self._unanswered:
            self._sent_at_us = now_us
        segment = FlushedText(len(self._segments), list(chunks), self.received_us)
        self._segments.append(segment)
        self._unanswered.append(segment)
        sending = TextBatch(segment.flush, self._chunks_sent, tuple(chunks))
        self._chunks_sent += len(chunks)
        return sending

    def _end_segment(self, segment: FlushedText) -> None:
        spoken_us = self.received_us - segment.start_us
        if segment.chars >= 20 and spoken_us > 0:
            pace = spoken_us // segment.chars
            self._us_per_char = max(1, (self._us_per_char + pace) // 2)
            self._slowest_us_per_char = max(self._slowest_us_per_char, pace)

    @property
    def _sure_us_per_char(self) -> int:
        """A pace so slow that what sounded at it has surely been spoken."""
        return self._slowest_us_per_char * 9 // 8 or SLOW_US_PER_CHAR

    def _owed_us(self) -> int:
        """Sound that is still to come for what was flushed, by estimate."""
        if not self._unanswered:
            return 0
        expected_us = sum(segment.chars for segment in self._unanswered) * self._us_per_char
        return max(0, expected_us - (self.received_us - self._unanswered[0].start_us))

    def _sounding(self) -> bool:
        """Whether sound has begun to come for all that was flushed but its tail."""
        return not self._unanswered or self.received_us > self._unanswered[0].start_us

    def _low_us(self, flushes_left: int) -> int:
        """Unheard sound below which more is sent: less, the fewer flushes are left."""
        ahead_us = self._ttfb_us + CUT_MARGIN_US
        if flushes_left > 14:
            return ahead_us + 2_500_000
        return ahead_us + (1_200_000 if flushes_left > 8 else 400_000)


def _split_chunks(chunks: list[Chunk], got_chars: int) -> tuple[list[Chunk], list[Chunk]]:
    """Chunks up to `got_chars` characters, and the rest; the one in between is cut at a word."""
    before: list[Chunk] = []
    rest = list(chunks)
    while rest and len(rest[0].text) <= got_chars:
        got_chars -= len(rest[0].text)
        before.append(rest.pop(0))
    if rest and (cut := rest[0].text.rfind(" ", 0, got_chars) + 1):
        chunk = rest[0]
        span = chunk.source_end - chunk.source_start
        middle = chunk.source_start + span * cut // len(chunk.text)
        before.append(replace(chunk, text=chunk.text[:cut].rstrip(), source_end=middle))
        rest[0] = replace(chunk, text=chunk.text[cut:], source_start=middle)
    return before, rest
