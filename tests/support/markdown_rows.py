"""The rows of a Markdown text that comes bit by bit."""

from __future__ import annotations

from tui.markdown.document import Document
from tui.markdown.document_rows import DocumentRows
from tui.markdown.layout import Decoration, TextRow


def rows_of(layout: DocumentRows) -> list[tuple[str, int, int, str]]:
    return [(_drawn(row), row.first, row.last, row.join) for row in layout.rows(0, layout.height)]


def _drawn(row: TextRow) -> str:
    return "".join(
        part.text if isinstance(part, Decoration) else part.flow.text[part.start : part.end]
        for part in row.parts
    )


def grown(text: str, width: int, step: int) -> list[tuple[str, int, int, str]]:
    document, layout = Document(), DocumentRows(width)
    for end in range(step, len(text) + step, step):
        while document.grow(text[:end]):
            layout.update(document.units, document.changed_from)
    if document.finish():
        layout.update(document.units, document.changed_from)
    return rows_of(layout)
