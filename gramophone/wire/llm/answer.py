"""What a language model gave, or is to give, as plain values that know no provider.

A stand-in renders an `ModelAnswer` in the words of whoever is asked: `openai_chat`,
`openai_responses`, `anthropic_messages`. Recordings bring the provider's own chunks along
(`RawPiece`); `answer_parts` reads them for everybody else.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from gramophone.core.frozen import frozen

OPENAI: Final = "openai"
OPENAI_RESPONSES: Final = "openai-responses"
ANTHROPIC: Final = "anthropic"

CUT: Final = "cut"
"""A failure without words: the connection ends, the answer unfinished."""
SILENT: Final = "silent"
"""A failure without words: nothing more comes, and the connection stays."""
UNFINISHED: Final = "unfinished"
"""A failure without words: the stream ends in good order, but nothing in it says so."""
WORDLESS = frozenset({CUT, SILENT, UNFINISHED})


@frozen
class TextPiece:
    """Some of the answer's text."""

    text: str
    due_us: int = 0


@frozen
class ThinkingPiece:
    """Some of the model's thoughts, which are never spoken; the last signature counts."""

    text: str
    signature: str = ""
    due_us: int = 0


@frozen
class ToolPiece:
    """Some of a call to a tool: `arguments` are joined by `index`, and are JSON when whole.

    `id` and `name` stand on the first piece of an index only.
    """

    index: int
    id: str
    name: str
    arguments: str
    due_us: int = 0


@frozen
class RawPiece:
    """A chunk in the provider's own words, as JSON text, as it was recorded."""

    raw: str
    due_us: int = 0


AnswerPiece: TypeAlias = TextPiece | ThinkingPiece | ToolPiece | RawPiece
"""`due_us` counts from the request, on the clock of the recording."""


@frozen
class AnswerFailure:
    """How an answer fails: instead of all of it, or `in_stream` after its pieces.

    Attributes:
        kind: the provider's word (`overloaded_error`), or empty: then `status` tells; or one
            of `WORDLESS`.
        message: what it says.
        status: of the refusal; inside a stream it only helps to find the word.
        in_stream: after the pieces, in a stream that began well.
    """

    kind: str
    message: str
    status: int
    in_stream: bool


@frozen
class ModelAnswer:
    """One answer of a model.

    Attributes:
        asked: the user's words it answers; None answers anything.
        pieces: what comes, in order.
        finish_reason: in OpenAI's words: stop, length, tool_calls, content_filter.
        input_tokens: what the request is said to have cost; 0 when nobody counted.
        output_tokens: what the answer is said to have cost; 0 when nobody counted.
        provider: whose words the RawPieces are: `OPENAI`, `OPENAI_RESPONSES`, `ANTHROPIC`.
        failure: how it fails, if it does.
        ends_us: when its end comes, if that is after its last piece.
    """

    asked: str | None
    pieces: tuple[AnswerPiece, ...]
    finish_reason: str = "stop"
    input_tokens: int = 0
    output_tokens: int = 0
    provider: str = ""
    failure: AnswerFailure | None = None
    ends_us: int = 0

    @property
    def due_us(self) -> int:
        """When the end comes."""
        return max(self.ends_us, *(piece.due_us for piece in self.pieces), 0)

    def recorded_for(self, provider: str) -> tuple[RawPiece, ...] | None:
        """The pieces in this provider's own words, if all of them are."""
        raw = tuple(piece for piece in self.pieces if isinstance(piece, RawPiece))
        fits = self.provider == provider and raw and len(raw) == len(self.pieces)
        return raw if fits else None
