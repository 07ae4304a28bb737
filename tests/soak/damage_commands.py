"""Runs one command of the program in a forked process, and says what was wrong with its end."""

from __future__ import annotations

import ctypes
import importlib
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from gramophone.cli import main

# Loaded before the fork: every command would load them again.
for _name in ("commands", "maintenance", "sessions", "replay", "stats", "import_", "fixture.diff"):
    importlib.import_module(f"gramophone.cli.{_name}")

MOST_S = 120.0
MOST_CPU_S = 60
MOST_BYTES = 256 << 20
_CAPABILITIES_V3 = 0x20080522
_ALL_BUT_DAC = 0xFFFFFFFF & ~0b110
_TRACES = ("Traceback (most recent call last)", "Exception ignored", "never retrieved")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended: its exit code (negative: the signal), its output, wall-clock seconds."""

    code: int
    out: str
    errors: str
    seconds: float

    def fault(self) -> str:
        """What of its end breaks the promise, or nothing."""
        for trace in _TRACES:
            if trace in self.errors:
                return self.errors.strip().splitlines()[-1][:400]
        if self.code not in (0, 1, 2):
            return f"ended with {self.code} after {self.seconds:.1f} s: {self.errors[-300:]}"
        if self.code and not (self.errors.strip() or self.out.strip()):
            return f"ended with {self.code} without a word"
        return ""


def run_command(directory: Path, arguments: tuple[str, ...]) -> Outcome:
    """The command on the library `directory/home` with the settings below `directory/config`."""
    out, errors = directory / "stdout", directory / "stderr"
    began_s = time.monotonic()
    child = os.fork()
    if child == 0:
        _become(directory, arguments, out, errors)
    code = _wait(child, began_s)
    return Outcome(
        code,
        out.read_text(errors="replace"),
        errors.read_text(errors="replace"),
        time.monotonic() - began_s,
    )


def _wait(child: int, began_s: float) -> int:
    pause_s = 0.002
    while time.monotonic() - began_s < MOST_S:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(pause_s)
        pause_s = min(0.05, pause_s * 1.5)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def _become(directory: Path, arguments: tuple[str, ...], out: Path, errors: Path) -> NoReturn:
    code = 99
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_BYTES, MOST_BYTES))
        _obey_permissions()
        for number, path in ((1, out), (2, errors)):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(descriptor, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w", errors="replace")
        sys.stderr = os.fdopen(2, "w", errors="backslashreplace")
        os.environ |= {
            "GRAMOPHONE_HOME": str(directory / "home"),
            "XDG_CONFIG_HOME": str(directory / "config"),
            "XDG_DATA_HOME": str(directory / "data"),
        }
        os.chdir(directory)
        sys.argv = ["gramophone", *arguments]
        code = _code_of_main()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _obey_permissions() -> None:
    """Give up root's right to pass over the permissions of files (CAP_DAC_OVERRIDE and
    CAP_DAC_READ_SEARCH); nothing for everybody else."""
    if os.geteuid() == 0:
        header = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
        some = (ctypes.c_uint32 * 6)()
        libc = ctypes.CDLL(None)
        libc.capget(header, some)
        # Effective and permitted capabilities, 32 of each.
        some[0] &= _ALL_BUT_DAC
        some[1] &= _ALL_BUT_DAC
        libc.capset(header, some)


def _code_of_main() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:
        # As the interpreter does it.
        sys.excepthook(type(error), error, error.__traceback__)
        return 1
    return 0
