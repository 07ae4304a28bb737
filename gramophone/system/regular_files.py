"""Opens files that somebody else may have put there, if they are regular files.

Anything else is refused at once: opening a FIFO waits for a writer, and a device never ends.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

MOST_BYTES: Final = 1 << 18
"""Limit of a small file, such as one of settings; with every setting it has some kilobytes."""

_KINDS = {
    stat.S_IFIFO: "is a FIFO, not a file",
    stat.S_IFDIR: "is a directory, not a file",
    stat.S_IFCHR: "is a device, not a file",
    stat.S_IFBLK: "is a device, not a file",
    stat.S_IFSOCK: "is a socket, not a file",
    stat.S_IFLNK: "is a symbolic link, not a file",
}


class NotRegularFile(OSError):
    """The path is not a regular file; `strerror` says what it is, as a phrase after “it”."""

    def __init__(self, path: Path, mode: int) -> None:
        kind = _KINDS.get(stat.S_IFMT(mode), "is not a file")
        super().__init__(errno.EINVAL, kind, str(path))


class FileTooLarge(OSError):
    """A file is larger than the limit; `strerror` says so, as a phrase after “it”."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        most = f"{most_bytes >> 20} MB" if most_bytes >= 1 << 20 else f"{most_bytes >> 10} kB"
        super().__init__(errno.EFBIG, f"is larger than {most}", str(path))


def open_regular(
    path: Path, flags: int = os.O_RDONLY, mode: int = 0o666, *, follow: bool = True
) -> int:
    """Open a regular file without waiting, and return its descriptor.

    With `follow`, a symbolic link is followed; without, it is refused. `flags` and `mode` are those
    of `os.open`.

    Raises:
        NotRegularFile: it is something else.
        OSError: it cannot be opened.
    """
    # Checked before it is opened, because opening a device may have an effect, and
    # after, because the name may belong to another file by then (a race that an attacker can win).
    try:
        _check(path, os.stat(path, follow_symlinks=follow))
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
    # O_NONBLOCK, because opening a FIFO waits for its other end; taken back below, since readers
    # expect a file that blocks.
    flags |= os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    descriptor = os.open(path, flags, mode)
    try:
        _check(path, os.fstat(descriptor))
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularFile(path, status.st_mode)


def open_binary(path: Path, *, follow: bool = True) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        OSError: as `open_regular` raises it.
    """
    return os.fdopen(open_regular(path, follow=follow), "rb")


def read_regular(path: Path, *, most_bytes: int = MOST_BYTES, follow: bool = True) -> bytes:
    """Read a regular file whole.

    Raises:
        FileTooLarge: it has more than `most_bytes`.
        OSError: as `open_regular` raises it.
    """
    with open_binary(path, follow=follow) as file:
        # Not by its status: the file may grow, and in some file systems (/proc) the size is 0.
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise FileTooLarge(path, most_bytes)
    return content
