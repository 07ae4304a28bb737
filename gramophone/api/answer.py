"""One turn as a value, folded from its events."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gramophone.core.errors import (
    GramophoneError,
    ModelError,
    SpeakerError,
    SpeechError,
    StorageError,
)
from gramophone.core.frozen import frozen
from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    CallRequested,
    DeltaReceived,
    Event,
    Failed,
    ThoughtReceived,
    TurnCompleted,
    TurnInterrupted,
    UsageReported,
)
from gramophone.ports.language_model import Usage

_ERRORS: Final[dict[str, type[GramophoneError]]] = {
    "model": ModelError,
    "speech": SpeechError,
    "speaker": SpeakerError,
    "recording": StorageError,
}


@frozen(kw_only=True)
class Answer:
    """A turn of the assistant that is over.

    Attributes:
        text: the whole text that came, also of an answer that was stopped or broke off.
        calls: calls of tools, in the order in which the model made them.
        sources: passages of documents that were given to the model; always empty so far.
        session_id: the session that it belongs to; by this id the library finds the recording.
        turn: the turn's number in its session.
        finish_reason: the provider's own word for the end; "interrupted" where it was stopped.
        usage: tokens, where the provider counted them.
        thoughts: the model's reasoning, where it shows it; no part of `text`.
        incomplete: the reason why it is not a whole answer, though nothing failed: a limit of
            tokens, a filter, the model's own refusal, nothing but thoughts; None where it is whole.
        interrupted: whether it was stopped before its end.
        failures: what failed meanwhile (the voice, the sound device, the recording), each with its
            sentence.
    """

    text: str
    calls: tuple[CallRequested, ...] = ()
    sources: tuple[str, ...] = ()
    session_id: str
    turn: int
    finish_reason: str = ""
    usage: Usage | None = None
    thoughts: str = ""
    incomplete: AnswerIncomplete | None = None
    interrupted: bool = False
    failures: tuple[Failed, ...] = ()


@dataclass(slots=True)
class AnswerFold:
    """Gathers the events of one turn.

    `turn` is None until it has begun; `repetition` is a turn that speaks its text again.
    """

    turn: int | None = None
    repetition: int | None = None
    failures: list[Failed] = field(default_factory=list[Failed])
    _deltas: list[str] = field(default_factory=list[str])
    _thoughts: list[str] = field(default_factory=list[str])
    _incomplete: AnswerIncomplete | None = None
    _calls: list[CallRequested] = field(default_factory=list[CallRequested])
    _completed: TurnCompleted | None = None
    _usage: Usage | None = None
    _interrupted: bool = False

    def add(self, event: Event) -> None:
        """Take in an event; those of other turns do not count."""
        match event:
            case Failed() if event.turn in (None, self.turn, self.repetition):
                self.failures.append(event)
            case DeltaReceived() if event.turn == self.turn:
                self._deltas.append(event.text)
            case AnswerRetracted() if event.turn == self.turn:
                self._thoughts.append(event.text)
                self._deltas.clear()
            case ThoughtReceived() if event.turn == self.turn:
                self._thoughts.append(event.text)
            case AnswerIncomplete() if event.turn == self.turn:
                self._incomplete = event
            case CallRequested() if event.turn == self.turn:
                self._calls.append(event)
            case UsageReported() if event.turn == self.turn:
                self._usage = Usage(event.input_tokens, event.output_tokens)
            case TurnInterrupted() if event.turn == self.turn:
                self._interrupted = True
            case TurnCompleted() if event.turn == self.turn:
                self._completed = event
            case _:
                pass

    def answer(self, session_id: str) -> Answer:
        """The turn so far, as a value."""
        completed = self._completed
        return Answer(
            text=completed.text if completed else "".join(self._deltas),
            calls=tuple(self._calls),
            session_id=session_id,
            turn=-1 if self.turn is None else self.turn,
            finish_reason=completed.finish_reason if completed else "",
            usage=self._usage,
            thoughts="".join(self._thoughts),
            incomplete=self._incomplete,
            interrupted=self._interrupted,
            failures=tuple(self.failures),
        )

    def raise_failure(self, *stages: str) -> None:
        """Raise the first failure of one of these stages, as `raise_failure` does."""
        raise_failure(self.answer(""), *stages)


def raise_failure(answer: Answer, *stages: str) -> None:
    """Raise the first failure of one of these stages, if there was one.

    Raises:
        GramophoneError: its sentence, in the class of its stage; `partial_text` of a `ModelError`
            is the text that came before.
    """
    for failure in answer.failures:
        if failure.stage not in stages:
            continue
        if failure.stage == "model":
            raise ModelError(failure.detail, partial_text=answer.text)
        raise _ERRORS.get(failure.stage, GramophoneError)(failure.detail)
