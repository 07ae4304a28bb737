"""Answers of a language model as plain values, whatever protocol they are written in.

A stand-in renders a `ModelAnswer` in the protocol it is asked in: `openai_chat`,
`openai_responses`, `anthropic_messages`. Recordings keep the provider's own chunks (`RawPiece`),
which `answer_blocks` reads for the other protocols.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.wire.refusal_details import USUAL, RefusalDetails

OPENAI: Final = "openai"
OPENAI_RESPONSES: Final = "openai-responses"
ANTHROPIC: Final = "anthropic"

CUT: Final = "cut"
"""Failure without an error: the connection ends, the answer unfinished."""
SILENT: Final = "silent"
"""Failure without an error: nothing more comes, and the connection stays."""
UNFINISHED: Final = "unfinished"
"""Failure without an error: the stream ends in good order, but without a finish reason."""
WORDLESS = frozenset({CUT, SILENT, UNFINISHED})


@frozen
class TextPiece:
    """A piece of the answer's text; `refusal` where the model declines in a field of its own."""

    text: str
    due_us: int = 0
    refusal: bool = False


@frozen
class ThinkingPiece:
    """A piece of the model's reasoning, which is never spoken; the last signature counts."""

    text: str
    signature: str = ""
    due_us: int = 0


@frozen
class ToolPiece:
    """A piece of a call to a tool; `arguments` are joined by `index`, and are JSON when complete.

    `id` and `name` stand on the first piece of an index only. `give_back` is what else the
    provider wants back with the call, as JSON text.
    """

    index: int
    id: str
    name: str
    arguments: str
    due_us: int = 0
    give_back: str = ""


@frozen
class RawPiece:
    """A chunk of the provider's own protocol, as JSON text, as it was recorded."""

    raw: str
    due_us: int = 0


AnswerPiece: TypeAlias = TextPiece | ThinkingPiece | ToolPiece | RawPiece
"""All have `due_us`: microseconds from the request, on the clock of the recording."""


@frozen
class AnswerFailure:
    """Failure of an answer: instead of all of it, or `in_stream` after its pieces.

    Attributes:
        kind: the provider's name of the error (`overloaded_error`), or one of `WORDLESS`; empty
            where `status` says it.
        message: the sentence of the error.
        status: of the refusal; inside a stream it only helps to find the name.
        in_stream: whether it comes after the pieces, in a stream that began well.
        details: headers and body of the refusal, if they are not the usual ones.
    """

    kind: str
    message: str
    status: int
    in_stream: bool
    details: RefusalDetails = USUAL


@frozen
class ModelAnswer:
    """One answer of a model.

    Attributes:
        prompt: the question that it answers; None answers any.
        pieces: its content, in order.
        finish_reason: as OpenAI names it: stop, length, tool_calls, content_filter.
        input_tokens: of the request; 0 when not counted.
        output_tokens: of the answer; 0 when not counted.
        provider: protocol of the RawPieces: `OPENAI`, `OPENAI_RESPONSES`, `ANTHROPIC`.
        failure: its failure, if it has one.
        ends_us: instant of its end, if that is after its last piece.
        stop_sequence: the sequence of the request's that ended its text; empty where none did.
        pictures: what becomes of those of the question: they are named behind the text, or the
            request is refused; empty where nothing does.
        quirk: name of the quirk (`quirks`) that it is sent with; empty for none.
    """

    prompt: str | None
    pieces: tuple[AnswerPiece, ...]
    finish_reason: str = "stop"
    input_tokens: int = 0
    output_tokens: int = 0
    provider: str = ""
    failure: AnswerFailure | None = None
    ends_us: int = 0
    stop_sequence: str = ""
    quirk: str = ""
    pictures: Literal["", "named", "refused"] = ""

    @property
    def due_us(self) -> int:
        """Instant of the end."""
        return max(self.ends_us, *(piece.due_us for piece in self.pieces), 0)

    def recorded_for(self, provider: str) -> tuple[RawPiece, ...] | None:
        """The pieces as chunks of this provider, if all of them are."""
        raw = tuple(piece for piece in self.pieces if isinstance(piece, RawPiece))
        fits = self.provider == provider and raw and len(raw) == len(self.pieces)
        return raw if fits else None
