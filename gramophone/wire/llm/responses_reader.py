"""Reader of answers in OpenAI's Responses: events of a stream, or one whole response."""

# A stream carries everything twice: in deltas, and again in the `done` event of each part and item
# and in the response at the end. Deltas are read, and of the rest what no delta brought: servers
# that have the answer at once send no deltas. A reasoning item is to be given back as its `done`
# event has it, where it holds more than a summary.

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gramophone.wire.lenient_json import as_list, as_object, as_text, compact
from gramophone.wire.llm.answer import TextPiece, ThinkingPiece, ToolPiece
from gramophone.wire.llm.stream_parts import (
    AnswerPart,
    EndPart,
    GiveBackPart,
    error_part,
    is_number,
    unknown_fields,
    usage_part,
)
from gramophone.wire.llm.text_joiner import TextJoiner

_USAGE: Final = ("input_tokens", "output_tokens")
_OF_CALLS: Final = frozenset({"type", "id", "call_id", "name", "arguments", "status"})


class ResponsesReader:
    """A `ProtocolReader` of Responses."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}
        # Items of which text, thoughts or arguments have come as deltas.
        self._streamed: set[int] = set()
        self._given_back: set[int] = set()
        self._thought_part: tuple[int, object] | None = None
        self._joiner = TextJoiner()

    def read(self, fields: dict[str, object], due_us: int) -> Sequence[AnswerPart]:
        """See `ProtocolReader.read`."""
        number = fields.get("output_index")
        index = number if isinstance(number, int) and is_number(number) else 0
        match fields.get("type"):
            case "response.output_text.delta" | "response.refusal.delta" as kind:
                refusal = kind == "response.refusal.delta"
                return self._text(index, as_text(fields.get("delta")), due_us, refusal=refusal)
            case "response.reasoning_text.delta" | "response.reasoning_summary_text.delta":
                return self._thought(fields, index, due_us)
            case "response.function_call_arguments.delta" if index in self._calls:
                self._streamed.add(index)
                arguments = as_text(fields.get("delta"))
                return [ToolPiece(self._calls[index], "", "", arguments, due_us)]
            case "response.output_item.added":
                return self._added(as_object(fields.get("item")), index, due_us)
            case "response.output_item.done":
                return self._done(as_object(fields.get("item")), index, due_us)
            case "response.completed" | "response.incomplete" | "response.failed":
                return self._response(as_object(fields.get("response")), due_us)
            case "error":
                return [error_part(fields.get("error") or fields)]
            case None if fields.get("object") == "response":
                return self._response(fields, due_us)
            case _:
                return []

    def end(self) -> Sequence[AnswerPart]:
        """See `ProtocolReader.end`."""
        return []

    def _text(self, index: int, delta: str, due_us: int, *, refusal: bool) -> Sequence[AnswerPart]:
        self._streamed.add(index)
        text = self._joiner.joined(delta)
        return [TextPiece(text, due_us, refusal)] if text else []

    def _thought(self, fields: dict[str, object], index: int, due_us: int) -> Sequence[AnswerPart]:
        self._streamed.add(index)
        # Parts of a summary are paragraphs, and nothing stands between them.
        part = (index, fields.get("summary_index", fields.get("content_index")))
        gap = "\n\n" if self._thought_part not in (None, part) else ""
        self._thought_part = part
        return [ThinkingPiece(gap + as_text(fields.get("delta")), "", due_us)]

    def _added(self, item: dict[str, object], index: int, due_us: int) -> Sequence[AnswerPart]:
        match item.get("type"):
            case "function_call":
                self._joiner.begin_other()
                return [self._call(item, index, due_us)]
            case "message":
                self._joiner.begin_block()
            case _:
                self._joiner.begin_other()
        return []

    def _call(self, item: dict[str, object], index: int, due_us: int) -> ToolPiece:
        number = self._calls.setdefault(index, len(self._calls))
        arguments = as_text(item.get("arguments"))
        if arguments:
            self._streamed.add(index)
        id_, name = as_text(item.get("call_id")), as_text(item.get("name"))
        return ToolPiece(number, id_, name, arguments, due_us, unknown_fields(item, _OF_CALLS))

    def _done(self, item: dict[str, object], index: int, due_us: int) -> Sequence[AnswerPart]:
        """Parts that the item has at its end, and no event brought before."""
        parts: list[AnswerPart] = []
        if index not in self._streamed:
            parts += self._unstreamed(item, index, due_us)
        if item.get("type") == "reasoning" and index not in self._given_back:
            self._given_back.add(index)
            # An item with no more than its summary means nothing to a service that stored nothing.
            if item.get("encrypted_content") or item.get("content"):
                parts.append(GiveBackPart(compact(item)))
        return parts

    def _unstreamed(self, item: dict[str, object], index: int, due_us: int) -> Sequence[AnswerPart]:
        self._streamed.add(index)
        match item.get("type"):
            case "function_call" if index in self._calls:
                arguments = as_text(item.get("arguments"))
                piece = ToolPiece(self._calls[index], "", "", arguments, due_us)
                return [piece] if arguments else []
            case "function_call":
                self._joiner.begin_other()
                return [self._call(item, index, due_us)]
            case "message":
                return self._message(item, due_us)
            case "reasoning":
                self._joiner.begin_other()
                thoughts = as_list(item.get("summary")) or as_list(item.get("content"))
                texts = (as_text(as_object(part).get("text")) for part in thoughts)
                thought = "\n\n".join(filter(None, texts))
                return [ThinkingPiece(thought, "", due_us)] if thought else []
            case _:
                return []

    def _message(self, item: dict[str, object], due_us: int) -> Sequence[AnswerPart]:
        pieces: list[AnswerPart] = []
        for part in map(as_object, as_list(item.get("content"))):
            self._joiner.begin_block()
            refusal = as_text(part.get("refusal"))
            if text := self._joiner.joined(refusal or as_text(part.get("text"))):
                pieces.append(TextPiece(text, due_us, bool(refusal)))
        return pieces

    def _response(self, response: dict[str, object], due_us: int) -> Sequence[AnswerPart]:
        """The end of the answer, and the items of which nothing has come."""
        parts: list[AnswerPart] = []
        for index, item in enumerate(map(as_object, as_list(response.get("output")))):
            parts += self._done(item, index, due_us)
        if usage := usage_part(as_object(response.get("usage")), _USAGE):
            parts.append(usage)
        status = as_text(response.get("status"))
        if error := response.get("error"):
            return [*parts, error_part(error)]
        details = as_object(response.get("incomplete_details"))
        reason = as_text(details.get("reason")) or status
        return [*parts, EndPart(reason)] if reason else parts
