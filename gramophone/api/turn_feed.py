"""Events of one turn, for the program that asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from gramophone.api.answer import AnswerFold
from gramophone.core.errors import GramophoneError
from gramophone.core.timeline import (
    AudioReceived,
    Entry,
    Event,
    Failed,
    TurnCompleted,
    TurnStarted,
)

MOST_UNREAD_BYTES = 64 << 20
"""Sound that waits for a reader: eleven minutes of it at 48,000 Hz."""


class EventReader:
    """Events in their order, for one pass of one reader; those before it began to read wait."""

    def __init__(
        self, kind: type[Event] = Event, *, most_unread_bytes: int = MOST_UNREAD_BYTES
    ) -> None:
        self._kind = kind
        self._most_unread_bytes = most_unread_bytes
        self._queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self._unread_bytes = 0
        self._overflowed = False

    def put(self, event: Event) -> None:
        """Take in an event, if it is of the wanted kind."""
        if not isinstance(event, self._kind) or self._overflowed:
            return
        self._queue.put_nowait(event)
        self._unread_bytes += _sound_bytes(event)
        if self._unread_bytes > self._most_unread_bytes:
            # A program that reads the text alone must not fill its memory with sound.
            self._overflowed = True
            self._queue = asyncio.Queue()
            self.end()

    def end(self) -> None:
        """Let the reader end after what it has not read yet."""
        self._queue.put_nowait(None)

    async def events(self) -> AsyncIterator[Event]:
        """Yield the events up to the end of the turn.

        Raises:
            GramophoneError: too much of it was left unread.
        """
        while (event := await self._queue.get()) is not None:
            self._unread_bytes -= _sound_bytes(event)
            yield event
        self.end()  # whoever reads once more must not wait for ever
        if self._overflowed:
            raise GramophoneError(
                f"More than {self._most_unread_bytes:,} bytes of sound were left unread, and are "
                "dropped; read them while they come."
            )


def _sound_bytes(event: Event) -> int:
    return len(event.pcm) if isinstance(event, AudioReceived) else 0


class TurnFeed:
    """One request and its turn: what came of it, and whether it is over."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self.fold = AnswerFold()
        self.over = asyncio.Event()
        self.superseded = False
        self._interrupt = interrupt
        self._cancelled = False
        self._readers: list[EventReader] = []

    def reader(self, kind: type[Event] = Event) -> EventReader:
        """Make a reader of what comes from now on."""
        reader = EventReader(kind)
        self._readers.append(reader)
        return reader

    def cancel(self) -> None:
        """Stop the turn, if it is not over; one that still waits is stopped when it begins."""
        if self.over.is_set() or self._cancelled:
            return
        self._cancelled = True
        # A turn that another request stops needs no more: the intent would stop that one.
        if self.fold.turn is not None and not self.superseded:
            self._interrupt()

    def begin(self, turn: int) -> None:
        """Take the turn that answers the request."""
        self.fold.turn = turn
        if self._cancelled:
            self._interrupt()

    def put(self, event: Event) -> None:
        """Take in an event of the session."""
        self.fold.add(event)
        for reader in self._readers:
            reader.put(event)

    def begin_repetition(self, turn: int) -> None:
        """Go on with a turn that speaks the answer again: its sound was stopped, because a thought
        was spoken before it."""
        self.fold.repetition = turn

    @property
    def last_turn(self) -> int | None:
        """The turn with whose end the request is done, once it has begun."""
        return self.fold.turn if self.fold.repetition is None else self.fold.repetition

    def end(self) -> None:
        """Mark the turn as over."""
        self.over.set()
        for reader in self._readers:
            reader.end()


class TurnFeeds:
    """A sink that gives every request the events of its turn, from the request on.

    `closed` says that no request is answered any more.
    """

    def __init__(self) -> None:
        self.closed = False
        self._open: list[TurnFeed] = []
        self._ending: dict[TurnFeed, asyncio.Handle] = {}

    def open(self, interrupt: Callable[[], None]) -> TurnFeed:
        """Make the feed of the next request, which supersedes those before it."""
        for feed in self._open:
            feed.superseded = True
        feed = TurnFeed(interrupt)
        self._open.append(feed)
        return feed

    def emit(self, entry: Entry) -> None:
        if not isinstance(entry, Event):
            return
        if isinstance(entry, TurnStarted) and entry.role == "assistant":
            self._begin(entry)
        for feed in self._open:
            feed.put(entry)
        self._end(entry)

    def end_all(self) -> None:
        """End all feeds, because their requests will not be answered."""
        for feed in tuple(self._open):
            self._end_feed(feed)

    def _begin(self, started: TurnStarted) -> None:
        for feed, ending in tuple(self._ending.items()):
            if started.repeats is not None and started.repeats == feed.fold.turn:
                ending.cancel()
                del self._ending[feed]
                feed.begin_repetition(started.turn)
                return
        # Requests are answered in their order, so the first without a turn gets this one.
        waiting = next((feed for feed in self._open if feed.fold.turn is None), None)
        if waiting is not None:
            waiting.begin(started.turn)

    def _end(self, entry: Event) -> None:
        match entry:
            case Failed(stage="session"):
                self.end_all()
            case TurnCompleted(role="assistant"):
                # The same step of the conversation may begin to speak it again.
                loop = asyncio.get_running_loop()
                for feed in self._open:
                    if feed.last_turn == entry.turn:
                        self._ending[feed] = loop.call_soon(self._end_feed, feed)
            case _:
                pass

    def _end_feed(self, feed: TurnFeed) -> None:
        self._ending.pop(feed, None)
        if feed in self._open:
            self._open.remove(feed)
            feed.end()
