"""What a recording comes to when this program's own client says the same again; pure.

The client asks, speaks each answer with Speak v1, and can interrupt. What others did is put in its
terms: the steps of a model that calls tools are left out, and what was interrupted is so again when
as much of it has come.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest
from urllib.parse import urlsplit

from gramophone.errors import GramophoneError
from gramophone.intents import Say, Submit
from gramophone.standin.listen_observer import HEARD
from gramophone.standin.recorded_answers import in_openais_words
from gramophone.timeline import (
    AudioReceived,
    ClearSent,
    DeltaReceived,
    Event,
    FlushAnswered,
    FlushSent,
    HistoryRewound,
    RequestSent,
    SpeechConnected,
    TextSpoken,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.wire.flux_recording import said

_INTERRUPTED = "interrupted"


class CheckError(GramophoneError):
    """A source that cannot be played by asking the same again."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How much of an answer was there when it was interrupted.

    Attributes:
        characters: of its text had come.
        spoken: so many of what was to be spoken, and at least one more, had been sent, without
            white space; None where nothing had.
        sound_bytes: of its sound had come.
    """

    characters: int
    spoken: int | None
    sound_bytes: int


@dataclass(frozen=True, slots=True)
class Step:
    """What the user does; with `until` the answer is interrupted there."""

    intent: Submit | Say
    until: Reached | None = None


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """What is done, and what is to come of it.

    Attributes:
        events: the recording in the client's own terms.
        turns: those of the recording.
        notes: what is not compared, as sentences.
    """

    events: tuple[Event, ...]
    turns: tuple[SaidTurn, ...]
    notes: tuple[str, ...]

    @property
    def unspoken(self) -> bool:
        """Whether there is an answer that nobody spoke."""
        return any(turn.unspoken for turn in self.turns)

    def steps(self) -> Iterator[Step]:
        """What the user does, one thing after the other."""
        for turn, after in zip_longest(self.turns, self.turns[1:]):
            if turn.role == "user":
                answer = after if after is not None and after.asked else None
                yield Step(Submit(turn.wanted), answer.reached if answer else None)
            elif not turn.asked:
                yield Step(Say(turn.wanted), turn.reached)

    def speaks(self, text: str) -> bool:
        """Whether this has to be spoken: it was not just about to be when all was stopped."""
        cut = [said(turn.spoken) for turn in self.turns if turn.cut is not None]
        return not any(said(text) in spoken for spoken in cut)

    def asks(self, text: str) -> bool:
        """Whether this has to be asked: it was not taken back before anything came."""
        return any(
            step.intent == Submit(text) and (step.until is None or step.until.characters)
            for step in self.steps()
        )

    def comparable(self, heard: Sequence[Event]) -> Iterator[Event]:
        """What came of it, as far as it can be the same."""
        pairs = [(turn, now.number) for turn, now in zip(self.turns, turns_of(heard), strict=False)]
        silent = {number for turn, number in pairs if turn.unspoken}
        kept = {number: turn.text for turn, number in pairs if turn.cut is not None}
        for event in heard:
            match event:
                case AudioReceived(turn=number, stale=stale) if stale or number in silent:
                    pass
                case TurnCompleted(turn=number, text=text) if number in kept:
                    same = said(text).startswith(said(kept[number]))
                    yield replace(event, text=kept[number]) if same else event
                case _:
                    yield event

    def uncleared(self, heard: Sequence[Event]) -> Iterator[str]:
        """Where the service was told to stop, and was not told now."""
        for place, (turn, now) in enumerate(zip(self.turns, turns_of(heard), strict=False)):
            if turn.cleared and turn.cut is not None and not now.cleared:
                yield f"Turn {place} was interrupted without a Clear."


def _unheard(recorded: Sequence[Event]) -> list[Event]:
    """Without what Listen heard: that was sound, and this client has nobody listen to it."""
    heard = {
        event.turn
        for event in recorded
        if isinstance(event, TurnCompleted) and event.finish_reason == HEARD
    }
    return [event for event in recorded if getattr(event, "turn", None) not in heard]


def plan_of(recorded: Sequence[Event]) -> CheckPlan:
    """Read a recording.

    Raises:
        CheckError: it holds what cannot be asked for again.
    """
    if any(isinstance(event, HistoryRewound | TurnInherited) for event in recorded):
        raise CheckError(
            "A check asks the same again, and this recording was taken back or continued; "
            "choose one that was not."
        )
    events, notes = _in_our_terms(_unheard(recorded))
    turns = turns_of(events)
    for place, turn in enumerate(turns):
        if turn.cut is not None:
            notes.append(f"Turn {place} was interrupted; it is compared up to there.")
        if turn.unspoken:
            notes.append(f"Turn {place} was not spoken; its sound is not compared.")
    if any(isinstance(event, SpeechConnected) and _is_flux(event.url) for event in events):
        notes.append("It was spoken with Speak v2; texts and sound are compared, spoken with v1.")
    return CheckPlan(tuple(_cut_off(events, turns)), tuple(turns), tuple(notes))


# --- turns ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class SaidTurn:
    """One turn of a timeline; `cut` is the event at which it was interrupted."""

    number: int
    role: str
    begun: str
    text: str = ""
    spoken: str = ""
    asked: bool = False
    cut: int | None = None
    cleared: bool = False
    characters: int = 0
    sound_bytes: int = 0
    _before: dict[int, int] = field(default_factory=dict[int, int])
    _open: list[int] = field(default_factory=list[int])
    _flushed: int = 0

    @property
    def open_flushes(self) -> bool:
        """Whether a Flush was not answered when it was interrupted."""
        return bool(self._open)

    @property
    def wanted(self) -> str:
        """The text that it began with, as far as that is known."""
        return self.begun or (self.text if self.cut is None else self.spoken)

    @property
    def unspoken(self) -> bool:
        """Whether it is an answer in words of which nobody spoke any."""
        return self.asked and bool(self.text.strip()) and not self.spoken

    @property
    def reached(self) -> Reached | None:
        """How much of it had come when it was interrupted, if it was."""
        if self.cut is None:
            return None
        last = self._open[0] if self._open else max(self._before, default=None)
        spoken = None if not self.spoken else 0 if last is None else self._before[last]
        return Reached(self.characters, spoken, self.sound_bytes)

    def read(self, event: Event, index: int) -> None:
        """One of its events."""
        match event:
            case RequestSent():
                self.asked = True
            case DeltaReceived(text=text):
                self.characters += len(text)
            case TextSpoken(text=text):
                self.spoken += text
            case AudioReceived(size_bytes=size_bytes) if self.cut is None:
                self.sound_bytes += size_bytes
            case FlushSent(flush=number) if self.cut is None:
                self._before[number], self._flushed = self._flushed, len(said(self.spoken))
                self._open.append(number)
            case FlushAnswered(flush=number) if self.cut is None:
                self._open = [flush for flush in self._open if flush != number]
            case ClearSent():
                self.cleared = True
                self._cut(index)
            case TurnInterrupted():
                self._cut(index)
            case TurnCompleted(text=text, finish_reason=reason):
                self.text = text
                # The sound alone may have been stopped.
                self.cut = self.cut if reason == _INTERRUPTED else None
            case _:
                pass

    def _cut(self, index: int) -> None:
        if self.cut is None:
            self.cut = index


def turns_of(events: Sequence[Event]) -> list[SaidTurn]:
    """The turns of a timeline, in order."""
    turns: dict[int, SaidTurn] = {}
    for index, event in enumerate(events):
        if isinstance(event, TurnStarted):
            turns[event.turn] = SaidTurn(event.turn, event.role, event.text)
        elif turn := turns.get(_turn(event)):
            turn.read(event, index)
    return list(turns.values())


def _turn(event: Event) -> int:
    number: int | None = getattr(event, "turn", None)
    return -1 if number is None else number


# --- the client's own terms -----------------------------------------------------------------------


def _in_our_terms(recorded: Sequence[Event]) -> tuple[list[Event], list[str]]:
    """The events of the turns that this client has, and what it has not."""
    turns = turns_of(recorded)
    steps = {one.number for one, after in pairwise(turns) if one.asked and after.asked}
    asked = {turn.number for turn in turns if turn.asked}
    events = [
        replace(event, finish_reason=_reason(event, asked))
        if isinstance(event, TurnCompleted)
        else event
        for event in recorded
        if _turn(event) not in steps
    ]
    called = "Where the model called tools, only the answer is compared: this client has none."
    return events, [called] if steps else []


def _reason(completed: TurnCompleted, asked: Container[int]) -> str:
    reason = completed.finish_reason
    if completed.role == "assistant" and completed.turn not in asked:
        return "said" if reason == "stop" else reason
    return in_openais_words(reason)


def _cut_off(events: Sequence[Event], turns: Sequence[SaidTurn]) -> Iterator[Event]:
    """The events without what came behind an interruption, and each of these with a Clear."""
    cut = {turn.number: turn for turn in turns if turn.cut is not None}
    answered = {
        _turn(event): index
        for index, event in enumerate(events)
        if isinstance(event, FlushAnswered) and index < (_cut_at(cut, event) or 0)
    }
    for index, event in enumerate(events):
        turn = cut.get(_turn(event))
        if turn is None or turn.cut is None:
            yield event
            continue
        if index == turn.cut and not turn.cleared:
            yield ClearSent(at_us=event.at_us, turn=turn.number)
        late = isinstance(event, AudioReceived | FlushAnswered) and index > turn.cut
        # What was whole is given as if it was not, so that there is something to be cleared.
        last = not turn.open_flushes and answered.get(turn.number) == index
        if not late and not last:
            yield event


def _cut_at(cut: dict[int, SaidTurn], event: Event) -> int | None:
    turn = cut.get(_turn(event))
    return None if turn is None else turn.cut


def _is_flux(url: str) -> bool:
    return urlsplit(url).path.endswith("/v2/speak")
