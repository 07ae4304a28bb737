"""Reading within a line: emphasis, links, code spans, formulas, escapes, emoji.

Constructs that must be seen whole are matched in `inline` and `annotations`; which of them is
tried, and how a match is spoken, is decided here.
"""

from __future__ import annotations

import html
from typing import Final

from gramophone.text.characters import is_emoji, is_invisible, is_wide
from gramophone.text.control_filter import GLUE
from gramophone.text.markdown import annotations, inline
from gramophone.text.markdown.block_reader import BlockReader, NestedRead
from gramophone.text.markdown.blocks import SkippedPart
from gramophone.text.markdown.formulas import spoken_formula
from gramophone.text.markdown.inline import InlineSpan, Kind, Wait
from gramophone.text.markdown.tokens import (
    CODE,
    LABEL,
    PLAIN,
    SPACE,
    VANISHED,
    HeldText,
    TokenWriter,
)

_SPECIAL: Final = frozenset("\\`*_~[!<$&|#0123456789:+-=【〔［{")
_ESCAPABLE: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_KEYCAPS: Final = frozenset("0123456789#*")
_SHAPED: Final = frozenset("©®™‼⁉ℹ↔↕↖↗↘↙↩↪→←↑↓▶◀〰〽Ⓜ㊗㊙")
"""Characters of text that are a pictograph before `_SHAPE` (U+FE0F)."""
_SHAPE: Final = "\ufe0f"
_KEYCAP: Final = "\u20e3"


