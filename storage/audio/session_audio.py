"""The sound of a kept session, read piece by piece while it is played."""

from __future__ import annotations

from storage.audio.turn_audio import TurnSound
from storage.home import Home


class SessionAudio:
    """Reads any turn's file at any place. One file is open at a time: a long session has more
    spoken turns than a process may open files, and they are heard one after another."""

    def __init__(self, home: Home, session_id: str) -> None:
        self._home = home
        self._session_id = session_id
        self._turn: int | None = None
        self._file: TurnSound | None = None

    def read(self, turn: int, offset_bytes: int, size_bytes: int) -> bytes:
        """The bytes as they were received, or what there is of them."""
        try:
            return self._opened(turn).read(offset_bytes, size_bytes)
        except OSError:
            return b""

    def copy(self, turn: int, offset_bytes: int, size_bytes: int, descriptor: int) -> int:
        """Put the bytes, or the first of them, into another file, where it stands; how many went.
        It may be none, although they are there.

        Raises:
            OSError: the other file cannot be written.
        """
        try:
            file = self._opened(turn)
        except OSError:
            return 0
        return file.copy(offset_bytes, size_bytes, descriptor)

    def _opened(self, turn: int) -> TurnSound:
        if self._file is None or turn != self._turn:
            self.close()
            self._file = TurnSound(self._home.wav(self._session_id, turn))
            self._turn = turn
        return self._file

    def close(self) -> None:
        """Give the file back; harmless when repeated."""
        if self._file is not None:
            self._file.close()
            self._file = None
