"""A kept session as the writers of exports see it: record, timeline, excerpt and samples."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from gramophone.audio.pcm import decode
from gramophone.core.errors import StorageError
from gramophone.core.timeline import Event
from gramophone.library.export_request import FORMS
from gramophone.library.library import SessionRecord, TurnRecord
from storage.audio.session_audio import SessionAudio
from storage.audio.turn_audio import stored_path
from storage.audio.wav import write_all
from storage.home import Home
from storage.sessions import records
from storage.sessions.listing import not_found
from storage.sqlite.database import connect_to_read
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.reader import damaged_or_text

if TYPE_CHECKING:
    import sqlite3

    from gramophone.library.export_request import ExportRequest
    from storage.export.excerpt import Excerpt


class ExportedSession:
    """One session, as the database had it when it was opened. Nothing of it is held that grows
    with its sound."""

    def __init__(
        self, home: Home, database: sqlite3.Connection, session_id: str, order: ExportRequest
    ) -> None:
        """Use `kept_session`."""
        row = database.execute(records.SESSION, (session_id,)).fetchone()
        if row is None:
            raise not_found(session_id)
        self.id = session_id
        self._number: int = row[0]
        self._database = database
        self._order = order
        self._sound = SessionAudio(home, session_id)
        turns = database.execute(records.TURNS, (self._number,))
        asides = database.execute(records.ASIDES, (self._number,))
        pictures = database.execute(records.PICTURES, (self._number,))
        settings = database.execute(records.SETTINGS, (self._number,))
        self.record: SessionRecord = records.session_record(
            row, turns, asides, pictures, settings, home
        )
        if FORMS[order.form].sound:
            self._refuse_damaged()

    def events(self, *kinds: type[Event]) -> Generator[Event]:
        """The timeline in order, or the events of some kinds, without samples, read as it is
        asked for."""
        rows = self._database.execute(records.events_query(kinds), (self._number,))
        yield from records.events_of(rows)

    def picture(self, sha256: str) -> bytes:
        """The file of a picture; empty where it is lost."""
        row = self._database.execute(records.PICTURE_FILE, (self._number, sha256)).fetchone()
        return row[1] if row is not None and isinstance(row[1], bytes) else b""

    @cached_property
    def turns(self) -> tuple[TurnRecord, ...]:
        """Turns that the request selects, for forms without a clock. Events are read only if a part
        of the clock is asked for."""
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
        """Excerpt that the request selects."""
        from storage.export.excerpt import TELLING, excerpt

        events = records.events_of(records.sparse_rows(self._database, self._number, TELLING))
        words = not FORMS[self._order.form].sound
        return excerpt(self.record, events, self._order.cut, self._order.pauses, words=words)

    @cached_property
    def timed_excerpt(self) -> Excerpt:
        """The same, its words in time with the pauses that are heard; the sound is gone through
        for it once."""
        from gramophone.alignment.pause_matching import BUCKETS_PER_SECOND, find_silences
        from storage.audio.peaks import peaks
        from storage.export.excerpt import excerpt

        turn_audio = {turn.turn: turn.audio for turn in self.turns if turn.audio is not None}
        silences = {
            turn: find_silences(shape, turn_audio[turn].sample_rate_hz)
            for turn, shape in peaks(turn_audio, BUCKETS_PER_SECOND).items()
        }
        order = self._order
        return excerpt(self.record, self.events(), order.cut, order.pauses, silences=silences)

    def pcm(self, turn: TurnRecord, own_samples: int, samples: int) -> bytes:
        """Samples of a turn as 16-bit little-endian PCM at the excerpt's rate, whatever they are
        stored as.

        Raises:
            StorageError: they are not there.
        """
        audio, rate_hz = turn.audio, self.excerpt.rate_hz
        if audio is None or audio.sample_rate_hz == rate_hz:
            return self._own_pcm(turn, own_samples, samples)
        from storage.export.rate_conversion import resampled_range

        def read(start: int, count: int) -> bytes:
            return self._own_pcm(turn, start, max(0, min(count, audio.samples - start)))

        return resampled_range(read, audio.sample_rate_hz, rate_hz, own_samples, samples)

    def _own_pcm(self, turn: TurnRecord, own_samples: int, samples: int) -> bytes:
        width = 2 if self._is_linear else 1
        pcm = self._sound.read(turn.turn, own_samples * width, samples * width)
        if len(pcm) < samples * width:
            raise self._lost(turn)
        return decode(pcm, self.record.encoding)

    def copy_pcm(self, turn: TurnRecord, own_samples: int, samples: int, descriptor: int) -> None:
        """The same into a file, where it stands. What is stored as it is wanted goes from file to
        file within the kernel.

        Raises:
            OSError: the file cannot be written.
            StorageError: they are not there.
        """
        copied = 0
        if self._is_linear and turn.audio and turn.audio.sample_rate_hz == self.excerpt.rate_hz:
            copied = self._sound.copy(turn.turn, 2 * own_samples, 2 * samples, descriptor) // 2
        if copied < samples:
            write_all(descriptor, self.pcm(turn, own_samples + copied, samples - copied))

    def _refuse_damaged(self) -> None:
        """Raises StorageError where the session has sound that its rows do not let anybody read."""
        query = (
            "SELECT min(samples) < 0, max(own_rate_hz), min(own_rate_hz) FROM turn "
            "WHERE session = ? AND audio_file IS NOT NULL"
        )
        negative, *own_rates = self._database.execute(query, (self._number,)).fetchone()
        rates = {self.record.sample_rate_hz, *own_rates} - {None}
        faults = (records.sound_fault(self.record.encoding, rate_hz) for rate_hz in sorted(rates))
        fault = next(filter(None, faults), "")
        if fault or negative:
            raise StorageError(
                f"The sound of the session {self.id} cannot be exported: "
                f"{fault or 'a turn has less than no samples'}. Run `gramophone verify`; its text "
                "can be exported."
            )

    @property
    def stored_as_exported(self) -> bool:
        """Whether all sound is stored as 16-bit PCM at the excerpt's rate."""
        own_rates = {turn.audio.sample_rate_hz for turn in self.record.turns if turn.audio}
        return self._is_linear and own_rates <= {self.excerpt.rate_hz}

    @property
    def _is_linear(self) -> bool:
        return self.record.encoding == "linear16"

    def _lost(self, turn: TurnRecord) -> StorageError:
        path = turn.audio.path if turn.audio is not None else None
        if path is not None and stored_path(path) is not None:
            problem = f"The sound file {path} cannot be read as far as its row says"
        else:
            problem = f"The sound file {path} is missing"
        return StorageError(
            f"{problem}, so the session {self.id} cannot be exported; run `gramophone verify` to "
            "see what else is gone."
        )

    def close(self) -> None:
        """Give the files back."""
        self._sound.close()


