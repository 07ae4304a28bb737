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
        return self._chunks(self._reader.read(as_object(fields)), raw) or [ModelChunk(raw)]

    def end(self, *, said_done: bool) -> Sequence[ModelChunk]:
        """Give what follows after the last event; `said_done` where the stream said its end."""
        chunks = self._chunks(self._reader.end(), "")
        if not self._finished:
            chunks += map(tag_chunk, self._tags.end(cut_short=not said_done))
            if said_done:
                # Some servers give no finish reason, but end the stream with `[DONE]`.
                chunks.append(ModelChunk("", finish_reason="stop"))
        return chunks

    def _chunks(self, parts: Sequence[AnswerPart], raw: str) -> list[ModelChunk]:
        """The chunks of an event; the first has the raw JSON."""
        chunks: list[ModelChunk] = []
        for part in parts:
            # Most parts are texts, and most texts a single piece.
            if isinstance(part, TextPiece) and not part.refusal:
                if self._tags.take_plain(part.text):
                    chunks.append(ModelChunk("" if chunks else raw, part.text))
                    continue
                for piece in self._tags.feed(part.text):
                    chunks.append(tag_chunk(piece, "" if chunks else raw))
            elif isinstance(part, EndPart):
                self._finished = True
                for piece in self._tags.end(cut_short=part.reason not in _GOOD_ENDS):
                    chunks.append(tag_chunk(piece, "" if chunks else raw))
                _add_closing(chunks, ModelChunk(raw, finish_reason=part.reason))
            elif isinstance(part, UsagePart):
                usage = Usage(part.input_tokens, part.output_tokens)
                _add_closing(chunks, ModelChunk(raw, usage=usage))
            elif isinstance(part, ErrorPart):
                self.error = self.error or part
            else:
                for piece in self._tags.flush():
                    chunks.append(tag_chunk(piece, "" if chunks else raw))
                chunks.append(_content_chunk(part, "" if chunks else raw))
        return chunks


def tag_chunk(piece: TagPiece, raw: str = "") -> ModelChunk:
    """The chunk of a piece that was read for think tags."""
    if piece.kind is TagKind.TEXT:
        return ModelChunk(raw, piece.text)
    if piece.kind is TagKind.THOUGHT:
        return ModelChunk(raw, "", piece.text)
    retracts = piece.kind is TagKind.RETRACT
    return ModelChunk(raw, retracts=retracts, unclosed=not retracts)


def _content_chunk(
    part: TextPiece | ThinkingPiece | ToolPiece | GiveBackPart, raw: str
) -> ModelChunk:
    if isinstance(part, ThinkingPiece):
        return ModelChunk(raw, "", part.text)
    if isinstance(part, ToolPiece):
        call = CallPart(part.index, part.id, part.name, part.arguments, part.give_back)
        return ModelChunk(raw, calls=(call,))
    if isinstance(part, GiveBackPart):
        return ModelChunk(raw, give_back=part.item)
    return ModelChunk(raw, part.text, refuses=True)


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
