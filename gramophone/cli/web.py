"""`--web`: the app in a browser, through textual-serve; each page is an app of its own.

Whoever has the page can talk on the user's account and read what was kept. So it is on loopback
unless told otherwise; who asks must have the address with its token, because other users of the
machine reach loopback, too; and only a page that came from here may open the socket: else any web
site that the user visits could.
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
from typing import Final

from gramophone.cli.output import note
from gramophone.core.errors import ConfigError

LOOPBACK: Final = "localhost"
_NOT_INSTALLED: Final = (
    "--web needs the extra 'web', which is not installed; "
    "install Gramophone again with it, for example: pip install '.[web]'"
)
# They tell of the terminal that the server was started in.
_OF_THE_TERMINAL: Final = ("TMUX", "TMUX_PANE", "STY")


def in_web_page() -> bool:
    """Whether this process draws into a page and not on a terminal."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def end_with_the_server() -> None:
    """In a page's app: end when the server is gone without a word, because nobody could see or
    end this app any more. Its standard input is the server's, and Textual overlooks its end."""

    def watch() -> None:
        hung_up = select.poll()
        hung_up.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, 0)
        hung_up.poll()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="end with the server", daemon=True).start()


def app_command(flags: Sequence[str]) -> str:
    """What a page runs."""
    return shlex.join([sys.executable, "-m", "gramophone.cli", "chat", *flags])


def serve(command: str, host: str = "", port: int = 8000) -> int:
    """Serve until Ctrl+C.

    Raises:
        ConfigError: textual-serve is not installed, or the port cannot be had.
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
    _be_no_terminal()
    server = PageServer(command, host or LOOPBACK, port, loopback_only=loopback_only)
    try:
        server.serve()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is taken" if taken else f"cannot be opened ({error.strerror})"
        raise ConfigError(f"Port {port} {why}; choose another with --port.") from error
    return 0


def _be_no_terminal() -> None:
    """Pages inherit this environment, and the page is the terminal there: what is copied must go
    to the browser, and not to a tmux that it does not run in."""
    for name in _OF_THE_TERMINAL:
        os.environ.pop(name, None)
    os.environ["TERM"] = "xterm-256color"


def arguments(flags: dict[str, object]) -> list[str]:
    """The flags of the app as they are typed, for the process of a page."""
    typed: list[str] = []
    for name, value in flags.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            typed.append(option)
        elif value not in (None, False):
            typed += [option, str(value)]
    return typed
