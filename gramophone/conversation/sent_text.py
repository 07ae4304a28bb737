"""Text of one turn as it was sent to the speech service, in chunks and flushes."""

from __future__ import annotations

from dataclasses import dataclass, field

from gramophone.alignment.source_map import source_map
from gramophone.conversation.speech_pacer import TextBatch
from gramophone.core.timeline import FlushSent, TextSpoken
from gramophone.ports.speech import HeardPosition
from gramophone.text.chunker import Chunk


@dataclass(slots=True)
class SentText:
    """Chunks of a turn, by their numbers, and the last chunk of each flush."""

    turn: int
    _chunks: list[Chunk] = field(default_factory=list[Chunk])
    _last_chunks: dict[int, int] = field(default_factory=dict[int, int])

    def add(self, batch: TextBatch) -> None:
        """Take note of text that is to be sent; its chunks follow those before."""
        self._chunks += batch.chunks
        if batch.ends:
            self._last_chunks[batch.flush] = batch.last_chunk

    def text_spoken(self, number: int, now_us: int) -> TextSpoken:
        """Event of this chunk being sent."""
        chunk = self._chunks[number]
        return TextSpoken(
            at_us=now_us,
            turn=self.turn,
            chunk=number,
            text=chunk.text,
            source_start=chunk.source_start,
            source_end=chunk.source_end,
        )

    def flush_sent(self, flush: int, now_us: int) -> FlushSent:
        """Event of this flush being sent."""
        last_chunk = self._last_chunks[flush]
        return FlushSent(at_us=now_us, turn=self.turn, flush=flush, last_chunk=last_chunk)

    def source_chars(self, heard: HeardPosition, text: str) -> int:
        """Count the characters of the turn's `text` that were heard; marks behind the last word
        count as well."""
        if heard.chunk >= len(self._chunks):
            return len(text)
        chunk = self._chunks[heard.chunk]
        offsets = source_map(chunk.text, text, chunk.source_start, chunk.source_end)
        chars = offsets[min(heard.characters, len(chunk.text))]
        while 0 < chars < len(text) and not (text[chars].isalnum() or text[chars].isspace()):
            chars += 1
        return chars
