"""The one reader of what providers of language models send: all three protocols, streamed or whole.

The live adapters read with it as the answer comes, the stand-in reads recordings with it
(`answer_blocks`).
"""

# The three protocols cut the same content differently:
#
#   Chat Completions   one list of choices; text, reasoning and calls stand side by side in a
#                      `delta`. Pieces of several calls may alternate. (`chat_reader`)
#   Messages           content blocks, one open at a time: start, deltas, stop. (`messages_reader`)
#   Responses          output items, likewise; events of many other kinds stand between them.
#                      (`responses_reader`)
#
# All of it is read by shape and never refused: local servers leave fields out, send null for "" and
# invent fields, and a recording must be readable whatever has made it.

from __future__ import annotations

from collections.abc import Sequence

from gramophone.wire.lenient_json import as_text
from gramophone.wire.llm.chat_reader import ChatReader
from gramophone.wire.llm.messages_reader import MessagesReader
from gramophone.wire.llm.responses_reader import ResponsesReader
from gramophone.wire.llm.stream_parts import AnswerPart, ProtocolReader


class StreamReader:
    """A reader of one answer; the shape of an event says which protocol it is of."""

    def __init__(self) -> None:
        self._chat: ProtocolReader = ChatReader()
        self._messages: ProtocolReader = MessagesReader()
        self._responses: ProtocolReader = ResponsesReader()

    def read(self, fields: dict[str, object], due_us: int = 0) -> Sequence[AnswerPart]:
        """The parts of the next event in their order; `due_us` is the instant of its pieces."""
        if "choices" in fields:
            return self._chat.read(fields, due_us)
        return self._reader_of(fields).read(fields, due_us)

    def end(self) -> Sequence[AnswerPart]:
        """The parts that are known only when nothing more comes."""
        readers = (self._chat, self._messages, self._responses)
        return [part for reader in readers for part in reader.end()]

    def _reader_of(self, fields: dict[str, object]) -> ProtocolReader:
        kind = as_text(fields.get("type"))
        if kind.startswith("response.") or fields.get("object") == "response":
            return self._responses
        if kind == "error":
            # Both have it. Responses has the words at the top, Messages an object of them.
            return self._messages if fields.get("error") else self._responses
        return self._messages if kind else self._chat
