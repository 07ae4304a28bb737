"""The program as a person runs it: real processes, a data directory of their own, no keys."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.support.deadlines import HANG_S

OURS = ("GRAMOPHONE", "DEEPGRAM", "OPENAI", "ANTHROPIC")
SIZE = ("COLUMNS", "LINES")


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything of ours, and without a sound card. Its size is
    left out: a program in another terminal would believe it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    for name in SIZE:
        inherited.pop(name, None)
    settings_file = home.parent / "config" / "gramophone" / "config.toml"
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    settings_file.write_text('[sound]\ndevice = "a sound card that nobody has"\n')
    settings = {"GRAMOPHONE_HOME": str(home), "XDG_CONFIG_HOME": str(home.parent / "config")}
    return inherited | settings | dict(extra or {})


@dataclass(frozen=True)
class Gramophone:
    """Runs `gramophone` commands on one data directory."""

    home: Path
    speak_url: str = ""

    def __call__(
        self, *arguments: str, stdin: str = "", env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        speech = {"GRAMOPHONE_SPEAK_URL": self.speak_url} if self.speak_url else {}
        return subprocess.run(
            [sys.executable, "-m", "gramophone.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
            env=environment(self.home, speech | dict(env or {})),
        )

    def json(self, *arguments: str) -> Any:
        """Run a command with `--json` that prints one object."""
        completed = self(*arguments, "--json")
        assert completed.returncode == 0, completed.stderr
        return json.loads(completed.stdout)


@contextmanager
def standin(*arguments: str) -> Generator[str]:
    """A stand-in process with the tone voice; yields its address."""
    command = [sys.executable, "-m", "gramophone.standin", "--watch-stdin", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["speak_url"]
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(HANG_S)


@dataclass(frozen=True)
class WebServer:
    """`gramophone --web`."""

    port: int
    process: subprocess.Popen[str]
    token: str

    @property
    def address(self) -> str:
        """What a person types into the browser."""
        return f"http://localhost:{self.port}/#{self.token}"

    def cookie(self) -> str:
        """What the page gets for the token, as a header."""
        connection = HTTPConnection("localhost", self.port, timeout=HANG_S)
        connection.request("POST", "/enter", self.token)
        answer = connection.getresponse()
        cookie = answer.getheader("Set-Cookie", "")
        connection.close()
        assert answer.status == 204
        return cookie.partition(";")[0]

    def ended(self) -> tuple[str, str, int]:
        """Wait for its end: what it wrote to stdout and to stderr, and its exit code."""
        out, err = self.process.communicate(timeout=HANG_S)
        return out, err, self.process.returncode


@contextmanager
def web_server(env: Mapping[str, str], *flags: str) -> Generator[WebServer]:
    """The app served as a page, on a port that was free; ended by Ctrl+C if it still runs."""
    port = free_port()
    command = [sys.executable, "-m", "gramophone.cli", "--web", "--port", str(port), *flags]
    with page_server(command, port, env) as server:
        yield server


def free_port() -> int:
    """A port of this machine that nobody had a moment ago."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


@contextmanager
def page_server(command: Sequence[str], port: int, env: Mapping[str, str]) -> Generator[WebServer]:
    """A process that serves pages on that port; ended by Ctrl+C if it still runs, which it must
    do without a word."""
    process = subprocess.Popen(
        command,
        env=dict(env),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Its apps are known by the session.
        start_new_session=True,
    )
    assert process.stderr is not None
    told_where = re.search(
        rf"Open http://localhost:{port}/#(\S+) in a browser", process.stderr.readline()
    )
    assert told_where is not None
    server = WebServer(port, process, told_where[1])
    ended: tuple[str, str, int] | None = None
    try:
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            ended = server.ended()
    assert ended in (None, ("", "", 0))


def apps_of(server: WebServer) -> list[int]:
    """The apps that run in the session of that server, dead or alive, by their process ids.

    Their environment, which names the data directory, is readable for nobody.
    """
    process_ids: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            # Behind the name, which may hold anything: state, parent, group, session.
            session = int((process / "stat").read_bytes().rpartition(b")")[2].split()[3])
        except OSError:
            continue  # it ended while we looked
        if session == server.process.pid and b"gramophone.cli" in words and b"--web" not in words:
            process_ids.append(int(process.name))
    return process_ids


@contextmanager
def serving(home: Path, source: str, *arguments: str) -> Generator[dict[str, str]]:
    """`fixture serve` while the block runs, and a clean end."""
    command = [sys.executable, "-m", "gramophone.cli", "fixture", "serve", source, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=environment(home)
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
