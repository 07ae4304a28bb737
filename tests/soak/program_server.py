"""Starts the program many times without the time its imports take.

One process has everything imported and forks a child for each run. A child is a process of its
own, with descriptors, locks and memory of its own, so that it can be killed at any moment.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.programs import environment

_MODULES = (
    "gramophone.cli.commands", "gramophone.cli.chat", "gramophone.cli.maintenance",
    "gramophone.cli.sessions", "gramophone.cli.ask", "gramophone.cli.replay",
    "gramophone.cli.import_", "gramophone.cli.stats", "gramophone.app.providers",
    "gramophone.providers.llm.openai_chat", "gramophone.providers.tts.deepgram",
    "storage.audio.flac",
    "storage.export.export", "storage.library", "tui.app", "soundfile", "numpy",
)  # fmt: skip
MOST_S = 120.0


@dataclass(frozen=True, slots=True)
class Program:
    """One run. Its output is in files below `directory`."""

    pid: int
    process: int
    directory: Path

    def kill(self) -> None:
        """Kill the process as the kernel does it when memory is short."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.process, signal.SIGKILL)

    def ended(self, within_s: float) -> bool:
        """Whether it ends within so many seconds; waited for until then."""
        return bool(select.select([self.process], [], [], within_s)[0])

    def code(self) -> int:
        """Exit code, negative for a signal; one that does not end within MOST_S is killed."""
        if not self.ended(MOST_S):
            self.kill()
            self.ended(MOST_S)
        os.close(self.process)
        # The server writes it down when it has buried its child.
        path = self.directory / "code"
        for _ in range(10_000):
            if path.exists():
                return int(path.read_text())
            time.sleep(0.001)
        return -signal.SIGKILL

    @property
    def errors(self) -> str:
        return (self.directory / "stderr").read_text(errors="replace")

    @property
    def output(self) -> str:
        return (self.directory / "stdout").read_text(errors="replace")


class ProgramServer:
    """Use `program_server`."""

    def __init__(self, process: subprocess.Popen[str], scratch: Path, env: dict[str, str]) -> None:
        self._process = process
        self._scratch = scratch
        self._env = env
        self._runs = 0

    def start(
        self, home: Path, arguments: Sequence[str], *, terminal: str = "", stdin: str = ""
    ) -> Program:
        """Start `gramophone ARGUMENTS` on a data directory; with `terminal`, on that pty."""
        self._runs += 1
        directory = self._scratch / f"run-{self._runs}"
        directory.mkdir()
        (directory / "stdin").write_text(stdin)
        request = {
            "arguments": list(arguments), "directory": str(directory), "terminal": terminal,
            "environment": environment(home, self._env) | {"HOME": str(home.parent)},
        }  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        return Program(pid, os.pidfd_open(pid), directory)


@contextmanager
def program_server(scratch: Path, env: Mapping[str, str]) -> Generator[ProgramServer]:
    """A server whose programs have `env` besides their data directory."""
    scratch.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak.program_server"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield ProgramServer(process, scratch, dict(env))
        assert process.stdin is not None
        process.stdin.close()


# --- in the server ------------------------------------------------------------------------------


def _serve() -> None:
    import importlib

    for name in _MODULES:
        importlib.import_module(name)
    directories: dict[int, Path] = {}
    waiting = select.poll()
    waiting.register(sys.stdin.fileno(), select.POLLIN | select.POLLHUP)
    buffered = b""
    while True:
        ready = waiting.poll(20)
        _bury(directories)
        if not ready:
            continue
        more = os.read(sys.stdin.fileno(), 1 << 16)
        if not more:
            break
        *lines, buffered = (buffered + more).split(b"\n")
        for line in lines:
            request = json.loads(line)
            child = os.fork()
            if not child:
                _become(request)
            directories[child] = Path(request["directory"])
            print(child, flush=True)
    for child in directories:
        os.kill(child, signal.SIGKILL)


def _bury(directories: dict[int, Path]) -> None:
    for child, directory in list(directories.items()):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            del directories[child]
            aside = directory / "code.part"
            aside.write_text(str(os.waitstatus_to_exitcode(status)))
            aside.rename(directory / "code")


def _become(request: dict[str, object]) -> None:
    code = 99
    try:
        directory = Path(str(request["directory"]))
        os.setsid()
        terminal = str(request["terminal"])
        if terminal:
            descriptors = [os.open(terminal, os.O_RDWR)] * 3
        else:
            creating = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            descriptors = [os.open(directory / "stdin", os.O_RDONLY)]
            descriptors += [
                os.open(directory / name, creating, 0o600) for name in ("stdout", "stderr")
            ]
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(0), os.fdopen(1, "w", errors="replace"), os.fdopen(2, "w", errors="replace"),
        )  # fmt: skip
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
        environ = request["environment"]
        assert isinstance(environ, dict)
        os.environ.clear()
        os.environ.update({str(name): str(value) for name, value in environ.items()})  # pyright: ignore
        os.chdir(directory)
        arguments = request["arguments"]
        assert isinstance(arguments, list)
        sys.argv = ["gramophone", *map(str, arguments)]  # pyright: ignore
        from gramophone.cli import main

        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    _serve()
