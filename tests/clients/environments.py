"""Environments of the clients, each installed once from its lock, in `.venv-clients/`."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.clients.catalogue import OURS, Client
from tests.support.paths import ROOT

FOLDER = ROOT / ".venv-clients"
HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
NODE = HERE / "node"

_LOCKS = ROOT / "requirements"
_NODE_LOCKS = ("package.json", "package-lock.json")
_INSTALL_S = 1800
_STAMP = "ready"


def command(client: Client) -> list[str]:
    """Return the command line of a client's program; installs what is missing.

    Raises:
        CalledProcessError: the installation failed.
        TimeoutExpired: it took more than half an hour.
    """
    if client.is_node:
        folder = _node_folder()
        for program in NODE.glob("*.mjs"):
            shutil.copy(program, folder)
        return ["node", str(folder / client.program)]
    return [_python(client), str(PROGRAMS / client.program)]


def versions(client: Client) -> Iterator[tuple[str, str]]:
    """Give the packages of a client with their locked versions."""
    if client.is_node:
        packages = json.loads((NODE / "package-lock.json").read_text("utf-8"))["packages"]
        for package in client.packages:
            yield package, packages[f"node_modules/{package}"]["version"]
        return
    lock = (_LOCKS / f"{client.lock_name}.txt").read_text("utf-8")
    for package in client.packages:
        pin = re.search(rf"^{re.escape(package)}(?:\[.*\])?==([^\s;]+)", lock, re.MULTILINE)
        assert pin is not None, f"{package} is not in the lock of {client.name}"
        yield package, pin[1]


def _python(client: Client) -> str:
    """Path of the interpreter of a client's environment."""
    if client.lock_name == OURS:
        return sys.executable
    folder = FOLDER / client.lock_name.removeprefix("clients-")
    lock = _LOCKS / f"{client.lock_name}.txt"
    python = folder / "bin" / "python"
    if not _is_ready(folder, [lock]):
        _renew(folder)
        _run([sys.executable, "-m", "venv", str(folder)], folder)
        quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
        _run([str(python), "-m", "pip", "install", *quiet, "--require-hashes", "-r", lock], folder)
        _set_ready(folder, [lock])
    return str(python)


def _node_folder() -> Path:
    """Path of the folder with the clients for Node."""
    folder = FOLDER / "node"
    locks = [NODE / name for name in _NODE_LOCKS]
    if not _is_ready(folder, locks):
        _renew(folder)
        for lock in locks:
            shutil.copy(lock, folder)
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
        _run(["npm", "ci", *quiet], folder)
        _set_ready(folder, locks)
    return folder


def _run(arguments: Sequence[str | Path], folder: Path) -> None:
    subprocess.run(arguments, cwd=folder, check=True, timeout=_INSTALL_S, stdin=subprocess.DEVNULL)


# A stamp stands in a folder only while nothing in it is being changed, so that one whose
# installation was interrupted is made anew.
def _is_ready(folder: Path, locks: Sequence[Path]) -> bool:
    try:
        return (folder / _STAMP).read_text() == _fingerprint(locks)
    except FileNotFoundError:
        return False


def _set_ready(folder: Path, locks: Sequence[Path]) -> None:
    (folder / _STAMP).write_text(_fingerprint(locks))


def _renew(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _fingerprint(locks: Sequence[Path]) -> str:
    digest = hashlib.sha256(f"{sys.version}\n{FOLDER}\n".encode())
    for lock in locks:
        digest.update(lock.read_bytes())
    return digest.hexdigest()
