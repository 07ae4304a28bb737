"""A kept session as the writers of exports see it: record, timeline, excerpt and samples."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from gramophone.errors import StorageError
from gramophone.library import SessionRecord, TurnRecord
from gramophone.timeline import Event
from gramophone.wire.pcm import decode
from storage import records
from storage.database import connect
from storage.failures import sentences
from storage.home import Home
from storage.listing import not_found
from storage.reader import damaged_or_text
from storage.sound import SessionSound

if TYPE_CHECKING:
    import sqlite3

    from gramophone.excerpt import Excerpt
    from gramophone.exports import ExportOrder


class KeptSession:
    """One session, as the database had it when it was opened. Nothing of it is held that grows
    with its sound."""

    def __init__(
        self, home: Home, database: sqlite3.Connection, session_id: str, order: ExportOrder
    ) -> None:
        """Use `kept_session`."""
        row = database.execute(records.SESSION, (session_id,)).fetchone()
        if row is None:
            raise not_found(session_id)
        self.id = session_id
        self._number: int = row[0]
        self._database = database
        self._order = order
        self._sound = SessionSound(home, session_id)
        turns = database.execute(records.TURNS, (self._number,))
        self.record: SessionRecord = records.session_record(row, turns, home)

    def events(self, *kinds: type[Event]) -> Generator[Event]:
        """The timeline in order, or the events of some kinds, without samples, read as it is
        asked for."""
        found = self._database.execute(records.events_query(kinds), (self._number,))
        yield from records.events_of(found)

    @cached_property
    def turns(self) -> tuple[TurnRecord, ...]:
        """What the order takes of it, for forms without a clock: unless a part of the clock is
        asked for, no event is read."""
        cut = self._order.cut
        if cut.timed:
            return tuple(turn.record for turn in self.excerpt.turns)
        return tuple(
            turn
            for turn in self.record.turns
            if (cut.withdrawn or not turn.withdrawn) and (not cut.turns or turn.turn in cut.turns)
        )

    @cached_property
    def excerpt(self) -> Excerpt:
        """What the order takes of it, laid on one clock."""
        from gramophone.excerpt import excerpt

        return excerpt(self.record, self.events(), self._order.cut, self._order.pauses)

    @cached_property
    def timed_excerpt(self) -> Excerpt:
        """The same, its words in time with the pauses that are heard; the sound is gone through
        for it once."""
        from gramophone.excerpt import excerpt
        from gramophone.pauses import BUCKETS_PER_SECOND, silences
        from storage.peaks import peaks

        spoken = {turn.turn: turn.audio for turn in self.turns if turn.audio is not None}
        found = {
            turn: silences(shape, spoken[turn].sample_rate_hz)
            for turn, shape in peaks(spoken, BUCKETS_PER_SECOND).items()
        }
        order = self._order
        return excerpt(self.record, self.events(), order.cut, order.pauses, found)

    def pcm(self, turn: TurnRecord, own_samples: int, samples: int) -> bytes:
        """Samples of a turn as 16-bit little-endian PCM, whatever they are stored as.

        Raises:
            StorageError: they are not there.
        """
        width = 2 if self.record.encoding == "linear16" else 1
        found = self._sound.read(turn.turn, own_samples * width, samples * width)
        if len(found) < samples * width:
            raise self._lost(turn)
        return decode(found, self.record.encoding)

    def _lost(self, turn: TurnRecord) -> StorageError:
        path = turn.audio.path if turn.audio is not None else None
        if path is not None and path.exists():
            what = f"The sound file {path} cannot be read as far as its row says"
        else:
            what = f"The sound file {path} is missing"
        return StorageError(
            f"{what}, so the session {self.id} cannot be exported; run `gramophone verify` to see "
            "what else is gone."
        )

    def close(self) -> None:
        """Give the files back."""
        self._sound.close()


@contextmanager
def kept_session(home: Home, session_id: str, order: ExportOrder) -> Generator[KeptSession]:
    """The session while the block runs; later changes of it are not seen.

    Raises:
        StorageError: there is none, or it cannot be read.
    """
    with sentences(home), closing(connect(home)) as database:
        database.text_factory = damaged_or_text
        database.execute("PRAGMA query_only = ON")
        database.execute("BEGIN")
        with closing(KeptSession(home, database, session_id, order)) as session:
            yield session
