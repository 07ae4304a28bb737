"""`ask` with the user's own text or code as the model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.programs import Gramophone


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a file and a module in it."""
    monkeypatch.setenv("PYTHONPATH", str(Path(sys.path[0] or ".").absolute()))
    (tmp_path / "notes.txt").write_text("Records turn.")
    (tmp_path / "answers.py").write_text("def answer(question):\n    yield f'To {question}: no.'\n")
    return tmp_path


def test_a_text_is_spoken_that_nobody_asks_for(gramophone: Gramophone, folder: Path) -> None:
    completed = gramophone("ask", "--mute", "--provider", f"text:{folder / 'notes.txt'}")
    assert (completed.returncode, completed.stdout) == (0, "Records turn.\n"), completed.stderr
    document = gramophone.json("show", "last")
    assert [(turn["role"], turn["text"]) for turn in document["turns"]] == [
        ("assistant", "Records turn.")
    ]
    assert document["provider"] == "text"


def test_a_pipe_is_a_model(gramophone: Gramophone) -> None:
    completed = gramophone("ask", "--mute", "--provider", "text:-", stdin="From a pipe.")
    assert (completed.returncode, completed.stdout) == (0, "From a pipe.\n"), completed.stderr
    assert gramophone.json("show", "last")["turns"][0]["text"] == "From a pipe."


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["ask"], 2, "give a question, or - for standard input"),
        (["ask", "-", "--provider", "text:-"], 2, "the question or the answer, not both"),
        (["ask", "--provider", "text:nothing.txt"], 1, "nothing.txt cannot be read (No such file"),
        (["ask", "--provider", "text:no_such:thing"], 1, "There is no module 'no_such'"),
    ],
    ids=["no-text", "both", "missing", "module"],
)
def test_what_cannot_be_spoken_is_one_sentence(
    gramophone: Gramophone, arguments: list[str], code: int, sentence: str
) -> None:
    completed = gramophone(*arguments, "--mute")
    assert completed.returncode == code
    assert sentence in completed.stderr
    assert "Traceback" not in completed.stderr
    assert "task session" not in completed.stderr


def test_a_function_of_the_current_folder_answers(
    gramophone: Gramophone, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    completed = gramophone("ask", "--mute", "--provider", "text:answers:answer", "Why?")
    assert (completed.returncode, completed.stdout) == (0, "To Why?: no.\n"), completed.stderr
    turns = gramophone.json("show", "last")["turns"]
    assert [turn["text"] for turn in turns] == ["Why?", "To Why?: no."]
