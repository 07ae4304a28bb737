"""Every text that is made shorter ends with a whole grapheme, and exports spell as was said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import regex

from gramophone.app.title_suggestion import cleaned
from gramophone.library.library import SessionSummary
from gramophone.library.tags import tag_name
from storage.export import audio_tags
from storage.export.caption_layout import LINE_CHARS
from storage.export.formats import cast, id3
from storage.export.formats.html.text import harmless
from tests.support.captions import caption_texts
from tui.sessions.actions import describe

UNITS = ["👨\u200d👩\u200d👧", "क्षि", "e\u0301", "🇩🇪", "1\ufe0f\u20e3", "ක්\u200dය", "각"]


def described(title: str) -> str:
    return describe([SessionSummary("a", title, "", 0, 0, "", "", "")])


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    "shorten",
    [
        tag_name,
        cleaned,
        described,
        audio_tags._label,  # pyright: ignore[reportPrivateUsage]
        id3._shortened,  # pyright: ignore[reportPrivateUsage]
    ],
)
def test_a_beginning_is_one_of_whole_graphemes(shorten: Callable[[str], str], unit: str) -> None:
    for shift in range(1, len(unit) + 1):
        text = "a" * shift + unit * 400
        whole = regex.findall(r"\X", shorten(text).strip("…“”"))
        assert whole
        assert whole == regex.findall(r"\X", text)[: len(whole)]


@pytest.mark.parametrize("unit", UNITS)
def test_captions_and_casts_break_between_graphemes(unit: str) -> None:
    text = "a" + unit * 150
    lines = [line for cue in caption_texts(text) for line in cue.split("\n")]
    assert len(lines) > 1
    assert all(len(line) <= LINE_CHARS for line in lines)
    whole = regex.findall(r"\X", text)
    assert [part for line in lines for part in regex.findall(r"\X", line)] == whole
    wrapped = cast._whole(text).split("\r\n")  # pyright: ignore[reportPrivateUsage]
    assert len(wrapped) > 1
    assert [part for line in wrapped for part in regex.findall(r"\X", line)] == whole


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("👨\u200d👩\u200d👧", 2),
        ("👋🏽", 2),
        ("❤️", 2),
        ("ක්\u200dය", 2),
        ("می\u200cخ", 3),
        ("漢a", 3),
    ],
)
def test_a_cast_counts_cells_as_a_terminal_does(text: str, cells: int) -> None:
    assert cast._cells(text) == cells  # pyright: ignore[reportPrivateUsage]


def test_a_page_keeps_spelling_and_drops_strays() -> None:
    england = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    spelling = f"می\u200cخواهم ශ්\u200dරී 👨\u200d👩\u200d👧 {england}"
    assert harmless(f"{spelling} a\u200db\u202e x\U000e0061") == f"{spelling} ab x"
