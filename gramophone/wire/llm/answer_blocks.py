"""Content of an answer in any protocol: as plain pieces, and as blocks of them."""

# The three protocols cut the same content differently, and the reader needs to know just this much
# of each:
#
#   Chat Completions   one list of choices; text, reasoning and calls stand side by side in a
#                      `delta`. Calls carry an index of their own; id and name come with the first
#                      piece of an index, arguments are joined by index. Pieces of several calls
#                      may alternate.
#   Messages           content blocks, one open at a time: start, deltas, stop. `index` counts all
#                      blocks, so whether a delta is of a call is known from the start of its block.
#   Responses          output items, likewise; `output_index` counts all items, and events of many
#                      other kinds stand between them.
#
# All of it is read by shape and never refused: local servers leave fields out, send null for "" and
# invent fields (reasoning), and a recording must be readable whatever has made it. Unknown events
# are ignored, which Anthropic demands of clients. The numbers of calls are made consecutive at the
# end, since Chat counts calls from 0 and the others do not.

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_list, as_object, as_text, compact, read_object
from gramophone.wire.llm.answer import (
    AnswerPiece,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)

PlainPiece: TypeAlias = TextPiece | ThinkingPiece | ToolPiece


def plain_pieces(answer: ModelAnswer) -> tuple[PlainPiece, ...]:
    """The pieces with the provider's chunks read; calls are numbered from 0 as they come."""
    reader = _RawReader()
    plain = [piece for piece in answer.pieces for piece in _plain(piece, reader)]
    numbers: dict[int, int] = {}
    return tuple(
        ToolPiece(
            numbers.setdefault(piece.index, len(numbers)),
            piece.id,
            piece.name,
            piece.arguments,
            piece.due_us,
        )
        if isinstance(piece, ToolPiece)
        else piece
        for piece in plain
    )


_CALL_MARKS = ("tool_calls", "tool_use", "function_call")


def calls_tools(answer: ModelAnswer) -> bool:
    """Whether any piece of the answer is of a call to a tool."""
    # Few chunks have a mark of one, and to read them all takes long.
    return any(
        any(mark in piece.raw for mark in _CALL_MARKS)
        if isinstance(piece, RawPiece)
        else isinstance(piece, ToolPiece)
        for piece in answer.pieces
    ) and any(isinstance(piece, ToolPiece) for piece in plain_pieces(answer))


def _plain(piece: AnswerPiece, reader: _RawReader) -> Iterator[PlainPiece]:
    if isinstance(piece, RawPiece):
        yield from reader.read(piece)
    else:
        yield piece


# --- blocks -----------------------------------------------------------------------------------


