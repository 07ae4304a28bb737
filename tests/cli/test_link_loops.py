"""Links that lead to themselves, wherever a file or directory is wanted: one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs import Gramophone

READING = (("sessions",), ("verify",), ("stats",), ("show", "last"), ("gc",), ("compact",))


def loop(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(path.name)
    return path


def refused(gramophone: Gramophone, *arguments: str) -> str:
    completed = gramophone(*arguments)
    assert completed.returncode == 1, completed.stderr
    assert "defect" not in completed.stderr
    assert "Traceback" not in completed.stderr
    return completed.stderr


@pytest.mark.parametrize("name", ["library.db", "library.db-wal", "audio", "locks", ""])
@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_no_command_falls_over_one_in_the_home(
    gramophone: Gramophone, command: tuple[str, ...], name: str
) -> None:
    if name:
        gramophone.home.mkdir(parents=True)
    loop(gramophone.home / name if name else gramophone.home)
    completed = gramophone(*command)
    assert completed.returncode in (0, 1), completed.stderr
    assert "defect" not in completed.stderr


@pytest.mark.parametrize("command", ["backup", "recover"])
def test_the_place_of_a_copy(gramophone: Gramophone, tmp_path: Path, command: str) -> None:
    gramophone("say", "Records turn.", "--mute")
    assert str(tmp_path / "copy") in refused(gramophone, command, str(loop(tmp_path / "copy")))


def test_the_place_of_an_export(gramophone: Gramophone, tmp_path: Path) -> None:
    gramophone("say", "Records turn.", "--mute")
    loop(tmp_path / "out")
    refused(gramophone, "export", "last", "--format", "txt", "-o", str(tmp_path / "out" / "a.txt"))


def test_what_is_imported(gramophone: Gramophone, tmp_path: Path) -> None:
    assert "taken" in refused(gramophone, "import", str(loop(tmp_path / "taken")))
