"""Lines that say what happens in a conversation: the answer, and states in words."""

from __future__ import annotations

from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    DeltaReceived,
    DeltasPassed,
    DeviceChanged,
    Entry,
    Failed,
    ModelFinished,
    ModelQuiet,
    NoticeGiven,
    ProgressMade,
    SettingsChanged,
    ThoughtReceived,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.line_mode.answer_lines import AnswerLines
from gramophone.text.sanitize import plain_line

RETRACTED = "What was read so far was the model's thinking. The answer follows."


class EventLines:
    """Entries of a conversation in, lines out.

    Attributes:
        model: name of the model, which stands before its turns.
        answering: whether a turn of the assistant is under way.
        last_answer: index of the last turn of the assistant; None before the first.
        last_text: the text of that turn.
        lost: whether the conversation has ended by a failure.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        self.answering = False
        self.last_answer: int | None = None
        self.last_text = ""
        self.lost = False
        self._answer = AnswerLines()
        self._named = False
        self._thinks = False
        self._last_sentence = ""

    def take(self, entry: Entry) -> list[str]:
        """Take in an entry; returns the lines that it makes."""
        match entry:
            case TurnStarted(role="assistant"):
                return self._begin(entry)
            case DeltaReceived() | DeltasPassed():
                return self._said(self._answer.feed(entry.text))
            case AnswerRetracted():
                self._answer = AnswerLines()
                return [RETRACTED]
            case ModelFinished():
                # All text has come; its last sentence is not kept back until it was spoken.
                return self._said(self._answer.finish())
            case TurnInterrupted():
                return [*self._said(self._answer.finish()), "Stopped."]
            case TurnCompleted(role="assistant"):
                self.answering = False
                if entry.finish_reason != "repeated":
                    self.last_answer, self.last_text = entry.turn, entry.text
                return self._said(self._answer.finish())
            case SettingsChanged():
                self.model = entry.model or entry.provider
                return []
            case _:
                return self._state(entry)

    def _begin(self, turn: TurnStarted) -> list[str]:
        self.answering = True
        self._named = self._thinks = False
        self._answer = AnswerLines()
        return ["The answer is spoken again."] if turn.repeats is not None else []

    def _said(self, lines: list[str]) -> list[str]:
        if lines and not self._named:
            self._named = True
            return [f"{plain_line(self.model)}: {lines[0]}", *lines[1:]]
        return lines

    def _state(self, entry: Entry) -> list[str]:
        match entry:
            case ThoughtReceived() if not self._thinks:
                self._thinks = True
                return ["The model is thinking."]
            case ModelQuiet():
                seconds = entry.quiet_us // 1_000_000
                return [f"The model has sent no text for {seconds} seconds. Control C stops it."]
            case Failed():
                self.lost = self.lost or entry.stage == "session"
                return self._once(entry.detail)
            case AnswerIncomplete() | NoticeGiven():
                return self._once(entry.detail)
            case DeviceChanged(silent=True) if entry.detail:
                return self._once(entry.detail)
            case ProgressMade() if entry.detail:
                return self._once(f"Please wait: {entry.what}, {entry.detail}.")
            case _:
                return []

    def _once(self, sentence: str) -> list[str]:
        """The sentence, unless it was the one before."""
        line = plain_line(sentence)
        if line == self._last_sentence:
            return []
        self._last_sentence = line
        return [line]
