"""Files far larger than anybody needs, given to commands: refused in a sentence, hardly read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs import Gramophone

HUGE_BYTES = 1 << 40


@pytest.fixture
def huge(tmp_path: Path) -> Path:
    """A file of 1 TiB that takes no room; whoever holds it in memory is killed."""
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(HUGE_BYTES)
    return path


def refused(gramophone: Gramophone, *arguments: str) -> str:
    """What a command says that does nothing."""
    completed = gramophone(*arguments)
    assert completed.returncode in (1, 2)
    assert "Traceback" not in completed.stderr
    assert completed.stdout == ""
    return completed.stderr.strip().splitlines()[-1]


def test_settings(gramophone: Gramophone, huge: Path) -> None:
    gramophone.home.mkdir(mode=0o700)
    huge.rename(gramophone.home / "config.toml")
    assert "is larger than 256 kB" in refused(gramophone, "sessions")


def test_a_scenario_and_its_sound(gramophone: Gramophone, huge: Path) -> None:
    assert "is larger than 1 MB" in refused(gramophone, "fixture", "serve", str(huge))
    scenario = huge.with_name("scenario.toml")
    scenario.write_text('[[say]]\ntext = "Hello."\nwav = "huge.toml"\n')
    assert "is larger than 32 MB" in refused(gramophone, "fixture", "serve", str(scenario))


def test_a_text_to_be_spoken(gramophone: Gramophone, huge: Path) -> None:
    sentence = refused(gramophone, "say", "--mute", "--file", str(huge))
    assert "more than 2 MB of text; cut it into parts" in sentence


def test_an_export_of_chats_and_a_bundle(gramophone: Gramophone, huge: Path) -> None:
    assert "cannot be read as a bundle" in refused(gramophone, "import", str(huge))
