"""WAV to FLAC, bit for bit, of sessions that are over: `gramophone compact`.

For each session, under its lock: FLAC is written under a name of its own and decoded again; when
it gives back what the turn's row has the hash of, it gets its name; then one transaction names
it; then the WAV goes. Killed in between, a turn has a whole file at any moment, sometimes two, and
`settle` finishes what was begun.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gramophone.core.errors import LibraryCorrupt, StorageError
from gramophone.core.frozen import frozen
from storage.audio.flac import packed
from storage.audio.turn_audio import TurnSound
from storage.home import Home, is_session_id, open_private
from storage.sqlite.database import connect, transaction
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.file_system import FULL, write_fault
from storage.sqlite.locks import SessionLock

UNFINISHED = ".part.flac"
"""How the name of a FLAC ends that was not looked at yet."""

_FREE_BESIDES_BYTES = 1 << 24
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Compacted:
    """Result of a compaction. `left` are sentences on sound that stays WAV because it is not what
    was recorded; `busy` counts sessions that another process works on."""

    sessions: int = 0
    turns: int = 0
    wav_bytes: int = 0
    flac_bytes: int = 0
    stay_wav: int = 0
    busy: int = 0
    left: list[str] = field(default_factory=list[str])

    @property
    def saved_bytes(self) -> int:
        return self.wav_bytes - self.flac_bytes


@frozen
class _WavTurn:
    """A turn whose row names a WAV."""

    number: int
    turn: int
    sha256: str
    wav: Path
    flac: Path

    @property
    def part(self) -> Path:
        return self.flac.with_name(f"{self.turn}{UNFINISHED}")


def compact(
    home: Home,
    begun_before: datetime,
    *,
    dry_run: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Compacted:
    """Pack the sound of the sessions that are over and began before that moment, one session
    after another; `progress` gets how many bytes of how many are packed, and what it raises ends
    the work: sessions that are done stay done, of the one under way nothing is left.

    With `dry_run` nothing is written; `turns` and `wav_bytes` say what would be packed.

    Raises:
        StorageError: there is no room, or something cannot be written.
    """
    result = Compacted()
    with storage_errors(home):
        database = connect(home)
        try:
            chosen = _chosen(home, database, begun_before)
            total_bytes = sum(_size(turn.wav) for _, turns in chosen for turn in turns)
            counter = _CompactionProgress(total_bytes, progress)
            for session_id, turns in chosen:
                if dry_run:
                    result.sessions += 1
                    result.turns += len(turns)
                    result.wav_bytes += sum(_size(turn.wav) for turn in turns)
                else:
                    _compact_session(home, database, session_id, result, counter)
        finally:
            database.close()
    return result


def finish_compactions(home: Home, database: sqlite3.Connection) -> None:
    """Finish what a killed process was compacting: its lock file is still there. What cannot be
    done now is logged and done by the next."""
    for path in list(home.locks.glob("*.lock")):
        try:
            with storage_errors(home):
                _settle_unheld(home, database, path.stem)
        except LibraryCorrupt:
            raise
        except StorageError as error:
            _log.warning("session %s is not settled yet: %s", path.stem, error)


def _settle_unheld(home: Home, database: sqlite3.Connection, session_id: str) -> None:
    if not is_session_id(session_id) or not _unsettled(home, session_id):
        return
    lock = SessionLock.take(home, session_id)
    if lock is not None:
        try:
            settle(home, database, session_id)
        finally:
            lock.release()


def settle(home: Home, database: sqlite3.Connection, session_id: str) -> None:
    """Bring a session whose compaction was killed back to one file a turn, and rows that name it.
    The caller holds its lock."""
    directory = home.session_audio(session_id)
    for path in directory.glob(f"*{UNFINISHED}"):
        path.unlink()
    rows = database.execute(
        "SELECT turn.number, turn, audio_file, sha256 FROM turn "
        "JOIN session ON session.number = turn.session "
        "WHERE session.id = ? AND audio_file IS NOT NULL",
        (session_id,),
    ).fetchall()
    for number, turn, audio_file, sha256 in rows:
        wav, flac = home.wav(session_id, turn), home.flac(session_id, turn)
        if not flac.exists() or (audio_file == flac.name and not wav.exists()):
            continue
        whole = _sha256(flac) == sha256
        if not whole and not wav.exists():
            # All that is there of it, however damaged.
            continue
        chosen, other = (flac, wav) if whole else (wav, flac)
        if audio_file != chosen.name:
            _name(database, [(chosen.name, number)])
        other.unlink(missing_ok=True)


def _unsettled(home: Home, session_id: str) -> bool:
    directory = home.session_audio(session_id)
    if not directory.is_dir():
        return False
    names = {path.name for path in directory.iterdir()}
    return any(
        name.endswith(UNFINISHED) or name.removesuffix(".flac") + ".wav" in names
        for name in names
        if name.endswith(".flac")
    )


def _chosen(
    home: Home, database: sqlite3.Connection, begun_before: datetime
) -> list[tuple[str, list[_WavTurn]]]:
    sessions = database.execute(
        "SELECT id FROM session WHERE (ended = 1 OR recovered = 1) AND created_at < ? "
        "AND discarded_at IS NULL AND encoding = 'linear16' ORDER BY number",
        (begun_before.astimezone(UTC).isoformat(timespec="milliseconds"),),
    ).fetchall()
    chosen = ((session_id, _turns(home, database, session_id)) for (session_id,) in sessions)
    return [(session_id, turns) for session_id, turns in chosen if turns]


def _turns(home: Home, database: sqlite3.Connection, session_id: str) -> list[_WavTurn]:
    """The turns whose sound is a WAV that FLAC can give back."""
    rows = database.execute(
        "SELECT number, turn, sha256, audio_file FROM turn WHERE samples > 0 "
        "AND audio_file IS NOT NULL "
        "AND session = (SELECT number FROM session WHERE id = ?) ORDER BY turn",
        (session_id,),
    ).fetchall()
    turns = (
        _WavTurn(number, turn, sha256, home.wav(session_id, turn), home.flac(session_id, turn))
        for number, turn, sha256, audio_file in rows
        if audio_file != home.flac(session_id, turn).name
    )
    return [turn for turn in turns if turn.wav.is_file()]


class _CompactionProgress:
    """Sum of packed bytes over all sessions."""

    def __init__(self, total: int, progress: Callable[[int, int], None]) -> None:
        self._done = 0
        self._total = total
        self._progress = progress

    def add(self, size_bytes: int) -> None:
        self._done += size_bytes
        self._progress(min(self._done, self._total), self._total)


# A turn must have a whole file at any moment. FLAC is written under a name that no row and no
# reader knows, synced, and decoded again; only then it gets its name, the directory is synced, one
# FULL transaction names it, and the WAV goes last. Killed before the transaction there are two
# whole files and the row names the WAV; after it, two and the row names the FLAC. `settle` keeps
# the FLAC if it has the hash of the row, else the WAV.
def _compact_session(
    home: Home,
    database: sqlite3.Connection,
    session_id: str,
    result: Compacted,
    counter: _CompactionProgress,
) -> None:
    lock = SessionLock.take(home, session_id)
    if lock is None:
        result.busy += 1
        return
    try:
        settle(home, database, session_id)
        # Looked at anew: another process may have come first, or deleted the session.
        turns = _turns(home, database, session_id)
        _require_room(home, turns)
        try:
            packed_turns = _packed_turns(database, session_id, turns, result, counter)
            _take_over(home, database, session_id, packed_turns)
        except BaseException:
            _undo(home, database, session_id, turns)
            raise
        for turn in packed_turns:
            result.turns += 1
            result.wav_bytes += _size(turn.wav)
            result.flac_bytes += _size(turn.flac)
            turn.wav.unlink()
        result.sessions += bool(packed_turns)
    finally:
        lock.release()


def _require_room(home: Home, turns: Sequence[_WavTurn]) -> None:
    needed_bytes = sum(turn.wav.stat().st_size for turn in turns) + _FREE_BESIDES_BYTES
    if shutil.disk_usage(home.root).free < needed_bytes:
        raise StorageError(
            f"There is no room in {home.root} to compact: a session's sound is written again "
            f"before the old goes, which needs {needed_bytes >> 20} MiB. Free some space and try "
            "again."
        )


def _packed_turns(
    database: sqlite3.Connection,
    session_id: str,
    turns: Sequence[_WavTurn],
    result: Compacted,
    counter: _CompactionProgress,
) -> list[_WavTurn]:
    """Turns of which there is a FLAC now that decodes to the very same bytes."""
    rates_hz = dict(
        database.execute(
            "SELECT turn.number, coalesce(own_rate_hz, sample_rate_hz) FROM turn "
            "JOIN session ON session.number = turn.session WHERE id = ?",
            (session_id,),
        )
    )
    return [turn for turn in turns if _pack(turn, rates_hz[turn.number], result, counter)]


def _pack(turn: _WavTurn, rate_hz: int, result: Compacted, counter: _CompactionProgress) -> bool:
    """Write one FLAC and look whether it is worth having."""
    with TurnSound(turn.wav) as sound:
        data_bytes = sound.data_bytes()
        if data_bytes % 2:
            result.stay_wav += 1
            return False
        if sound.sha256() != turn.sha256:
            result.left.append(f"{turn.wav} is not what was recorded; run `gramophone verify`.")
            return False
        descriptor = open_private(turn.part, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        try:
            _write(sound, rate_hz, descriptor, counter)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    if _sha256(turn.part) != turn.sha256:
        raise StorageError(f"FLAC does not give {turn.wav} back, so it stays; is the disk full?")
    if _size(turn.part) >= _size(turn.wav):
        turn.part.unlink()
        result.stay_wav += 1
        return False
    return True


def _write(sound: TurnSound, rate_hz: int, descriptor: int, counter: _CompactionProgress) -> None:
    import soundfile

    def passing() -> Generator[bytes]:
        for block in sound.blocks():
            yield block
            counter.add(len(block))

    try:
        packed(passing(), rate_hz, descriptor)
    except (soundfile.SoundFileError, AssertionError, RuntimeError) as error:
        # libsndfile does not say why it cannot write.
        number = write_fault(sound.path.parent)
        if number in FULL:
            raise OSError(number, os.strerror(number)) from error
        raise StorageError(
            f"{sound.path} cannot be written as FLAC ({error}); it stays as it is."
        ) from error


def _take_over(
    home: Home, database: sqlite3.Connection, session_id: str, turns: Sequence[_WavTurn]
) -> None:
    """The order that `settle` understands: files on the disk, then the rows that name them."""
    if turns:
        for turn in turns:
            os.rename(turn.part, turn.flac)
        _sync(home.session_audio(session_id))
        _name(database, [(turn.flac.name, turn.number) for turn in turns])


def _undo(
    home: Home, database: sqlite3.Connection, session_id: str, turns: Sequence[_WavTurn]
) -> None:
    """Leave the WAVs alone; but when the rows were committed after all, leave both."""
    names_wav = {turn.turn for turn in _turns(home, database, session_id)}
    for turn in turns:
        turn.part.unlink(missing_ok=True)
        if turn.turn in names_wav:
            turn.flac.unlink(missing_ok=True)


def _name(database: sqlite3.Connection, names: Sequence[tuple[str, int]]) -> None:
    """Have rows name other files; on the disk when this returns."""
    database.execute("PRAGMA synchronous = FULL")
    with transaction(database):
        database.executemany("UPDATE turn SET audio_file = ? WHERE number = ?", names)


def _sha256(path: Path) -> str:
    """Hash of the sound in a FLAC; empty if it cannot be read."""
    try:
        with TurnSound(path) as sound:
            return sound.sha256() if sound.compacted else ""
    except OSError:
        return ""


def _size(path: Path) -> int:
    """Size of a file in bytes; 0 if another process took it away."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
