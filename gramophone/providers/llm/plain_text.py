"""Plain text as a language model: strings that come from the user's program.

It is asked as any model is, so that its text is spoken, drawn and recorded while it comes. There is
no chunk of a provider to keep: the deltas are all there is.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Sequence,
)
from contextlib import aclosing
from typing import Final, TypeAlias, cast

from gramophone.core.errors import GramophoneError, ModelError
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.user_code import iterate_in_thread
from gramophone.text.graphemes import cut
from gramophone.text.sanitize import plain_line
from gramophone.wire.limits import TextBound, TooMuch

TextPieces: TypeAlias = Iterable[str] | AsyncIterable[str]

FINISHED: Final = "stop"
_MOST_REASON_CHARACTERS: Final = 200


class PlainTextModel:
    """A `ports.LanguageModel` that answers with the strings of an iterator.

    `open_pieces` is given the question, which is empty where nobody asks.
    """

    provider = "text"

    def __init__(self, model: str, open_pieces: Callable[[str], AsyncIterator[object]]) -> None:
        self.model = model
        self._open_pieces = open_pieces

    @classmethod
    def of(cls, pieces: TextPieces) -> PlainTextModel:
        """Make a model of one answer, whose pieces a program gives."""

        def open_pieces(question: str) -> AsyncIterator[object]:
            return iterated(pieces)

        return cls("", open_pieces)

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncGenerator[ModelChunk]:
        """Stream the text; see `LanguageModel.stream`.

        Raises:
            ModelError: the text never ends, is no text, or its iterator failed.
        """
        bound = TextBound()
        question = messages[-1].text if messages else ""
        pieces = cast("AsyncGenerator[object]", self._open_pieces(question))
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    if not isinstance(piece, str):
                        raise ModelError(_not_text(piece))
                    bound.add(piece)
                    if piece:
                        yield ModelChunk(raw="", text=piece)
        except TooMuch as error:
            raise ModelError(f"The text never ends ({error}); what came so far is kept.") from error
        except GramophoneError:
            raise
        except Exception as error:
            raise ModelError(user_code_failure("The text", error)) from error
        yield ModelChunk(raw="", finish_reason=FINISHED)

    async def aclose(self) -> None:
        """Do nothing: the iterator ends with its answer."""


async def iterated(pieces: TextPieces) -> AsyncGenerator[object]:
    """Yield the items of an iterable; a plain one is iterated in a thread."""
    if isinstance(pieces, AsyncIterable):
        iterator = aiter(pieces)
        try:
            async for piece in iterator:
                yield piece
        finally:
            if isinstance(iterator, AsyncGenerator):
                await iterator.aclose()
        return
    threaded = iterate_in_thread(lambda: cast("Iterable[object]", pieces), name="text iterator")
    async with aclosing(threaded):
        async for piece in threaded:
            yield piece


def user_code_failure(subject: str, error: BaseException) -> str:
    """Sentence about an error of the user's code, whose own words may hold anything."""
    reason = cut(plain_line(f"{type(error).__name__}: {error}"), _MOST_REASON_CHARACTERS)
    return f"{subject} broke off ({reason.rstrip(': ')}); what came before is kept."


def _not_text(piece: object) -> str:
    return f"The text has a piece of type {type(piece).__name__}; give strings alone."
