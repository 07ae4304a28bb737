"""Figures, rows and paths as people read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gramophone.library.export_request import FORMS, slug
from tests.support.screen_backend import TODAY, kept_session
from tui.sessions.export_path import chosen, named, neighbour, renamed, suggested
from tui.sessions.session_row import RowLook, session_row, snippet
from tui.support.formatting import clock, counted, local_time, milliseconds, seconds, times

LOOK = RowLook(today=TODAY)


def test_times() -> None:
    assert [clock(0), clock(7.9), clock(760), clock(3729)] == ["0:00", "0:07", "12:40", "1:02:09"]
    assert [seconds(0.84), seconds(185)] == ["0.8 s", "3 min 5 s"]
    assert [milliseconds(204.4), milliseconds(1310)] == ["204 ms", "1.3 s"]
    assert [times(1.0), times(0.75), times(2.5)] == ["1.0×", "0.75×", "2.5×"]
    assert [counted(1, "turn"), counted(1200, "turn")] == ["1 turn", "1,200 turns"]


def test_a_date_that_cannot_be_read_stays() -> None:
    assert local_time("2026-11-21T14:03:00+00:00") == "21 Nov 2026, 14:03"
    assert local_time("yesterday") == "yesterday"


@pytest.mark.parametrize("width", [20, 36, 76, 120])
def test_a_row_fits_its_width(width: int) -> None:
    summary = kept_session(1, "A title that is rather long, even for a title").summary
    row = session_row(replace(summary, snippet="a \ue000hit\ue001 in it"), width, LOOK)
    assert all(line.cell_length <= width for line in row.split("\n"))


def test_markup_in_a_title_is_text() -> None:
    row = session_row(kept_session(1, "[bold red]x[/] \x1b[31m!").summary, 60, LOOK)
    assert row.plain.startswith("  [bold red]x[/] !")


def test_a_hit_is_lifted_and_its_marks_are_gone() -> None:
    assert snippet("a \ue000hit\ue001 b \ue000c").plain == "a hit b c"


@pytest.mark.parametrize("width", [20, 32, 50])
@pytest.mark.parametrize(
    "before", ["one two three four five six seven eight nine ten", "日本語" * 12]
)
def test_a_hit_far_to_the_right_is_in_sight(before: str, width: int) -> None:
    hit = f"{before} \ue000needle\ue001 after it"
    row = session_row(replace(kept_session(1).summary, snippet=hit), width, LOOK)
    line = row.plain.split("\n")[2]
    assert "needle" in line
    assert line.strip().startswith("…")
    assert max(line.cell_length for line in row.split("\n")) <= width


def test_paths() -> None:
    wav, bundle = FORMS["wav"], FORMS["bundle"]
    assert slug("Was ist ein Grammophon, äh?") == "was-ist-ein-grammophon-ah"
    assert slug("日本") == "session"
    assert suggested("What is it?", wav) == "~/gramophone-what-is-it.wav"
    assert chosen(" ~/a ", bundle) == Path.home() / "a.gramophone"
    assert chosen("b.wave", wav).is_absolute()


def test_the_end_of_a_name_says_what_is_exported() -> None:
    wav, bundle = FORMS["wav"], FORMS["bundle"]
    assert renamed("~/a.wav", bundle) == "~/a.gramophone"
    assert renamed("~/a.gramophone ", wav) == "~/a.wav"
    assert renamed("~/a.b/c", bundle) == "~/a.b/c"
    assert renamed("", bundle) == ""
    assert named("~/a.GRAMOPHONE") is bundle
    assert named("~/a") is None


def test_forms_follow_each_other_around() -> None:
    forms = [form := FORMS["wav"]]
    while (form := neighbour(form, 1)) is not forms[0]:
        forms.append(form)
    assert forms == list(FORMS.values())
    assert neighbour(forms[0], -1) is forms[-1]
