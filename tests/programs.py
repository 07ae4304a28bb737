"""The program as a person runs it: real processes, a data directory of their own, no keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 50
OURS = ("GRAMOPHONE", "DEEPGRAM", "OPENAI", "ANTHROPIC")
SIZE = ("COLUMNS", "LINES")


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without anything of ours, and without a sound card. Its size is
    left out: a program in another terminal would believe it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    for name in SIZE:
        kept.pop(name, None)
    settings_file = home.parent / "config" / "gramophone" / "config.toml"
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    settings_file.write_text('[sound]\ndevice = "a sound card that nobody has"\n')
    settings = {"GRAMOPHONE_HOME": str(home), "XDG_CONFIG_HOME": str(home.parent / "config")}
    return kept | settings | dict(extra or {})


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
            timeout=TIMEOUT_S,
            check=False,
            env=environment(self.home, speech | dict(env or {})),
        )

    def json(self, *arguments: str) -> Any:
        """Run a command with `--json` that prints one object."""
        done = self(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


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
        process.wait(TIMEOUT_S)
