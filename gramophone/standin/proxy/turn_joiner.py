"""Joins a model's answer and its speech, which a proxy sees as two, into one turn."""

# A program asks a model on one connection and has the answer spoken on another; nothing on the wire
# ties the two. They are tied by their words: speech belongs to an answer if its text continues the
# answer where the last speech of it ended. Only letters and digits count, without case, since
# programs strip Markdown and signs before they speak.
#
# A text of eight or more such characters is also found further on in the answer: programs leave
# out code blocks and links. A shorter one ("Yes.", "1.") would be found by chance and has to come
# next. The newest answer is tried first, and one that is being spoken on another connection is
# not: two sounds cannot be one turn.
#
# The life of an answer's turn:
#
#   RequestSent -> deltas -> TurnCompleted, held back as `over`
#                     \-> speech begins and ends, perhaps several times
#
# The end is released when all words were spoken, when the answer or its speech failed or was
# interrupted, when the next request is sent, or at the end of the session, so that speech that
# comes late still finds its turn. Speech counts its chunks, flushes and bytes from 0 for each turn
# of its own; the second speech of an answer goes on from the counts of the first (`_SpokenTurn`).
#
# To find a text costs time in the length of the answer, for each text that is spoken and not for
# each frame; deltas are only collected, and joined when the next speech is looked for.

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    DeltaReceived,
    Event,
    FlushAnswered,
    FlushRefused,
    FlushSent,
    RequestSent,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.text.spaceless import letters_of

_SURE_CHARACTERS = 8
"""Letters and digits from which a text is found anywhere in an answer."""

_MOST_CHARACTERS = 1_000_000
"""The part of an answer in which speech is looked for."""

_BROKEN = ("failed", "interrupted")
"""Finish reasons after which the rest is not spoken."""


@dataclass(slots=True, eq=False)
class _SpokenAnswer:
    """A model's turn that is not over.

    Attributes:
        words: the letters and digits of its text, without case.
        places: the index in the text of each character of `words`.
        spoken: the number of characters of `words` that were spoken.
        over: its end, while that is held back.
        cut: the finish reason of speech that failed or was interrupted.
    """

    turn: int
    length: int = 0
    words: str = ""
    fresh: list[str] = field(default_factory=list[str])
    """Parts to be added to `words`: to join them at each delta would take quadratic time."""
    places: array[int] = field(default_factory=lambda: array("Q"))
    spoken_letters: int = 0
    speaking: bool = False
    over: TurnCompleted | None = None
    cut: str = ""
    chunks: int = 0
    flushes: int = 0
    size_bytes: int = 0
    samples: int = 0

    def add(self, text: str) -> None:
        if self.length > _MOST_CHARACTERS:
            return
        start, self.length = self.length, self.length + len(text)
        for at, character in enumerate(text):
            letters = letters_of(character)
            self.fresh.append(letters)
            self.places.extend([start + at] * len(letters))

    def find(self, text: str) -> int | None:
        """The index in `words` at which this text begins; None where it is not found."""
        letters = letters_of(text)
        if self.fresh:
            self.words = "".join([self.words, *self.fresh])
            self.fresh.clear()
        if not letters:
            return None
        if self.words.startswith(letters, self.spoken_letters):
            return self.spoken_letters
        at = (
            self.words.find(letters, self.spoken_letters)
            if len(letters) >= _SURE_CHARACTERS
            else -1
        )
        return at if at >= 0 else None

    def speak(self, text: str) -> tuple[int, int]:
        """Take a text as spoken; gives its first and last index in the answer's text."""
        start = self.find(text)
        if start is None:
            end = self.places[self.spoken_letters - 1] + 1 if self.spoken_letters else 0
            return end, end
        self.spoken_letters = start + len(letters_of(text))
        return self.places[start], self.places[self.spoken_letters - 1] + 1

    @property
    def exhausted(self) -> bool:
        return self.spoken_letters >= len(self.places)


@frozen
class _SpokenTurn:
    """A turn of a speech connection in the session, and the counts that it starts from."""

    turn: int
    answer: _SpokenAnswer | None = None
    chunks: int = 0
    flushes: int = 0
    size_bytes: int = 0
    samples: int = 0


