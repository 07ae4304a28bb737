"""`import` of data exports, as a person uses it."""

from __future__ import annotations

from pathlib import Path

from tests.support.paths import ROOT
from tests.support.programs import Gramophone

EXPORTS = ROOT / "fixtures" / "exports"
BREAD = "5f0c1d2e00004000800000000000a002"


def test_conversations_of_other_programs_come_in(gramophone: Gramophone) -> None:
    completed = gramophone("import", str(EXPORTS / "chatgpt.json"), str(EXPORTS / "claude.json"))
    assert completed.returncode == 0
    assert len(completed.stdout.split()) == 4
    assert completed.stderr == (
        "imported 2 conversations from chatgpt.json; 1 had no words\n"
        "imported 2 conversations from claude.json; 1 had no words\n"
    )
    assert BREAD in gramophone("sessions", "--search", "sourdough provider:chatgpt").stdout
    again = gramophone("import", str(EXPORTS / "chatgpt.json"))
    assert "imported 0 conversations from chatgpt.json; 2 were there already" in again.stderr
    replayed = gramophone("replay", BREAD, "--mute").stdout
    assert replayed.endswith("Rye, sourdough, and baguette.\n")


def test_what_is_broken_is_counted_and_the_rest_is_there(
    gramophone: Gramophone, tmp_path: Path
) -> None:
    text = (EXPORTS / "claude.json").read_text().rstrip().removesuffix("]")
    path = tmp_path / "mine.txt"
    path.write_text(text + ', {"chat_messages": "\x1b[31m"}]')
    completed = gramophone("import", str(path))
    assert completed.returncode == 1
    assert len(completed.stdout.split()) == 2
    assert "mine.txt: Conversation 4 was left out: it is not valid JSON.\n" in completed.stderr
    assert completed.stderr.endswith("1 had no words; 1 were broken and left out\n")


def test_an_imported_session_can_be_given_a_voice(gramophone: Gramophone, tmp_path: Path) -> None:
    gramophone("import", str(EXPORTS / "chatgpt.json"))
    before = gramophone.json("show", BREAD)
    wav = tmp_path / "bread.wav"
    completed = gramophone("say", "--session", BREAD, "--mute", "-o", str(wav))
    assert completed.returncode == 0, completed.stderr
    assert wav.stat().st_size > 1_000
    spoken = gramophone.json("show", "last")
    assert completed.stderr == f"session {spoken['id']}\n"
    assert spoken["title"] == "Bread"
    assert [(turn["finish_reason"], turn["text"]) for turn in spoken["turns"]] == [
        ("inherited", "Name three kinds of bread."),
        ("inherited", "Rye, sourdough, and baguette."),
        ("repeated", "Rye, sourdough, and baguette."),
    ]
    assert spoken["turns"][2]["audio"]["samples"] > 0
    assert gramophone.json("show", BREAD) == before
    assert gramophone("verify").returncode == 0


def test_one_answer_of_many_can_be_chosen(gramophone: Gramophone) -> None:
    gramophone("import", str(EXPORTS / "chatgpt.json"))
    lighthouse = "5f0c1d2e00004000800000000000a001"
    assert gramophone("say", "--session", lighthouse, "--turn", "5", "--mute").returncode == 0
    turns = gramophone.json("show", "last")["turns"]
    assert [turn["text"] for turn in turns if turn["finish_reason"] == "repeated"] == [
        "Nobody has to: it runs by itself since 1988."
    ]
    for arguments, code, words in (
        (("--session", lighthouse, "--turn", "4"), 1, "no answer that counts as its turn 4"),
        (("--turn", "4", "hello"), 2, "--turn belongs to --session"),
        (("--session", lighthouse, "hello"), 2, "give a text"),
    ):
        completed = gramophone("say", *arguments, "--mute")
        assert completed.returncode == code
        assert words in completed.stderr
