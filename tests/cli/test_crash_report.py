"""An exception that is not ours leaves the program as one sentence with an exit code of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import Gramophone, environment

FAILING = """
import sys
from gramophone import cli
from gramophone.cli import commands
def fail():
    raise KeyError("of nobody\x1b[2J")
commands.main = fail
sys.argv = ["gramophone", "sessions"]
cli.main()
"""


def failed(home: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", FAILING],
        capture_output=True,
        text=True,
        check=False,
        env=environment(home, extra),
    )


def test_a_defect_is_one_sentence(tmp_path: Path) -> None:
    completed = failed(tmp_path / "home")
    assert completed.returncode == 70
    assert completed.stdout == ""
    (sentence,) = completed.stderr.splitlines()
    assert sentence.startswith("gramophone: this is a defect of the program (KeyError: 'of nobody")
    assert "please report it" in sentence
    assert "\x1b" not in sentence


def test_its_traceback_is_shown_when_asked_for(tmp_path: Path) -> None:
    completed = failed(tmp_path / "home", GRAMOPHONE_TRACEBACK="1")
    assert completed.returncode == 70
    assert "Traceback (most recent call last)" in completed.stderr
    assert "in fail" in completed.stderr


@pytest.mark.parametrize("toml", ["[" * 100_000, "a = " + "[" * 50_000])
def test_settings_nested_too_deeply_are_refused(gramophone: Gramophone, toml: str) -> None:
    gramophone.home.mkdir()
    (gramophone.home / "config.toml").write_text(toml)
    completed = gramophone("sessions")
    assert completed.returncode == 1
    (sentence,) = completed.stderr.splitlines()
    assert "cannot be read" in sentence
