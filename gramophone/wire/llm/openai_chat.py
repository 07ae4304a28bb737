"""OpenAI's Chat Completions, the server's side: requests are read, answers are written.

Shapes: openai 3.52 (`types/chat`), and chunks as the service was seen to send them: a role first,
then one delta a chunk, then an empty one with the finish reason, then the usage with no choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

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
from gramophone.wire.llm.answer import (
    OPENAI,
    WORDLESS,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.answer_blocks import PlainPiece, ToolBlock, blocks_of, plain_pieces
from gramophone.wire.llm.deterministic_ids import CREATED_S, CallIds, made_id
from gramophone.wire.llm.errors import body, openai_error, refusal_of
from gramophone.wire.llm.limits import AnswerLimits, limits_of
from gramophone.wire.llm.refusals.chat import chat_refusal
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
from gramophone.wire.llm.responses_echo import served_tier
from gramophone.wire.llm.token_usage import prompt_chars, usage_of
from gramophone.wire.sse import DONE, Timed, event_bytes, raw_event

_ROLES = ("system", "assistant", "user", "function", "tool", "developer")


@frozen
class ChatRequest:
    """The part of a request that its answer depends on.

    `prompt` is the user's last text; `step` the number of its answers with calls to tools so far;
    `calls` the number of all calls in the conversation; `service_tier` and `metadata` come back.
    """

    model: str
    prompt: str
    stream: bool
    include_usage: bool
    prompt_chars: int
    limits: AnswerLimits = AnswerLimits()
    step: int = 0
    calls: int = 0
    pictures: RequestPictures = RequestPictures()
    service_tier: object = "default"
    metadata: object = None
    created_s: int = CREATED_S


def parse_chat(payload: bytes, *, strict: bool = False, created_s: int = CREATED_S) -> ChatRequest:
    """Read a request; unknown fields are ignored. When `strict`, all that the service refuses is.

    Its answer is dated `created_s`, in seconds since 1970.

    Raises:
        RequestRefused: the service would refuse it.
    """
    fields = json_body(payload)
    if not as_text(fields.get("model")):
        refuse("you must provide a model parameter")
    messages = _messages(fields.get("messages"))
    refuse_if(chat_refusal(fields) if strict else None)
    stream = asks_for_stream(fields)
    options = fields.get("stream_options")
    if options is not None and not stream:
        sentence = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        refuse(sentence, param="stream_options")
    if fields.get("n") not in (None, 1):
        refuse("Only one choice is given: 'n' must be 1.", param="n", code="unsupported_value")
    prompt, step = last_prompt(messages)
    most = fields.get("max_completion_tokens") or fields.get("max_tokens")
    return ChatRequest(
        model=as_text(fields["model"]),
        prompt=prompt,
        stream=stream,
        include_usage=as_object(options).get("include_usage") is True,
        prompt_chars=prompt_chars(
            messages, fields.get("tools"), fields.get("functions"), fields.get("response_format")
        ),
        limits=limits_of(most, fields.get("stop"), tools=offers_tools(fields)),
        step=step,
        calls=calls_in(messages),
        pictures=request_pictures(messages),
        service_tier=served_tier(fields.get("service_tier")),
        metadata=fields.get("metadata"),
        created_s=created_s,
    )


def _messages(messages: object) -> list[Any]:
    if messages is None:
        refuse(
            "Missing required parameter: 'messages'.",
            param="messages",
            code="missing_required_parameter",
        )
    if not is_list(messages):
        refuse(
            "Invalid type for 'messages': expected an array of objects, "
            f"but got {article(messages)} instead.",
            param="messages",
            code="invalid_type",
        )
    if not messages:
        refuse(
            "Invalid 'messages': empty array. Expected an array with minimum length 1, "
            "but got an empty array instead.",
            param="messages",
            code="empty_array",
        )
    for number, message in enumerate(as_list(messages)):
        # Names of parameters are made for a refusal only.
        if not _is_message(message):
            _refuse_message(message, f"messages[{number}]")
    return as_list(messages)


def _is_message(value: object) -> bool:
    fields = as_object(value)
    content = fields.get("content")
    return fields.get("role") in _ROLES and (content is None or isinstance(content, str | list))


def _refuse_message(message: object, param: str) -> NoReturn:
    if not is_object(message):
        refuse(
            f"Invalid type for '{param}': expected an object, but got {article(message)} instead.",
            param=param,
            code="invalid_type",
        )
    role = as_object(message).get("role")
    if role is None:
        refuse(
            f"Missing required parameter: '{param}.role'.",
            param=f"{param}.role",
            code="missing_required_parameter",
        )
    if role not in _ROLES:
        refuse(
            f"Invalid value: '{role}'. Supported values are: "
            "'system', 'assistant', 'user', 'function', 'tool', and 'developer'.",
            param=f"{param}.role",
            code="invalid_value",
        )
    content = article(as_object(message).get("content"))
    refuse(
        f"Invalid type for '{param}.content': expected one of a string or array of objects, "
        f"but got {content} instead.",
        param=f"{param}.content",
        code="invalid_type",
    )


# --- the whole answer -------------------------------------------------------------------------


def render_chat(answer: ModelAnswer, request: ChatRequest, ordinal: int) -> bytes:
    """The answer as one JSON body; a failure of it is not written here."""
    raw = answer.recorded_for(OPENAI) or ()
    if len(raw) == 1 and not _is_chunk(raw[0]) and _choices(raw[0]):
        return encoded(raw[0].raw)
    pieces = plain_pieces(answer)
    texts = [piece.text for piece in pieces if isinstance(piece, TextPiece)]
    thoughts = [piece.text for piece in pieces if isinstance(piece, ThinkingPiece)]
    ids = CallIds(ordinal, request.calls)
    calls = [
        {
            "id": call.id or ids.id_of("call_", call.index),
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in blocks_of(answer)
        if isinstance(call, ToolBlock)
    ]
    message: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts or not calls else None,
        "refusal": None,
        "annotations": [],
    }
    if thoughts:
        message["reasoning_content"] = "".join(thoughts)
    if calls:
        message["tool_calls"] = calls
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": _finish_reason(answer, pieces),
    }
    head = _head(request, ordinal, "chat.completion")
    if request.metadata is not None:
        head["metadata"] = request.metadata
    return body({**head, "choices": [choice], "usage": _usage(answer, request, pieces)})


# --- the stream -------------------------------------------------------------------------------


def chat_events(answer: ModelAnswer, request: ChatRequest, ordinal: int) -> list[Timed]:
    """The answer as events of a stream, with their instants.

    Recorded chunks go out as they are; a finish reason, the usage if it was asked for, and `[DONE]`
    are added where they are missing, unless the failure is that they are.
    """
    raw = answer.recorded_for(OPENAI)
    if raw is not None and not any(_is_chunk(piece) for piece in raw):
        raw = None
    writer = _ChunkWriter(request, ordinal)
    pieces = plain_pieces(answer)
    events = list(_recorded(raw, request) if raw is not None else writer.pieces(pieces))
    if any(read_object(piece.raw).get("error") for piece in raw or ()):
        return events
    end_us = answer.due_us
    if answer.failure is not None:
        if answer.failure.kind not in WORDLESS:
            error = openai_error(refusal_of(answer.failure, anthropic=False))
            events.append((end_us, event_bytes(error)))
        return events
    if raw is None or not any(_finishes(piece) for piece in raw):
        events.append((end_us, writer.chunk({}, _finish_reason(answer, pieces))))
    if request.include_usage and not any(_counts(piece) for piece in raw or ()):
        events.append((end_us, writer.usage(_usage(answer, request, pieces))))
    return [*events, (end_us, DONE)]


def _recorded(raw: Sequence[RawPiece], request: ChatRequest) -> Iterator[Timed]:
    for piece in raw:
        # The chunk with the usage has no choice, and clients that did not ask for one read
        # `choices[0]`.
        if _counts(piece) and not request.include_usage and not _choices(piece):
            continue
        yield piece.due_us, raw_event(piece.raw)


def _choices(piece: RawPiece) -> list[Any]:
    return as_list(read_object(piece.raw).get("choices"))


def _is_chunk(piece: RawPiece) -> bool:
    return any("delta" in as_object(choice) for choice in _choices(piece))


def _finishes(piece: RawPiece) -> bool:
    return any(as_object(choice).get("finish_reason") for choice in _choices(piece))


def _counts(piece: RawPiece) -> bool:
    return bool(as_object(read_object(piece.raw).get("usage")))


# Chunks repeat one head; what changes is the delta of the one choice. Clients join them: `role`
# comes in the first alone, id and name of a call with the first piece of its index, and `usage` is
# null in every chunk but the last if it was asked for, else absent.
class _ChunkWriter:
    def __init__(self, request: ChatRequest, ordinal: int) -> None:
        self._head = _head(request, ordinal, "chat.completion.chunk")
        self._tail: dict[str, Any] = {"usage": None} if request.include_usage else {}
        self._ids = CallIds(ordinal, request.calls)

    def pieces(self, pieces: Sequence[PlainPiece]) -> Iterator[Timed]:
        first_us = pieces[0].due_us if pieces else 0
        content = None if pieces and isinstance(pieces[0], ToolPiece) else ""
        role = {"role": "assistant", "content": content, "refusal": None}
        yield first_us, self.chunk(role)
        begun: set[int] = set()
        for piece in pieces:
            if not isinstance(piece, ThinkingPiece) or piece.text:
                yield piece.due_us, self.chunk(self._delta(piece, begun))

    def chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return event_bytes({**self._head, "choices": [choice], **self._tail})

    def usage(self, usage: dict[str, Any]) -> bytes:
        return event_bytes({**self._head, "choices": [], "usage": usage})

    def _delta(self, piece: PlainPiece, begun: set[int]) -> dict[str, Any]:
        match piece:
            case TextPiece(text=text):
                return {"content": text}
            case ThinkingPiece(text=text):
                # OpenAI sends no reasoning; this is the field of other servers of its protocol.
                return {"reasoning_content": text}
            case ToolPiece():
                call: dict[str, Any] = {"index": piece.index}
                function = {"arguments": piece.arguments}
                if piece.index not in begun:
                    begun.add(piece.index)
                    id_ = piece.id or self._ids.id_of("call_", piece.index)
                    call |= {"id": id_, "type": "function"}
                    function = {"name": piece.name, **function}
                return {"tool_calls": [{**call, "function": function}]}


def _head(request: ChatRequest, ordinal: int, object_type: str) -> dict[str, Any]:
    return {
        "id": made_id("chatcmpl-", ordinal),
        "object": object_type,
        "created": request.created_s,
        "model": request.model,
        "service_tier": request.service_tier,
        "system_fingerprint": None,
    }


def _finish_reason(answer: ModelAnswer, pieces: Sequence[PlainPiece]) -> str:
    called = any(isinstance(piece, ToolPiece) for piece in pieces)
    return "tool_calls" if called and answer.finish_reason == "stop" else answer.finish_reason


def _usage(
    answer: ModelAnswer, request: ChatRequest, pieces: Sequence[PlainPiece]
) -> dict[str, Any]:
    usage = usage_of(answer, request.prompt_chars, pieces)
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
