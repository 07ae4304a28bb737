"""`--accessible`: the terminal of the line mode, with the editing keys of readline."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from gramophone.app.engine_thread import EngineThread
from gramophone.cli.output import note, write_out
from gramophone.line_mode.commands import USAGES
from gramophone.line_mode.talk import PROMPT, LineTalk

_POLL_S = 0.05


class TerminalLines:
    """Standard input and output, line by line."""

    def read(self) -> str:
        """Ask for a line."""
        try:
            line = input(PROMPT)
        except (EOFError, KeyboardInterrupt):
            self.write("")  # the prompt's line is still open
            raise
        if not sys.stdin.isatty():
            self.write(line)  # nobody typed it here, so nothing echoed it
        return line

    def write(self, line: str) -> None:
        """Print a line."""
        write_out(f"{line}\n")

    def wait(self) -> None:
        """Wait a moment."""
        time.sleep(_POLL_S)


def talk_in_lines(backend: EngineThread, notices: Sequence[str]) -> int:
    """Talk in lines until the user leaves; returns the exit code.

    The engine is stopped in whatever way the talk ends.
    """
    _edit_lines()
    for sentence in filter(None, notices):
        note(sentence)
    backend.start()
    talk = LineTalk(backend, TerminalLines())
    try:
        talk.run()
    finally:
        backend.stop()
        for sentence in backend.unseen_failures():
            note(sentence)
    return int(talk.lost)


def _edit_lines() -> None:
    """Let `input` edit lines, and complete commands; Pythons without readline go without."""
    with suppress(ImportError):
        import readline

        commands = [f"/{name} " for name in USAGES]

        def complete(text: str, state: int) -> str | None:
            fitting = [command for command in commands if text and command.startswith(text)]
            return fitting[state] if state < len(fitting) else None

        readline.set_completer_delims(" \t")
        readline.set_completer(complete)
        readline.parse_and_bind("tab: complete")
