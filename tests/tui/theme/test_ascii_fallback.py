"""A terminal without UTF-8: rows keep their width, and can be read."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len

from tui.theme.ascii_fallback import write_lookalikes


def written(text: str, encoding: str) -> str:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace")
    write_lookalikes(terminal)
    terminal.write(text)
    terminal.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("▎ • one │ two ─┼─", "| * one | two -+-"),
        ("▶ speaking ● REC … 1.5×", "> speaking o REC . 1.5x"),
        ("café ☑ “so”", 'cafe o "so"'),
        ("日本 e\u0301 \U0001f600", "???? e ??"),
        ("⅓ ﬁ ☃", "1 f ?"),
        ("⠄⣀⣤⣶⣿", ".:=*#"),
    ],
)
def test_ascii(text: str, expected: str) -> None:
    assert written(text, "ascii") == expected
    assert len(expected) == cell_len(text)


def test_what_the_terminal_has_stays() -> None:
    assert written("café · ▎", "latin-1") == "café · |"
    assert written("▎ 日本", "utf-8") == "▎ 日本"


def test_where_there_is_no_terminal_nothing_happens() -> None:
    write_lookalikes(None)
    write_lookalikes(io.StringIO())