class KeptSessions:
    """Sessions that go into one file, opened one after another, and again for every pass. `notes`
    is what the user should be told about them, a sentence each; `progress` gets when each
    begins."""

    def __init__(
        self,
        home: Home,
        ids: Sequence[str],
        order: ExportRequest,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.notes: list[str] = []
        self._home = home
        self._ids = ids
        self._order = order
        self._progress = progress
        self._passes: list[Generator[ExportedSession]] = []

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Generator[ExportedSession]:
        self._passes.append(self._opened())
        return self._passes[-1]

    def close(self) -> None:
        """Give back what a pass that was left in mid-way holds."""
        for one_pass in self._passes:
            one_pass.close()

    def _opened(self) -> Generator[ExportedSession]:
        for index, session_id in enumerate(self._ids):
            if self._progress is not None:
                self._progress(index, len(self._ids))
            with kept_session(self._home, session_id, self._order) as session:
                yield session


@contextmanager
def kept_session(home: Home, session_id: str, order: ExportRequest) -> Generator[ExportedSession]:
    """The session while the block runs; later changes of it are not seen.

    Raises:
        StorageError: there is none, or it cannot be read.
    """
    with storage_errors(home), closing(connect_to_read(home)) as database:
        database.text_factory = damaged_or_text
        database.execute("PRAGMA query_only = ON")
        database.execute("BEGIN")
        with closing(ExportedSession(home, database, session_id, order)) as session:
            yield session
