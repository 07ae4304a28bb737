"""Abilities of the file system under a data directory, found by trying them.

Errors of SQLite do not say what the matter is: a full disk, a quota, a mount without locks and a
broken drive are all "disk I/O error". So the same thing is tried with a file of our own.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import re
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from gramophone.core.frozen import frozen

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
READ_ONLY = errno.EROFS

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "9p", "ceph", "lustre", "glusterfs"}
    | {"gfs", "gfs2", "ocfs2", "coda", "davfs", "vboxsf", "vmhgfs", "prl_fs"}
    | {f"fuse.{name}" for name in ("sshfs", "rclone", "s3fs", "gcsfuse", "glusterfs", "ceph")}
    | {f"fuse.{name}" for name in ("davfs", "vmhgfs-fuse", "gvfsd-fuse", "smbnetfs", "blobfuse")}
)
_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")
_TRIED_BYTES = 65_536


@frozen
class Support:
    """Abilities of a file system that SQLite needs. `network` is the type of a network file system,
    or empty: there memory is not shared between machines, although it seems to be on each of
    them."""

    locks: bool = True
    shared_memory: bool = True
    network: str = ""

    @property
    def write_ahead(self) -> bool:
        """Whether a write-ahead log works for everybody who can open the library."""
        return self.shared_memory and not self.network


def support(directory: Path) -> Support:
    """Abilities of the file system of `directory`; one that cannot be tried is taken to work."""
    network = network_type(directory)
    try:
        with _trial_file(directory) as descriptor:
            return Support(_locks_work(descriptor), _mapping_works(descriptor), network)
    except OSError:
        return Support(network=network)


def write_fault(directory: Path) -> int:
    """Error number with which the file system of `directory` refuses to write; 0 if it does not."""
    try:
        with _trial_file(directory) as descriptor:
            written = 0
            while written < _TRIED_BYTES:
                written += os.pwrite(descriptor, bytes(_TRIED_BYTES - written), written)
    except OSError as error:
        return error.errno or errno.EIO
    return 0


def network_type(directory: Path) -> str:
    """Type of the network file system that `directory` lies on, or an empty string."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    kind = type_of(os.path.realpath(directory), mounts.splitlines())
    return kind if kind in _NETWORK else ""


def type_of(path: str, mounts: Iterable[str]) -> str:
    """Type of the file system that an absolute path lies on, by lines of `/proc/self/mountinfo`."""
    best, kind = "", ""
    for line in mounts:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) < 5 or not after:
            continue
        point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        # Of two mounts on one place the later hides the earlier.
        if inside and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind


@contextmanager
def _trial_file(directory: Path) -> Generator[int]:
    """A file that is gone afterwards, as an open descriptor."""
    try:
        descriptor = os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        # Not every file system has files without a name.
        descriptor, name = tempfile.mkstemp(dir=directory, prefix=".library.trial.")
        with suppress(OSError):
            os.unlink(name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locks_work(descriptor: int) -> bool:
    """SQLite takes POSIX locks, sessions are held with flock."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Over NFS the two kinds are one, and would be in each other's way.
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _mapping_works(descriptor: int) -> bool:
    try:
        os.ftruncate(descriptor, mmap.PAGESIZE)
        mmap.mmap(descriptor, mmap.PAGESIZE, mmap.MAP_SHARED).close()
    except OSError as error:
        # No room is another matter, and is said as such.
        return error.errno in FULL
    return True
