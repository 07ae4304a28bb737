"""Commands in the directory of a project that has settings of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.programs import Gramophone


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, a project."""
    monkeypatch.setenv("PYTHONPATH", str(Path(sys.path[0] or ".").absolute()))
    (folder := tmp_path / "project").mkdir()
    (folder / "answer.txt").write_text("From a file.")
    monkeypatch.chdir(folder)
    return folder


def test_a_file_must_be_trusted_before_it_names_a_program(
    gramophone: Gramophone, project: Path
) -> None:
    file = project / ".gramophone.toml"
    file.write_text('[model]\nprovider = "text:answer.txt"\nsystem_prompt = "Read."\n')
    before = gramophone("doctor")
    assert "are used: system_prompt. Until you trust" in before.stderr
    assert "text:answer.txt" not in before.stdout
    trusted = gramophone("trust")
    assert (trusted.returncode, trusted.stdout) == (0, file.read_text())
    completed = gramophone("ask", "--mute")
    assert (completed.returncode, completed.stdout) == (0, "From a file.\n"), completed.stderr
    file.write_text(f"{file.read_text()}# changed\n")
    assert "Until you trust" in gramophone("doctor").stderr


def test_a_wrong_file_is_reported_and_stops_nobody(gramophone: Gramophone, project: Path) -> None:
    (project / ".gramophone.toml").write_text('[model]\nprovider = "no such endpoint"\n')
    completed = gramophone("ask", "Hi", "--mute", "--provider", "text:answer.txt", stdin="")
    assert (completed.returncode, completed.stdout) == (0, "From a file.\n"), completed.stderr
    (project / ".gramophone.toml").write_text("[model")
    completed = gramophone("say", "Hi", "--mute")
    assert completed.returncode == 0
    completed = gramophone("trust", str(project))
    assert completed.returncode == 1
    assert "cannot be read" in completed.stderr


def test_there_must_be_a_file_to_trust(gramophone: Gramophone, project: Path) -> None:
    completed = gramophone("trust")
    assert completed.returncode == 1
    assert "There is no .gramophone.toml" in completed.stderr
