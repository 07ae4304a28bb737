"""OpenAI's Responses, the server's side: requests are read, answers are written.

Shapes: openai 3.52 (`types/responses`). Every event is named, and numbered from 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import (
    as_list,
    as_object,
    as_text,
    encoded,
    is_list,
    is_object,
    read_object,
)
from gramophone.wire.llm.answer import OPENAI_RESPONSES, WORDLESS, ModelAnswer, RawPiece
from gramophone.wire.llm.answer_blocks import (
    Block,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    blocks_of,
    calls_tools,
)
from gramophone.wire.llm.deterministic_ids import CREATED_S, CallIds, made_id
from gramophone.wire.llm.errors import ModelRefusal, body, refusal_of
from gramophone.wire.llm.limits import AnswerLimits, limits_of
from gramophone.wire.llm.openai_responses_closing import BrokenOff, failed_fields
from gramophone.wire.llm.refusals.responses import responses_refusal
from gramophone.wire.llm.request_pictures import RequestPictures, request_pictures
from gramophone.wire.llm.request_validation import (
    article,
    asks_for_stream,
    calls_in,
    json_body,
    last_prompt,
    offers_tools,
    refuse,
    refuse_if,
)
from gramophone.wire.llm.responses_echo import echoed_fields
from gramophone.wire.llm.token_usage import prompt_chars, usage_of
from gramophone.wire.sse import Timed, event_bytes, raw_event

_PROMPT = ("instructions", "input", "tools", "text")
"""Fields whose tokens count."""
_ENDINGS = ("response.completed", "response.incomplete", "response.failed", "error")


@frozen
class ResponsesRequest:
    """The part of a request that its answer depends on.

    `prompt` is the user's last text; `step` the number of its answers with calls to tools so far;
    `calls` the number of all calls in the conversation; `echo` has the fields that the response
    repeats, `input` the conversation as it was sent.
    """

    model: str
    prompt: str
    stream: bool
    previous_response_id: str
    prompt_chars: int
    echo: dict[str, Any]
    input: object = None
    limits: AnswerLimits = AnswerLimits()
    step: int = 0
    calls: int = 0
    pictures: RequestPictures = RequestPictures()
    created_s: int = CREATED_S


def parse_responses(
    payload: bytes, *, strict: bool = False, created_s: int = CREATED_S
) -> ResponsesRequest:
    """Read a request; unknown fields are ignored. When `strict`, all that the service refuses is.

    Its answer is dated `created_s`, in seconds since 1970.

    Raises:
        RequestRefused: the service would refuse it.
    """
    fields = json_body(payload)
    if not as_text(fields.get("model")):
        refuse(
            "Missing required parameter: 'model'.",
            param="model",
            code="missing_required_parameter",
        )
    prompt, step = _prompt(
        fields.get("input"), may_miss=fields.get("previous_response_id") is not None
    )
    refuse_if(responses_refusal(fields) if strict else None)
    stream = asks_for_stream(fields)
    return ResponsesRequest(
        model=as_text(fields["model"]),
        prompt=prompt,
        stream=stream,
        previous_response_id=as_text(fields.get("previous_response_id")),
        prompt_chars=prompt_chars(*(fields.get(name) for name in _PROMPT)),
        echo=echoed_fields(fields),
        input=fields.get("input"),
        limits=limits_of(fields.get("max_output_tokens"), tools=offers_tools(fields)),
        step=step,
        calls=calls_in(as_list(fields.get("input"))),
        pictures=request_pictures(as_list(fields.get("input"))),
        created_s=created_s,
    )


def _prompt(value: object, *, may_miss: bool) -> tuple[str, int]:
    if value is None and not may_miss:
        refuse(
            "Missing required parameter: 'input'.",
            param="input",
            code="missing_required_parameter",
        )
    if value is not None and not (isinstance(value, str) or is_list(value)):
        refuse(
            "Invalid type for 'input': expected one of a string or array of input items, "
            f"but got {article(value)} instead.",
            param="input",
            code="invalid_type",
        )
    if isinstance(value, str):
        return value, 0
    for number, item in enumerate(as_list(value)):
        if not is_object(item):
            refuse(
                f"Invalid type for 'input[{number}]': expected an input item, "
                f"but got {article(item)} instead.",
                param=f"input[{number}]",
                code="invalid_type",
            )
    return last_prompt(as_list(value))


def sent_id(answer: ModelAnswer, ordinal: int) -> str:
    """The id of the response with this answer: the recorded one, or one of this ordinal."""
    for piece in answer.recorded_for(OPENAI_RESPONSES) or ():
        fields = read_object(piece.raw)
        response = fields if fields.get("object") == "response" else fields.get("response")
        if id_ := as_text(as_object(response).get("id")):
            return id_
    return made_id("resp_", ordinal)


def call_ids(answer: ModelAnswer, calls_before: int, ordinal: int) -> list[str]:
    """The ids of the calls to functions in a response, with so many calls before it."""
    if not calls_tools(answer):
        return []
    ids = CallIds(ordinal, calls_before)
    calls = (block for block in blocks_of(answer) if isinstance(block, ToolBlock))
    return [_call_id(call, ids) for call in calls]


def _call_id(call: ToolBlock, ids: CallIds) -> str:
    return call.id or ids.id_of("call_", call.index)


# --- the whole answer -------------------------------------------------------------------------


def render_response(answer: ModelAnswer, request: ResponsesRequest, ordinal: int) -> bytes:
    """The answer as one JSON body; a failure of it is not written here."""
    raw = answer.recorded_for(OPENAI_RESPONSES) or ()
    if len(raw) == 1 and read_object(raw[0].raw).get("object") == "response":
        return encoded(raw[0].raw)
    return body(_ResponseWriter(answer, request, ordinal).response(_ending(answer)[1]))


def final_response(answer: ModelAnswer, request: ResponsesRequest, ordinal: int) -> dict[str, Any]:
    """The response object at the end of the answer, failed if it fails: as recorded, if it was."""
    for piece in reversed(answer.recorded_for(OPENAI_RESPONSES) or ()):
        fields = read_object(piece.raw)
        if fields.get("object") == "response":
            return fields
        if fields.get("type") in _ENDINGS and is_object(fields.get("response")):
            return as_object(fields.get("response"))
    writer = _ResponseWriter(answer, request, ordinal)
    failure = answer.failure
    if failure is None or failure.kind in WORDLESS:
        return writer.response(_ending(answer)[1])
    return writer.failed(refusal_of(failure, anthropic=False))


# --- the stream -------------------------------------------------------------------------------


def response_events(answer: ModelAnswer, request: ResponsesRequest, ordinal: int) -> list[Timed]:
    """The answer as events of a stream, with their instants.

    Recorded events go out as they are; a stream that breaks off is completed, unless its failure
    is that it does.
    """
    writer = _ResponseWriter(answer, request, ordinal)
    raw = answer.recorded_for(OPENAI_RESPONSES)
    if raw is not None and any(_type(piece).startswith("response.") for piece in raw):
        events = [(piece.due_us, raw_event(piece.raw, _type(piece))) for piece in raw]
        if any(_type(piece) in _ENDINGS for piece in raw):
            return events
        events += writer.after(BrokenOff([read_object(piece.raw) for piece in raw]))
    else:
        events = list(writer.begun())
        for number, block in enumerate(writer.blocks):
            events += writer.block(number, block)
    return [*events, *writer.ended()]


def _type(piece: RawPiece) -> str:
    return as_text(read_object(piece.raw).get("type"))


def _ending(answer: ModelAnswer) -> tuple[str, str]:
    """The last event, and the status of the response in it."""
    if answer.finish_reason in ("length", "content_filter"):
        return "response.incomplete", "incomplete"
    return "response.completed", "completed"


# Each item of the output is written as a bracket of events: item added, part added, deltas, part
# done, item done. The item is the same object throughout: empty where it is added, complete where
# it is done, and complete again in the response of the last event. So all items are built first.
# `sequence_number` counts the events of the response, in the order in which they are written.
class _ResponseWriter:
    """The events of one answer, numbered from 0 or on from a recording."""

    def __init__(self, answer: ModelAnswer, request: ResponsesRequest, ordinal: int) -> None:
        self.blocks = blocks_of(answer)
        self._answer = answer
        self._request = request
        self._ordinal = ordinal
        self._ids = CallIds(ordinal, request.calls)
        self._number = 0
        self._id = sent_id(answer, ordinal)
        self._passed_us = 0
        self._output = [self._item(number, block) for number, block in enumerate(self.blocks)]

    def after(self, broken_off: BrokenOff) -> list[Timed]:
        """Go on where a recording breaks off: the ends of what it has begun."""
        self._number = broken_off.next_number
        self._id = broken_off.response_id or self._id
        self._output = broken_off.output
        done_type = "response.output_item.done"
        return [
            self._event(self._answer.due_us, done_type, output_index=index, item=item)
            for index, item in broken_off.unfinished()
        ]

    def response(self, status: str) -> dict[str, Any]:
        """The response object as it stands now."""
        has_ended = status != "in_progress"
        why = {"length": "max_output_tokens"}.get(
            self._answer.finish_reason, self._answer.finish_reason
        )
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._request.created_s,
            "status": status,
            "completed_at": self._request.created_s if status == "completed" else None,
            "error": None,
            "incomplete_details": {"reason": why} if status == "incomplete" else None,
            "model": self._request.model,
            "output": self._output if has_ended else [],
            "usage": self._usage() if has_ended else None,
            **self._request.echo,
        }

    def failed(self, refusal: ModelRefusal) -> dict[str, Any]:
        """The response object of an answer that fails."""
        return {**self.response("in_progress"), **failed_fields(refusal)}

    # --- events ---------------------------------------------------------------------------

    def begun(self) -> Iterator[Timed]:
        first_us = self.blocks[0].pieces[0].due_us if self.blocks else 0
        for kind in ("response.created", "response.in_progress"):
            yield self._event(first_us, kind, response=self.response("in_progress"))

    def ended(self) -> list[Timed]:
        end_us = self._answer.due_us
        failure = self._answer.failure
        if failure is None:
            kind, status = _ending(self._answer)
            return [self._event(end_us, kind, response=self.response(status))]
        if failure.kind in WORDLESS:
            return []
        refusal = refusal_of(failure, anthropic=False)
        return [self._event(end_us, "response.failed", response=self.failed(refusal))]

    def block(self, output_index: int, block: Block) -> list[Timed]:
        """One item of the output, from its addition to its end."""
        item = self._output[output_index]
        at = {"output_index": output_index}
        within = {"item_id": item["id"], **at}
        first_us = block.pieces[0].due_us
        events = [
            self._event(
                first_us, "response.output_item.added", **at, item=self._opened(item, block)
            )
        ]
        match block:
            case TextBlock():
                events += self._text(block, {**within, "content_index": 0})
            case ThinkingBlock():
                events += self._thoughts(block, {**within, "summary_index": 0})
            case ToolBlock():
                events += self._call(block, within)
        last_us = block.pieces[-1].due_us
        return [*events, self._event(last_us, "response.output_item.done", **at, item=item)]

    def _text(self, block: TextBlock, at: dict[str, Any]) -> Iterator[Timed]:
        first_us, last_us = block.pieces[0].due_us, block.pieces[-1].due_us
        added_type, done_type = "response.content_part.added", "response.content_part.done"
        yield self._event(first_us, added_type, **at, part=_text_part(""))
        for piece in block.pieces:
            yield self._event(
                piece.due_us,
                "response.output_text.delta",
                **at,
                delta=piece.text,
                logprobs=[],
            )
        yield self._event(last_us, "response.output_text.done", **at, text=block.text, logprobs=[])
        yield self._event(last_us, done_type, **at, part=_text_part(block.text))

    def _thoughts(self, block: ThinkingBlock, at: dict[str, Any]) -> Iterator[Timed]:
        first_us, last_us = block.pieces[0].due_us, block.pieces[-1].due_us
        named = "response.reasoning_summary"
        yield self._event(first_us, f"{named}_part.added", **at, part=_summary(""))
        for piece in block.pieces:
            if piece.text:
                yield self._event(piece.due_us, f"{named}_text.delta", **at, delta=piece.text)
        yield self._event(last_us, f"{named}_text.done", **at, text=block.text)
        yield self._event(last_us, f"{named}_part.done", **at, part=_summary(block.text))

    def _call(self, block: ToolBlock, at: dict[str, Any]) -> Iterator[Timed]:
        named = "response.function_call_arguments"
        for piece in block.pieces:
            if piece.arguments:
                yield self._event(piece.due_us, f"{named}.delta", **at, delta=piece.arguments)
        last_us = block.pieces[-1].due_us
        yield self._event(last_us, f"{named}.done", **at, arguments=block.arguments)

    def _event(self, due_us: int, kind: str, **fields: Any) -> Timed:
        numbered = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        # Items go out one after the other, though pieces of several calls may have come in turns:
        # what stands behind a late piece waits for it.
        self._passed_us = max(self._passed_us, due_us)
        return self._passed_us, event_bytes(numbered, kind)

    # --- objects --------------------------------------------------------------------------

    def _item(self, output_index: int, block: Block) -> dict[str, Any]:
        match block:
            case TextBlock():
                return {
                    "id": made_id("msg_", self._ordinal, output_index),
                    "type": "message",
                    "status": "completed",
                    "role": "assistant",
                    "content": [_text_part(block.text)],
                }
            case ThinkingBlock():
                item: dict[str, Any] = {
                    "id": made_id("rs_", self._ordinal, output_index),
                    "type": "reasoning",
                    "summary": [_summary(block.text)],
                }
                return {**item, "encrypted_content": block.signature} if block.signature else item
            case ToolBlock():
                return {
                    "id": self._ids.id_of("fc_", block.index),
                    "type": "function_call",
                    "status": "completed",
                    "call_id": _call_id(block, self._ids),
                    "name": block.name,
                    "arguments": block.arguments,
                }

    def _opened(self, item: dict[str, Any], block: Block) -> dict[str, Any]:
        """The item as it stands before anything of it has come."""
        match block:
            case TextBlock():
                return {**item, "status": "in_progress", "content": []}
            case ThinkingBlock():
                return {**item, "summary": []}
            case ToolBlock():
                return {**item, "status": "in_progress", "arguments": ""}

    def _usage(self) -> dict[str, Any]:
        pieces = [piece for block in self.blocks for piece in block.pieces]
        usage = usage_of(self._answer, self._request.prompt_chars, pieces)
        return {
            "input_tokens": usage.input_tokens,
            "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": usage.output_tokens,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
            "total_tokens": usage.total_tokens,
        }


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _summary(text: str) -> dict[str, Any]:
    return {"type": "summary_text", "text": text}
