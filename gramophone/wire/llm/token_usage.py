"""Counts of tokens of a request and its answer: those given, else guesses from the lengths."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import as_list, as_object, is_list, is_object
from gramophone.wire.llm.answer import ModelAnswer, ThinkingPiece, ToolPiece
from gramophone.wire.llm.answer_blocks import PlainPiece

CHARS_PER_TOKEN = 4
ATTACHMENT_TOKENS = 1000
"""Counted for a picture, sound or file, whatever its size: about what both providers count for a
picture of a thousand pixels square. Its base64 would make hundred thousands."""

_ATTACHMENTS = frozenset(
    {"image_url", "input_image", "image", "input_audio", "file", "input_file", "document"}
)
"""Types of the parts that carry one, in any of the protocols."""
_MARK = re.compile(f'"type": "(?:{"|".join(sorted(_ATTACHMENTS))})"')


@frozen
class TokenUsage:
    """Tokens of a request and its answer; those of the reasoning are among those of the answer."""

    input_tokens: int
    output_tokens: int
    reasoning_tokens: int

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens


def usage_of(answer: ModelAnswer, prompt_chars: int, pieces: Sequence[PlainPiece]) -> TokenUsage:
    """The usage of an answer with these pieces, to a request of this length."""
    chars = answer_chars(pieces)
    thought_chars = sum(len(piece.text) for piece in pieces if isinstance(piece, ThinkingPiece))
    output_tokens = answer.output_tokens or guessed_tokens(chars)
    # A share of the whole: a count that was given knows the sum alone.
    reasoning_tokens = _rounded_up(output_tokens * thought_chars, chars) if chars else 0
    return TokenUsage(
        answer.input_tokens or guessed_tokens(prompt_chars), output_tokens, reasoning_tokens
    )


def guessed_tokens(chars: int) -> int:
    """A guess at the tokens of this many characters."""
    return _rounded_up(chars, CHARS_PER_TOKEN)


def _rounded_up(count: int, parts: int) -> int:
    return (count + parts - 1) // parts


def answer_chars(pieces: Sequence[PlainPiece]) -> int:
    """The length of an answer, its thoughts and calls included."""
    return sum(
        len(piece.name) + len(piece.arguments) if isinstance(piece, ToolPiece) else len(piece.text)
        for piece in pieces
    )


def prompt_chars(*parts: object) -> int:
    """The length of the parts of a request as JSON; what is attached has one that is fixed."""
    return sum(_length_chars(part) for part in parts if part is not None)


def _length_chars(part: object) -> int:
    text = _as_json(part)
    # Few requests carry an attachment, and a look through the text is quicker than a walk.
    if _MARK.search(text) is None:
        return len(text)
    attached = list(_attachments(part))
    fixed = CHARS_PER_TOKEN * ATTACHMENT_TOKENS * len(attached)
    return len(text) + fixed - sum(len(_as_json(fields)) for fields in attached)


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _attachments(part: object) -> Iterator[dict[str, object]]:
    waiting = [part]
    while waiting:
        value = waiting.pop()
        if is_list(value):
            waiting += as_list(value)
        elif is_object(value):
            fields = as_object(value)
            if _is_attachment(fields):
                yield fields
            else:
                waiting += fields.values()


def _is_attachment(fields: dict[str, object]) -> bool:
    kind = fields.get("type")
    if not isinstance(kind, str) or kind not in _ATTACHMENTS:
        return False
    # A document of Messages may also hold its text as it is.
    return as_object(fields.get("source")).get("type") not in ("text", "content")
