"""Texts that are spoken one after the other, from any thread and any event loop.

A session runs on an event loop of its own in a thread: its sound does not depend on what a program
does on its loops, nor on which of them calls.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from concurrent.futures import Future

from gramophone.api.answer import Answer
from gramophone.api.settings import Record, SpeechSettings, settings_for
from gramophone.api.talk import Talk, open_talk
from gramophone.app.session import SessionOptions
from gramophone.core.errors import ModelError
from gramophone.core.intents import SayStream
from gramophone.providers.llm.plain_text import PlainTextModel
from gramophone.providers.user_code import WorkerLoop


class StreamedText:
    """A text that comes in pieces; belongs to the loop of its `BackgroundSpeech`."""

    def __init__(self) -> None:
        self._pieces: asyncio.Queue[str | ModelError | None] = asyncio.Queue()

    def put(self, piece: str | ModelError | None) -> None:
        """Take a piece, the error that the text ends with, or None for its end."""
        self._pieces.put_nowait(piece)

    async def pieces(self) -> AsyncGenerator[object]:
        """Yield the pieces as they come.

        Raises:
            ModelError: the text ended with it.
        """
        while (piece := await self._pieces.get()) is not None:
            if isinstance(piece, ModelError):
                raise piece
            yield piece


class BackgroundSpeech:
    """Speaks texts in the order in which they began. Methods may be called from any thread.

    The first text opens a session, and `finish` closes it; after that another may begin.
    """

    def __init__(self, record: Record, settings: SpeechSettings) -> None:
        self._record: Record = record
        self._settings = settings
        self._worker = WorkerLoop("speech of a chain")
        self._texts: asyncio.Queue[StreamedText | None] | None = None
        self._speaking: Future[tuple[Answer, ...]] | None = None

    def begin(self) -> StreamedText:
        """Begin a text, which is spoken after those before it."""
        text = StreamedText()
        if self._texts is None:
            self._texts = asyncio.Queue()
            self._speaking = self._worker.submit(self._serve(self._texts))
        self._on_loop(self._texts, text)
        return text

    def add(self, text: StreamedText, piece: str | ModelError | None) -> None:
        """Add a piece to a text, its error, or its end."""
        self._worker.call(text.put, piece)

    def finish(self) -> Future[tuple[Answer, ...]]:
        """Close the session when all that began has been spoken; what became of each text."""
        texts, speaking = self._texts, self._speaking
        self._texts = self._speaking = None
        if texts is None or speaking is None:
            nothing: Future[tuple[Answer, ...]] = Future()
            nothing.set_result(())
            return nothing
        self._on_loop(texts, None)
        return speaking

    def _on_loop(
        self, texts: asyncio.Queue[StreamedText | None], text: StreamedText | None
    ) -> None:
        self._worker.call(texts.put_nowait, text)

    async def _serve(self, texts: asyncio.Queue[StreamedText | None]) -> tuple[Answer, ...]:
        source = _Texts()
        config = await settings_for(self._record, self._settings)
        options = SessionOptions(model=PlainTextModel("", source))
        async with open_talk(config, options=options) as talk:
            return await _spoken(talk, texts, source)


async def _spoken(
    talk: Talk, texts: asyncio.Queue[StreamedText | None], source: _Texts
) -> tuple[Answer, ...]:
    answers: list[Answer] = []
    while (text := await texts.get()) is not None:
        source.waiting.append(text)
        answers.append(await talk.perform(SayStream()))
    return tuple(answers)


class _Texts:
    """A `TextSource` that gives each request the next text."""

    def __init__(self) -> None:
        self.waiting: deque[StreamedText] = deque()

    def pieces(self, question: str) -> AsyncGenerator[object]:
        return self.waiting.popleft().pieces()

    def close(self) -> None:
        """Let go of the texts that were not spoken."""
        self.waiting.clear()
