"""Text, thoughts and calls of one answer while a model writes it, and how long no text comes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from gramophone.conversation.answer_end import BROKEN_OFF, UNCLOSED, AnswerContent, incomplete_end
from gramophone.conversation.call_joiner import CallJoiner
from gramophone.conversation.messages import LlmEnded
from gramophone.conversation.turn_state import TextState
from gramophone.core.give_back import GiveBack
from gramophone.core.surrogates import SurrogateJoiner
from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    DeltaReceived,
    Event,
    Failed,
    GiveBackReceived,
    ModelChunkReceived,
    ModelFinished,
    ModelQuiet,
    NoticeGiven,
    RequestSent,
    ThoughtReceived,
    UsageReported,
)
from gramophone.ports.language_model import AskedModel, ModelChunk

QUIET_US = 15_000_000
"""Time without text from the model after which the user is informed."""

MODEL_CUT_OFF = (
    "The answer broke off before the model had finished; what arrived is kept. Ask again."
)


@dataclass(slots=True)
class AnswerText:
    """Text of this turn. `finish_reason` is the model's own word, "" while there is none.
    `give_back` are the items that the provider wants back with the next request, which is named by
    `request`, the last event of a model being asked. `pictures_refused`
    where the model failed because it does not take those of the question.

    Models cut their stream anywhere, also between the two halves of a UTF-16 surrogate pair: half
    a character waits in a joiner for its other half.
    """

    turn: int
    state: TextState = TextState.WHOLE
    finish_reason: str = ""
    give_back: list[GiveBack] = field(default_factory=list[GiveBack])
    request: RequestSent | None = None
    pictures_refused: bool = False
    _pieces: list[str] = field(default_factory=list[str])
    _joiner: SurrogateJoiner = field(default_factory=SurrogateJoiner)
    _thought_joiner: SurrogateJoiner = field(default_factory=SurrogateJoiner)
    _thought: bool = False
    _refused: bool = False
    _unclosed: bool = False
    _calls: CallJoiner = field(init=False)
    _quiet_since_us: int = 0
    _quiet_reports: int = 0

    def __post_init__(self) -> None:
        self._calls = CallJoiner(self.turn)

    @property
    def text(self) -> str:
        """Text so far."""
        # Joined when it is asked for, not at every delta: that would be quadratic.
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def begin(self, now_us: int) -> None:
        """Expect text, now that the model is asked."""
        self.state = TextState.GENERATING
        self._quiet_since_us = now_us

    def add(self, delta: str) -> None:
        """Add to the text."""
        self._pieces.append(delta)

    def end(self) -> None:
        """Take the text as whole."""
        self.state = TextState.WHOLE

    def model_wrote(self, chunk: ModelChunk, now_us: int) -> list[Event]:
        """Take in a chunk of the model's stream."""
        turn = self.turn
        events: list[Event] = []
        if chunk.raw:
            events.append(ModelChunkReceived(at_us=now_us, turn=turn, raw=chunk.raw))
        if chunk.instead is not None:
            events += self._ask_instead(chunk.instead, now_us)
        if chunk.notice:
            events.append(NoticeGiven(at_us=now_us, stage="model", detail=chunk.notice, turn=turn))
        if chunk.retracts:
            events += self._retract(now_us)
        if chunk.thought:
            events += self._think(self._thought_joiner.feed(chunk.thought), now_us)
        if text := self._joiner.feed(chunk.text):
            self._quiet_since_us, self._quiet_reports = now_us, 0
            events += self._write(text, now_us)
        self._refused = self._refused or chunk.refuses
        self._unclosed = self._unclosed or chunk.unclosed
        for part in chunk.calls:
            self._calls.add(part)
        if chunk.give_back:
            events.append(self._give_back(chunk.give_back, now_us))
        if (usage := chunk.usage) is not None:
            events.append(
                UsageReported(
                    at_us=now_us,
                    turn=turn,
                    input_tokens=usage.input_tokens,
                    output_tokens=usage.output_tokens,
                )
            )
        if chunk.finish_reason is not None:
            self.finish_reason = chunk.finish_reason
        return events

    def model_ended(self, ended: LlmEnded, now_us: int) -> list[Event]:
        """Take the end of the model's stream in."""
        # Half a character (a lone surrogate) that waited for its other half is text, too.
        events = self._think(self._thought_joiner.finish(), now_us)
        events += self._write(self._joiner.finish(), now_us)
        self.end()
        # A stream may end without a reason and without an error: then it was cut off on its way.
        cut_off = not self.finish_reason or self.finish_reason.lower() in BROKEN_OFF
        failure = ended.failure or (MODEL_CUT_OFF if cut_off else "")
        if failure:
            self.finish_reason = ""
            self.pictures_refused = ended.pictures_refused
            # A question that was refused is taken back with its turns, and the sentence is not.
            turn = None if ended.pictures_refused else self.turn
            return [*events, Failed(at_us=now_us, stage="model", detail=failure, turn=turn)]
        events += self._calls.finish(now_us)
        events.append(ModelFinished(at_us=now_us, turn=self.turn, reason=self.finish_reason))
        return [*events, *self._incomplete(now_us)]

    def _write(self, text: str, now_us: int) -> list[Event]:
        if not text:
            return []
        self.add(text)
        return [DeltaReceived(at_us=now_us, turn=self.turn, text=text)]

    def _think(self, thought: str, now_us: int) -> list[Event]:
        if not thought:
            return []
        self._thought = True
        return [ThoughtReceived(at_us=now_us, turn=self.turn, text=thought)]

    def _ask_instead(self, model: AskedModel, now_us: int) -> list[Event]:
        """Take another model for the one that answers; nothing of the first has come."""
        if self.request is None:
            return []
        self.request = replace(
            self.request, at_us=now_us, provider=model.provider, model=model.model
        )
        return [self.request]

    def _give_back(self, item: str, now_us: int) -> Event:
        """Note an item for the next request to the model that answers."""
        provider, model = "", ""
        if self.request is not None:
            provider, model = self.request.provider, self.request.model
        self.give_back.append(GiveBack(item, provider, model))
        return GiveBackReceived(
            at_us=now_us, turn=self.turn, item=item, provider=provider, model=model
        )

    def _retract(self, now_us: int) -> list[Event]:
        """Take the text so far for a thought; the text begins behind it."""
        events = self._write(self._joiner.finish(), now_us)
        text = self.text
        if not text:
            return []
        self._thought = True
        self._pieces.clear()
        return [*events, AnswerRetracted(at_us=now_us, turn=self.turn, text=text)]

    def _incomplete(self, now_us: int) -> list[Event]:
        content = AnswerContent(
            text=bool(self.text.strip()),
            thoughts=self._thought,
            refused=self._refused,
            unclosed=self._unclosed,
            calls=self._calls.names,
        )
        end = incomplete_end(self.finish_reason, content)
        if end is None and self._unclosed:
            return [NoticeGiven(at_us=now_us, stage="model", detail=UNCLOSED, turn=self.turn)]
        if end is None:
            return []
        cause, detail = end
        return [AnswerIncomplete(at_us=now_us, turn=self.turn, cause=cause, detail=detail)]

    @property
    def ended_well(self) -> bool:
        """Whether the model has said why it ended, and was not interrupted."""
        return self.state is TextState.WHOLE and self.finish_reason not in ("", "interrupted")

    @property
    def flowing(self) -> bool:
        """Whether there is text, and more is coming."""
        generating = self.state is TextState.GENERATING
        return generating and bool(self.text) and not self._quiet_reports

    def quiet_due_us(self) -> int | None:
        """Time at which to report that no text comes; None while none is expected."""
        if self.state is TextState.WHOLE:
            return None
        return self._quiet_since_us + (self._quiet_reports + 1) * QUIET_US

    def report_quiet(self, now_us: int) -> list[ModelQuiet]:
        """Report that no text comes, once in every `QUIET_US` without any."""
        due_us = self.quiet_due_us()
        if due_us is None or now_us < due_us:
            return []
        quiet_us = now_us - self._quiet_since_us
        self._quiet_reports = quiet_us // QUIET_US
        return [ModelQuiet(at_us=now_us, turn=self.turn, quiet_us=quiet_us)]
