"""Traffic between a client and a language model as events of a session."""

# A request is a turn of the user, unless it only brings the results of tools or repeats what
# Listen has just recognised, and a turn of the model. The chunks of a stream, and answers in one
# body, are kept verbatim, as `ModelChunkReceived`, for a stand-in to play; of their content only
# text, finish reason and usage are read, which other events carry.
#
# Completeness is judged by content, not by the connection: the SDKs of both providers end their
# loop without an error where a stream breaks off (openai 3.52, anthropic 2.11), so a session must
# show what their users do not see. An answer is complete if a finish reason came, or `[DONE]`,
# which some local servers send without one; anything else is a failure.

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gramophone.core.timeline import (
    DeltaReceived,
    Event,
    Failed,
    ModelChunkReceived,
    ModelFinished,
    RequestSent,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    UsageReported,
)
from gramophone.text.spaceless import without_spaces
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object
from gramophone.wire.limits import MOST_RECORDED_EVENT_BYTES, TooMuch
from gramophone.wire.llm.answer import TextPiece
from gramophone.wire.llm.request_validation import last_prompt
from gramophone.wire.llm.stream_parts import EndPart, UsagePart
from gramophone.wire.llm.stream_reader import StreamReader
from gramophone.wire.sse import SseReader

_LARGEST_WHOLE_BYTES = 10 * 2**20
_END_OF_CHAT = "[DONE]"


