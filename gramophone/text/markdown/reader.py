"""Markdown, one character at a time, turned into the characters a voice should get.

The reader lives here: it holds back what it cannot judge yet and gives tokens, each with its
place in the source. Where sentences end is none of its business.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Final, NamedTuple

from gramophone.text.characters import is_emoji, is_invisible, is_wide
from gramophone.text.control_filter import GLUE
from gramophone.text.markdown import annotations, blocks, inline
from gramophone.text.markdown.blocks import Fence, Lead, Skipped
from gramophone.text.markdown.formulas import spoken_formula
from gramophone.text.markdown.inline import Kind, Span, Wait

PLAIN: Final = 0
"""Guard of a character that may end a sentence."""
LABEL: Final = 1
"""Guard of a character inside a label, a table row or a list number: no boundary here."""
CODE: Final = 2
"""Guard of a character of code, an address or mathematics: no boundary, and no word."""

SPACE: Final = " "
LINE_END: Final = "\n"
VANISHED: Final = ""
"""Text of a token that stands where an emoji was: a space that gives way to a mark."""

_SPECIAL: Final = frozenset("\\`*_~[!<$&|#0123456789:+-=【〔［{")
_ESCAPABLE: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_KEYCAPS: Final = frozenset("0123456789#*")
_SHAPED: Final = frozenset("©®™‼⁉ℹ↔↕↖↗↘↙↩↪→←↑↓▶◀〰〽Ⓜ㊗㊙")
_SHAPE: Final = "\ufe0f"


class Token(NamedTuple):
    """One spoken character (or `SPACE`, `LINE_END`, `VANISHED`) and its place in the source."""

    text: str
    start: int
    end: int
    guard: int


class Reader:
    """Read Markdown character by character and put what is spoken into `tokens`."""

    def __init__(self, *, nested: bool = False) -> None:
        self.tokens: list[Token] = []
        """What has been read; whoever takes from it empties it."""
        self._nested = nested
        self._hold = ""
        self._places: list[int] = []
        self._wake = ""
        self._longest = 0
        self._line_start = not nested
        self._item = False
        self._heading = False
        self._fence: Fence | None = None
        self._fence_line = ""
        self._skipped: Skipped | None = None
        self._top = not nested
        self._address = False
        self._round = 0
        self._open: dict[str, int] = {}
        self._before = " "
        self._before_that = " "
        self._solid = " "
        self._lead: int | None = None

    def feed(self, char: str, place: int) -> None:
        """Take the character that stands at `place` in the source."""
        if not self._hold:
            if char.isalpha() and not self._line_start and self._fence is None:
                if self._skipped is None and not is_wide(char):
                    self._say(char, place, place + 1)
                    return
        elif self._wake and char not in self._wake and len(self._hold) < self._longest:
            self._hold += char
            self._places.append(place)
            return
        self._hold += char
        self._places.append(place)
        self._drain(final=False)

    def finish(self) -> None:
        """Take the end of the text: what is still open will never be closed."""
        self._drain(final=True)

    def holds_word(self) -> bool:
        """Say whether a label or code is held that begins with a letter or digit."""
        return self._hold[:1] in ("`", "[") and self._hold[1:2].isalnum()

    def _drain(self, *, final: bool) -> None:
        self._wake = ""
        self._longest = inline.LONGEST_HOLD
        while self._hold:
            used = self._step(final)
            if used == 0:
                return
            self._hold = self._hold[used:]
            del self._places[:used]

    def _step(self, final: bool) -> int:
        """Deal with the front of the hold; give how much of it is done, 0 for a wait."""
        if self._fence is not None:
            return self._read_fence(self._fence)
        if self._skipped is not None:
            if self._skipped.ends_with(self._hold[0]):
                self._skipped = None
            return 1
        if self._line_start:
            used = self._begin_line(final)
            if used is not None:
                return used
        return self._read_inline(final)

    # Lines

    def _begin_line(self, final: bool) -> int | None:
        """Deal with the start of a line; None when the line goes on as plain text."""
        char = self._hold[0]
        if char in " \n" or char == GLUE:
            return self._end_line() if char == "\n" else 1
        if self._top and char in "-+":
            closing = blocks.front_matter(self._hold, final)
            if closing is None:
                return 0
            if closing:
                self._skipped = Skipped(closing)
        self._top = False
        if self._skipped is not None:
            return 1
        kind, length = blocks.lead(self._hold, final, self._item)
        if kind is Lead.WAIT:
            if char in "|`~" and len(self._hold) > 3:
                self._wake = "\n`" if char == "`" else "\n"
                self._longest = blocks.LONGEST_ROW + 1
            return 0
        if kind is Lead.ROW:
            return self._read_row()
        if kind is Lead.FENCE:
            self._fence = Fence(char, length)
            self._fence_line = ""
            self._line_start = False
            return length
        if kind is Lead.TEXT:
            self._line_start = False
            return None
        self._mark()
        self._item = self._item or kind in (Lead.MARK, Lead.NUMBER)
        if kind is Lead.HEADING:
            self._heading, self._line_start = True, False
        elif kind is Lead.TASK:
            self._line_start = False
        elif kind is Lead.NUMBER:
            for index in range(length):
                if self._hold[index] != "\\":
                    self._put(self._hold[index], index, LABEL)
            self._put(SPACE, length - 1, LABEL)
        return length

    def _read_row(self) -> int:
        line, _, _ = self._hold.partition("\n")
        if not blocks.is_delimiter_row(line):
            self._mark()
            said = False
            for start, end in blocks.cells(line):
                tokens = self._nest(start, end, LABEL)
                if said and any(token.text.strip() for token in tokens):
                    self._separate_cells(start)
                if tokens:
                    tokens[0] = tokens[0]._replace(start=self._begin(tokens[0].start))
                self.tokens += tokens
                said = said or bool(tokens)
        self._line_start = False
        return len(line) or 1

    def _separate_cells(self, index: int) -> None:
        last = next((token.text for token in reversed(self.tokens) if token.text.strip()), "")
        if last not in ".!?:;,…。！？、，":
            self._put(",", index - 1, LABEL)
        self._put(SPACE, index - 1, LABEL)

    def _read_fence(self, fence: Fence) -> int:
        char = self._hold[0]
        if char != "\n":
            # Only a short line can close a fence; a long one need not be kept.
            if len(self._fence_line) < 200:
                self._fence_line += char
            return 1
        line, self._fence_line = self._fence_line, ""
        if not fence.closed_by(line):
            return 1
        self._fence = None
        return self._end_line()

    def _end_line(self) -> int:
        place = self._places[0]
        self.tokens.append(Token(LINE_END, place, place + 1, PLAIN))
        self._line_start = not self._nested
        self._item = self._heading = self._address = False
        self._round = 0
        self._open.clear()
        self._lead = None
        self._note(" ")
        self._solid = " "
        return 1

    # Within a line

    def _read_inline(self, final: bool) -> int:
        char = self._hold[0]
        if char == "\n":
            return self._end_line()
        if char in (" ", GLUE):
            return self._space(char)
        following = self._hold[1:2]
        if char in _SHAPED and not following and not final:
            return 0
        if is_emoji(char) or (following == _SHAPE and char in _SHAPED):
            return self._vanish(1)
        if char not in _SPECIAL:
            return self._literal(1)
        if not following and not final:
            return 0
        if char in _KEYCAPS and following and (following == _SHAPE or following == "\u20e3"):
            return self._vanish(2)
        return self._read_special(char, following, final)

    def _read_special(self, char: str, following: str, final: bool) -> int:
        if char in "*_~":
            return self._emphasis(char, final)
        if char == "#" and self._heading and self._before == " ":
            return self._close_heading(final)
        found = self._match(char, following, final)
        if isinstance(found, Wait):
            self._wake = found.wake
            return 0
        if found is not None:
            return self._take(found)
        if char == "\\":
            return self._escape(following)
        if char == "|" and self._parts_columns(following):
            self._put(VANISHED, 0, PLAIN)
            return self._literal(1, ",")
        return self._literal(1)

    def _match(self, char: str, following: str, final: bool) -> inline.Match:
        """Match the construct that the hold begins with, if its first character may begin one."""
        hold = self._hold
        if char == "`":
            return inline.match_code(hold, 0, final)
        if self._address:
            return None
        if char == "[" or (char == "!" and following == "["):
            return self._match_bracket(final)
        if char == "<":
            head = self._line_head()
            return inline.match_angle(hold, 0, final, self._before.isalnum(), head)
        if char == "&":
            return inline.match_entity(hold, 0, final)
        if char == "\\":
            return self._match_latex(following, final)
        if char == "$":
            amount = self._before.isdigit() and following not in "$^_\\"
            return None if amount else inline.match_formula(hold, 0, final)
        if char in "|+-=":
            return annotations.match_rule(hold, 0, final)
        if char == "{":
            return annotations.match_attributes(hold, 0, final)
        if char == ":":
            word = self._before.isalnum()
            return None if word else annotations.match_shortcode(hold, 0, final)
        return annotations.match_wide(hold, 0, final) if char in "【〔［" else None

    def _match_latex(self, following: str, final: bool) -> inline.Match:
        if following == "b":
            return inline.match_environment(self._hold, 0, final)
        return inline.match_formula(self._hold, 0, final) if following in ("(", "[") else None

    def _match_bracket(self, final: bool) -> inline.Match:
        found = inline.match_link(self._hold, 0, final, self._line_head())
        if found is None:
            if self._before.isalpha() and not self._before_that.isalnum():
                # "a[1]" is an element of a.
                return None
            return annotations.match_citation(self._hold, 0, self._before != " ")
        return found

    def _line_head(self) -> bool:
        return self._solid == " " and not self._nested

    def _take(self, span: Span) -> int:
        if span.kind is Kind.BREAK:
            if self._nested:
                return self._space(" ", span.end)
            place, end = self._places[0], self._places[span.end - 1] + 1
            self.tokens.append(Token(LINE_END, place, end, PLAIN))
            self._lead = None
            return span.end
        if span.kind is Kind.SKIP:
            self._skipped = Skipped(span.closing, "<!-" if span.closing == "-->" else "")
            return self._vanish(span.end)
        if span.kind is Kind.VANISHED:
            return self._vanish(span.end)
        if span.kind is Kind.FORMULA:
            return self._say_formula(span)
        if span.kind is Kind.FENCE:
            self._fence = Fence("`", span.end)
            self._fence_line = ""
            return span.end
        if span.kind is not Kind.VOID or self._before == " ":
            self._mark()
        if self._hold[0] == "&":
            self._decode(span)
        elif span.kind is Kind.LABEL:
            self._say_label(span)
        elif span.kind is Kind.OPAQUE:
            self._say_code(span)
        self._note(self._hold[span.end - 1])
        return span.end

    def _decode(self, span: Span) -> None:
        source = self._hold[span.first : span.last]
        text = html.unescape(source)
        for char in text:
            if char.isspace():
                self._put(SPACE, 0, LABEL)
            elif not is_invisible(char) and not is_emoji(char):
                self._put(char, 0, PLAIN)

    def _say_label(self, span: Span) -> None:
        tokens = self._nest(span.first, span.last, LABEL)
        # A label that closes with a full stop may close its sentence.
        for index in range(len(tokens) - 1, -1, -1):
            if tokens[index].text not in ".!?…。！？":
                break
            tokens[index] = tokens[index]._replace(guard=PLAIN)
        if tokens:
            tokens[0] = tokens[0]._replace(start=self._begin(tokens[0].start))
            self._solid = tokens[-1].text or " "
        self.tokens += tokens

    def _say_code(self, span: Span) -> None:
        first, last = span.first, span.last
        while first < last and self._hold[first] in " \n":
            first += 1
        while last > first and self._hold[last - 1] in " \n":
            last -= 1
        for index in range(first, last):
            char = self._hold[index]
            if char in " \n" or char == GLUE:
                self._put(SPACE, index, CODE)
            elif not is_emoji(char):
                self._put(char, index, CODE)

    def _say_formula(self, span: Span) -> int:
        """Say what a formula reads as; each character takes its share of the source."""
        text = spoken_formula(self._hold[span.first : span.last])
        if text is None:
            return self._vanish(span.end)
        self._mark()
        length = span.last - span.first
        for index, char in enumerate(text):
            place = span.first + index * length // len(text)
            self._put(SPACE if char == " " else char, place, CODE)
        self._note(text[-1])
        return span.end

    def _nest(self, first: int, last: int, guard: int) -> list[Token]:
        """Read a stretch of the hold as Markdown of its own, for labels and cells."""
        reader = Reader(nested=True)
        for index in range(first, last):
            reader.feed(self._hold[index], self._places[index])
        reader.finish()
        return [token._replace(guard=max(token.guard, guard)) for token in reader.tokens]

    def _parts_columns(self, following: str) -> bool:
        return self._round <= 0 and self._before == " " and following in ("", " ", "\n")

    def _close_heading(self, final: bool) -> int:
        marks = len(self._hold) - len(self._hold.lstrip("#"))
        rest = self._hold[marks:].lstrip(" ")
        if not rest and not final and len(self._hold) < inline.LONGEST_RUN:
            return 0
        return self._literal(marks) if rest and rest[0] != "\n" else marks

    def _escape(self, following: str) -> int:
        if following == "\n" or not following:
            return 1
        if following not in _ESCAPABLE:
            return self._literal(1)
        self._mark()
        self._put(following, 1, PLAIN)
        # A letter stands in for the mark, which is not to act on the marks beside it.
        self._note("a" if following in "*_" else following)
        return 2

    def _emphasis(self, char: str, final: bool) -> int:
        run = len(self._hold) - len(self._hold.lstrip(char))
        if run == len(self._hold) and run < inline.LONGEST_RUN and not final:
            return 0
        following = self._hold[run : run + 1] or "\n"
        if self._is_literal_run(char, run, following):
            return self._literal(run)
        opened = self._open.get(char, 0)
        if opened and not self._before.isspace():
            self._open[char] = max(0, opened - run)
        elif not following.isspace():
            self._open[char] = run
            self._mark()
        self._note(char)
        return run

    def _is_literal_run(self, char: str, run: int, following: str) -> bool:
        before, opened = self._before, self._open.get(char, 0)
        if char == "~":
            return run == 1 or (before.isspace() and following.isspace())
        joined = before.isalnum() and following.isalnum()
        if char == "_":
            inside = joined or (self._address and not following.isspace())
            return inside or (before.isalnum() and not opened)
        if before.isspace() and following.isspace():
            numeric = self._solid.isdigit() or self._solid == ")"
            return following != "\n" and (run == 1 or numeric)
        if opened == run or (opened > run and not joined):
            return False
        if joined:
            if is_wide(before) or is_wide(following):
                return False
            digits = before.isdigit() or following.isdigit()
            return digits or run == 1 or not self._before_that.isalnum()
        product = (before.isdigit() and following in "(-+") or (
            before == ")" and following.isalnum()
        )
        return product and run == 1

    # What is said

    def _space(self, char: str, length: int = 1) -> int:
        place = self._places[0]
        guard = LABEL if char == GLUE else PLAIN
        self.tokens.append(Token(SPACE, place, self._places[length - 1] + 1, guard))
        self._address = False
        self._note(" ")
        return length

    def _vanish(self, length: int) -> int:
        if self._solid == " ":
            self._mark()
        self.tokens.append(Token(VANISHED, self._places[0], self._places[length - 1] + 1, PLAIN))
        return length

    def _literal(self, length: int, instead: str = "") -> int:
        for index in range(length):
            place = self._places[index]
            self._say(instead or self._hold[index], place, place + 1)
        return length

    def _say(self, char: str, start: int, end: int) -> None:
        if char == "/" and self._before == "/" and self._before_that == ":":
            self._address = True
        elif char == "(":
            self._round += 1
        elif char == ")":
            self._round -= 1
        lead, self._lead = self._lead, None
        self.tokens.append(Token(char, start if lead is None else lead, end, PLAIN))
        self._before_that, self._before, self._solid = self._before, char, char

    def _put(self, text: str, index: int, guard: int) -> None:
        """Give one character of a construct, whose marks are its own."""
        place = self._places[index]
        start = self._begin(place) if text.strip() else place
        self.tokens.append(Token(text, start, place + 1, guard))
        if text.strip():
            self._solid = text

    def _begin(self, place: int) -> int:
        lead, self._lead = self._lead, None
        return place if lead is None else lead

    def _mark(self) -> None:
        """Remember that the next spoken character begins with a mark standing here."""
        if self._lead is None:
            self._lead = self._places[0]

    def _note(self, char: str) -> None:
        self._before_that, self._before = self._before, char


def read(text: Sequence[str]) -> list[Token]:
    """Read a whole text at once; its places are the indices of its characters."""
    reader = Reader()
    for place, char in enumerate(text):
        reader.feed(char, place)
    reader.finish()
    return reader.tokens
