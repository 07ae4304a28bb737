"""Parts that a reader finds in what a provider sends: content, and what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_count, as_object, as_text, compact, is_object
from gramophone.wire.llm.answer import TextPiece, ThinkingPiece, ToolPiece

ContentPart: TypeAlias = TextPiece | ThinkingPiece | ToolPiece


@frozen
class UsagePart:
    """Tokens so far, as the provider counted them."""

    input_tokens: int
    output_tokens: int


@frozen
class EndPart:
    """The end of the answer; `reason` is the provider's own word."""

    reason: str


@frozen
class GiveBackPart:
    """An item, as JSON text, that the provider wants back unchanged with the next request."""

    item: str


@frozen
class ErrorPart:
    """An error in place of the rest; `kind` is the provider's name of it, or empty."""

    kind: str
    message: str


AnswerPart: TypeAlias = ContentPart | UsagePart | EndPart | GiveBackPart | ErrorPart


class ProtocolReader(Protocol):
    """Reader of one answer in one protocol; of any content, and without errors."""

    def read(self, fields: dict[str, object], due_us: int) -> Sequence[AnswerPart]:
        """The parts of the next event, or of the whole answer; `due_us` is its instant."""
        ...

    def end(self) -> Sequence[AnswerPart]:
        """The parts that are known only when nothing more comes."""
        ...


def error_part(value: object) -> ErrorPart:
    """The error in `value`: an object as OpenAI and Anthropic have it, or a bare text (Ollama)."""
    if not is_object(value):
        return ErrorPart("", as_text(value))
    fields = as_object(value)
    kind = as_text(fields.get("code")) or as_text(fields.get("type"))
    message = as_text(fields.get("message")) or as_text(fields.get("error"))
    return ErrorPart(kind, message or as_text(fields.get("detail")))


def usage_part(counts: dict[str, object], names: tuple[str, str]) -> UsagePart | None:
    """The usage under these names for input and output; None where one of them is missing."""
    sent, received = counts.get(names[0]), counts.get(names[1])
    if not isinstance(sent, int) or not isinstance(received, int):
        return None
    return UsagePart(as_count(sent), as_count(received))


def is_number(value: object) -> bool:
    """Whether `value` is a whole number; JSON's `true` is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def unknown_fields(call: dict[str, object], known: frozenset[str]) -> str:
    """The fields of a call that are not known, as JSON text to be given back; empty without any."""
    if known.issuperset(call):
        return ""
    fields = {name: call[name] for name in call if name not in known}
    return compact(fields) if any(fields.values()) else ""
