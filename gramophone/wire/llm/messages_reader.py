"""Reader of answers in Anthropic's Messages: events of a stream, or one whole message."""

# An answer is a list of blocks, one open at a time: start, deltas, stop. `index` counts all blocks,
# so that a delta of a call is known from the start of its block. Text may stand in the start
# already; a `thinking` block has to be given back whole, with its signature, and so has a
# `redacted_thinking` block, of which nothing can be read. Unknown blocks, deltas and events are
# ignored, which Anthropic demands of clients.

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gramophone.wire.lenient_json import as_count, as_list, as_object, as_text, compact
from gramophone.wire.llm.answer import TextPiece, ThinkingPiece, ToolPiece
from gramophone.wire.llm.stream_parts import (
    AnswerPart,
    EndPart,
    GiveBackPart,
    UsagePart,
    error_part,
    is_number,
    unknown_fields,
)
from gramophone.wire.llm.text_joiner import TextJoiner

_INPUT_TOKENS: Final = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_OF_CALLS: Final = frozenset({"type", "id", "name", "input"})


class MessagesReader:
    """A `ProtocolReader` of Messages."""

    def __init__(self) -> None:
        self._input_tokens = 0
        self._calls: dict[int, int] = {}
        self._call_count = 0
        self._thinking: dict[str, object] = {}
        self._thoughts: list[str] = []
        self._joiner = TextJoiner()

    def read(self, fields: dict[str, object], due_us: int) -> Sequence[AnswerPart]:
        """See `ProtocolReader.read`."""
        number = fields.get("index")
        index = number if isinstance(number, int) and is_number(number) else 0
        match fields.get("type"):
            case "content_block_delta":
                return self._delta(as_object(fields.get("delta")), index, due_us)
            case "content_block_start":
                thought = self._whole_thought()
                return [
                    *thought,
                    *self._block(as_object(fields.get("content_block")), index, due_us),
                ]
            case "content_block_stop":
                return self._whole_thought()
            case "message_start":
                usage = as_object(as_object(fields.get("message")).get("usage"))
                self._input_tokens = _input_tokens(usage)
                return []
            case "message_delta":
                return self._end(as_object(fields.get("delta")), as_object(fields.get("usage")))
            case "message":
                return self._message(fields, due_us)
            case "error":
                return [error_part(fields.get("error"))]
            case _:
                return []

    def end(self) -> Sequence[AnswerPart]:
        """See `ProtocolReader.end`."""
        return self._whole_thought()

    def _delta(self, delta: dict[str, object], index: int, due_us: int) -> Sequence[AnswerPart]:
        match delta.get("type"):
            case "text_delta":
                text = self._joiner.joined(as_text(delta.get("text")))
                return [TextPiece(text, due_us)] if text else []
            case "thinking_delta":
                thought = as_text(delta.get("thinking"))
                self._thoughts.append(thought)
                return [ThinkingPiece(thought, "", due_us)] if thought else []
            case "signature_delta":
                signature = as_text(delta.get("signature"))
                self._thinking["signature"] = signature
                return [ThinkingPiece("", signature, due_us)]
            case "input_json_delta" if index in self._calls:
                arguments = as_text(delta.get("partial_json"))
                return [ToolPiece(self._calls[index], "", "", arguments, due_us)]
            case _:
                return []

    def _block(self, block: dict[str, object], index: int, due_us: int) -> Sequence[AnswerPart]:
        match block.get("type"):
            case "text":
                self._joiner.begin_block()
                text = self._joiner.joined(as_text(block.get("text")))
                return [TextPiece(text, due_us)] if text else []
            case "thinking":
                self._joiner.begin_other()
                thought, signature = as_text(block.get("thinking")), as_text(block.get("signature"))
                self._thinking, self._thoughts = dict(block), [thought]
                return [ThinkingPiece(thought, signature, due_us)] if thought or signature else []
            case "redacted_thinking":
                return [GiveBackPart(compact(block))]
            case "tool_use":
                self._joiner.begin_other()
                return [self._call(block, index, due_us)]
            case _:
                self._joiner.begin_other()
                return []

    def _call(self, block: dict[str, object], index: int, due_us: int) -> ToolPiece:
        # An index that comes twice is another call all the same: the block of the first is over.
        number = self._calls[index] = self._call_count
        self._call_count += 1
        content = as_object(block.get("input"))
        return ToolPiece(
            number,
            as_text(block.get("id")),
            as_text(block.get("name")),
            compact(content) if content else "",
            due_us,
            unknown_fields(block, _OF_CALLS),
        )

    def _whole_thought(self) -> Sequence[AnswerPart]:
        """The thinking block that is over now, as it is to be given back."""
        if not self._thinking:
            return []
        block = {**self._thinking, "thinking": "".join(self._thoughts)}
        self._thinking, self._thoughts = {}, []
        # Without its signature the service refuses it; other servers of the protocol sign nothing.
        return [GiveBackPart(compact(block))] if block.get("signature") else []

    def _end(self, delta: dict[str, object], usage: dict[str, object]) -> Sequence[AnswerPart]:
        parts: list[AnswerPart] = []
        self._input_tokens = _input_tokens(usage) or self._input_tokens
        if isinstance(output := usage.get("output_tokens"), int):
            parts.append(UsagePart(self._input_tokens, as_count(output)))
        if reason := as_text(delta.get("stop_reason")):
            parts.append(EndPart(reason))
        return parts

    def _message(self, fields: dict[str, object], due_us: int) -> Sequence[AnswerPart]:
        parts: list[AnswerPart] = []
        for index, block in enumerate(as_list(fields.get("content"))):
            parts += self._block(as_object(block), index, due_us)
            parts += self._whole_thought()
        return [*parts, *self._end(fields, as_object(fields.get("usage")))]


def _input_tokens(usage: dict[str, object]) -> int:
    """Tokens of the whole request: `input_tokens` leaves out those that a cache had or took."""
    return sum(as_count(usage.get(name)) for name in _INPUT_TOKENS)
