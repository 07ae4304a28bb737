"""Ends of an answer that are not normal: a sentence on stderr, and an exit code, of `ask`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gramophone.cli.output import AnswerPrinter, Notes
from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    DeltaReceived,
    Entry,
    ModelQuiet,
    NoticeGiven,
    ThoughtReceived,
)
from tests.support.programs import Gramophone
from tests.support.scenario_standin import served

SCENARIO = """
[[answer]]
asked = "length"
text = "Half an"
finish = "length"

[[answer]]
asked = "empty"
text = ""
"""


async def test_a_cut_answer_is_an_answer_and_an_empty_one_is_not(tmp_path: Path) -> None:
    async with served(SCENARIO) as address:
        env = {"OPENAI_API_KEY": "any", "OPENAI_BASE_URL": f"http://127.0.0.1:{address.port}/v1"}
        gramophone = Gramophone(tmp_path / "home")
        cut, empty = [
            await asyncio.to_thread(gramophone, "ask", question, "--mute", env=env)
            for question in ("length", "empty")
        ]
    assert (cut.returncode, cut.stdout) == (0, "Half an\n")
    assert "limit of tokens" in cut.stderr
    assert (empty.returncode, empty.stdout) == (1, "")
    assert "empty answer" in empty.stderr


def notes_of(*entries: Entry) -> Notes:
    notes = Notes()
    for entry in entries:
        notes.emit(entry)
    return notes


@pytest.mark.parametrize(
    ("cause", "unanswered"),
    [
        *(("length", False), ("filter", False), ("refusal", False), ("context", False)),
        *(("empty", True), ("thoughts", True), ("paused", True), ("calls", True)),
    ],
)
def test_causes_that_leave_no_answer(cause: str, unanswered: bool) -> None:
    notes = notes_of(AnswerIncomplete(at_us=0, turn=1, cause=cause, detail="So it ended."))
    assert notes.unanswered == unanswered


def test_a_notice_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    notes = notes_of(NoticeGiven(at_us=0, stage="model", detail="Another one answered."))
    assert not notes.failed
    assert capsys.readouterr().err == "Another one answered.\n"


def test_a_model_that_thinks_is_not_called_silent(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = ModelQuiet(at_us=0, turn=1, quiet_us=15_000_000)
    notes_of(quiet)
    assert capsys.readouterr().err.startswith("The model has sent no text for 15 s.")
    notes_of(ThoughtReceived(at_us=0, turn=1, text="Hm."), quiet)
    assert capsys.readouterr().err.startswith("The model thinks, and has sent no text for 15 s.")


def test_text_that_was_a_thought_ends_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    printer = AnswerPrinter()
    for entry in (
        DeltaReceived(at_us=0, turn=1, text="Hm"),
        AnswerRetracted(at_us=0, turn=1, text="Hm"),
        DeltaReceived(at_us=0, turn=1, text="Yes."),
    ):
        printer.emit(entry)
    printer.finish()
    assert capsys.readouterr().out == "Hm\nYes.\n"


def test_a_note_begins_a_line_where_both_go_to_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "both").open("w", encoding="utf-8") as file:
        monkeypatch.setattr("sys.stdout", file)
        monkeypatch.setattr("sys.stderr", file)
        printer = AnswerPrinter()
        notes = Notes(printer.make_room)
        printer.emit(DeltaReceived(at_us=0, turn=1, text="Half an"))
        notes.emit(AnswerIncomplete(at_us=0, turn=1, cause="length", detail="It was cut off."))
        printer.finish()
    assert (tmp_path / "both").read_text(encoding="utf-8") == "Half an\nIt was cut off.\n"
