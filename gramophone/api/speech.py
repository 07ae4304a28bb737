"""Text that is spoken, as events and as sound, for other programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Unpack

from gramophone.api.answer import Answer
from gramophone.api.held_session import held_session
from gramophone.api.settings import Record, SpeechSettings, settings_for
from gramophone.api.turn_feed import EventReader, TurnFeed, TurnFeeds
from gramophone.app.session import SessionOptions
from gramophone.audio.rate_converter import RateConverter
from gramophone.core.errors import GramophoneError
from gramophone.core.intents import Interrupt, Request, Say, SayStream
from gramophone.core.timeline import AudioReceived, Event
from gramophone.providers.llm.plain_text import PlainTextModel, TextPieces

FATAL_STAGES: Final = ("model", "speech", "recording", "session")
NOTHING_TO_SPEAK: Final = "There is nothing to speak; give a text that is not empty."
BYTES_PER_SAMPLE: Final = 2


class Speech:
    """A text while it is spoken; an asynchronous iterator over its events.

    Events and `audio` can be read beside each other, each of them once; what came before the
    reading began is not lost. `session_id` is the name of the session in the library.
    """

    def __init__(self, feed: TurnFeed, sample_rate_hz: int) -> None:
        """`feed` is that of a request which is still to be posted, in a session still to open."""
        self.session_id = ""
        self.sample_rate_hz = sample_rate_hz
        self._feed = feed
        self._events = feed.reader()
        self._sound = feed.reader(AudioReceived)

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield the events from the beginning of the session to the last sample that is heard.

        Raises:
            GramophoneError: text, voice or recording failed; after the events up to there.
        """
        async for event in self._events.events():
            yield event
        self._feed.fold.raise_failure(*FATAL_STAGES)

    async def audio(self) -> AsyncIterator[bytes]:
        """Yield the sound as it comes, to the end of the speech: whole samples of signed 16 bits,
        little-endian, one channel, `sample_rate_hz` of them a second. A voice of another rate is
        resampled to it here; the recording has what came.

        Raises:
            GramophoneError: text, voice or recording failed; after the sound up to there.
        """
        async for frame in _at_rate(self.sample_rate_hz, _whole_samples(self._sound)):
            yield frame
        self._feed.fold.raise_failure(*FATAL_STAGES)

    async def finished(self) -> Answer:
        """Wait until all of it was spoken and heard, or was stopped.

        Raises:
            GramophoneError: text, voice or recording failed.
        """
        await self._feed.over.wait()
        self._feed.fold.raise_failure(*FATAL_STAGES)
        return self._feed.fold.answer(self.session_id)

    def stop(self) -> None:
        """Stop the text and the sound; what came stays recorded."""
        self._feed.cancel()


@asynccontextmanager
async def speak(
    text: str | TextPieces,
    *,
    record: Record = True,
    **settings: Unpack[SpeechSettings],
) -> AsyncGenerator[Speech]:
    """Speak a text; an iterator of strings is spoken while it comes.

    The speech begins with the context. Leaving the context stops what is not finished, and leaves
    a whole recording. A plain iterator runs in a thread of its own, so it may block; an
    asynchronous one runs on the caller's event loop, as the speech does, and must not.

    Args:
        text: a text, or an iterable, plain or asynchronous, of pieces that are joined as they are.
        record: whether to record; a path is another data directory than the usual one.
        **settings: see `SpeechSettings`.

    Raises:
        ConfigError: a setting is wrong, or cannot be had.
        StorageError: the library cannot be written.
        GramophoneError: the text is empty.
    """
    request, options = _request_for(text)
    config = await settings_for(record, settings)
    feeds = TurnFeeds()

    def interrupt() -> None:
        session.engine.post(Interrupt())

    feed = feeds.open(interrupt)
    speech = Speech(feed, config.speech_rate_hz)
    async with held_session(config, [feeds], options) as session:
        speech.session_id = session.session_id
        session.engine.post(request)
        try:
            yield speech
        finally:
            feed.cancel()


def _request_for(text: str | TextPieces) -> tuple[Request, SessionOptions]:
    if not isinstance(text, str):
        return SayStream(), SessionOptions(model=PlainTextModel.of(text))
    if not text.strip():
        raise GramophoneError(NOTHING_TO_SPEAK)
    return Say(text), SessionOptions(with_model=False)


async def _at_rate(
    sample_rate_hz: int, frames: AsyncIterator[tuple[bytes, int]]
) -> AsyncIterator[bytes]:
    """Sound at this rate of frames that may have one of their own."""
    converter: RateConverter | None = None
    async for pcm, own_rate_hz in frames:
        if own_rate_hz and converter is None:
            converter = await asyncio.to_thread(RateConverter, own_rate_hz, sample_rate_hz)
        sound = pcm if converter is None else converter.push(pcm)
        if sound:
            yield sound
    if converter is not None:
        yield converter.finish()


async def _whole_samples(reader: EventReader) -> AsyncIterator[tuple[bytes, int]]:
    """Sound of the frames as it is recorded, aligned to samples, without what was cleared; and its
    own rate, if it has one."""
    rest = b""
    end_bytes = 0
    async for event in reader.events():
        if not isinstance(event, AudioReceived):
            continue
        # A new connection begins with a whole sample: the half that the old one left is filled up.
        gap_bytes = max(0, event.offset_bytes - end_bytes)
        end_bytes = event.offset_bytes + event.size_bytes
        if event.stale:
            continue
        sound = rest + bytes(gap_bytes) + event.pcm
        whole_bytes = len(sound) - len(sound) % BYTES_PER_SAMPLE
        rest = sound[whole_bytes:]
        if whole_bytes:
            yield sound[:whole_bytes], event.sample_rate_hz
