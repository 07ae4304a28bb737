"""A program under a kernel that refuses it something.

`python -m tests.support.refusing_kernel WHAT ARG...` runs `python ARG...` with a seccomp filter
that makes
system calls fail as they do on a read-only or a network file system, or (`quota:BYTES:DIRECTORY`)
on a disk that is full when the directory holds so many bytes. It needs no rights, no mount and no
library in between, and binds this process and its children only.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

_CALLS = {
    "x86_64": {
        "arch": 0xC000003E, "seccomp": 317, "write": 1, "pwrite": 18,
        "openat": 257, "open": 2, "mkdir": 83, "mkdirat": 258,
        "unlink": 87, "unlinkat": 263, "rmdir": 84, "rename": 82, "renameat": 264,
        "renameat2": 316, "link": 86, "linkat": 265, "chmod": 90, "fchmodat": 268, "fchmod": 91,
        "ftruncate": 77, "fallocate": 285, "fcntl": 72, "flock": 73, "mmap": 9,
    },
    "aarch64": {
        "arch": 0xC00000B7, "seccomp": 277, "write": 64, "pwrite": 68,
        "openat": 56, "mkdirat": 34, "unlinkat": 35,
        "renameat": 38, "renameat2": 276, "linkat": 37, "fchmodat": 53, "fchmod": 52,
        "ftruncate": 46, "fallocate": 47, "fcntl": 25, "flock": 32, "mmap": 222,
    },
}  # fmt: skip

_LOAD, _EQUAL, _SET, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERRNO, _NOTIFY = 0x7FFF0000, 0x00050000, 0x7FC00000
_SYNCHRONISED, _NEW_LISTENER = 1, 8
# Not O_WRONLY or O_RDWR: devices are opened so on a read-only file system, too.
_WRITING = os.O_CREAT | os.O_TRUNC | (os.O_TMPFILE & ~os.O_DIRECTORY)
_MAP_SHARED = 1

REFUSALS = ("read-only", "no-locks", "no-shared-memory")
"""read-only: no file can be made, removed or renamed. no-locks: neither POSIX locks nor flock, as
over NFS without a lock daemon. no-shared-memory: files cannot be mapped as shared."""


def refuse(refusal: str) -> None:
    """Have the kernel refuse `refusal` (one of REFUSALS) to this process from now on.

    Raises:
        OSError: the kernel takes no filters.
    """
    calls = _CALLS[platform.machine()]
    _install(_program(_rules(refusal, calls), calls), _SYNCHRONISED)


def with_quota(most_bytes: int, directory: Path, command: list[str]) -> int:
    """Run `command`; writes that make what `directory` holds more than `most_bytes` find no room.

    Returns its exit code.
    """
    ours, theirs = socket.socketpair()
    child = os.fork()
    if not child:
        calls = _CALLS[platform.machine()]
        rules = [_rule(calls, name, _NOTIFY) for name in ("write", "pwrite", "fallocate")]
        listener = _install(_program(rules, calls), _NEW_LISTENER)
        socket.send_fds(theirs, [b"!"], [listener])
        os.set_inheritable(listener, False)
        os.execv(command[0], command)
    _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
    over = os.pidfd_open(child)
    waiting = select.poll()
    waiting.register(listener, select.POLLIN)
    waiting.register(over, select.POLLIN)
    while all(descriptor != over for descriptor, _ in waiting.poll()):
        _answer(listener, most_bytes, directory)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _answer(listener: int, most_bytes: int, directory: Path) -> None:
    """Decide on one write: struct seccomp_notif in, struct seccomp_notif_resp out."""
    notice = bytearray(80)
    try:
        fcntl.ioctl(listener, 0xC0502100, notice)
    except OSError:
        # Whoever asked was killed meanwhile.
        return
    number, pid = struct.unpack_from("QI", notice)
    call, descriptor, _, length, offset = struct.unpack_from("i12xQQQQ", notice, 16)
    refused = _grows(pid, call, descriptor, length, offset, directory)
    refused = refused > 0 and _size(directory) + refused > most_bytes
    answer = struct.pack("QqiI", number, 0, -errno.ENOSPC if refused else 0, 0 if refused else 1)
    with contextlib.suppress(OSError):
        fcntl.ioctl(listener, 0xC0182101, answer)


def _grows(pid: int, call: int, descriptor: int, length: int, offset: int, directory: Path) -> int:
    """By how many bytes a write makes a file in the directory longer."""
    try:
        path = os.readlink(f"/proc/{pid}/fd/{descriptor}")
        if not path.startswith(f"{directory}/"):
            return 0
        size = os.stat(f"/proc/{pid}/fd/{descriptor}").st_size
    except OSError:
        return 0
    calls = _CALLS[platform.machine()]
    if call == calls["write"]:
        return length
    if call == calls["fallocate"]:
        return offset
    return max(0, offset + length - size)


def _size(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def _program(rules: list[list[bytes]], calls: dict[str, int]) -> list[bytes]:
    program = [_instruction(_LOAD, 4), _instruction(_EQUAL, calls["arch"], 1, 0)]
    program += [_instruction(_RETURN, _ALLOW)]
    for rule in rules:
        program += rule
    return [*program, _instruction(_RETURN, _ALLOW)]


def _rules(refusal: str, calls: dict[str, int]) -> list[list[bytes]]:
    match refusal:
        case "read-only":
            names = ("mkdir", "mkdirat", "unlink", "unlinkat", "rmdir", "rename", "renameat")
            names += ("renameat2", "link", "linkat", "chmod", "fchmodat", "fchmod", "ftruncate")
            rules = [_refused(calls, name, errno.EROFS) for name in names if name in calls]
            if "open" in calls:
                rules.append(_refused(calls, "open", errno.EROFS, any_of(1, _WRITING)))
            return [*rules, _refused(calls, "openat", errno.EROFS, any_of(2, _WRITING))]
        case "no-locks":
            commands = (fcntl.F_GETLK, fcntl.F_SETLK, fcntl.F_SETLKW)
            rules = [
                _refused(calls, "fcntl", errno.ENOLCK, equal(1, command)) for command in commands
            ]
            return [*rules, _refused(calls, "flock", errno.ENOLCK)]
        case "no-shared-memory":
            return [_refused(calls, "mmap", errno.ENODEV, any_of(3, _MAP_SHARED))]
        case _:
            raise ValueError(f"{refusal!r} is not one of {', '.join(REFUSALS)}")


def equal(argument: int, value: int) -> list[bytes]:
    """Condition: the argument at `argument` is `value`."""
    return [_instruction(_LOAD, 16 + 8 * argument), _instruction(_EQUAL, value, 0, 1)]


def any_of(argument: int, bits: int) -> list[bytes]:
    """Condition: the argument at `argument` has one of `bits` set."""
    return [_instruction(_LOAD, 16 + 8 * argument), _instruction(_SET, bits, 0, 1)]


def _refused(
    calls: dict[str, int], name: str, number: int, condition: Sequence[bytes] = ()
) -> list[bytes]:
    """Fail the calls that fulfil a condition with an error number."""
    return _rule(calls, name, _ERRNO | number, condition)


def _rule(
    calls: dict[str, int], name: str, verdict: int, condition: Sequence[bytes] = ()
) -> list[bytes]:
    tail = [*condition, _instruction(_RETURN, verdict)]
    return [_instruction(_LOAD, 0), _instruction(_EQUAL, calls[name], 0, len(tail)), *tail]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _install(program: list[bytes], flags: int) -> int:
    """Bind this process to a filter; the descriptor of its listener, where one is asked for."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(b"".join(program))
    filters = struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code))
    number = _CALLS[platform.machine()]["seccomp"]
    if libc.prctl(38, 1, 0, 0, 0):  # PR_SET_NO_NEW_PRIVS
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")
    descriptor: int = libc.syscall(number, 1, flags, filters)  # SECCOMP_SET_MODE_FILTER
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")
    return descriptor


def main() -> int:
    refusal, *arguments = sys.argv[1:]
    command = [sys.executable, *arguments]
    if refusal.startswith("quota:"):
        _, most_bytes, directory = refusal.split(":", 2)
        return with_quota(int(most_bytes), Path(os.path.realpath(directory)), command)
    refuse(refusal)
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
