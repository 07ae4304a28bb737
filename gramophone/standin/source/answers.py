"""The model's answers in a recorded session, piece by piece with their instants.

The question of an answer is the user's last text when the request was sent. An answer that was
taken back later counts all the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from gramophone.conversation.history import History, merged
from gramophone.core.timeline import (
    DeltaReceived,
    Event,
    Failed,
    HistoryRewound,
    ModelChunkReceived,
    ModelFinished,
    RequestSent,
    TurnCompleted,
    TurnInherited,
    TurnInterrupted,
    TurnStarted,
    UsageReported,
)
from gramophone.wire.lenient_json import as_text, read_object
from gramophone.wire.llm.answer import (
    ANTHROPIC,
    CUT,
    OPENAI,
    OPENAI_RESPONSES,
    SILENT,
    UNFINISHED,
    AnswerFailure,
    AnswerPiece,
    ModelAnswer,
    RawPiece,
    TextPiece,
)
from gramophone.wire.llm.answer_blocks import plain_pieces

_AFTER_INTERRUPTION_US = 1_000_000
"""The end of an interrupted answer comes so long after the interruption, so that a client has the
time to interrupt it again; one that does not gets the end then."""

_WHOLE = ("chat.completion", "response")
"""The `object` of an answer in one body, of Chat Completions and Responses."""

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "incomplete": "length",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "refusal": "content_filter",
}
"""Finish reasons of Messages and Responses, by those of Chat Completions."""


def in_openais_words(reason: str) -> str:
    """A finish reason of any provider as Chat Completions names it."""
    return _REASONS.get(reason, reason)


def answers_of(events: Sequence[Event], *, endless: bool = False) -> tuple[ModelAnswer, ...]:
    """The model's answers in a session, in the order of the requests.

    An answer that was interrupted ends a while later; `endless`, it waits to be interrupted.
    """
    reader = _RecordedAnswerReader(endless=endless)
    for event in events:
        reader.read(event)
    return tuple(turn.answer() for turn in reader.requests if turn.reached)


# The question of a request is not in the timeline: it is what the conversation held then. So the
# history is kept as the conversation keeps it, with inherited turns, rewinds, and answers taken
# back. Two kinds of turn do not count as said: an answer that is only repeated, and an utterance
# that Listen recognised when the program then asked something else.
class _RecordedAnswerReader:
    """A reader of the timeline: the history of the conversation, and the requests in it."""

    def __init__(self, *, endless: bool) -> None:
        self.requests: list[_RequestReader] = []
        self._endless = endless
        self._history = History()
        self._open: dict[int, _RequestReader] = {}
        self._repeating: set[int] = set()
        self._heard_turn: int | None = None

    def read(self, event: Event) -> None:
        match event:
            case TurnInherited(turn=turn, role=role, text=text, remembered=remembered):
                self._history.add(turn, role, text, remembered)
            case TurnStarted(turn=turn, role="user", text=text):
                self._forget_heard()
                self._history.add(turn, "user", text)
            case TurnCompleted(turn=turn, role="user", finish_reason="heard"):
                self._heard_turn = turn
            case TurnStarted(turn=turn, repeats=int()):
                self._repeating.add(turn)
            case TurnCompleted(turn=turn, role="assistant", text=text, remembered=remembered):
                if turn not in self._repeating:
                    self._history.add(turn, "assistant", text, remembered)
            case HistoryRewound(to_turn=to_turn):
                self._history.rewind(to_turn)
            case RequestSent(turn=turn, at_us=at_us):
                if turn in self._open:
                    # The model before has failed without an answer, and is asked nothing here.
                    self.requests.remove(self._open[turn])
                self._open[turn] = _RequestReader(self._prompt(), at_us, endless=self._endless)
                self.requests.append(self._open[turn])
            case (
                ModelChunkReceived(turn=int(turn))
                | DeltaReceived(turn=int(turn))
                | UsageReported(turn=int(turn))
                | ModelFinished(turn=int(turn))
                | TurnInterrupted(turn=int(turn))
                | Failed(stage="model", turn=int(turn))
            ) if turn in self._open:
                self._open[turn].read(event)
            case _:
                pass

    def _forget_heard(self) -> None:
        """Take a recognised utterance out of the history if another question came instead."""
        if self._heard_turn is not None and not self._history.counts_from(self._heard_turn + 1):
            self._history.rewind(self._heard_turn)
        self._heard_turn = None

    def _prompt(self) -> str | None:
        texts = [
            message.text for message in merged(self._history.messages) if message.role == "user"
        ]
        return texts[-1] if texts else None


@dataclass(slots=True)
class _RequestReader:
    """A request while its turn is read."""

    prompt: str | None
    sent_us: int
    endless: bool
    reached: bool = True
    _raw: list[RawPiece] = field(default_factory=list[RawPiece])
    _texts: list[TextPiece] = field(default_factory=list[TextPiece])
    _usage: tuple[int, int] = (0, 0)
    _reason: str = ""
    _ends_us: int = 0
    _failure: AnswerFailure | None = None

    def read(self, event: Event) -> None:
        due_us = event.at_us - self.sent_us
        match event:
            case ModelChunkReceived(raw=raw):
                self._raw.append(RawPiece(raw, due_us))
            case DeltaReceived(text=text):
                self._texts.append(TextPiece(text, due_us))
            case UsageReported(input_tokens=input_tokens, output_tokens=output_tokens):
                self._usage = (input_tokens, output_tokens)
            case ModelFinished(reason=reason):
                self._reason, self._ends_us = in_openais_words(reason), due_us
            case Failed(detail=detail) if not self._reason:
                self._fail(detail, due_us)
            case TurnInterrupted() if self.endless and not self._reason:
                self._failure = AnswerFailure(SILENT, "", 0, True)
            case TurnInterrupted() if not self._reason and self._failure is None:
                self._reason, self._ends_us = "length", due_us + _AFTER_INTERRUPTION_US
            case _:
                pass

    def answer(self) -> ModelAnswer:
        input_tokens, output_tokens = self._usage
        pieces: tuple[AnswerPiece, ...] = tuple(self._raw or self._texts)
        provider = _provider(self._raw)
        if any(_is_whole(piece.raw) for piece in self._raw):
            # An answer in one body is none of a stream's chunks, in which it may be asked for.
            pieces, provider = plain_pieces(ModelAnswer(None, pieces)), ""
        return ModelAnswer(
            prompt=self.prompt,
            pieces=pieces,
            finish_reason=self._reason or "stop",
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            provider=provider,
            failure=self._failure,
            ends_us=self._ends_us,
        )

    def _fail(self, detail: str, due_us: int) -> None:
        begun = bool(self._raw or self._texts)
        self.reached = begun or not _NEVER_SENT.search(detail)
        self._failure = failure_in(detail, begun=begun)
        self._ends_us = due_us if self._failure.kind != SILENT else 0


def _is_whole(raw: str) -> bool:
    """Whether raw JSON is an answer in one body."""
    fields = read_object(raw)
    return fields.get("object") in _WHOLE or fields.get("type") == "message"


def _provider(raw: Sequence[RawPiece]) -> str:
    """The protocol of raw chunks, by their shape: any server may speak OpenAI's."""
    for piece in raw:
        fields = read_object(piece.raw)
        kind = as_text(fields.get("type"))
        if "choices" in fields:
            return OPENAI
        if kind.startswith("response.") or fields.get("object") == "response":
            return OPENAI_RESPONSES
        if kind.startswith(("message", "content_block")):
            return ANTHROPIC
    return ""


