"""An excerpt of an answer, to be read beside a list: laid out, in no colour but that of a hit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from textual.content import Content

from gramophone.library.search_query import SearchWord, highlights
from tui.markdown.answer_layout import AnswerLayout
from tui.markdown.layout import Decoration, TextRow
from tui.theme.colour_names import ACCENT, MUTED

_LEAD_CHARACTERS: Final = 12_000
"""Characters above the excerpt that are parsed with it; more of them would hold up the keys."""

_HIT: Final = f"bold {ACCENT}"
_STYLES: Final = {
    "strong": "bold",
    "em": "italic",
    "strike": "strike",
    "heading": "bold",
    "h1": "bold underline",
    "link": "underline",
}


def excerpt(
    text: str, width: int, start: int, end: int, words: Sequence[SearchWord] = ()
) -> Content:
    """Markdown from the row that holds the character at `start` to the one at `end`.

    The `words` are highlighted in it, wherever they stand.
    """
    # A row depends on its block from the beginning. Parsing starts at an empty line, for blocks
    # begin there, so far above that a fence around the excerpt has most likely begun below it.
    more = end < len(text)
    skipped = max(0, text.rfind("\n\n", 0, max(0, start - _LEAD_CHARACTERS)))
    text = text[skipped:end]
    answer = AnswerLayout(width)
    answer.grow(text)
    answer.finish()
    hits = highlights(text, words)
    first = answer.row_of_source(start - skipped) if start else 0
    lines = [_line(answer.row(index), hits) for index in range(first, answer.height)]
    if skipped or first:
        lines.insert(0, Content.styled("…", MUTED))
    if more:
        lines.append(Content.styled("…", MUTED))
    return Content("\n").join(lines)


def _line(row: TextRow, hits: Sequence[tuple[int, int]]) -> Content:
    line = Content("")
    around: list[str] = []
    for part in row.parts:
        if isinstance(part, Decoration):
            line += Content.styled(part.text, MUTED)
            if not part.text:
                around.append(part.look)
            continue
        # Without colours for code: its lexer would have to be loaded for a glance.
        for text, run, source in part.flow.pieces(part.start, part.end):
            piece = Content.styled(text, _style([*around, *run.look.split("+")]))
            for start, end in _within(hits, source, source + len(text)):
                piece = piece.stylize(_HIT, start - source, end - source)
            line += piece
    return line


def _style(looks: Iterable[str]) -> str:
    return " ".join(_STYLES[look] for look in looks if look in _STYLES)


def _within(hits: Sequence[tuple[int, int]], first: int, until: int) -> Iterator[tuple[int, int]]:
    for start, end in hits:
        if start < until and end > first:
            yield max(start, first), min(end, until)
