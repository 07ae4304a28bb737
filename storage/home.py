"""Where a recording lives: the data directory, its paths and their permissions.

Every path is built from the root, a validated session id and an integer, never from a name
that stands in a database or came over the network. Directories are 0700 and files 0600, whatever
the umask says.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from gramophone.errors import StorageError
from gramophone.values import value

_DIRECTORY_MODE = 0o700
_FILE_MODE = 0o600
_SESSION_ID = re.compile(r"[0-9a-f]{1,64}")


def is_session_id(text: str) -> bool:
    """Whether `text` may name a session: 1 to 64 lower-case hexadecimal digits."""
    return _SESSION_ID.fullmatch(text) is not None


@value
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
        return self.root / "library.db-wal"

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
        if ours and self.root.stat().st_mode & 0o777 != _DIRECTORY_MODE:
            self.root.chmod(_DIRECTORY_MODE)
        make_private_directory(self.audio)
        make_private_directory(self.locks)


def make_private_directory(path: Path) -> None:
    """Make one directory, readable by its owner alone; one that exists is left as it is."""
    try:
        path.mkdir(mode=_DIRECTORY_MODE)
    except FileExistsError:
        return
    path.chmod(_DIRECTORY_MODE)


def open_private(path: Path, flags: int) -> int:
    """Open a file descriptor; a file that this makes is readable by its owner alone."""
    descriptor = os.open(path, flags | os.O_CLOEXEC, _FILE_MODE)
    if flags & os.O_CREAT and os.fstat(descriptor).st_mode & 0o777 != _FILE_MODE:
        os.fchmod(descriptor, _FILE_MODE)
    return descriptor


def _checked(session_id: str) -> str:
    if not is_session_id(session_id):
        raise StorageError(
            f"{session_id[:80]!r} is no session id; ids are hexadecimal digits, "
            "as `gramophone sessions` lists them."
        )
    return session_id