class TurnJoiner:
    """The answers of one session that may still be spoken."""

    def __init__(self, turns: Iterator[int]) -> None:
        """`turns` gives the ordinals of the session's next turns."""
        self._turns = turns
        self._answers: list[_SpokenAnswer] = []
        self._speeches: dict[int, _SpokenTurn] = {}

    # --- the model's side ---------------------------------------------------------------------

    def answered(self, events: Sequence[Event]) -> list[Event]:
        """Take events of a model; gives those to record, without the ends that are held back."""
        passed: list[Event] = []
        for event in events:
            match event:
                case RequestSent(turn=turn):
                    passed = [*self.released(), *passed]
                    self._answers.append(_SpokenAnswer(turn))
                case DeltaReceived(turn=turn, text=text):
                    for answer in self._of(turn):
                        answer.add(text)
                case TurnCompleted(turn=turn, role="assistant"):
                    passed += self._completed(event)
                    continue
                case _:
                    pass
            passed.append(event)
        return passed

    def released(self) -> list[Event]:
        """Release the ends of answers that are not being spoken."""
        ends: list[Event] = []
        for answer in list(self._answers):
            if answer.over is not None and not answer.speaking:
                self._answers.remove(answer)
                ends.append(answer.over)
        return ends

    def _of(self, turn: int) -> list[_SpokenAnswer]:
        return [answer for answer in self._answers if answer.turn == turn]

    def _completed(self, event: TurnCompleted) -> list[Event]:
        answers_of_turn = self._of(event.turn)
        if not answers_of_turn:
            return [event]
        answer = answers_of_turn[0]
        answer.over = event
        reason = answer.cut or event.finish_reason
        more = bool(answer.places) and not (answer.chunks and answer.exhausted)
        if answer.speaking or (more and reason not in _BROKEN):
            return []
        return self._end(answer, event.at_us)

    def _end(self, answer: _SpokenAnswer, at_us: int) -> list[Event]:
        assert answer.over is not None
        self._answers.remove(answer)
        reason = answer.cut or answer.over.finish_reason
        return [replace(answer.over, at_us=at_us, finish_reason=reason)]

    # --- the speech's side --------------------------------------------------------------------

    def spoken(self, events: Sequence[Event]) -> list[Event]:
        """Take events of a speech connection, in turns of its own; gives those to record."""
        passed: list[Event] = []
        for at, event in enumerate(events):
            if isinstance(event, TurnStarted) and event.role == "user":
                self._speeches[event.turn] = speech = _SpokenTurn(next(self._turns))
                passed.append(replace(event, turn=speech.turn))
            elif isinstance(event, TurnStarted):
                texts = (text.text for text in events[at:] if isinstance(text, TextSpoken))
                speech = self._begin(event.turn, next(texts, ""))
                if speech.answer is None:
                    passed.append(replace(event, turn=speech.turn))
            else:
                passed += self._placed(event)
        return passed

    def _begin(self, turn: int, text: str) -> _SpokenTurn:
        for answer in reversed(self._answers):
            if not answer.speaking and answer.find(text) is not None:
                answer.speaking = True
                speech = _SpokenTurn(
                    answer.turn,
                    answer,
                    answer.chunks,
                    answer.flushes,
                    answer.size_bytes,
                    answer.samples,
                )
                break
        else:
            speech = _SpokenTurn(next(self._turns))
        self._speeches[turn] = speech
        return speech

    def _placed(self, event: Event) -> list[Event]:
        """The event with the turn and the counts of the session."""
        match event:
            case (
                TextSpoken(turn=turn)
                | FlushSent(turn=turn)
                | FlushAnswered(turn=turn)
                | FlushRefused(turn=turn)
                | AudioReceived(turn=turn)
                | ClearSent(turn=turn)
                | TurnInterrupted(turn=turn)
                | TurnCompleted(turn=turn)
            ):
                speech = self._speeches[turn]
            case _:
                return [event]
        if isinstance(event, TurnCompleted):
            del self._speeches[turn]
            if speech.answer is not None:
                return self._fell_silent(speech.answer, event)
        placed = replace(event, turn=speech.turn)
        return [placed if speech.answer is None else _counted(placed, speech, speech.answer)]

    def _fell_silent(self, answer: _SpokenAnswer, event: TurnCompleted) -> list[Event]:
        """End a part of an answer's speech; more of it may follow."""
        answer.speaking = False
        if event.finish_reason in _BROKEN:
            answer.cut = event.finish_reason
        if answer.over is None or not (answer.cut or answer.exhausted):
            return []
        return self._end(answer, event.at_us)


def _counted(event: Event, speech: _SpokenTurn, answer: _SpokenAnswer) -> Event:
    """The event with its numbers counted from the beginning of the answer."""
    match event:
        case TextSpoken(chunk=chunk, text=text):
            start, end = answer.speak(text)
            answer.chunks = speech.chunks + chunk + 1
            return replace(event, chunk=speech.chunks + chunk, source_start=start, source_end=end)
        case FlushSent(flush=flush, last_chunk=last):
            answer.flushes = speech.flushes + flush + 1
            return replace(event, flush=speech.flushes + flush, last_chunk=speech.chunks + last)
        case FlushAnswered(flush=flush, end_samples=samples):
            answer.samples = speech.samples + samples
            return replace(event, flush=speech.flushes + flush, end_samples=answer.samples)
        case FlushRefused(flush=flush):
            return replace(event, flush=speech.flushes + flush)
        case AudioReceived(offset_bytes=offset, size_bytes=size):
            answer.size_bytes = speech.size_bytes + offset + size
            return replace(event, offset_bytes=speech.size_bytes + offset)
        case TurnInterrupted(heard_samples=samples):
            return replace(event, heard_samples=speech.samples + samples)
        case _:
            return event
