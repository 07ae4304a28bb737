"""The whole program in a pty, driven by keys, with a model and a voice that need no network."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

COLUMNS, ROWS = 100, 30
FIRST_FRAME = b"idle"
_TAIL_BYTES = 8_192

WITH_TONES = """
from functools import partialmethod
from gramophone.cli import main
from gramophone.providers.tts.embedded import EmbeddedSpeech
EmbeddedSpeech.__init__ = partialmethod(EmbeddedSpeech.__init__, voice="tone")
main()
"""
# In the app mute is a switch, and time goes on without the sound: here nothing waits for it.
UNPLAYED = """
from dataclasses import replace
from gramophone.app import session
opened = session.open_session
session.open_session = lambda config, sinks, options, **named: opened(
    config, sinks, replace(options, switchable=False), **named
)
"""


class AppInPty:
    """One running program. `ready` is set by its first frame; `wait_for` waits for words."""

    def __init__(
        self,
        home: Path,
        model_url: str,
        *arguments: str,
        unplayed: bool = False,
        base: Mapping[str, str] = os.environ,
        size: tuple[int, int] = (COLUMNS, ROWS),
        program: str = "",
    ) -> None:
        """`program` is the source of another program, which draws `FIRST_FRAME`, too."""
        environment = {
            name: value
            for name, value in base.items()
            if not name.startswith(("GRAMOPHONE_", "OPENAI_", "ANTHROPIC_", "DEEPGRAM_"))
        }
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environment |= {"GRAMOPHONE_HOME": str(home), "OPENAI_BASE_URL": model_url}
        program = program or (UNPLAYED + WITH_TONES if unplayed else WITH_TONES)
        self.pid, self._terminal = _started(program, arguments, environment)
        columns, rows = size
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._tail = b""
        self._marks: dict[bytes, asyncio.Event] = {}
        self.ready = self._event(FIRST_FRAME)

    @contextmanager
    def drained(self) -> Generator[None]:
        """Read what the app draws while the block runs, then end the app."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._terminal, self._read)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGTERM)
            loop.remove_reader(self._terminal)
            os.close(self._terminal)
            os.waitpid(self.pid, 0)

    async def wait_for(self, words: str, *, for_s: float) -> None:
        """Until `words` are drawn from now on, in one piece."""
        self._tail = b""
        async with asyncio.timeout(for_s):
            await self._event(words.encode()).wait()

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def rss_mb(self) -> float:
        """Resident memory of the process, without its children."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        kilobytes = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(kilobytes.split()[1]) / 1024

    def _event(self, mark: bytes) -> asyncio.Event:
        return self._marks.setdefault(mark, asyncio.Event())

    def _read(self) -> None:
        """Take what was drawn, so that the app is never held up."""
        try:
            drawn = os.read(self._terminal, 1 << 20)
        except OSError:
            asyncio.get_running_loop().remove_reader(self._terminal)
            return
        self._tail += drawn
        for mark in [awaited for awaited in self._marks if awaited in self._tail]:
            self._marks.pop(mark).set()
        self._tail = self._tail[-_TAIL_BYTES:]


def _started(
    program: str, arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[int, int]:
    pid, terminal = pty.fork()
    if pid == 0:
        command = [sys.executable, "-c", program, "--provider", "openai", *arguments]
        os.execvpe(command[0], command, environment)
    return pid, terminal
