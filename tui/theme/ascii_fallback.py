"""Characters for a terminal that cannot show every one: some that look alike, and are as wide."""

from __future__ import annotations

import codecs
import io
import unicodedata
from typing import Final, TextIO

from rich.cells import cell_len

NAME: Final = "gramophone.lookalike"
_LIKE: Final = {
    **dict.fromkeys("─━╌╶╴", "-"),
    **dict.fromkeys("│┃▎▏▌▐╎", "|"),
    **dict.fromkeys("┼┬┴├┤┌┐└┘╹╻", "+"),
    **dict.fromkeys("▁▂▃▄▅▆▇█▊▋▉▍", "#"),
    **dict.fromkeys("•·∙", "*"),
    **dict.fromkeys("●○☐☑", "o"),
    **dict.fromkeys("‘’", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict.fromkeys("–—", "-"),
    "▶": ">",
    "▸": ">",
    "▾": "v",
    "■": "#",
    "›": ">",
    "‹": "<",
    "…": ".",
    "×": "x",
    "≡": "=",
    "↓": "v",
    "↑": "^",
    "‖": "|",
}
_BY_DOTS: Final = " .:-=+*##"
"""Substitutes of a braille character by the number of its dots."""


def write_lookalikes(terminal: TextIO | None) -> None:
    """Write a similar character where the encoding of the terminal lacks one.

    Python would write `\\u258e`, six cells for one, and everything right of it would be shifted:
    rows of the screen are made of counted cells. So a substitute is as wide as the character.
    """
    if isinstance(terminal, io.TextIOWrapper) and not terminal.encoding.lower().startswith("utf"):
        codecs.register_error(NAME, _replaced)
        terminal.reconfigure(errors=NAME)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(map(_lookalike, missing)), error.end


def _lookalike(character: str) -> str:
    if "\u2800" <= character <= "\u28ff":  # braille
        return _BY_DOTS[(ord(character) - 0x2800).bit_count()]
    cells = cell_len(character)
    like = _LIKE.get(character) or unicodedata.normalize("NFKD", character)[:1]
    return like if like.isascii() and cells == 1 else "?" * cells
