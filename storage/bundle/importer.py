"""Import of a bundle into the library: checked as a whole, then imported whole or not at all.

Sound is written to a directory apart first. Rows go into one transaction, at whose end that
directory gets its name; a process that is killed leaves at most a directory that the next import
removes.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.core.timeline import PictureAttached
from storage.audio.turn_audio import FLAC, WAV, TurnSound
from storage.bundle.lines import belonging, event_line, turn_line
from storage.bundle.reader import Bundle, opened_bundle
from storage.bundle.stored import StoredSession, line_hash
from storage.home import Home, is_session_id, make_private_directory, open_private
from storage.maintenance.orphaned_audio import DELETED, mark_deleted
from storage.sqlite import rows
from storage.sqlite.database import open_library, transaction
from storage.sqlite.error_messages import storage_errors
from storage.sqlite.locks import SessionLock
from storage.sqlite.schema import SPOKEN_SAMPLES, turn_number

_INCOMING = "incoming"
_TURN = (
    "turn, role, text, finish_reason, started_us, completed_us, ttft_ms, ttfb_ms, ttfa_ms, "
    "response_ms, underruns, flushes, input_tokens, output_tokens, tokens_per_s, withdrawn, "
    "heard_characters, samples, sha256, own_rate_hz"
)


@frozen
class BundleImportResult:
    """Result of an import; `already` if the library had the session before, which then stays as it
    is."""

    session_id: str
    title: str
    already: bool


def import_bundle(
    home: Home,
    path: Path,
    *,
    new_id: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> BundleImportResult:
    """Take the session of a bundle into the library under `home`, made where it is missing; with
    `new_id` as a session of its own that has this id. `progress` gets how many bytes of about how
    many were looked at; what it raises ends the import, and nothing is left.

    Raises:
        StorageError: the bundle cannot be trusted, the library has another session of this id, or
            there is no room.
    """
    done_bytes, total_bytes = 0, 0

    def on_bytes(size_bytes: int) -> None:
        nonlocal done_bytes
        done_bytes += size_bytes
        if progress is not None and total_bytes:
            progress(min(done_bytes, total_bytes), total_bytes)

    with opened_bundle(path, on_bytes) as bundle:
        done_bytes, total_bytes = 0, bundle.import_bytes
        session_id = new_id or bundle.session["id"]
        hashes = _looked_through(bundle, session_id)
        with storage_errors(home):
            database = open_library(home)
            try:
                return _BundleImport(home, database, bundle, session_id, path).run(hashes)
            finally:
                database.close()


def _looked_through(bundle: Bundle, session_id: str) -> tuple[str, str]:
    """Every row is looked at before anything is written; the hashes `StoredSession` gives."""
    turns = (turn_line(values) + b"\n" for values in bundle.turns())
    events = (event_line(belonging(event, session_id)) + b"\n" for event in bundle.events())
    return line_hash(turns), line_hash(events)


class _BundleImport:
    def __init__(
        self,
        home: Home,
        database: sqlite3.Connection,
        bundle: Bundle,
        session_id: str,
        path: Path,
    ) -> None:
        self._home = home
        self._database = database
        self._bundle = bundle
        self._id = session_id
        self._path = path
        self._stage = home.root / _INCOMING / session_id

    def run(self, hashes: tuple[str, str]) -> BundleImportResult:
        """Import the session, or find that it is there; `hashes` are of its turns and events.

        Raises:
            StorageError: the session is being recorded, is there otherwise, or has no room.
        """
        lock = SessionLock.take(self._home, self._id)
        if lock is None:
            raise StorageError(f"The session {self._id} is being recorded; it was left alone.")
        try:
            _remove_forgotten(self._home)
            shutil.rmtree(self._stage, ignore_errors=True)
            _remove_empty(self._stage.parent)
            if self._is_there(hashes):
                return BundleImportResult(self._id, self._bundle.session["title"], already=True)
            self._require_room()
            try:
                self._write_sound()
                self._take_in()
            finally:
                shutil.rmtree(self._stage, ignore_errors=True)
                _remove_empty(self._stage.parent)
        finally:
            lock.release()
        return BundleImportResult(self._id, self._bundle.session["title"], already=False)

    def _is_there(self, hashes: tuple[str, str]) -> bool:
        row = self._database.execute("SELECT 1 FROM session WHERE id = ?", (self._id,)).fetchone()
        if row is None:
            return False
        stored = StoredSession(self._database, self._id)
        same = all(
            stored.values[name] == self._bundle.session[name]
            for name in ("created_at", "encoding", "sample_rate_hz", "system_prompt")
        )
        if not same or stored.hashes() != hashes:
            raise StorageError(
                f"The library has another session {self._id}; to have both, import {self._path} "
                "with --as-new."
            )
        # It may have been deleted in an app that can still undo it.
        self._database.execute(
            "UPDATE session SET discarded_at = NULL WHERE id = ? AND discarded_at IS NOT NULL",
            (self._id,),
        )
        return True

    def _require_room(self) -> None:
        free_bytes = shutil.disk_usage(self._home.root).free
        if self._bundle.unpacked_bytes > free_bytes:
            raise StorageError(
                f"There is no room for {self._path} in {self._home.root}: it needs "
                f"{self._bundle.unpacked_bytes >> 20} MiB. Free some space and try again."
            )

    # --- sound --------------------------------------------------------------------------------

    def _write_sound(self) -> None:
        if not self._bundle.sounds:
            return
        shutil.rmtree(self._stage, ignore_errors=True)
        make_private_directory(self._stage.parent)
        make_private_directory(self._stage)
        for turn, sound in self._bundle.sounds.items():
            header = self._bundle.form.at_rate(sound.own_rate_hz).header(sound.data_bytes)
            pad = b"\0" * (sound.data_bytes % 2)
            path = self._stage / f"{int(turn)}.wav"
            with os.fdopen(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
                file.write(header)
                for block in self._bundle.sound(turn):
                    file.write(block)
                file.write(pad)
                file.flush()
                os.fsync(file.fileno())
        # Until its rows are committed nobody wants the sound; a killed import leaves it so.
        mark_deleted(self._stage)

    def _put_in_place(self) -> None:
        if not self._bundle.sounds:
            return
        target = self._home.session_audio(self._id)
        if target.exists():
            # An import that was killed, or a library whose rows were lost: only what is the same
            # may go.
            if not _all_in(target, self._stage):
                raise StorageError(
                    f"{target} holds sound that no session of the library knows; move it away and "
                    "import again."
                )
            shutil.rmtree(target)
        os.rename(self._stage, target)
        # The rows that name the files must not reach the disk before their directory does.
        _sync(target)
        _sync(target.parent)

    # --- rows ---------------------------------------------------------------------------------

    # The directory gets its name inside the transaction, as its last step: a failure before it
    # rolls the rows back, a failed commit removes the directory again. Killed between the renaming
    # and the commit, the directory is there without rows, marked as deleted, and the next import of
    # the same bundle finds the very same files and replaces them.
    def _take_in(self) -> None:
        self._database.execute("PRAGMA synchronous = FULL")
        placed = False
        try:
            with transaction(self._database):
                number = self._insert_session()
                self._insert_turns(number)
                self._database.executemany(rows.INSERT, self._event_rows(number))
                self._insert_pictures(number)
                self._put_in_place()
                placed = True
        except BaseException:
            if placed:
                shutil.rmtree(self._home.session_audio(self._id), ignore_errors=True)
            raise
        (self._home.session_audio(self._id) / DELETED).unlink(missing_ok=True)

    def _insert_session(self) -> int:
        session = self._bundle.session
        cursor = self._database.execute(
            "INSERT INTO session (id, title, renamed, created_at, provider, model, voice, "
            "encoding, sample_rate_hz, system_prompt, format_version, ended, recovered) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._id, session["title"], session["renamed"], session["created_at"]),
                *(session["provider"], session["model"], session["voice"], session["encoding"]),
                *(session["sample_rate_hz"], session["system_prompt"]),
                *(session["format_version"], session["ended"]),
                # Nobody records it any more, whatever it says; there is nothing to repair.
                session["recovered"] or not session["ended"],
            ),
        )
        number = cursor.lastrowid
        assert number is not None
        self._database.executemany(
            "INSERT INTO tag VALUES (?, ?)",
            [(number, name) for name in sorted(set(session["tags"]))],
        )
        return number

    def _insert_turns(self, number: int) -> None:
        names = _TURN.split(", ")
        marks = ", ".join("?" * (len(names) + 3))
        self._database.executemany(
            f"INSERT INTO turn (number, session, audio_file, {_TURN}) VALUES ({marks})",
            (
                (
                    turn_number(number, values["turn"]),
                    number,
                    f"{values['turn']}.wav" if values["sha256"] else None,
                    *(values[name] for name in names),
                )
                for values in self._bundle.turns()
            ),
        )
        self._database.execute(
            "UPDATE session SET turns = (SELECT count(*) FROM turn WHERE session = :number), "
            f"spoken_samples = {SPOKEN_SAMPLES} WHERE number = :number",
            {"number": number},
        )

    def _insert_pictures(self, number: int) -> None:
        """Insert the pictures that an event names; nobody would see others."""
        named = {e.sha256 for e in self._bundle.events() if isinstance(e, PictureAttached)}
        self._database.executemany(
            "INSERT INTO picture (session, sha256, content) VALUES (?, ?, ?)",
            ((number, sha256, self._bundle.picture(sha256)) for sha256 in sorted(named)),
        )

    def _event_rows(self, number: int) -> Generator[rows.Row]:
        for seq, event in enumerate(self._bundle.events()):
            yield rows.storable(rows.row_of(belonging(event, self._id), number, seq))


def _all_in(directory: Path, stage: Path) -> bool:
    """Whether each file there is one that would be put there, or has its sound."""
    return all(_same(path, stage / path.with_suffix(WAV).name) for path in directory.iterdir())


def _same(path: Path, staged: Path) -> bool:
    if not staged.is_file():
        return False
    if path.suffix != FLAC:
        return path.name == staged.name and filecmp.cmp(path, staged, shallow=False)
    with TurnSound(path) as stored, TurnSound(staged) as imported:
        return stored.compacted and stored.sha256() == imported.sha256()


def _remove_forgotten(home: Home) -> None:
    """Take away what a killed import left."""
    for directory in _directories(home.root / _INCOMING):
        lock = SessionLock.take(home, directory.name) if is_session_id(directory.name) else None
        if lock is not None:
            shutil.rmtree(directory, ignore_errors=True)
            lock.release()


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _directories(directory: Path) -> Iterable[Path]:
    return [path for path in directory.iterdir() if path.is_dir()] if directory.is_dir() else []


def _remove_empty(directory: Path) -> None:
    try:
        directory.rmdir()
    except OSError:
        return
