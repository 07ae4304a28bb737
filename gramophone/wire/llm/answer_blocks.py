"""Content of an answer in any protocol: as plain pieces, and as blocks of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import read_object
from gramophone.wire.llm.answer import (
    AnswerPiece,
    ModelAnswer,
    RawPiece,
    TextPiece,
    ThinkingPiece,
    ToolPiece,
)
from gramophone.wire.llm.stream_reader import StreamReader

PlainPiece: TypeAlias = TextPiece | ThinkingPiece | ToolPiece


def plain_pieces(answer: ModelAnswer) -> tuple[PlainPiece, ...]:
    """The pieces with the provider's chunks read; calls are numbered from 0 as they come."""
    reader = StreamReader()
    plain = [part for piece in answer.pieces for part in _plain(piece, reader)]
    numbers: dict[int, int] = {}
    return tuple(
        replace(piece, index=numbers.setdefault(piece.index, len(numbers)))
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


def _plain(piece: AnswerPiece, reader: StreamReader) -> Iterator[PlainPiece]:
    if isinstance(piece, RawPiece):
        for part in reader.read(read_object(piece.raw), piece.due_us):
            if isinstance(part, PlainPiece):
                yield part
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
