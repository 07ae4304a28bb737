"""Conversations with a language model, for other programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Final, Unpack

from gramophone.api.answer import Answer
from gramophone.api.held_session import held_session
from gramophone.api.picture_sources import PictureSource, pictures_of
from gramophone.api.settings import Record, TalkSettings, settings_for
from gramophone.api.turn_feed import TurnFeed, TurnFeeds
from gramophone.app.session import Session, SessionOptions
from gramophone.config.config import Config
from gramophone.core.errors import ConfigError, GramophoneError
from gramophone.core.intents import Interrupt, Request, Say, SayStream, Submit
from gramophone.core.picture import Picture
from gramophone.core.sinks import Sink
from gramophone.core.timeline import Event
from gramophone.providers.llm.plain_text import PlainTextModel, TextPieces

FATAL_STAGES: Final = ("model", "session")
"""Stages whose failure leaves no whole answer. Where only the voice fails, its text is whole."""

NOTHING_TO_ASK: Final = "There is nothing to send; give a question that is not empty."
ENDED: Final = "The conversation has ended; open another one."


class Talk:
    """A running conversation. Belongs to the event loop that it was opened on.

    A request while another one is answered stops that one, as in the app.
    """

    def __init__(self, session: Session, feeds: TurnFeeds) -> None:
        self._session = session
        self._feeds = feeds

    @property
    def session_id(self) -> str:
        """Name of the session in the library."""
        return self._session.session_id

    async def ask(self, question: str, *, pictures: Sequence[PictureSource] = ()) -> Answer:
        """Ask the model; returns when the answer has come and was heard, or was stopped.

        Cancelling stops the model and the sound. A failure of the voice alone does not raise: it
        is in `Answer.failures`, because the text is whole.

        Args:
            question: a text that is not empty.
            pictures: paths of pictures, or their files as bytes: PNG, JPEG, GIF or WebP.

        Raises:
            PictureError: a picture cannot be read, or is none.
            ModelError: the model failed; its `partial_text` is the text that came before. Where it
                takes no pictures, or not these, the question no longer counts.
            GramophoneError: the question is empty, or the conversation has ended.
        """
        attached = await _read(pictures)
        feed = self._request(Submit(_checked(question), attached))
        await self._over(feed)
        feed.fold.raise_failure(*FATAL_STAGES)
        return feed.fold.answer(self.session_id)

    async def stream(
        self, question: str, *, pictures: Sequence[PictureSource] = ()
    ) -> AsyncGenerator[Event]:
        """Ask the model; yields every event from the question to the end of the answer.

        Closing the generator, or cancelling its task, stops the model and the sound. `pictures` as
        for `ask`.

        Raises:
            PictureError: a picture cannot be read, or is none.
            ModelError: the model failed; after the events up to there.
            GramophoneError: the question is empty, or the conversation has ended.
        """
        attached = await _read(pictures)
        feed = self._request(Submit(_checked(question), attached))
        try:
            async for event in feed.reader().events():
                yield event
        finally:
            feed.cancel()
        feed.fold.raise_failure(*FATAL_STAGES)

    async def say(self, text: str | TextPieces) -> Answer:
        """Speak a text, without asking the model; it counts as a turn of the assistant.

        An iterator of strings, plain or asynchronous, is spoken while it comes, as by `speak`.

        Raises:
            SpeechError: it could not be spoken.
            ModelError: the iterator failed; its `partial_text` is the text that came before.
            GramophoneError: the text is empty, or the conversation has ended.
        """
        if isinstance(text, str):
            feed = self._request(Say(_checked(text)))
        else:
            self._check_running()
            number = self._session.engine.hold_text(PlainTextModel.of(text))
            feed = self._request(SayStream(number))
        await self._over(feed)
        feed.fold.raise_failure(*FATAL_STAGES, "speech")
        return feed.fold.answer(self.session_id)

    def stop(self) -> None:
        """Stop the answer that is under way, its text and its sound; without one, do nothing."""
        self._session.engine.post(Interrupt())

    async def perform(self, request: Request) -> Answer:
        """Carry out any request to its end; failures are in the answer, and nothing is raised."""
        feed = self._request(request)
        await self._over(feed)
        return feed.fold.answer(self.session_id)

    def _request(self, request: Request) -> TurnFeed:
        self._check_running()
        feed = self._feeds.open(self.stop)
        self._session.engine.post(request)
        return feed

    def _check_running(self) -> None:
        if self._session.died or self._feeds.closed:
            raise GramophoneError(ENDED)

    async def _over(self, feed: TurnFeed) -> None:
        try:
            await feed.over.wait()
        finally:
            feed.cancel()


@asynccontextmanager
async def open_talk(
    config: Config, sinks: Sequence[Sink] = (), options: SessionOptions | None = None
) -> AsyncGenerator[Talk]:
    """Run a conversation with these settings while the context is open.

    `sinks` get every event, and after it the program does.

    Raises:
        GramophoneError: it cannot be opened.
    """
    feeds = TurnFeeds()
    async with held_session(config, [*sinks, feeds], options or SessionOptions()) as session:
        try:
            yield Talk(session, feeds)
        finally:
            feeds.closed = True


@asynccontextmanager
async def converse(
    *,
    tools: Collection[object] | None = None,
    docs: Collection[object] | None = None,
    record: Record = True,
    **settings: Unpack[TalkSettings],
) -> AsyncGenerator[Talk]:
    """Hold a conversation while the context is open; the answers are spoken as they stream.

    Leaving the context stops what is still spoken, and leaves a whole recording.

    Args:
        tools: reserved; must be empty.
        docs: reserved; must be empty.
        record: whether to record; a path is another data directory than the usual one.
        **settings: see `TalkSettings`.

    Raises:
        ConfigError: a setting is wrong, or cannot be had.
        StorageError: the library cannot be written.
    """
    for name, value in (("tools", tools), ("docs", docs)):
        if value:
            raise ConfigError(f"{name}= is not supported yet; leave it out.")
    config = await settings_for(record, settings)
    async with open_talk(config) as talk:
        yield talk


async def _read(sources: Sequence[PictureSource]) -> tuple[Picture, ...]:
    """Pictures of a question, read in a thread where there are any."""
    return await asyncio.to_thread(pictures_of, sources) if sources else ()


def _checked(text: str) -> str:
    if not text.strip():
        raise GramophoneError(NOTHING_TO_ASK)
    return text
