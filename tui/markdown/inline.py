"""From inline tokens to text in which each character knows where it came from.

markdown-it gives the text of a paragraph without its marks, and does not say where in the source
it stood. That is found again by walking through the source beside the tokens: each token is looked
for from where the last one ended, and never far, so a token that is not found (an entity was
decoded, a tab became spaces) costs little, and the walk falls back to words and characters.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from markdown_it.token import Token

from tui.markdown.flow import Flow, StyleRun

_LOOKS: Final = {"strong_open": "strong", "em_open": "em", "s_open": "strike"}
_WORD = re.compile(r"\s+|\S+")
_REACH: Final = 256
"""Characters that marks may take between two tokens, such as the address of a link."""


class InlineBuilder:
    """Goes through a stretch of the text beside the inline tokens that were made of it."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._at = start
        self._end = end
        self._looks: list[str] = []
        self._href = ""
        self._literal_link = False
        self._pieces: list[str] = []
        self._length = 0
        self._runs: list[StyleRun] = []

    def flow(self, children: Sequence[Token]) -> Flow:
        """The next inline content.

        Called again, it goes on behind the one before, as the cells of a table do.
        """
        self._pieces, self._runs, self._length = [], [], 0
        self._looks.clear()
        self._href = ""
        for token in children:
            self._take(token)
        if not self._runs:
            self._runs.append(StyleRun(0, min(self._at, len(self._text))))
        return Flow("".join(self._pieces), self._runs)

    def _take(self, token: Token) -> None:
        match token.type:
            case "code_inline":
                self._skip(token.markup)
                self._looks.append("code")
                self._put(token.content)
                self._looks.pop()
                self._skip(token.markup)
            case "softbreak" | "hardbreak":
                newline = self._find("\n")
                self._add(" " if token.type == "softbreak" else "\n", newline)
                self._at = newline + 1
            case "strong_open" | "em_open" | "s_open":
                self._skip(token.markup)
                self._looks.append(_LOOKS[token.type])
            case "strong_close" | "em_close" | "s_close":
                self._looks.pop()
                self._skip(token.markup)
            case "link_open":
                self._open_link(token)
            case "link_close":
                self._close_link()
            case _:
                self._put(token.content)

    def _open_link(self, token: Token) -> None:
        self._literal_link = token.markup in ("linkify", "autolink")
        if not self._literal_link:
            self._skip("[")
        self._href = str(token.attrs.get("href", "")) or " "
        self._looks.append("link")

    def _close_link(self) -> None:
        self._looks.pop()
        self._href = ""
        if self._literal_link:
            return
        self._skip("]")
        if self._text.startswith("(", self._at):
            depth = 0
            while self._at < self._end:
                character = self._text[self._at]
                depth += (character == "(") - (character == ")")
                self._at += 2 if character == "\\" else 1
                if depth == 0:
                    break
        elif self._text.startswith("[", self._at):
            self._skip("]")

    # --- offsets ------------------------------------------------------------------------------

    def _find(self, markup: str) -> int:
        """The offset at which `markup` comes next; the present one, if it does not come soon."""
        reach = min(self._end, self._at + len(markup) + _REACH)
        offset = self._text.find(markup, self._at, reach)
        return offset if offset >= 0 else min(self._at, self._end)

    def _skip(self, markup: str) -> None:
        reach = min(self._end, self._at + len(markup) + _REACH)
        offset = self._text.find(markup, self._at, reach)
        if offset >= 0:
            self._at = offset + len(markup)

    def _put(self, content: str) -> None:
        """Add text as it stands, or word by word where escapes and entities were taken out."""
        if not content:
            return
        content = content.replace("\t", " ")
        reach = min(self._end, self._at + len(content) + _REACH)
        offset = self._text.find(content, self._at, reach)
        if offset >= 0:
            self._add(content, offset)
            self._at = offset + len(content)
            return
        for match in _WORD.finditer(content):
            word = match[0]
            offset = self._text.find(word, self._at, min(reach, self._at + len(word) + 32))
            if offset >= 0:
                self._add(word, offset)
                self._at = offset + len(word)
            else:
                self._add_spelled(word)

    def _add_spelled(self, word: str) -> None:
        """Add a word that is written otherwise in the text, character by character."""
        for character in word:
            offset = self._text.find(character, self._at, min(self._end, self._at + 12))
            self._add(character, offset if offset >= 0 else min(self._at, self._end))
            if offset >= 0:
                self._at = offset + 1

    def _add(self, text: str, source: int) -> None:
        look = "+".join(dict.fromkeys(self._looks))
        run = StyleRun(self._length, source, look, self._href)
        last = self._runs[-1] if self._runs else None
        if not (
            last is not None
            and (last.look, last.href) == (look, self._href)
            and last.source + self._length - last.start == source
        ):
            self._runs.append(run)
        self._pieces.append(text)
        self._length += len(text)
