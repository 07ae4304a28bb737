"""Quirks of servers that are not the providers' own, by name, for a stand-in that plays them.

A quirk changes an answer before it is written, or the events and bodies after that. An event of
another protocol than the quirk's stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, Final, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_list, as_object, as_text, read_object
from gramophone.wire.llm.answer import (
    AnswerPiece,
    ModelAnswer,
    TextPiece,
    ThinkingPiece,
)
from gramophone.wire.llm.answer_blocks import plain_pieces
from gramophone.wire.llm.errors import body
from gramophone.wire.sse import SseReader, Timed, event_bytes

Fields: TypeAlias = dict[str, Any]
Edit: TypeAlias = Callable[[Fields], Fields | None]
"""An event or a body as the server sends it; None where it does not."""


@frozen
class Quirk:
    """A quirk.

    Attributes:
        protocol: the protocol that has it, or "all".
        meaning: what the server does, as the documentation has it.
        edit: changes an event or a body.
        answer: changes the answer beforehand.
        whole: whether one JSON body comes where a stream was requested.
    """

    protocol: str
    meaning: str
    edit: Edit | None = None
    answer: Callable[[ModelAnswer], ModelAnswer] | None = None
    whole: bool = False


def quirky_answer(answer: ModelAnswer) -> ModelAnswer:
    """The answer as a server with its quirk has it."""
    quirk = QUIRKS.get(answer.quirk)
    return quirk.answer(answer) if quirk is not None and quirk.answer is not None else answer


def quirky_events(events: Sequence[Timed], name: str) -> list[Timed]:
    """The events of a stream with this quirk."""
    edit = QUIRKS[name].edit
    if edit is None:
        return list(events)
    edited = ((due_us, _edited_event(data, edit)) for due_us, data in events)
    return [(due_us, data) for due_us, data in edited if data]


def quirky_body(data: bytes, name: str) -> bytes:
    """The body of a whole answer with this quirk."""
    edit = QUIRKS[name].edit
    fields = read_object(data)
    edited = edit(fields) if edit is not None and fields else None
    return data if edited is None else body(edited)


def _edited_event(data: bytes, edit: Edit) -> bytes:
    (event,) = SseReader().events(data)
    fields = read_object(event.data)
    if not fields:
        return data
    edited = edit(fields)
    return b"" if edited is None else event_bytes(edited, event.name.decode())


# --- answers ----------------------------------------------------------------------------------


def _with_tags(answer: ModelAnswer, opening: str) -> ModelAnswer:
    """The thoughts of the answer as text between tags."""
    pieces: list[AnswerPiece] = []
    for thinks, run in groupby(
        plain_pieces(answer), lambda piece: isinstance(piece, ThinkingPiece)
    ):
        if not thinks:
            pieces += run
            continue
        thoughts = [piece for piece in run if isinstance(piece, ThinkingPiece)]
        pieces.append(TextPiece(opening, thoughts[0].due_us))
        pieces += (TextPiece(piece.text, piece.due_us) for piece in thoughts)
        pieces.append(TextPiece("\n</think>\n\n", thoughts[-1].due_us))
    return replace(answer, pieces=tuple(pieces), provider="")


# --- Chat Completions -------------------------------------------------------------------------


def _choices(fields: Fields) -> Iterator[tuple[Fields, Fields]]:
    """The choices of an event or a body, each with its delta or message."""
    for choice in map(as_object, as_list(fields.get("choices"))):
        yield choice, as_object(choice.get("delta", choice.get("message")))


def _of_deltas(change: Callable[[Fields], None]) -> Edit:
    """An edit that changes each delta or message."""

    def edit(fields: Fields) -> Fields:
        for _, delta in _choices(fields):
            change(delta)
        return fields

    return edit


def _of_calls(change: Callable[[Fields], None]) -> Edit:
    """An edit that changes each call of each delta or message."""

    def edit(delta: Fields) -> None:
        for call in map(as_object, as_list(delta.get("tool_calls"))):
            change(call)

    return _of_deltas(edit)


def _content_as_parts(delta: Fields) -> None:
    if text := as_text(delta.get("content")):
        delta["content"] = [{"type": "text", "text": text}]


def _thinking_as_reasoning(delta: Fields) -> None:
    if "reasoning_content" in delta:
        delta["reasoning"] = delta.pop("reasoning_content")


def _thinking_as_details(delta: Fields) -> None:
    if thought := as_text(delta.pop("reasoning_content", "")):
        delta["reasoning"] = thought
        delta["reasoning_details"] = [{"type": "reasoning.text", "text": thought, "index": 0}]


def _thinking_as_parts(delta: Fields) -> None:
    if thought := as_text(delta.pop("reasoning_content", "")):
        parts = [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}]
        text = as_text(delta.get("content"))
        delta["content"] = [*parts, {"type": "text", "text": text}] if text else parts


def _refusal(delta: Fields) -> None:
    if text := as_text(delta.get("content")):
        delta |= {"content": None, "refusal": text}


def _without_index(call: Fields) -> None:
    call.pop("index", None)


def _of_index_0(call: Fields) -> None:
    call["index"] = 0


def _second_without_id(call: Fields) -> None:
    if call.get("index"):
        call.pop("id", None)
        call["index"] = 0


def _arguments_as_object(call: Fields) -> None:
    function = as_object(call.get("function"))
    if arguments := read_object(as_text(function.get("arguments"))):
        function["arguments"] = arguments


def _signed(call: Fields) -> None:
    if call.get("id"):
        call["extra_content"] = {"google": {"thought_signature": "c2lnbmVk"}}


def _two_choices(fields: Fields) -> Fields:
    for choice, delta in list(_choices(fields)):
        if as_text(delta.get("content")):
            delta = {**delta, "content": "Another. "}
            name = "delta" if "delta" in choice else "message"
            fields["choices"].append({**choice, "index": 1, name: delta})
    return fields


def _finish_reason(reason: str | None) -> Edit:
    """An edit that puts this reason in the place of any."""

    def edit(fields: Fields) -> Fields:
        for choice, _ in _choices(fields):
            if choice.get("finish_reason"):
                choice["finish_reason"] = reason
        return fields

    return edit


def _usage_in_every_chunk(fields: Fields) -> Fields | None:
    if fields.get("object") != "chat.completion.chunk":
        return fields
    if not fields.get("choices"):
        return None
    return {**fields, "usage": {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}}


def _error_as_text(fields: Fields) -> Fields:
    error = as_object(fields.get("error"))
    return {"error": as_text(error.get("message"))} if error else fields


# --- all protocols ----------------------------------------------------------------------------


def _without_usage(fields: Fields) -> Fields | None:
    if fields.get("choices") == []:
        return None
    for part in (fields, as_object(fields.get("message")), as_object(fields.get("response"))):
        part.pop("usage", None)
    return fields


def _without_deltas(fields: Fields) -> Fields | None:
    kind = as_text(fields.get("type"))
    return None if kind.startswith("response.") and kind.endswith(".delta") else fields


def _unsigned(fields: Fields) -> Fields | None:
    if as_object(fields.get("delta")).get("type") == "signature_delta":
        return None
    blocks = [fields.get("content_block"), *as_list(fields.get("content"))]
    for block in map(as_object, blocks):
        block.pop("signature", None)
    return fields


QUIRKS: Final[Mapping[str, Quirk]] = {
    "whole-body": Quirk("all", "one JSON body where a stream was requested", whole=True),
    "no-usage": Quirk("all", "tokens are not counted", _without_usage),
    "think-tags": Quirk(
        "all",
        "thoughts stand in the text, between `<think>` and `</think>`",
        answer=lambda answer: _with_tags(answer, "<think>\n"),
    ),
    "think-tag-only-closed": Quirk(
        "all",
        "the same without the opening tag, as where the template has it",
        answer=lambda answer: _with_tags(answer, ""),
    ),
    "content-as-parts": Quirk(
        "chat", "the text is a list of parts (Mistral)", _of_deltas(_content_as_parts)
    ),
    "thinking-as-reasoning": Quirk(
        "chat", "thoughts in `reasoning` (vLLM)", _of_deltas(_thinking_as_reasoning)
    ),
    "thinking-as-details": Quirk(
        "chat",
        "thoughts in `reasoning_details` as well (OpenRouter)",
        _of_deltas(_thinking_as_details),
    ),
    "thinking-as-parts": Quirk(
        "chat", "thoughts are parts of the content (Mistral)", _of_deltas(_thinking_as_parts)
    ),
    "refusal": Quirk("chat", "the text comes as `refusal` (OpenAI)", _of_deltas(_refusal)),
    "two-choices": Quirk("chat", "a second choice stands beside the answer", _two_choices),
    "calls-without-index": Quirk("chat", "calls have no index (Gemini)", _of_calls(_without_index)),
    "calls-of-index-0": Quirk(
        "chat", "all calls have the index 0 (Ollama)", _of_calls(_of_index_0)
    ),
    "second-call-without-id": Quirk(
        "chat", "calls behind the first have the index 0 and no id", _of_calls(_second_without_id)
    ),
    "arguments-as-object": Quirk(
        "chat", "arguments are an object, not a text", _of_calls(_arguments_as_object)
    ),
    "signed-calls": Quirk(
        "chat", "calls carry a signature to give back (Gemini)", _of_calls(_signed)
    ),
    "stop-after-calls": Quirk(
        "chat", "the finish reason is `stop`, though there are calls", _finish_reason("stop")
    ),
    "no-finish-reason": Quirk("chat", "there is no finish reason", _finish_reason(None)),
    "usage-in-every-chunk": Quirk(
        "chat",
        "each chunk counts the tokens, and none has them alone (vLLM)",
        _usage_in_every_chunk,
    ),
    "error-as-text": Quirk(
        "chat", "the error inside a stream is a bare text (Ollama)", _error_as_text
    ),
    "unsigned-thinking": Quirk("messages", "thoughts have no signature", _unsigned),
    "no-deltas": Quirk(
        "responses", "items come whole, without deltas before them", _without_deltas
    ),
}
