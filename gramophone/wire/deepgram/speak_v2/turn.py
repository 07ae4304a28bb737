"""One turn of a Speak v2 connection: text, segments, sound sent, and the place of an Interrupt."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from gramophone.text.characters import is_speakable
from gramophone.text.sentences.splitter import SentenceCutter
from gramophone.wire.deepgram.speak_v1.messages import Warned
from gramophone.wire.deepgram.speak_v2.markup import FluxText
from gramophone.wire.deepgram.speak_v2.messages import ControlsApplied, SpeechMetadata

_CHARACTER_MS = 65.0
"""Milliseconds of sound for a character, until the voice has spoken a segment."""


class SpeakingRate:
    """Duration of a character, averaged over the segments that the voice has spoken."""

    def __init__(self) -> None:
        self._ms = 0.0
        self._characters = 0

    def learn(self, segment: TurnSegment, sounded_ms: float) -> None:
        """Add a segment that was spoken whole."""
        self._ms += sounded_ms
        self._characters += len(segment.text)

    def estimate_ms(self, text: str) -> float:
        """Estimated milliseconds of sound for `text`."""
        measured = self._ms > 0 and self._characters > 0
        return len(text) * (self._ms / self._characters if measured else _CHARACTER_MS)


@dataclass(slots=True)
class TurnSegment:
    """A piece of a turn that is spoken at once; one without a word is never given to a voice.

    `asked_us` is the instant at which its text was complete.
    """

    text: str
    asked_us: int
    sent_bytes: int = 0
    done: bool = False
    retried: bool = False


@dataclass(slots=True)
class FluxTurn:
    """A turn, from its first Speak to its SpeechMetadata or SpeechInterrupted.

    Attributes:
        ended: no more text is taken; what comes belongs to the next turn.
        to_acknowledge: a Flush ended it, which waits for its Flushed.
    """

    speech_id: str
    cutter: SentenceCutter
    ended: bool = False
    to_acknowledge: bool = False
    waiting: deque[TurnSegment] = field(default_factory=deque[TurnSegment])
    _begun: list[TurnSegment] = field(default_factory=list[TurnSegment])
    _text: FluxText = field(default_factory=FluxText)
    _input_characters: int = 0
    _billable_characters: int = 0

    @property
    def controls(self) -> int:
        """Inline controls met so far, applied or not."""
        return self._text.controls

    @property
    def sent_bytes(self) -> int:
        """Bytes of sound sent so far."""
        return sum(segment.sent_bytes for segment in self._begun)

    @property
    def has_words(self) -> bool:
        """Whether it has anything that a voice can speak."""
        return any(is_speakable(segment.text) for segment in (*self._begun, *self.waiting))

    def take(self, text: str, now_us: int) -> list[Warned]:
        """Append the text of one Speak; gives the warnings it leads to.

        Raises:
            ProtocolViolation: with `DATA-0002`, for an inline control that cannot be acted on.
        """
        spoken_text, warnings = self._text.take(text)
        self._input_characters += len(text)
        self._append(spoken_text, now_us)
        return warnings

    def end(self, now_us: int, *, acknowledge: bool) -> None:
        """End the text; what comes from now on belongs to the next turn.

        Raises:
            ProtocolViolation: with `DATA-0002`, for an inline control that was never closed.
        """
        self._append(self._text.finish(), now_us)
        if rest := self.cutter.rest():
            self.waiting.append(TurnSegment(rest, now_us))
        self.ended = True
        self.to_acknowledge = acknowledge

    def begin_next(self) -> TurnSegment | None:
        """The next segment with a word in it; None when there is none yet."""
        while self.waiting:
            segment = self.waiting.popleft()
            self._begun.append(segment)
            if is_speakable(segment.text):
                return segment
            segment.done = True
        return None

    def metadata(self, duration_ms: int) -> SpeechMetadata:
        """The SpeechMetadata of the turn, with this duration."""
        return SpeechMetadata(
            self.speech_id,
            duration_ms,
            self._input_characters,
            self._billable_characters,
            ControlsApplied(self._text.pronunciations, 0, self._text.doubtful),
        )

    # Where the sound was stopped is known in milliseconds, where that is in the text is not: Flux
    # has no timestamps of words. Within a segment characters are assumed to take equal time, which
    # is the best that a server without an alignment can do; a word that was cut does not count.
    def split(self, heard_ms: float, bytes_per_ms: float, rate: SpeakingRate) -> tuple[str, str]:
        """The text up to `heard_ms` of the turn's sound, and the rest; cut at the end of a word.

        Segments that were played whole give their whole text. Of the one in which the sound was
        stopped, the share of its characters that is the share of its duration is taken.
        """
        spoken_text = ""
        rest = [*self._begun, *self.waiting]
        while rest and rest[0].done and heard_ms >= rest[0].sent_bytes / bytes_per_ms:
            segment = rest.pop(0)
            spoken_text += segment.text
            heard_ms -= segment.sent_bytes / bytes_per_ms
        remaining = "".join(segment.text for segment in rest) + self.cutter.held
        if not rest:
            return spoken_text, remaining
        sent_ms = rest[0].sent_bytes / bytes_per_ms
        # What is still being spoken is as long as it will be, not as it is so far.
        whole_ms = sent_ms if rest[0].done else max(sent_ms, rate.estimate_ms(rest[0].text))
        heard_chars = _words(rest[0].text, heard_ms / whole_ms if whole_ms > 0 else 0.0)
        return spoken_text + remaining[:heard_chars], remaining[heard_chars:]

    def _append(self, text: str, now_us: int) -> None:
        self._billable_characters += len(text)
        self.waiting.extend(TurnSegment(sentence, now_us) for sentence in self.cutter.feed(text))


def _words(text: str, share: float) -> int:
    """The length in characters of the whole words within this share of a text."""
    end = min(int(len(text) * share), len(text))
    while 0 < end < len(text) and not text[end].isspace():
        end -= 1
    return end
