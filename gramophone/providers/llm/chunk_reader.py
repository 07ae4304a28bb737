"""Reads the events of one answer as `ModelChunk`s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gramophone.ports.language_model import CallPart, ModelChunk, Usage
from gramophone.wire.lenient_json import as_object
from gramophone.wire.llm.answer import TextPiece, ThinkingPiece, ToolPiece
from gramophone.wire.llm.stream_parts import (
    AnswerPart,
    EndPart,
    ErrorPart,
    GiveBackPart,
    UsagePart,
)
from gramophone.wire.llm.stream_reader import StreamReader
from gramophone.wire.llm.think_tags import TagKind, TagPiece, ThinkTagMemory, ThinkTagReader

_GOOD_ENDS = frozenset({"stop", "end_turn", "stop_sequence", "completed"})
"""Finish reasons of an answer that came whole."""


class ChunkReader:
    """Reader of one answer; `error` is the error that the provider sent in place of the rest."""

    def __init__(self, memory: ThinkTagMemory) -> None:
        """`memory` is of the endpoint that answers."""
        self.error: ErrorPart | None = None
        self._reader = StreamReader()
        self._tags = ThinkTagReader(memory)
        self._finished = False

    def read(self, fields: object, raw: str) -> Sequence[ModelChunk]:
        """Read an event with any content: an SDK does not check what a server sends.

        Args:
            fields: the event, of JSON's types.
            raw: the same as text, for the first chunk.
        """
        chunks = self._chunks(self._reader.read(as_object(fields)))
        if not chunks:
            return [ModelChunk(raw)]
        chunks[0] = replace(chunks[0], raw=raw)
        return chunks

    def end(self, *, said_done: bool) -> Sequence[ModelChunk]:
        """Give what follows after the last event; `said_done` where the stream said its end."""
        chunks = self._chunks(self._reader.end())
        if not self._finished:
            chunks += map(_tag_chunk, self._tags.end(cut_short=not said_done))
            if said_done:
                # Some servers give no finish reason, but end the stream with `[DONE]`.
                chunks.append(ModelChunk("", finish_reason="stop"))
        return chunks

    def _chunks(self, parts: Sequence[AnswerPart]) -> list[ModelChunk]:
        chunks: list[ModelChunk] = []
        for part in parts:
            match part:
                case ErrorPart():
                    self.error = self.error or part
                case EndPart(reason=reason):
                    self._finished = True
                    pieces = self._tags.end(cut_short=reason not in _GOOD_ENDS)
                    chunks += map(_tag_chunk, pieces)
                    _add_closing(chunks, ModelChunk("", finish_reason=reason))
                case UsagePart(input_tokens=sent, output_tokens=received):
                    _add_closing(chunks, ModelChunk("", usage=Usage(sent, received)))
                case TextPiece(text=text, refusal=False):
                    chunks += map(_tag_chunk, self._tags.feed(text))
                case TextPiece() | ThinkingPiece() | ToolPiece() | GiveBackPart():
                    chunks += map(_tag_chunk, self._tags.flush())
                    chunks.append(_content_chunk(part))
        return chunks


def _tag_chunk(piece: TagPiece) -> ModelChunk:
    match piece.kind:
        case TagKind.TEXT:
            return ModelChunk("", piece.text)
        case TagKind.THOUGHT:
            return ModelChunk("", "", piece.text)
        case TagKind.RETRACT:
            return ModelChunk("", retracts=True)
        case TagKind.UNCLOSED:
            return ModelChunk("", unclosed=True)


def _content_chunk(part: TextPiece | ThinkingPiece | ToolPiece | GiveBackPart) -> ModelChunk:
    match part:
        case TextPiece(text=text):
            return ModelChunk("", text, refuses=True)
        case ThinkingPiece(text=text):
            return ModelChunk("", "", text)
        case ToolPiece(index=index, id=id_, name=name, arguments=arguments, give_back=give_back):
            return ModelChunk("", calls=(CallPart(index, id_, name, arguments, give_back),))
        case GiveBackPart(item=item):
            return ModelChunk("", give_back=item)


def _add_closing(chunks: list[ModelChunk], closing: ModelChunk) -> None:
    """Add usage or finish reason, to the last chunk of the same event if there is one."""
    if not chunks:
        chunks.append(closing)
        return
    last = chunks[-1]
    chunks[-1] = replace(
        last,
        usage=closing.usage or last.usage,
        finish_reason=closing.finish_reason or last.finish_reason,
    )