# --- failures, from the sentences of `providers.llm` ------------------------------------------

_NEVER_SENT = re.compile(r"^No request to .* can be made|holds characters that no key has")
_REFUSED = re.compile(r"refused the request \((?P<status>\d{3}): (?P<said>.*)\);")
_BROKE_OFF = re.compile(
    r"broke the answer off \((?P<said>.*)\)(?:; what arrived| before its first)"
)
_KIND = re.compile(r"(?P<kind>[a-z]+(?:_[a-z]+)*_error): (?P<said>.*)")


def failure_in(detail: str, *, begun: bool) -> AnswerFailure:
    """The failure that a sentence in the timeline reports.

    The sentences shorten what the provider said, and so does the failure.
    """
    if refused := _REFUSED.search(detail):
        return AnswerFailure("", refused["said"], int(refused["status"]), begun)
    if broken := _BROKE_OFF.search(detail):
        message = broken["said"]
        if message == "the connection was lost":
            return AnswerFailure(CUT, "", 0, True)
        if named := _KIND.fullmatch(message):
            return AnswerFailure(named["kind"], named["said"], 0, True)
        return AnswerFailure("", message, 500, True)
    if "stopped answering;" in detail or "does not answer at" in detail:
        return AnswerFailure(SILENT, "", 0, begun)
    if "before the model had finished" in detail:
        return AnswerFailure(UNFINISHED, "", 0, True)
    if "cannot be reached at" in detail:
        return AnswerFailure(CUT, "", 0, begun)
    return AnswerFailure("", detail, 500, begun)
