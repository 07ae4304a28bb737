"""Text, thoughts, calls and usage of whatever a chain of LangChain gives.

Strings, messages and their chunks, and dicts with `answer`, `output` or `messages`. A class of
LangChain is known by its attributes: nothing here imports it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from gramophone.core.errors import ModelError
from gramophone.ports.language_model import CallPart, ModelChunk, Usage
from gramophone.providers.llm.chunk_reader import tag_chunk
from gramophone.wire.llm.think_tags import ThinkTagMemory, ThinkTagReader

FINISHED: Final = "stop"
KEYS: Final = ("answer", "output", "messages")
"""Keys of a dict that hold its text, in the order in which they are looked for."""

_FINISH_KEYS: Final = ("finish_reason", "stop_reason", "done_reason")
_TEXT_KEYS: Final = {"text": "text", "output_text": "text"}
_THOUGHT_KEYS: Final = {"thinking": "thinking", "reasoning": "reasoning"}


class OutputReader:
    """Reads the outputs of one answer. `calls` says whether calls of tools are left to us; `memory`
    is what earlier answers have shown of tags around thoughts."""

    def __init__(self, memory: ThinkTagMemory, *, calls: bool = False) -> None:
        self._tags = ThinkTagReader(memory)
        self._with_calls = calls
        self._input_tokens = 0
        self._output_tokens = 0
        self._finish_reason = ""
        self._streamed_ids: set[str] = set()
        self._other_keys: list[str] = []
        self._read_any = False

    def read(self, output: object) -> Iterator[ModelChunk]:
        """Read one output.

        Raises:
            ModelError: it is nothing that has text.
        """
        if isinstance(output, str):
            self._read_any = True
            yield from map(tag_chunk, self._tags.feed(output))
        elif isinstance(output, Mapping):
            yield from self._dict(cast("Mapping[str, object]", output))
        elif hasattr(output, "content") and hasattr(output, "response_metadata"):
            yield from self._message(output)
        elif output is not None:
            raise ModelError(
                f"The chain gave a value of type {type(output).__name__}; let it give strings, "
                "messages, or a dict with answer, output or messages."
            )

    def end(self) -> Iterator[ModelChunk]:
        """Give what follows after the last output.

        Raises:
            ModelError: dicts came, and none of them had text.
        """
        if self._other_keys and not self._read_any:
            keys = ", ".join(sorted(set(self._other_keys))[:10])
            raise ModelError(
                f"The chain gave a dict with {keys[:200]}; its text must be in answer, output or "
                "messages."
            )
        usage = None
        if self._input_tokens or self._output_tokens:
            usage = Usage(self._input_tokens, self._output_tokens)
        yield from map(tag_chunk, self._tags.end(cut_short=False))
        yield ModelChunk(raw="", usage=usage, finish_reason=self._finish_reason or FINISHED)

    def _dict(self, output: Mapping[str, object]) -> Iterator[ModelChunk]:
        key = next((key for key in KEYS if key in output), None)
        if key is None:
            self._other_keys += map(str, output)
            return
        self._read_any = True
        value = output[key]
        if isinstance(value, Sequence) and not isinstance(value, str):
            messages = cast("Sequence[object]", value)
            value = messages[-1] if messages else None
            if getattr(value, "type", "") not in ("ai", "AIMessageChunk"):
                return
        yield from self.read(value)

    def _message(self, message: Any) -> Iterator[ModelChunk]:
        self._read_any = True
        chunked = message.type.endswith("Chunk")
        if not chunked and message.id in self._streamed_ids:
            return  # its chunks came before
        if message.id:
            self._streamed_ids.add(message.id)
        self._account(message)
        text, thought = read_content(message.content)
        thought += str(message.additional_kwargs.get("reasoning_content") or "")
        chunk = ModelChunk(raw="", thought=thought)
        if self._with_calls:
            chunk = replace(chunk, calls=tuple(_calls(message)))
        if chunk != ModelChunk(raw=""):
            yield chunk
        yield from map(tag_chunk, self._tags.feed(text))

    def _account(self, message: Any) -> None:
        usage: Mapping[str, Any] = getattr(message, "usage_metadata", None) or {}
        self._input_tokens += int(usage.get("input_tokens") or 0)
        self._output_tokens += int(usage.get("output_tokens") or 0)
        for key in _FINISH_KEYS:
            if reason := message.response_metadata.get(key):
                self._finish_reason = str(reason)


def read_content(content: object) -> tuple[str, str]:
    """Text and thought of a message's content: a string, or a list of blocks."""
    if isinstance(content, str):
        return content, ""
    texts: list[str] = []
    thoughts: list[str] = []
    blocks = cast("list[object]", content) if isinstance(content, list) else []
    for block in blocks:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, Mapping):
            fields = cast("Mapping[str, object]", block)
            kind = str(fields.get("type", ""))
            texts.append(_string(fields, _TEXT_KEYS.get(kind, "")))
            thoughts.append(_string(fields, _THOUGHT_KEYS.get(kind, "")))
            if kind == "reasoning":
                thoughts += _summaries(fields)
    return "".join(texts), "".join(thoughts)


def _summaries(fields: Mapping[str, object]) -> Iterator[str]:
    """The texts of a block's summary, as LangChain's package has those of Responses."""
    summary = fields.get("summary")
    for part in cast("list[object]", summary) if isinstance(summary, list) else []:
        if isinstance(part, Mapping):
            yield _string(cast("Mapping[str, object]", part), "text")


def _string(fields: Mapping[str, object], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def _calls(message: Any) -> Iterator[CallPart]:
    parts: Sequence[Mapping[str, Any]] = getattr(message, "tool_call_chunks", None) or ()
    for position, part in enumerate(parts):
        index = part.get("index")
        yield CallPart(
            index=index if isinstance(index, int) else position,
            id=part.get("id") or "",
            name=part.get("name") or "",
            arguments=part.get("args") or "",
        )
