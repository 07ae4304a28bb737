"""A real terminal: tmux on a socket of its own, and what a person can do with it."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.shown import all_stand_in
from tests.support.sound_card import wait_until


@dataclass(frozen=True)
class Terminal:
    """One window. Keys go in, what stands on the screen comes out."""

    socket: Path

    def keys(self, *names: str) -> None:
        """Press keys by tmux's names (`Enter`, `Escape`, `C-q`)."""
        self._tmux("send-keys", "-t", "g", *names)

    def type(self, text: str) -> None:
        """Type text as it is."""
        self._tmux("send-keys", "-t", "g", "-l", text)

    def screen(self) -> str:
        """What stands on the screen."""
        return self._tmux("capture-pane", "-p", "-t", "g")

    def title(self) -> str:
        """The window title that the program has asked for."""
        return self._tmux("display-message", "-p", "-t", "g", "#{pane_title}")

    def see(self, *words: str | re.Pattern[str]) -> str:
        """Wait until all of `words` stand on the screen, and give it; fails with what is there."""
        screen = ""

        def has_come() -> bool:
            nonlocal screen
            screen = self.screen()
            return all_stand_in(screen, words)

        try:
            wait_until(has_come, f"the screen shows {words}")
        except pytest.fail.Exception:
            pytest.fail(f"Never saw {words} on the screen:\n{screen}")
        return screen

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        self._tmux("resize-window", "-t", "g", "-x", str(columns), "-y", str(rows))

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self.socket), "-f", "/dev/null", *arguments]
        completed = subprocess.run(command, capture_output=True, text=True, check=True)
        return completed.stdout


@contextmanager
def terminal(
    socket: Path, command: Sequence[str], env: Mapping[str, str], size: tuple[int, int]
) -> Generator[Terminal]:
    """A shell in which `command` was typed; it is still there when the command has ended."""
    running = Terminal(socket)
    start = ["tmux", "-S", str(socket), "-f", "/dev/null", "new-session", "-d", "-s", "g"]
    start += ["-x", str(size[0]), "-y", str(size[1])]
    script = f"{shlex.join(command)}; echo ended with $?; stty -a | grep -o ' echo '; exec cat"
    subprocess.run([*start, "sh", "-c", script], check=True, env=dict(env))
    try:
        yield running
    finally:
        subprocess.run(["tmux", "-S", str(socket), "kill-server"], check=False)
