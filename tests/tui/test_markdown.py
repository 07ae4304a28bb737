"""Markdown that grows: the same rows however the text came, each with its place in the source."""

from __future__ import annotations

import pytest

from tui.markdown.document import Document
from tui.markdown.layout import Mark, Row, Sheet

TEXT = """# Title

A **gramophone** *works*, see [the museum](https://example.org/a_(b)) and `code` \\*x\\* &amp; more.
Second line.

1. A needle follows the groove.
2. The diaphragm turns

   another paragraph
   - nested
   - [x] done

> quote

```python
def play(record):
\tyield needle
```

| Part | Does |
|---|---:|
| Needle | **follows** |

A [reference][ref] at the end

[ref]: https://example.org
"""


def rows_of(sheet: Sheet) -> list[tuple[str, int, int, str]]:
    return [(_drawn(row), row.first, row.last, row.join) for row in sheet.rows(0, sheet.height)]


def _drawn(row: Row) -> str:
    return "".join(
        part.text if isinstance(part, Mark) else part.flow.text[part.start : part.end]
        for part in row.parts
    )


def grown(text: str, width: int, step: int) -> list[tuple[str, int, int, str]]:
    document, sheet = Document(), Sheet(width)
    for end in range(step, len(text) + step, step):
        while document.grow(text[:end]):
            sheet.update(document.units, document.changed_from)
    if document.finish():
        sheet.update(document.units, document.changed_from)
    return rows_of(sheet)


@pytest.mark.parametrize("width", [12, 40, 80])
@pytest.mark.parametrize("step", [1, 3, 17, 100])
def test_pieces_give_the_same_rows_as_the_whole(width: int, step: int) -> None:
    assert grown(TEXT, width, step) == grown(TEXT, width, len(TEXT))


def test_words_know_where_they_stood() -> None:
    for drawn, first, last, _ in grown(TEXT, 80, 50):
        word = drawn.strip(" ▎•☑123.─┼│").split(" ")[0]
        if word and word != "python":
            assert word in TEXT[first:last]