@frozen
class TextBlock:
    """Consecutive pieces of text."""

    pieces: tuple[TextPiece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


@frozen
class ThinkingBlock:
    """Consecutive pieces of reasoning."""

    pieces: tuple[ThinkingPiece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def signature(self) -> str:
        """The last signature; empty when there is none."""
        return next((piece.signature for piece in reversed(self.pieces) if piece.signature), "")


@frozen
class ToolBlock:
    """A call to a tool, complete."""

    pieces: tuple[ToolPiece, ...]

    @property
    def index(self) -> int:
        return self.pieces[0].index

    @property
    def id(self) -> str:
        return next((piece.id for piece in self.pieces if piece.id), "")

    @property
    def name(self) -> str:
        return next((piece.name for piece in self.pieces if piece.name), "")

    @property
    def arguments(self) -> str:
        return "".join(piece.arguments for piece in self.pieces)


Block: TypeAlias = TextBlock | ThinkingBlock | ToolBlock


def blocks_of(answer: ModelAnswer) -> tuple[Block, ...]:
    """The pieces in blocks, one after the other, for protocols that open one at a time.

    Pieces of a call that others have interrupted are put together in the place of the first.
    """
    groups: list[list[PlainPiece]] = []
    calls: dict[int, list[PlainPiece]] = {}
    for piece in plain_pieces(answer):
        if isinstance(piece, ToolPiece) and piece.index in calls:
            calls[piece.index].append(piece)
        elif not isinstance(piece, ToolPiece) and groups and type(groups[-1][0]) is type(piece):
            groups[-1].append(piece)
        else:
            groups.append([piece])
            if isinstance(piece, ToolPiece):
                calls[piece.index] = groups[-1]
    return tuple(_block(group) for group in groups)


def _block(group: Sequence[PlainPiece]) -> Block:
    match group[0]:
        case TextPiece():
            return TextBlock(tuple(piece for piece in group if isinstance(piece, TextPiece)))
        case ThinkingPiece():
            return ThinkingBlock(
                tuple(piece for piece in group if isinstance(piece, ThinkingPiece))
            )
        case ToolPiece():
            return ToolBlock(tuple(piece for piece in group if isinstance(piece, ToolPiece)))


def call_input(arguments: str) -> dict[str, object]:
    """The arguments of a call as an object; anything else is put under the name `arguments`."""
    if not arguments.strip():
        return {}
    return read_object(arguments) or ({} if arguments.strip() == "{}" else {"arguments": arguments})


# --- the providers' protocols -----------------------------------------------------------------


class _RawReader:
    """A reader of chunks of all three protocols, told apart by shape, streamed or whole."""

    def __init__(self) -> None:
        # Anthropic counts all blocks, Responses all items: a call is known by that number.
        self._calls: set[int] = set()

    def read(self, piece: RawPiece) -> Iterator[PlainPiece]:
        fields = read_object(piece.raw)
        kind = as_text(fields.get("type"))
        if "choices" in fields:
            yield from _chat(fields, piece.due_us)
        elif kind.startswith("response.") or fields.get("object") == "response":
            yield from self._responses(kind, fields, piece.due_us)
        else:
            yield from self._messages(kind, fields, piece.due_us)

    def _messages(self, kind: str, fields: dict[str, object], due_us: int) -> Iterator[PlainPiece]:
        index = fields.get("index")
        index = index if isinstance(index, int) else 0
        if kind == "content_block_start":
            yield from self._block(as_object(fields.get("content_block")), index, due_us)
        elif kind == "message":
            for number, block in enumerate(as_list(fields.get("content"))):
                yield from self._block(as_object(block), number, due_us)
        elif kind == "content_block_delta":
            yield from self._delta(as_object(fields.get("delta")), index, due_us)

    def _block(self, block: dict[str, object], index: int, due_us: int) -> Iterator[PlainPiece]:
        match block.get("type"):
            case "text":
                if text := as_text(block.get("text")):
                    yield TextPiece(text, due_us)
            case "thinking":
                thought, signature = as_text(block.get("thinking")), as_text(block.get("signature"))
                if thought or signature:
                    yield ThinkingPiece(thought, signature, due_us)
            case "tool_use":
                piece = as_object(block.get("input"))
                arguments = compact(piece) if piece else ""
                self._calls.add(index)
                yield _call(index, block.get("id"), block.get("name"), arguments, due_us)
            case _:
                pass

    def _delta(self, delta: dict[str, object], index: int, due_us: int) -> Iterator[PlainPiece]:
        match delta.get("type"):
            case "text_delta":
                yield TextPiece(as_text(delta.get("text")), due_us)
            case "thinking_delta":
                yield ThinkingPiece(as_text(delta.get("thinking")), "", due_us)
            case "signature_delta":
                yield ThinkingPiece("", as_text(delta.get("signature")), due_us)
            case "input_json_delta" if index in self._calls:
                yield ToolPiece(index, "", "", as_text(delta.get("partial_json")), due_us)
            case _:
                pass

    def _responses(self, kind: str, fields: dict[str, object], due_us: int) -> Iterator[PlainPiece]:
        index = fields.get("output_index")
        index = index if isinstance(index, int) else 0
        delta = as_text(fields.get("delta"))
        match kind:
            case "":
                for number, item in enumerate(as_list(fields.get("output"))):
                    yield from self._item(as_object(item), number, due_us)
            case "response.output_item.added":
                item = as_object(fields.get("item"))
                if item.get("type") == "function_call":
                    yield from self._item(item, index, due_us)
            case "response.output_text.delta" | "response.refusal.delta":
                yield TextPiece(delta, due_us)
            case "response.reasoning_text.delta" | "response.reasoning_summary_text.delta":
                yield ThinkingPiece(delta, "", due_us)
            case "response.function_call_arguments.delta" if index in self._calls:
                yield ToolPiece(index, "", "", delta, due_us)
            case _:
                pass

    def _item(self, item: dict[str, object], index: int, due_us: int) -> Iterator[PlainPiece]:
        match item.get("type"):
            case "message":
                for part in map(as_object, as_list(item.get("content"))):
                    text = as_text(part.get("text")) or as_text(part.get("refusal"))
                    yield TextPiece(text, due_us)
            case "reasoning":
                for part in map(as_object, as_list(item.get("summary"))):
                    yield ThinkingPiece(as_text(part.get("text")), "", due_us)
            case "function_call":
                self._calls.add(index)
                arguments = as_text(item.get("arguments"))
                yield _call(index, item.get("call_id"), item.get("name"), arguments, due_us)
            case _:
                pass


def _chat(fields: dict[str, object], due_us: int) -> Iterator[PlainPiece]:
    for choice in map(as_object, as_list(fields.get("choices"))):
        if choice.get("index") not in (0, None):
            continue
        message = as_object(choice.get("delta")) or as_object(choice.get("message"))
        # Local servers put thoughts into a field of their own, under one of two names.
        if thought := as_text(message.get("reasoning_content")) or as_text(
            message.get("reasoning")
        ):
            yield ThinkingPiece(thought, "", due_us)
        for words in (message.get("content"), message.get("refusal")):
            if text := as_text(words):
                yield TextPiece(text, due_us)
        for number, call in enumerate(map(as_object, as_list(message.get("tool_calls")))):
            index = call.get("index")
            function = as_object(call.get("function"))
            yield _call(
                index if isinstance(index, int) else number,
                call.get("id"),
                function.get("name"),
                as_text(function.get("arguments")),
                due_us,
            )


def _call(index: int, id_: object, name: object, arguments: str, due_us: int) -> ToolPiece:
    return ToolPiece(index, as_text(id_), as_text(name), arguments, due_us)
