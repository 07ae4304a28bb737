"""Thoughts and ends of answers in exports that people read: thoughts only if they are wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from gramophone.core.timeline import (
    AnswerIncomplete,
    AnswerRetracted,
    DeltaReceived,
    Event,
    SessionEnded,
    ThoughtReceived,
    TurnCompleted,
    TurnStarted,
)
from gramophone.library.export_request import FORMS, ExportRequest
from storage.library import StoredLibrary
from tests.support.builders import session_started
from tests.support.exported import HOSTILE
from tests.support.programs import Gramophone
from tests.support.recordings import SESSION_ID, record

ANSWER: list[Event] = [
    session_started(),
    TurnStarted(at_us=0, turn=0, role="user", text="Why?"),
    TurnCompleted(at_us=0, turn=0, role="user", text="Why?", finish_reason="sent"),
    TurnStarted(at_us=1_000_000, turn=1, role="assistant"),
    DeltaReceived(at_us=1_500_000, turn=1, text="Waves?"),
    AnswerRetracted(at_us=2_000_000, turn=1, text="Waves?"),
    ThoughtReceived(at_us=5_200_000, turn=1, text=" Light.\n\nAir."),
    DeltaReceived(at_us=6_000_000, turn=1, text="Because of"),
    AnswerIncomplete(at_us=7_000_000, turn=1, cause="length", detail="Raise max_tokens."),
    TurnCompleted(
        at_us=7_000_000, turn=1, role="assistant", text="Because of", finish_reason="length"
    ),
    SessionEnded(at_us=7_000_000),
]
READ = [name for name, form in FORMS.items() if form.read]
TEXTS = [*READ, "csv", "cast", "json"]


async def exported(home: Path, form: str, *, thoughts: bool) -> str:
    path = home / f"out.{form}"
    async with await StoredLibrary.open(home) as library:
        request = ExportRequest(form, path, replace=True, thoughts=thoughts)
        await library.export([SESSION_ID], request)
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", TEXTS)
async def test_they_are_left_out(form: str, tmp_path: Path) -> None:
    await record(tmp_path, ANSWER)
    text = await exported(tmp_path, form, thoughts=False)
    assert "Light." not in text
    assert "Waves?" not in text
    assert "Because" in text


async def test_txt_has_them_where_they_are_wanted(tmp_path: Path) -> None:
    await record(tmp_path, ANSWER)
    assert (await exported(tmp_path, "txt", thoughts=True)).endswith(
        "smollm2:\n"
        "  Thought for 4.2 s:\n"
        "  | Waves? Light.\n"
        "  |\n"
        "  | Air.\n"
        "  Because of\n"
        "  [Raise max_tokens.]\n"
    )


async def test_md_has_them_where_they_are_wanted(tmp_path: Path) -> None:
    await record(tmp_path, ANSWER)
    text = await exported(tmp_path, "md", thoughts=True)
    assert (
        "*Thought for 4.2 s:*\n\n> Waves? Light.\n>\n> Air.\n\n*Answer:*\n\n> Because of\n\n"
        "*Raise max\\_tokens.*\n"
    ) in text


async def test_a_page_has_them_folded(tmp_path: Path) -> None:
    await record(tmp_path, ANSWER)
    text = await exported(tmp_path, "html", thoughts=True)
    assert '<details class="thoughts">' in text
    assert "<summary>Thought for 4.2 s</summary>" in text
    assert "<p>Waves? Light.</p>\n<p>Air.</p>" in text
    assert '<p class="end">Raise max_tokens.</p>' in text
    assert "cut off by the token limit" not in text


async def test_no_thought_gets_out_of_its_place(tmp_path: Path) -> None:
    thoughts = [ThoughtReceived(at_us=3, turn=1, text=text) for text in HOSTILE]
    await record(tmp_path, [*ANSWER[:4], *thoughts, *ANSWER[7:]])
    md = await exported(tmp_path, "md", thoughts=True)
    assert [line for line in md.splitlines() if line.startswith("#")] == [
        "# Why?",
        "## 0 · You",
        "## 1 · smollm2",
    ]
    txt = await exported(tmp_path, "txt", thoughts=True)
    assert [line for line in txt.splitlines()[3:] if line[:1].strip()] == ["You:", "smollm2:"]
    html = await exported(tmp_path, "html", thoughts=True)
    assert "<script>alert" not in html


async def test_other_forms_refuse_the_option(tmp_path: Path) -> None:
    completed = Gramophone(tmp_path)("export", "last", "--format", "srt", "--thoughts")
    assert completed.returncode == 2
    assert "--thoughts belongs to txt, md, html" in completed.stderr
