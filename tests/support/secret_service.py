"""A keyring of the desktop's own kind: gnome-keyring on a message bus of its own, with a directory
of its own. Nothing of the person's who runs the tests is seen or touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.deadlines import HANG_S

TOOLS = ("dbus-run-session", "gnome-keyring-daemon", "secret-tool")
MISSING = (
    "The tests of the keyring need one: "
    "apt-get install dbus-daemon gnome-keyring libsecret-tools (`make test` does it)."
)
_UNLOCKED = "printf password | gnome-keyring-daemon --unlock --components=secrets"
_LOCKED = "gnome-keyring-daemon --start --components=secrets"


@dataclass(frozen=True)
class SecretService:
    """Where programs find it."""

    env: dict[str, str]

    def secret(self, account: str) -> str:
        """The key that is kept for it, asked of the keyring by a program that is not ours."""
        command = ["secret-tool", "lookup", "service", "gramophone", "username", account]
        completed = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
            env=os.environ | self.env,
        )
        return completed.stdout


@contextmanager
def secret_service(room: Path, *, locked: bool = False) -> Generator[SecretService]:
    """A keyring whose secrets are kept in `room`; a locked one stays so, for nobody is there who
    could be asked for its password."""
    if not all(map(shutil.which, TOOLS)):
        pytest.fail(MISSING)
    running = room / "run"
    running.mkdir(mode=0o700, exist_ok=True)
    env = {
        "HOME": str(room),
        "XDG_DATA_HOME": str(room / "data"),
        "XDG_RUNTIME_DIR": str(running),
        "DISPLAY": "",
        "WAYLAND_DISPLAY": "",
    }
    start = f"{_LOCKED if locked else _UNLOCKED} --control-directory={running} >&2"
    script = f"{start}; echo $DBUS_SESSION_BUS_ADDRESS; exec cat"
    with (room / "keyring.log").open("ab") as log:
        bus = subprocess.Popen(
            ["dbus-run-session", "--", "sh", "-c", script],
            env=os.environ | env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert bus.stdin is not None
    assert bus.stdout is not None
    try:
        address = bus.stdout.readline().strip()
        assert address, (room / "keyring.log").read_text()
        yield SecretService(env | {"DBUS_SESSION_BUS_ADDRESS": address})
    finally:
        # The bus ends with the command that it was started for, and the keyring with the bus.
        bus.stdin.close()
        bus.stdout.close()
        bus.wait(HANG_S)
