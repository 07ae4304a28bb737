"""Reader of answers in Chat Completions: chunks of a stream, or one whole completion."""

# Beside OpenAI's own shape, these are read, each seen from a server:
#
#   content      a text, or a list of parts: `text`, `thinking` (Mistral), `refusal`, bare strings
#   thoughts     `reasoning_content` (DeepSeek, llama.cpp), `reasoning` (OpenRouter, vLLM),
#                `reasoning_details` (OpenRouter: `text`, `summary` or `data`)
#   refusal      `delta.refusal`
#   calls        see `call_numbers`; arguments as an object; unknown fields are to be given back
#   choices      empty, null, or several: the first with the index 0 or none counts
#   message      in a last chunk repeats the whole answer (MiniMax); it counts where nothing came
#   error        an object, or a text (Ollama)
#
# To be given back with the next request are, as fields of the assistant's message, the parts of
# `reasoning_details` and `extra_content` (Gemini), and `reasoning_content` where there are calls
# (DeepSeek).

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from gramophone.wire.lenient_json import as_list, as_object, as_text, compact, is_list, is_object
from gramophone.wire.limits import MOST_GIVE_BACK_CHARS
from gramophone.wire.llm.answer import TextPiece, ThinkingPiece, ToolPiece
from gramophone.wire.llm.call_numbers import CallNumbers
from gramophone.wire.llm.stream_parts import (
    AnswerPart,
    EndPart,
    GiveBackPart,
    error_part,
    unknown_fields,
    usage_part,
)

_USAGE: Final = ("prompt_tokens", "completion_tokens")
_THOUGHTS: Final = frozenset({"reasoning_content", "reasoning", "reasoning_details"})
_OF_CALLS: Final = frozenset({"index", "id", "type", "function"})


class ChatReader:
    """A `ProtocolReader` of Chat Completions."""

    def __init__(self) -> None:
        self._begun = False
        self._calls = CallNumbers()
        self._thoughts: list[str] = []
        # As text: the values take thirty times its room.
        self._details: list[str] = []
        self._details_chars = 0
        self._extra: object = None

    def read(self, fields: dict[str, object], due_us: int) -> Sequence[AnswerPart]:
        """See `ProtocolReader.read`."""
        parts: list[AnswerPart] = []
        choice = _choice(fields.get("choices"))
        delta = as_object(choice.get("delta"))
        if delta:
            self._read_delta(delta, due_us, parts)
            if parts:
                self._begun = True
        elif "message" in choice and not self._begun:
            self._read_delta(as_object(choice["message"]), due_us, parts)
            self._begun = bool(parts)
        if (reason := choice.get("finish_reason")) and isinstance(reason, str):
            parts.append(EndPart(reason))
        if (counts := fields.get("usage")) and (usage := usage_part(as_object(counts), _USAGE)):
            parts.append(usage)
        if error := fields.get("error"):
            parts.append(error_part(error))
        return parts

    def end(self) -> Sequence[AnswerPart]:
        """See `ProtocolReader.end`."""
        fields: dict[str, object] = {}
        if self._details and self._details_chars <= MOST_GIVE_BACK_CHARS:
            fields["reasoning_details"] = [json.loads(detail) for detail in self._details]
        elif self._thoughts and self._calls:
            fields["reasoning_content"] = "".join(self._thoughts)
        if self._extra is not None:
            fields["extra_content"] = self._extra
        return [GiveBackPart(compact(fields))] if fields else []

    def _read_delta(self, delta: dict[str, object], due_us: int, parts: list[AnswerPart]) -> None:
        if not _THOUGHTS.isdisjoint(delta) and (thought := self._thought(delta)):
            parts.append(ThinkingPiece(thought, "", due_us))
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                parts.append(TextPiece(content, due_us))
        elif content:
            parts += _content(as_list(content), due_us)
        if calls := delta.get("tool_calls"):
            parts += [self._call(as_object(call), due_us) for call in as_list(calls)]
        if refusal := delta.get("refusal"):
            parts.append(TextPiece(as_text(refusal), due_us, refusal=True))
        if extra := delta.get("extra_content"):
            self._extra = extra

    def _thought(self, delta: dict[str, object]) -> str:
        if own := as_text(delta.get("reasoning_content")):
            self._thoughts.append(own)
        details = delta.get("reasoning_details")
        thought = own or as_text(delta.get("reasoning"))
        if not is_list(details):
            return thought
        self._keep_details(as_list(details))
        parts = map(as_object, as_list(details))
        return thought or "".join(
            as_text(part.get("text")) or as_text(part.get("summary")) for part in parts
        )

    def _keep_details(self, details: Sequence[object]) -> None:
        if self._details_chars > MOST_GIVE_BACK_CHARS:
            # A part of them is worth nothing to the provider.
            self._details.clear()
            return
        written = [compact(detail) for detail in details]
        self._details += written
        self._details_chars += sum(map(len, written))

    def _call(self, call: dict[str, object], due_us: int) -> ToolPiece:
        index = call.get("index")
        function = as_object(call.get("function"))
        arguments = function.get("arguments")
        written = arguments if isinstance(arguments, str) else _written(arguments)
        number, id_, name = self._calls.piece(
            index if isinstance(index, int) else None,
            as_text(call.get("id")),
            as_text(function.get("name")),
            written,
        )
        return ToolPiece(number, id_, name, written, due_us, unknown_fields(call, _OF_CALLS))


def _choice(choices: object) -> dict[str, object]:
    """The first choice of those with the index 0 or none; an empty one where there is none."""
    for value in as_list(choices):
        choice = as_object(value)
        if choice.get("index") in (0, None):
            return choice
    return {}


def _written(arguments: object) -> str:
    """Arguments that are not text: an object, or nothing."""
    return compact(arguments) if is_object(arguments) else ""


def _content(parts: Sequence[object], due_us: int) -> Iterator[AnswerPart]:
    for value in parts:
        part = as_object(value)
        text = as_text(value) or as_text(part.get("text"))
        if refusal := as_text(part.get("refusal")):
            yield TextPiece(refusal, due_us, refusal=True)
        elif thought := _thinking(part.get("thinking")):
            yield ThinkingPiece(thought, as_text(part.get("signature")), due_us)
        elif text and part.get("type") in ("reasoning", "thinking"):
            yield ThinkingPiece(text, "", due_us)
        elif text:
            yield TextPiece(text, due_us)


def _thinking(value: object) -> str:
    """The thought of a part: a text, or a list of parts with texts."""
    if is_list(value):
        return "".join(as_text(as_object(part).get("text")) for part in as_list(value))
    return as_text(value)
