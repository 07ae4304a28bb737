"""Joins the text blocks of an answer so that their words do not run together."""

from __future__ import annotations

# Blocks follow each other for two reasons. Where a thought or a call stands between them, the model
# started again: a paragraph. Where nothing does, a text was divided, perhaps for citations in the
# middle of a sentence ("the sky is" "blue" "."): a space, unless one is there already or the next
# block goes on with a mark that stands close to its word.
_CLOSE_MARKS = frozenset(".,;:!?)]}»”’…%\"'。、，；：！？）」』")


class TextJoiner:
    """Spaces between the text blocks of one answer."""

    def __init__(self) -> None:
        self._last = ""
        self._gap = ""

    def begin_block(self) -> None:
        """A block of text begins."""
        self._gap = self._gap or " "

    def begin_other(self) -> None:
        """A block of something else begins."""
        self._gap = "\n\n"

    def joined(self, text: str) -> str:
        """The next piece of text, with what has to stand before it."""
        if not text:
            return ""
        last, gap = self._last, self._gap
        self._last, self._gap = text[-1], ""
        if not gap or not last or last.isspace() or text[0].isspace():
            return text
        return text if gap == " " and text[0] in _CLOSE_MARKS else gap + text
