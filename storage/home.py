"""The data directory: its paths and their permissions.

Every path is built from the root, a validated session id and an integer, never from a name
that stands in a database or came over the network. Directories are 0700 and files 0600, whatever
the umask says.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from pathlib import Path

from gramophone.core.errors import StorageError
from gramophone.core.frozen import frozen
from gramophone.system.regular_files import open_regular

_DIRECTORY_MODE = 0o700
_FILE_MODE = 0o600
_SESSION_ID = re.compile(r"[0-9a-f]{1,64}")
_creating = threading.Lock()


def is_session_id(text: object) -> bool:
    """Whether `text` may name a session: 1 to 64 lower-case hexadecimal digits. A damaged row may
    hold something else than text."""
    return isinstance(text, str) and _SESSION_ID.fullmatch(text) is not None


@frozen
class Home:
    """A data directory; `root` is absolute."""

    root: Path

    @classmethod
    def at(cls, root: Path) -> Home:
        """The data directory at `root`, which need not exist yet."""
        return cls(Path(os.path.abspath(root.expanduser())))

    @property
    def database(self) -> Path:
        return self.root / "library.db"

    @property
    def write_ahead_log(self) -> Path:
        """SQLite puts it beside the database itself, also where `database` is a link to it."""
        database = self.database
        database = Path(os.path.realpath(database)) if database.is_symlink() else database
        return database.with_name(f"{database.name}-wal")

    @property
    def reserve(self) -> Path:
        """The file whose room is kept for a full disk."""
        return self.root / "library.reserve"

    @property
    def marking_key(self) -> Path:
        return self.root / "redaction.key"

    @property
    def audio(self) -> Path:
        return self.root / "audio"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    def session_audio(self, session_id: str) -> Path:
        """The directory of a session's sound files."""
        return self.audio / _checked(session_id)

    def wav(self, session_id: str, turn: int) -> Path:
        """The WAV file of one turn."""
        return self.session_audio(session_id) / f"{int(turn)}.wav"

    def flac(self, session_id: str, turn: int) -> Path:
        """The file of one turn after `compact`."""
        return self.session_audio(session_id) / f"{int(turn)}.flac"

    def sound(self, session_id: str, turn: int, audio_file: str) -> Path:
        """The file of one turn, of the kind that its row says; the row's words are compared and
        never used as a name."""
        compacted = self.flac(session_id, turn)
        return compacted if audio_file == compacted.name else self.wav(session_id, turn)

    def lock(self, session_id: str) -> Path:
        """The file whose lock a recording process holds."""
        return self.locks / f"{_checked(session_id)}.lock"

    def create(self) -> None:
        """Make the directories that are missing.

        A directory that was there before is tightened only when it is empty or already holds a
        library: someone may point GRAMOPHONE_HOME at a directory they share.

        Raises:
            OSError: the directory cannot be made.
        """
        ours = not self.root.exists() or self.database.exists() or not any(self.root.iterdir())
        self.root.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        if ours:
            tighten(self.root, _DIRECTORY_MODE)
        make_private_directory(self.audio)
        make_private_directory(self.locks)


def make_private_directory(path: Path) -> None:
    """Make one directory, readable by its owner alone; one that exists is left as it is."""
    if path.is_dir():
        return
    try:
        path.mkdir(mode=_DIRECTORY_MODE)
    except FileExistsError:
        return
    tighten(path, _DIRECTORY_MODE)


def make_private_file(path: Path) -> bool:
    """Make an empty file, readable by its owner alone; whether it was missing.

    A file that exists is not opened, not even for a moment: closing any descriptor of a file
    drops the POSIX locks that SQLite holds on it in this process. The mutex keeps another thread
    from connecting to a new file before its descriptor is closed.

    Raises:
        OSError: the file cannot be made.
    """
    with _creating:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(path, flags, _FILE_MODE)
        except FileExistsError:
            tighten(path, _FILE_MODE)
            return False
        try:
            os.fchmod(descriptor, _FILE_MODE)
        finally:
            os.close(descriptor)
        return True


def open_private(path: Path, flags: int) -> int:
    """Open a file descriptor; a file that this makes is readable by its owner alone.

    A symbolic link at `path` is not followed, and nothing but a regular file is opened.

    Raises:
        OSError: the file cannot be opened, or is a link or another kind of file.
    """
    descriptor = open_regular(path, flags, _FILE_MODE, follow=False)
    if flags & os.O_CREAT:
        try:
            status = os.fstat(descriptor)
            # Another name of the file may lie outside of the data directory.
            if status.st_nlink <= 1 and status.st_mode & 0o777 != _FILE_MODE:
                os.fchmod(descriptor, _FILE_MODE)
        except BaseException:
            os.close(descriptor)
            raise
    return descriptor


def tighten(path: Path, mode: int) -> None:
    """Set the mode of what stands at `path`, unless that is a link: its target may lie elsewhere.

    Opens nothing that would drop a lock when it is closed. A file with several names (hard links)
    is left as it is.

    Raises:
        OSError: the mode cannot be set.
    """
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode) or stat.S_IMODE(status.st_mode) == mode:
        return
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        return
    if os.chmod in os.supports_follow_symlinks:
        os.chmod(path, mode, follow_symlinks=False)
        return
    # Linux has no such call; a descriptor that only names the file stands in for it.
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISLNK(os.fstat(descriptor).st_mode):
            os.chmod(f"/proc/self/fd/{descriptor}", mode)
    finally:
        os.close(descriptor)


def _checked(session_id: str) -> str:
    if not is_session_id(session_id):
        raise StorageError(
            f"{session_id[:80]!r} is not a session id; ids are hexadecimal digits, "
            "as `gramophone sessions` lists them."
        )
    return session_id