class InlineReader:
    """Read the front of `held` within a line.

    Methods that read give how many characters are done, 0 when more text must come first.
    """

    def __init__(
        self,
        held: HeldText,
        writer: TokenWriter,
        blocks: BlockReader,
        read_nested: NestedRead,
        *,
        nested: bool,
    ) -> None:
        self._held = held
        self._writer = writer
        self._blocks = blocks
        self._read_nested = read_nested
        self._nested = nested

    def read(self, final: bool) -> int:
        """Deal with the front of a line's text; `final` says that no more text comes."""
        char = self._held.text[0]
        if char == "\n":
            return self._blocks.end_line()
        if char in (" ", GLUE):
            return self._writer.put_space(char)
        following = self._held.text[1:2]
        if char in _SHAPED and not following and not final:
            return 0
        if is_emoji(char) or (following == _SHAPE and char in _SHAPED):
            return self._writer.put_vanished(1)
        if char not in _SPECIAL:
            return self._writer.say_held(1)
        if not following and not final:
            return 0
        if char in _KEYCAPS and following and (following == _SHAPE or following == _KEYCAP):
            return self._writer.put_vanished(2)
        return self._read_special(char, following, final)

    def _read_special(self, char: str, following: str, final: bool) -> int:
        if char in "*_~":
            return self._read_emphasis(char, final)
        if char == "#" and self._blocks.in_heading and self._writer.before == " ":
            return self._close_heading(final)
        match = self._match(char, following, final)
        if isinstance(match, Wait):
            self._held.wake = match.wake
            return 0
        if match is not None:
            return self._read_span(match)
        if char == "\\":
            return self._read_escape(following)
        if char == "|" and self._parts_columns(following):
            self._writer.put(VANISHED, 0, PLAIN)
            return self._writer.say_held(1, ",")
        return self._writer.say_held(1)

    # Matching

    def _match(self, char: str, following: str, final: bool) -> inline.Match:
        """Match the construct that the text begins with, if its first character may begin one."""
        text = self._held.text
        before = self._writer.before
        if char == "`":
            return inline.match_code(text, 0, final)
        if self._writer.in_address:
            return None
        if char == "[" or (char == "!" and following == "["):
            return self._match_bracket(final)
        if char == "<":
            return inline.match_angle(text, 0, final, before.isalnum(), self._at_line_head())
        if char == "&":
            return inline.match_entity(text, 0, final)
        if char == "\\":
            return self._match_latex(following, final)
        if char == "$":
            amount = before.isdigit() and following not in "$^_\\"
            return None if amount else inline.match_formula(text, 0, final)
        if char in "|+-=":
            return annotations.match_rule(text, 0, final)
        if char == "{":
            return annotations.match_attributes(text, 0, final)
        if char == ":":
            return None if before.isalnum() else annotations.match_shortcode(text, 0, final)
        return annotations.match_wide(text, 0, final) if char in "【〔［" else None

    def _match_latex(self, following: str, final: bool) -> inline.Match:
        if following == "b":
            return inline.match_environment(self._held.text, 0, final)
        if following in ("(", "["):
            return inline.match_formula(self._held.text, 0, final)
        return None

    def _match_bracket(self, final: bool) -> inline.Match:
        match = inline.match_link(self._held.text, 0, final, self._at_line_head())
        if match is None:
            if self._writer.before.isalpha() and not self._writer.before_that.isalnum():
                # "a[1]" is an element of a.
                return None
            attached = self._writer.before != " "
            return annotations.match_citation(self._held.text, 0, attached)
        return match

    def _at_line_head(self) -> bool:
        return self._writer.solid == " " and not self._nested

    # Constructs

    def _read_span(self, span: InlineSpan) -> int:
        writer = self._writer
        if span.kind is Kind.BREAK:
            if self._nested:
                return writer.put_space(" ", span.end)
            return writer.put_break(span.end)
        if span.kind is Kind.SKIP:
            tail = "<!-" if span.closing == "-->" else ""
            self._blocks.skipped = SkippedPart(span.closing, tail)
            return writer.put_vanished(span.end)
        if span.kind is Kind.VANISHED:
            return writer.put_vanished(span.end)
        if span.kind is Kind.FORMULA:
            return self._say_formula(span)
        if span.kind is Kind.FENCE:
            self._blocks.open_fence("`", span.end)
            return span.end
        if span.kind is not Kind.VOID or writer.before == " ":
            writer.mark()
        if self._held.text[0] == "&":
            self._say_entity(span)
        elif span.kind is Kind.LABEL:
            self._say_label(span)
        elif span.kind is Kind.OPAQUE:
            self._say_code(span)
        writer.note(self._held.text[span.end - 1])
        return span.end

    def _say_entity(self, span: InlineSpan) -> None:
        for char in html.unescape(self._held.text[span.first : span.last]):
            if char.isspace():
                self._writer.put(SPACE, 0, LABEL)
            elif not is_invisible(char) and not is_emoji(char):
                self._writer.put(char, 0, PLAIN)

    def _say_label(self, span: InlineSpan) -> None:
        first, last = span.first, span.last
        tokens = self._read_nested(
            self._held.text[first:last], self._held.positions[first:last], LABEL
        )
        # A label that closes with a full stop may close its sentence.
        for index in range(len(tokens) - 1, -1, -1):
            if tokens[index].text not in ".!?…。！？":
                break
            tokens[index] = tokens[index]._replace(guard=PLAIN)
        if tokens:
            self._writer.solid = tokens[-1].text or " "
        self._writer.put_nested(tokens)

    def _say_code(self, span: InlineSpan) -> None:
        text = self._held.text
        first, last = span.first, span.last
        while first < last and text[first] in " \n":
            first += 1
        while last > first and text[last - 1] in " \n":
            last -= 1
        for index in range(first, last):
            char = text[index]
            if char in " \n" or char == GLUE:
                self._writer.put(SPACE, index, CODE)
            elif not is_emoji(char):
                self._writer.put(char, index, CODE)

    def _say_formula(self, span: InlineSpan) -> int:
        """Say the plain form of a formula; each character takes its share of the source."""
        text = spoken_formula(self._held.text[span.first : span.last])
        if text is None:
            return self._writer.put_vanished(span.end)
        self._writer.mark()
        length = span.last - span.first
        for index, char in enumerate(text):
            position = span.first + index * length // len(text)
            self._writer.put(SPACE if char == " " else char, position, CODE)
        self._writer.note(text[-1])
        return span.end

    def _parts_columns(self, following: str) -> bool:
        writer = self._writer
        return writer.open_round <= 0 and writer.before == " " and following in ("", " ", "\n")

    def _close_heading(self, final: bool) -> int:
        """Drop the `#` marks that a heading may end with."""
        text = self._held.text
        marks = len(text) - len(text.lstrip("#"))
        rest = text[marks:].lstrip(" ")
        if not rest and not final and len(text) < inline.LONGEST_RUN:
            return 0
        return self._writer.say_held(marks) if rest and rest[0] != "\n" else marks

    def _read_escape(self, following: str) -> int:
        if following == "\n" or not following:
            return 1
        if following not in _ESCAPABLE:
            return self._writer.say_held(1)
        self._writer.mark()
        self._writer.put(following, 1, PLAIN)
        # A letter stands in for the mark, which is not to act on the marks beside it.
        self._writer.note("a" if following in "*_" else following)
        return 2

    # Emphasis

    def _read_emphasis(self, char: str, final: bool) -> int:
        """Drop a run of marks that opens or closes emphasis; say one that is plain text."""
        text = self._held.text
        run = len(text) - len(text.lstrip(char))
        if run == len(text) and run < inline.LONGEST_RUN and not final:
            return 0
        writer = self._writer
        following = text[run : run + 1] or "\n"
        if self._is_literal_run(char, run, following):
            return writer.say_held(run)
        opened = writer.open_marks.get(char, 0)
        if opened and not writer.before.isspace():
            writer.open_marks[char] = max(0, opened - run)
        elif not following.isspace():
            writer.open_marks[char] = run
            writer.mark()
        writer.note(char)
        return run

    def _is_literal_run(self, char: str, run: int, following: str) -> bool:
        """Say whether a run of `char` is spoken: a product, a name in code, a lone mark.

        CommonMark's rule of flanking runs (0.31, "Emphasis and strong emphasis") pairs marks
        once the paragraph is whole. A stream is judged at the run itself, from the two
        characters before, the one behind, and the length of the run that is open; where that
        leaves a doubt, arithmetic ("2*3", "a * b") is more often meant than emphasis.
        """
        before, opened = self._writer.before, self._writer.open_marks.get(char, 0)
        if char == "~":
            return run == 1 or (before.isspace() and following.isspace())
        joined = before.isalnum() and following.isalnum()
        if char == "_":
            inside = joined or (self._writer.in_address and not following.isspace())
            return inside or (before.isalnum() and not opened)
        if before.isspace() and following.isspace():
            numeric = self._writer.solid.isdigit() or self._writer.solid == ")"
            return following != "\n" and (run == 1 or numeric)
        if opened == run or (opened > run and not joined):
            return False
        if joined:
            if is_wide(before) or is_wide(following):
                return False
            digits = before.isdigit() or following.isdigit()
            return digits or run == 1 or not self._writer.before_that.isalnum()
        product = (before.isdigit() and following in "(-+") or (
            before == ")" and following.isalnum()
        )
        return product and run == 1
