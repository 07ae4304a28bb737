"""Plain text as a language model: strings of the user's program, of a file or of a function.

It is asked as any model is, so that its text is spoken, drawn and recorded while it comes. There is
no chunk of a provider to keep: the deltas are all there is.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeAlias, cast

from gramophone.core.errors import GramophoneError, ModelError, PicturesRefused
from gramophone.core.frozen import frozen
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.user_code import WorkerLoop, iterate_in_thread, user_code_failure
from gramophone.providers.user_objects import import_object
from gramophone.wire.limits import TextBound, TooMuch

TextPieces: TypeAlias = Iterable[str] | AsyncIterable[str]

FINISHED: Final = "stop"
_PIECE_BYTES: Final = 4096
_NOT_PIECES: Final[tuple[type, ...]] = (bytes, bytearray, dict)


class TextSource(Protocol):
    """Source of an answer's text."""

    def pieces(self, question: str) -> AsyncGenerator[object]:
        """Yield the text that answers the question, which is empty where nobody asks."""
        ...

    def close(self) -> None:
        """Let go of what it holds; never waits."""
        ...


class PlainTextModel:
    """A `ports.LanguageModel` that answers with the strings of a source."""

    provider = "text"

    def __init__(self, model: str, source: TextSource) -> None:
        self.model = model
        self._source = source

    @classmethod
    def of(cls, pieces: TextPieces) -> PlainTextModel:
        """Make a model of one answer, whose pieces a program gives."""
        return cls("", GivenText(pieces))

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncGenerator[ModelChunk]:
        """Stream the text; see `LanguageModel.stream`.

        Raises:
            PicturesRefused: the question has pictures.
            ModelError: the text never ends, is not text, or its source failed.
        """
        if messages and messages[-1].pictures:
            raise PicturesRefused(
                "A text as a model sees no pictures; choose a model with --provider and --model, "
                "or ask without the picture."
            )
        bound = TextBound()
        pieces = self._source.pieces(messages[-1].text if messages else "")
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    if not isinstance(piece, str):
                        raise ModelError(
                            f"The text has a piece of type {type(piece).__name__}; give strings "
                            "alone."
                        )
                    bound.add(piece)
                    if piece:
                        yield ModelChunk(raw="", text=piece)
        except TooMuch as error:
            raise ModelError(
                f"The text does not end ({error}); what came so far is kept."
            ) from error
        except GramophoneError:
            raise
        except Exception as error:
            raise ModelError(user_code_failure("The text", error)) from error
        yield ModelChunk(raw="", finish_reason=FINISHED)

    async def aclose(self) -> None:
        """Let go of the source."""
        self._source.close()


@frozen
class GivenText:
    """Text of an iterable; a plain one is iterated in a thread."""

    iterable: TextPieces

    def pieces(self, question: str) -> AsyncGenerator[object]:
        """Yield its items."""
        if isinstance(self.iterable, AsyncIterable):
            return _iterated(self.iterable)
        plain = self.iterable
        return iterate_in_thread(lambda: plain, name="text iterator")

    def close(self) -> None:
        """Do nothing: the iterator ends with its answer."""


class TextFile:
    """Text of a file, in UTF-8, read again for each answer; of a pipe, while it comes.

    `file` is a path, or an open descriptor, which answers once.
    """

    def __init__(self, name: str, file: Path | int) -> None:
        self._name = name
        self._file = file
        self._used_up = False

    def pieces(self, question: str) -> AsyncGenerator[object]:
        """Yield the text as it is read."""
        return iterate_in_thread(self._read, name="text file")

    def close(self) -> None:
        """Do nothing: the file is closed when it has been read."""

    def _read(self) -> Iterator[str]:
        if self._used_up:
            raise ModelError(f"{self._name} has been read to its end, and answers once.")
        self._used_up = isinstance(self._file, int)
        try:
            # Not buffered: what a pipe has is to be spoken, though it may write more later.
            with open(self._file, "rb", buffering=0, closefd=not self._used_up) as file:
                yield from self._decoded(file.fileno())
        except OSError as error:
            raise ModelError(f"{self._name} cannot be read ({error.strerror}).") from error

    def _decoded(self, descriptor: int) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        try:
            while piece := os.read(descriptor, _PIECE_BYTES):
                yield decoder.decode(piece)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise ModelError(f"{self._name} is not text in UTF-8; convert it first.") from error


@frozen
class _Awaited:
    """A result of a function that belongs on an event loop."""

    value: Awaitable[object] | AsyncIterable[object]


class TextFunction:
    """Text of a user's function, which is called with the question.

    It gives a string, or an iterator of strings, plain or asynchronous; it may be a coroutine
    function. Plain code runs in a thread, asynchronous code on an event loop in another.
    """

    def __init__(self, module: str, path: str) -> None:
        self._module = module
        self._path = path
        self._loop = WorkerLoop("text function")

    async def pieces(self, question: str) -> AsyncGenerator[object]:
        """Yield the text as it comes."""
        plain = iterate_in_thread(lambda: self._call(question), name="text function")
        async with aclosing(plain):
            async for piece in plain:
                if not isinstance(piece, _Awaited):
                    yield piece
                    continue
                awaited = self._loop.iterate(partial(self._awaited, piece.value))
                async with aclosing(awaited):
                    async for awaited_piece in awaited:
                        yield awaited_piece

    def close(self) -> None:
        """Let the event loop end."""
        self._loop.close()

    def _call(self, question: str) -> Iterable[object]:
        """Call it; runs in the thread that iterates the result, to which that may be bound."""
        function = import_object(self._module, self._path)
        if not callable(function):
            raise ModelError(
                f"{self._module}:{self._path} is of type {type(function).__name__}; name a "
                "function that takes the question."
            )
        return self._pieces_of(cast("Callable[[str], object]", function)(question))

    async def _awaited(
        self, value: Awaitable[object] | AsyncIterable[object]
    ) -> AsyncGenerator[object]:
        if isinstance(value, AsyncIterable):
            async with aclosing(_iterated(value)) as items:
                async for item in items:
                    yield item
            return
        for piece in self._pieces_of(await value):
            if isinstance(piece, _Awaited):
                async with aclosing(self._awaited(piece.value)) as items:
                    async for item in items:
                        yield item
            else:
                yield piece

    def _pieces_of(self, result: object) -> Iterable[object]:
        """The pieces of a result; what is asynchronous stays one piece, to be awaited elsewhere.

        Raises:
            ModelError: it is nothing that has text.
        """
        kind = type(result).__name__
        if isinstance(result, str):
            return [result]
        if isinstance(result, Awaitable | AsyncIterable):
            return [_Awaited(cast("Awaitable[object]", result))]
        if isinstance(result, Iterable) and not isinstance(result, _NOT_PIECES):
            return cast("Iterable[object]", result)
        raise ModelError(
            f"{self._module}:{self._path} gave a value of type {kind}; let it return a "
            "string, or yield strings."
        )


async def _iterated(iterable: AsyncIterable[object]) -> AsyncGenerator[object]:
    """Yield the items of an asynchronous iterable, and close it in the end."""
    iterator = aiter(iterable)
    try:
        async for item in iterator:
            yield item
    finally:
        if isinstance(iterator, AsyncGenerator):
            await cast("AsyncGenerator[object]", iterator).aclose()