class AnswerObserver:
    """Observer of one request and its answer; instants are microseconds since the session began."""

    def __init__(self, protocol: str, host: str, turns: Iterator[int]) -> None:
        """`turns` gives the ordinals of the session's next turns; `host` is named in failures.
        `protocol` is "openai", "openai-responses" or "anthropic"."""
        self._protocol = protocol
        self._host = host
        self._turns = turns
        self._turn = -1
        self._status = 0
        self._reader: SseReader | None = None
        self._whole = bytearray()
        self._answer = StreamReader()
        self._texts: list[str] = []
        self._said_done = False
        self._reason = ""
        self._failed = False
        self._over = False

    def requested(self, body: bytes, at_us: int, transcript: str = "") -> list[Event]:
        """Give the events of the request; no turn of the user if that was `transcript`."""
        fields = read_object(body)
        prompt = fields.get("messages", fields.get("input"))
        alone = [{"role": "user", "content": prompt}]
        messages = alone if isinstance(prompt, str) else as_list(prompt)
        text, step = last_prompt(messages)
        events: list[Event] = []
        # Of a conversation that the service keeps, results of tools come without their question.
        is_next_step = step > 0 or (not text and bool(fields.get("previous_response_id")))
        if not is_next_step and (
            not transcript or without_spaces(text) != without_spaces(transcript)
        ):
            user = next(self._turns)
            events = [
                TurnStarted(at_us=at_us, turn=user, role="user", text=text),
                TurnCompleted(at_us=at_us, turn=user, role="user", text=text, finish_reason="sent"),
            ]
        self._turn = next(self._turns)
        return [
            *events,
            TurnStarted(at_us=at_us, turn=self._turn, role="assistant"),
            RequestSent(
                at_us=at_us,
                turn=self._turn,
                provider="anthropic" if self._protocol == "anthropic" else "openai",
                model=as_text(fields.get("model")),
                messages=len(messages),
            ),
        ]

    def answered(self, status: int, content_type: str) -> None:
        """Take note of the head of the answer."""
        self._status = status
        if status < 400 and content_type.startswith("text/event-stream"):
            self._reader = SseReader(MOST_RECORDED_EVENT_BYTES)

    def received(self, piece: bytes, at_us: int) -> list[Event]:
        """Give the events of a piece of the answer's body."""
        if self._reader is None:
            if len(self._whole) < _LARGEST_WHOLE_BYTES:
                self._whole += piece
            return []
        if self._failed or self._said_done:
            return []
        try:
            payloads = self._reader.feed(piece)
        except TooMuch as error:
            return self._fail(
                f"{self._host} broke the answer off ({error}); what arrived is kept.", at_us
            )
        return [event for data in payloads for event in self._chunk(data, at_us)]

    def ended(self, at_us: int) -> list[Event]:
        """Give the events of the end of the body."""
        fields = read_object(bytes(self._whole))
        events: list[Event] = []
        if self._status >= 400:
            message = as_text(as_object(fields.get("error")).get("message"))
            events = self._fail(
                f"{self._host} refused the request ({self._status}: {message}); ask again.", at_us
            )
        elif self._reader is None:
            events = self._understood_whole(fields, at_us)
        if self._said_done:
            # Some servers give no reason, but say that it is the end.
            self._reason = self._reason or "stop"
        if not self._reason and not self._failed:
            events += self._fail(
                f"{self._host} ended the stream before the model had finished.", at_us
            )
        if not self._failed:
            events.append(ModelFinished(at_us=at_us, turn=self._turn, reason=self._reason))
        return [*events, *self._completed(at_us)]

    def broken(self, at_us: int) -> list[Event]:
        """Give the events of a service that was lost."""
        if self._said_done:
            return self.ended(at_us)
        begun = self._status > 0
        detail = (
            f"{self._host} broke the answer off (the connection was lost); what arrived is kept."
            if begun
            else f"The model cannot be reached at {self._host}; check --upstream."
        )
        return [*self._fail(detail, at_us), *self._completed(at_us)]

    def left(self, at_us: int) -> list[Event]:
        """Give the events of a client that has gone away."""
        if self._over:
            return []
        self._reason = "interrupted"
        cut = TurnInterrupted(
            at_us=at_us, turn=self._turn, heard_text="".join(self._texts), heard_samples=0
        )
        return [cut, *self._completed(at_us)]

    # --- one chunk ----------------------------------------------------------------------------

    def _chunk(self, data: str, at_us: int) -> list[Event]:
        if data.strip() == _END_OF_CHAT:
            self._said_done = True
            return []
        fields = read_object(data)
        if as_text(fields.get("type")) == "error" or as_object(fields.get("error")):
            error = as_object(fields.get("error")) or fields
            return self._broken_off(as_text(error.get("type")), error, at_us)
        raw = ModelChunkReceived(at_us=at_us, turn=self._turn, raw=data)
        if as_text(fields.get("type")) == "response.failed":
            error = as_object(as_object(fields.get("response")).get("error"))
            return [raw, *self._broken_off(as_text(error.get("code")), error, at_us)]
        return [raw, *self._understand(fields, at_us)]

    def _broken_off(self, kind: str, error: dict[str, Any], at_us: int) -> list[Event]:
        """The events of an error of the service within a stream."""
        message = as_text(error.get("message"))
        named = f"{kind}: {message}" if kind.endswith("_error") else message
        return self._fail(
            f"{self._host} broke the answer off ({named}); what arrived is kept.", at_us
        )

    def _understood_whole(self, fields: dict[str, Any], at_us: int) -> list[Event]:
        """The events of an answer in one body, which is its only chunk."""
        raw = bytes(self._whole).decode(errors="replace")
        chunk = ModelChunkReceived(at_us=at_us, turn=self._turn, raw=raw)
        return [*([chunk] if fields else []), *self._understand(fields, at_us)]

    def _understand(self, fields: dict[str, Any], at_us: int) -> list[Event]:
        """The events of a chunk, or of an answer in one body."""
        events: list[Event] = []
        for part in self._answer.read(fields):
            match part:
                case TextPiece(text=text):
                    self._texts.append(text)
                    events.append(DeltaReceived(at_us=at_us, turn=self._turn, text=text))
                case EndPart(reason=reason):
                    self._reason = reason
                case UsagePart(input_tokens=sent, output_tokens=received) if received:
                    events.append(
                        UsageReported(
                            at_us=at_us,
                            turn=self._turn,
                            input_tokens=sent,
                            output_tokens=received,
                        )
                    )
                case _:
                    pass
        return events

    def _fail(self, detail: str, at_us: int) -> list[Event]:
        self._failed = True
        return [Failed(at_us=at_us, stage="model", detail=detail, turn=self._turn)]

    def _completed(self, at_us: int) -> list[Event]:
        self._over = True
        reason = "failed" if self._failed else self._reason
        return [
            TurnCompleted(
                at_us=at_us,
                turn=self._turn,
                role="assistant",
                text="".join(self._texts),
                finish_reason=reason,
            )
        ]
