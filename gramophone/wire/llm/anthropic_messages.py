"""Anthropic's Messages, the server's side: requests are read, answers are written.

Shapes: anthropic 2.11 (`types/`). Versions: 2023-06-01, and 2026-10-21, which refuses the
sampling parameters (platform.claude.com, migration-2026-10-21).
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
from gramophone.wire.llm.answer import ANTHROPIC, WORDLESS, ModelAnswer, RawPiece
from gramophone.wire.llm.answer_blocks import (
    Block,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    blocks_of,
    call_input,
)
from gramophone.wire.llm.deterministic_ids import CallIds, made_id, made_signature
from gramophone.wire.llm.errors import anthropic_error, body, refusal_of
from gramophone.wire.llm.limits import AnswerLimits, limits_of
from gramophone.wire.llm.refusals.messages import messages_refusal
from gramophone.wire.llm.request_pictures import RequestPictures, request_pictures
from gramophone.wire.llm.request_validation import (
    calls_in,
    json_body,
    last_prompt,
    offers_tools,
    refuse,
    refuse_if,
)
from gramophone.wire.llm.token_usage import guessed_tokens, prompt_chars, usage_of
from gramophone.wire.sse import Timed, event_bytes, raw_event

VERSIONS = ("2023-06-01", "2026-10-21")
_STRICT_SINCE = "2026-10-21"
_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_EVENTS = frozenset(
    {
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
        "ping",
        "error",
    }
)

_INPUT_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


@frozen
class MessagesRequest:
    """The part of a request that its answer depends on.

    `prompt` is the user's last text; `step` the number of its answers with calls to tools so far;
    `calls` the number of all calls in the conversation.
    """

    model: str
    prompt: str
    stream: bool
    prompt_chars: int
    limits: AnswerLimits = AnswerLimits()
    step: int = 0
    calls: int = 0
    pictures: RequestPictures = RequestPictures()


def parse_messages(
    payload: bytes, version: str, *, counting: bool = False, strict: bool = False, betas: str = ""
) -> MessagesRequest:
    """Read a request; unknown fields are ignored. When `strict`, all that the service refuses is.

    `version` and `betas` are headers; a request that only counts its tokens needs no `max_tokens`.

    Raises:
        RequestRefused: the service would refuse it.
    """
    if not version:
        refuse("anthropic-version: header is required")
    if version not in VERSIONS:
        refuse(f'anthropic-version: "{version}" is not a valid version')
    fields = json_body(payload, "The request body is not valid JSON.")
    if not as_text(fields.get("model")):
        refuse("model: Field required")
    limit = fields.get("max_tokens")
    if not counting:
        if limit is None:
            refuse("max_tokens: Field required")
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            refuse("max_tokens: Input should be a whole number greater than or equal to 1")
    stream = _stream(fields)
    messages = _messages(fields.get("messages"))
    refuse_if(messages_refusal(fields, betas) if strict else None)
    if version >= _STRICT_SINCE:
        _check_strictly(fields, messages)
    prompt, step = last_prompt(messages)
    return MessagesRequest(
        model=as_text(fields["model"]),
        prompt=prompt,
        stream=stream,
        prompt_chars=prompt_chars(fields.get("system"), messages, fields.get("tools")),
        limits=limits_of(limit, as_list(fields.get("stop_sequences")), tools=offers_tools(fields)),
        step=step,
        calls=calls_in(messages),
        pictures=request_pictures(messages),
    )


def _stream(fields: dict[str, Any]) -> bool:
    stream = fields.get("stream") or False
    if not isinstance(stream, bool):
        refuse("stream: Input should be a valid boolean")
    return stream


def _messages(messages: object) -> list[Any]:
    if messages is None:
        refuse("messages: Field required")
    if not is_list(messages):
        refuse("messages: Input should be a valid list")
    if not messages:
        refuse("messages: at least one message is required")
    for number, message in enumerate(as_list(messages)):
        if not is_object(message):
            refuse(f"messages.{number}: Input should be a valid dictionary")
        role, content = as_object(message).get("role"), as_object(message).get("content")
        if role not in ("user", "assistant"):
            refuse(f"messages.{number}.role: Input should be 'user' or 'assistant'")
        if content is None:
            refuse(f"messages.{number}.content: Field required")
        if not (isinstance(content, str) or is_list(content)):
            refuse(f"messages.{number}.content: Input should be a valid string or list")
    return as_list(messages)


def _check_strictly(fields: dict[str, Any], messages: list[Any]) -> None:
    for name in ("temperature", "top_p", "top_k"):
        if fields.get(name) is not None:
            refuse(f"{name}: is not supported in version {_STRICT_SINCE}")
    for number, message in enumerate(map(as_object, messages)):
        for part in map(as_object, as_list(message.get("content"))):
            if message["role"] == "assistant" and part.get("type") == "document":
                refuse(f"messages.{number}.content: assistant messages take no document blocks")
            if message["role"] == "user" and part.get("type") == "text" and part.get("citations"):
                refuse(f"messages.{number}.content: user text takes no citations")


# --- the whole answer -------------------------------------------------------------------------


def render_message(answer: ModelAnswer, request: MessagesRequest, ordinal: int) -> bytes:
    """The answer as one JSON body; a failure of it is not written here."""
    raw = answer.recorded_for(ANTHROPIC) or ()
    if len(raw) == 1 and _type(raw[0]) == "message":
        return encoded(raw[0].raw)
    blocks = blocks_of(answer)
    ids = CallIds(ordinal, request.calls)
    message = _message(answer, request, ordinal)
    message["content"] = [_whole(block, ids) for block in blocks]
    message["stop_reason"] = _stop_reason(answer, blocks)
    message["stop_sequence"] = answer.stop_sequence or None
    message["usage"] |= _final_usage(answer, request, blocks)
    return body(message)


def message_id(answer: ModelAnswer, ordinal: int) -> str:
    """Id of the answer of this ordinal; a recording has its own."""
    for piece in answer.recorded_for(ANTHROPIC) or ():
        if _type(piece) == "message":
            return as_text(read_object(piece.raw).get("id"))
        if _type(piece) == "message_start":
            return as_text(as_object(read_object(piece.raw).get("message")).get("id"))
    return made_id("msg_", ordinal)


def render_count(request: MessagesRequest) -> bytes:
    """The answer to a request that only counts its tokens."""
    return body({"input_tokens": guessed_tokens(request.prompt_chars)})


def _whole(block: Block, ids: CallIds) -> dict[str, Any]:
    match block:
        case TextBlock():
            return {"type": "text", "text": block.text}
        case ThinkingBlock():
            signature = block.signature or made_signature(block.text)
            return {"type": "thinking", "thinking": block.text, "signature": signature}
        case ToolBlock():
            return {**_tool_use(block, ids), "input": call_input(block.arguments)}


# --- the stream -------------------------------------------------------------------------------


def message_events(answer: ModelAnswer, request: MessagesRequest, ordinal: int) -> list[Timed]:
    """The answer as events of a stream, with their instants.

    Recorded events go out as they are; a stream that breaks off is completed, so that a client
    finds every block stopped and a `message_stop`, unless its failure is that there is none.
    """
    raw = answer.recorded_for(ANTHROPIC)
    if raw is not None and any(_type(piece) in _EVENTS for piece in raw):
        events = [(piece.due_us, raw_event(piece.raw, _type(piece))) for piece in raw]
        types = [_type(piece) for piece in raw]
        if "message_stop" in types or "error" in types:
            return events
        events += _closed(raw)
        ended = "message_delta" in types
    else:
        events = _AnswerWriter(answer, request, ordinal).events()
        ended = False
    return [*events, *_end(answer, request, ordinal, ended=ended)]


def _type(piece: RawPiece) -> str:
    return as_text(read_object(piece.raw).get("type"))


def _closed(raw: tuple[RawPiece, ...]) -> Iterator[Timed]:
    """The stops of blocks that a recording left open."""
    started = [
        read_object(piece.raw).get("index")
        for piece in raw
        if _type(piece) == "content_block_start"
    ]
    stopped = [
        read_object(piece.raw).get("index") for piece in raw if _type(piece) == "content_block_stop"
    ]
    for index in started:
        if index not in stopped:
            yield raw[-1].due_us, _event("content_block_stop", index=index)


def _end(
    answer: ModelAnswer, request: MessagesRequest, ordinal: int, *, ended: bool
) -> Iterator[Timed]:
    end_us = answer.due_us
    if answer.failure is not None:
        if answer.failure.kind not in WORDLESS:
            refusal = refusal_of(answer.failure, anthropic=True)
            error = anthropic_error(refusal, made_id("req_", ordinal))
            yield end_us, event_bytes(error, "error")
        return
    blocks = blocks_of(answer)
    if not ended:
        reason, sequence = _stop_reason(answer, blocks), answer.stop_sequence or None
        delta = {"stop_reason": reason, "stop_sequence": sequence}
        usage = _final_usage(answer, request, blocks) | _usage_at_start(answer)
        yield end_us, _event("message_delta", delta=delta, usage=usage)
    yield end_us, _event("message_stop")


class _AnswerWriter:
    """The events of one answer, up to the stop of its last block."""

    def __init__(self, answer: ModelAnswer, request: MessagesRequest, ordinal: int) -> None:
        self._blocks = blocks_of(answer)
        self._message = _message(answer, request, ordinal)
        self._ids = CallIds(ordinal, request.calls)

    def events(self) -> list[Timed]:
        passed_us, events = 0, list[Timed]()
        for due_us, event in self._events():
            # Blocks go out one after the other, though pieces of several calls may have come in
            # turns: what stands behind a late piece waits for it.
            passed_us = max(passed_us, due_us)
            events.append((passed_us, event))
        return events

    def _events(self) -> Iterator[Timed]:
        first_us = self._blocks[0].pieces[0].due_us if self._blocks else 0
        yield first_us, _event("message_start", message=self._message)
        for index, block in enumerate(self._blocks):
            start = _event(
                "content_block_start", index=index, content_block=_opened(block, self._ids)
            )
            yield block.pieces[0].due_us, start
            if index == 0:
                yield first_us, _event("ping")
            for due_us, delta in _deltas(block):
                yield due_us, _event("content_block_delta", index=index, delta=delta)
            yield block.pieces[-1].due_us, _event("content_block_stop", index=index)


def _opened(block: Block, ids: CallIds) -> dict[str, Any]:
    match block:
        case TextBlock():
            return {"type": "text", "text": ""}
        case ThinkingBlock():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case ToolBlock():
            return _tool_use(block, ids)


def _deltas(block: Block) -> Iterator[tuple[int, dict[str, Any]]]:
    match block:
        case TextBlock(pieces=pieces):
            for piece in pieces:
                yield piece.due_us, {"type": "text_delta", "text": piece.text}
        case ThinkingBlock(pieces=pieces):
            for piece in pieces:
                if piece.text:
                    yield piece.due_us, {"type": "thinking_delta", "thinking": piece.text}
            signature = block.signature or made_signature(block.text)
            yield pieces[-1].due_us, {"type": "signature_delta", "signature": signature}
        case ToolBlock(pieces=pieces):
            for piece in pieces:
                yield piece.due_us, {"type": "input_json_delta", "partial_json": piece.arguments}


def _event(kind: str, **fields: Any) -> bytes:
    return event_bytes({"type": kind, **fields}, kind)


# --- objects ----------------------------------------------------------------------------------


def _message(answer: ModelAnswer, request: MessagesRequest, ordinal: int) -> dict[str, Any]:
    usage = {
        **_final_usage(answer, request, ()),
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 1,
        "server_tool_use": None,
        "service_tier": "standard",
    }
    return {
        "id": message_id(answer, ordinal),
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }


def _tool_use(block: ToolBlock, ids: CallIds) -> dict[str, Any]:
    id_ = block.id or ids.id_of("toolu_", block.index)
    return {"type": "tool_use", "id": id_, "name": block.name, "input": {}}


def _stop_reason(answer: ModelAnswer, blocks: tuple[Block, ...]) -> str:
    if answer.stop_sequence:
        return "stop_sequence"
    called = any(isinstance(block, ToolBlock) for block in blocks)
    if called and answer.finish_reason == "stop":
        return "tool_use"
    return _STOP_REASONS.get(answer.finish_reason, answer.finish_reason)


# `message_delta` repeats the input: some clients read the whole usage there, and no other.
def _final_usage(
    answer: ModelAnswer, request: MessagesRequest, blocks: tuple[Block, ...]
) -> dict[str, Any]:
    pieces = [piece for block in blocks for piece in block.pieces]
    usage = usage_of(answer, request.prompt_chars, pieces)
    return {
        "input_tokens": usage.input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    }


def _usage_at_start(answer: ModelAnswer) -> dict[str, Any]:
    """Counts of the input that a recording has, also if it breaks off."""
    raw = answer.recorded_for(ANTHROPIC) or ()
    start = next((piece for piece in raw if _type(piece) == "message_start"), None)
    message = as_object(read_object(start.raw).get("message")) if start else {}
    usage = as_object(message.get("usage"))
    return {name: usage[name] for name in _INPUT_COUNTS if usage.get(name) is not None}
