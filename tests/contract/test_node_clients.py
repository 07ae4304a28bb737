"""The services' own clients for Node, as they are, against the stand-in.

`node/` has the clients' exact versions and the tests; what they start the stand-in with is the
example of docs/stand-in.md.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.deadlines import HANG_S

ROOT = Path(__file__).parents[2]
NODE = Path(__file__).parent / "node"
PAGE = ROOT / "docs" / "stand-in.md"
PACKAGES = ("package.json", "package-lock.json")
MISSING = "These tests need Node 20 and npm: apt-get install nodejs npm (`make test` does it)."
TESTS = ("node", "--test", "--test-reporter=tap")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the clients, the page's scripts and a command `gramophone` of this tree."""
    for name in ("node", "npm"):
        if shutil.which(name) is None:
            pytest.fail(MISSING)
    for name, script in page_scripts().items():
        (tmp_path / name).write_text(script, encoding="utf-8")
    for name in ("clients.test.mjs", "package.json"):
        shutil.copy(NODE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(installed(tmp_path) / "node_modules")
    command = tmp_path / "bin" / "gramophone"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gramophone.cli "$@"\n')
    command.chmod(0o700)
    return tmp_path


def page_scripts() -> dict[str, str]:
    """The scripts of the page by the names in their first lines."""
    scripts = re.findall(r"^```js\n(// (\S+\.mjs)\n.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    return {name: script for script, name in scripts}


def installed(tmp_path: Path) -> Path:
    """Where the clients are: in .venv, put there once for each lock, so that most runs need no
    registry."""
    lock = hashlib.sha256(b"".join((NODE / name).read_bytes() for name in PACKAGES)).hexdigest()
    environment = ROOT / ".venv"
    folder = (environment if environment.is_dir() else tmp_path) / f"node-clients-{lock[:12]}"
    if folder.is_dir():
        return folder
    # Whoever installs at the same time does it elsewhere; what stands there is always whole.
    fresh = folder.with_name(f"{folder.name}-{os.getpid()}")
    fresh.mkdir()
    try:
        for name in PACKAGES:
            shutil.copy(NODE / name, fresh)
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
        run(["npm", "ci", *quiet], fresh, HANG_S)
        fresh.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def run(command: list[str], cwd: Path, timeout_s: float) -> str:
    """Run to the end, with all that was started."""
    environment = {
        **os.environ,
        "PATH": f"{cwd / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GRAMOPHONE_HOME": str(cwd / "home"),
    }
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    if process.returncode:
        pytest.fail(f"{' '.join(command)} ended with {process.returncode}:\n{output}")
    return output


def test_the_clients_take_it_for_the_services(folder: Path) -> None:
    output = run([*TESTS, "clients.test.mjs"], folder, HANG_S)
    assert re.search(r"^# pass 16$", output, re.MULTILINE), output


def test_the_example_of_the_page(folder: Path) -> None:
    output = run([*TESTS, "sky.test.mjs"], folder, HANG_S)
    assert re.search(r"^# pass 1$", output, re.MULTILINE), output


def test_the_lock_names_no_registry() -> None:
    assert "resolved" not in (NODE / "package-lock.json").read_text(encoding="utf-8")
