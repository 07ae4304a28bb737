"""A model's answer that is then spoken is one turn, though a proxy sees it twice; pure.

What is spoken is the model's answer where its words are the answer's, from where the last of them
ended; signs and case do not count, since programs strip what cannot be spoken. So an answer is not
over before its speech is: the end of its turn is held back until all of it was spoken, somebody
asks again, or nothing more comes. Speech that is no answer is a turn of its own, and so is what is
spoken beside other speech of the same answer: two sounds cannot be one.
"""

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

_SURE_CHARACTERS = 8
"""So much of an answer is known again wherever it stands; less has to come next."""

_MOST_CHARACTERS = 1_000_000
"""Of an answer that is longer, nobody speaks what comes then."""

_BROKEN = ("failed", "interrupted")
"""Reasons of an end after which nobody speaks the rest."""


@dataclass(slots=True, eq=False)
class _SpokenAnswer:
    """A model's turn that is not over; `words` is what is left of its text when only words count,
    and `places` where each character of it stands in the text."""

    turn: int
    length: int = 0
    words: str = ""
    fresh: list[str] = field(default_factory=list[str])
    """What is to be added to `words`: to join at each delta would take quadratic time."""
    places: array[int] = field(default_factory=lambda: array("Q"))
    spoken: int = 0
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
            said = _words(character)
            self.fresh.append(said)
            self.places.extend([start + at] * len(said))

    def find(self, text: str) -> int | None:
        """Where the words of this text begin among those that were not spoken yet."""
        said = _words(text)
        if self.fresh:
            self.words = "".join([self.words, *self.fresh])
            self.fresh.clear()
        if not said:
            return None
        if self.words.startswith(said, self.spoken):
            return self.spoken
        at = self.words.find(said, self.spoken) if len(said) >= _SURE_CHARACTERS else -1
        return at if at >= 0 else None

    def speak(self, text: str) -> tuple[int, int]:
        """Count this as spoken; where it stands in the answer."""
        start = self.find(text)
        if start is None:
            end = self.places[self.spoken - 1] + 1 if self.spoken else 0
            return end, end
        self.spoken = start + len(_words(text))
        return self.places[start], self.places[self.spoken - 1] + 1

    @property
    def exhausted(self) -> bool:
        return self.spoken >= len(self.places)


@frozen
class _Speech:
    """Where a turn of the speech's stands in the session: from which of its counts on."""

    turn: int
    answer: _SpokenAnswer | None = None
    chunks: int = 0
    flushes: int = 0
    size_bytes: int = 0
    samples: int = 0


class TurnJoiner:
    """Knows the answers of one session that may still be spoken."""

    def __init__(self, turns: Iterator[int]) -> None:
        """`turns` gives the ordinals of the session's next turns."""
        self._turns = turns
        self._answers: list[_SpokenAnswer] = []
        self._speeches: dict[int, _Speech] = {}

    # --- the model's side ---------------------------------------------------------------------

    def answered(self, events: Sequence[Event]) -> list[Event]:
        """Events of a model's, in the session's own turns."""
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
        """The ends of answers that nobody speaks at present; nobody will."""
        done = [each for each in self._answers if each.over is not None and not each.speaking]
        self._answers = [each for each in self._answers if each not in done]
        return [each.over for each in done if each.over is not None]

    def _of(self, turn: int) -> list[_SpokenAnswer]:
        return [each for each in self._answers if each.turn == turn]

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
        """Events of a speech connection's, with turns of its own counting."""
        passed: list[Event] = []
        for at, event in enumerate(events):
            if isinstance(event, TurnStarted) and event.role == "user":
                self._speeches[event.turn] = speech = _Speech(next(self._turns))
                passed.append(replace(event, turn=speech.turn))
            elif isinstance(event, TurnStarted):
                text = next((each.text for each in events[at:] if isinstance(each, TextSpoken)), "")
                speech = self._begin(event.turn, text)
                if speech.answer is None:
                    passed.append(replace(event, turn=speech.turn))
            else:
                passed += self._placed(event)
        return passed

    def _begin(self, turn: int, text: str) -> _Speech:
        for answer in reversed(self._answers):
            if not answer.speaking and answer.find(text) is not None:
                answer.speaking = True
                speech = _Speech(
                    answer.turn,
                    answer,
                    answer.chunks,
                    answer.flushes,
                    answer.size_bytes,
                    answer.samples,
                )
                break
        else:
            speech = _Speech(next(self._turns))
        self._speeches[turn] = speech
        return speech

    def _placed(self, event: Event) -> list[Event]:
        """The event in the session's own turn and its counts."""
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
        """Some of an answer has been spoken; more of it may follow."""
        answer.speaking = False
        if event.finish_reason in _BROKEN:
            answer.cut = event.finish_reason
        if answer.over is None or not (answer.cut or answer.exhausted):
            return []
        return self._end(answer, event.at_us)


def _counted(event: Event, speech: _Speech, answer: _SpokenAnswer) -> Event:
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


def _words(text: str) -> str:
    """What is left of a text when only its words count."""
    return "".join(character.casefold() for character in text if character.isalnum())
