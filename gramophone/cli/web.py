"""`--web`: the app in a browser, through textual-serve; each page is an app of its own.

Whoever has the page can talk on the user's account and read all sessions. So the server listens on
loopback by default; a request needs a token, because other users of the machine reach loopback, too
(`web_access`); and the socket is opened only for a page of this server, because any web site in the
user's browser could try to open it.
"""

from __future__ import annotations

import errno
import os
import select
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Final, cast

from gramophone.cli.output import note
from gramophone.core.errors import ConfigError

LOOPBACK: Final = "localhost"
_NOT_INSTALLED: Final = (
    "--web needs the extra 'web', which is not installed; "
    "install Gramophone again with it, for example: pip install '.[web]'"
)
# They describe the terminal in which the server was started.
_OF_THE_TERMINAL: Final = ("TMUX", "TMUX_PANE", "STY")


def in_web_page() -> bool:
    """Whether this process draws into a page and not on a terminal."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def end_with_the_server() -> None:
    """End this process, the app of a page, when the server dies.

    Otherwise it would go on unseen. Its standard input is a pipe from the server, but Textual does
    not react to the end of it.
    """

    def watch() -> None:
        # With no events asked for, poll() reports only errors and the other end being closed. Input
        # stays where it is for Textual to read.
        hung_up = select.poll()
        hung_up.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, 0)
        hung_up.poll()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="end with the server", daemon=True).start()


def app_command(flags: Sequence[str]) -> str:
    """The command that the server runs for each page."""
    return shlex.join([sys.executable, "-m", "gramophone.cli", "chat", *flags])


def serve(command: str, host: str = "", port: int = 8000) -> int:
    """Serve until Ctrl+C; returns the exit code.

    Raises:
        ConfigError: textual-serve is not installed, or the port cannot be opened.
    """
    try:
        from gramophone.cli.web_server import LOOPBACK_NAMES, PageServer
    except ImportError as error:
        raise ConfigError(_NOT_INSTALLED) from error

    loopback_only = not host or host in LOOPBACK_NAMES

    if not loopback_only:
        note(
            f"Careful: what goes to port {port} of {host} is not encrypted; whoever listens on the "
            "way can get in, talk on your account, hear what was kept and change your settings."
        )
    _forget_terminal()
    server = PageServer(command, host or LOOPBACK, port, loopback_only=loopback_only)
    try:
        server.serve()
    except OSError as error:
        in_use = error.errno == errno.EADDRINUSE
        reason = "is taken" if in_use else f"cannot be opened ({error.strerror})"
        raise ConfigError(f"Port {port} {reason}; choose another with --port.") from error
    return 0


def _forget_terminal() -> None:
    """Remove traces of this terminal from the environment that the apps of pages inherit.

    Their terminal is the page: copied text must go to the browser, not to a tmux around the server.
    """
    for name in _OF_THE_TERMINAL:
        os.environ.pop(name, None)
    os.environ["TERM"] = "xterm-256color"


def command_arguments(flags: dict[str, object]) -> list[str]:
    """Options of the app as command-line arguments, for the process of a page."""
    arguments: list[str] = []
    for name, value in flags.items():
        option = f"--{name.replace('_', '-')}"
        if isinstance(value, tuple):
            for assignment in cast("tuple[str, ...]", value):
                arguments += ["--set", assignment]
        elif value is True:
            arguments.append(option)
        elif value not in (None, False):
            arguments += [option, str(value)]
    return arguments
