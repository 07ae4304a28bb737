"""The app is refused where it could not draw."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from gramophone.cli.chat import run_app
from gramophone.config.config import Config


@pytest.fixture
def terminal() -> Generator[int]:
    """Descriptor of a terminal."""
    leader, follower = os.openpty()
    yield follower
    os.close(follower)
    os.close(leader)


def test_it_does_not_draw_into_a_file(
    tmp_path: Path, terminal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Config(home=tmp_path / "home", config_file=tmp_path / "config.toml")
    log = tmp_path / "log"
    with open(terminal, closefd=False) as typed, open(terminal, "w", closefd=False) as screen:
        monkeypatch.setattr("sys.stdin", typed)
        monkeypatch.setattr("sys.stdout", screen)
        with log.open("w") as file:
            monkeypatch.setattr("sys.stderr", file)
            assert run_app(config) == 1
    assert log.read_text() == "The app draws on standard error; leave it on the terminal.\n"
    assert not config.home.exists()
