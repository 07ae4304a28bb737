"""Spoken tokens: the characters a voice gets, and the writer that makes them.

A token carries its span in the source, so that a word that is heard can be shown where it is
written. `TokenWriter` also keeps the context that the judgement of marks needs: the characters
before, whether an address is under way, which brackets and marks are open.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from gramophone.text.control_filter import GLUE

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


class SpokenToken(NamedTuple):
    """One spoken character (or `SPACE`, `LINE_END`, `VANISHED`) and its span in the source."""

    text: str
    start: int
    end: int
    guard: int


class HeldText:
    """The front of the text that is not read yet: its characters and their source offsets.

    While a construct is incomplete, `wake` lists the only characters that can complete it (""
    for any), and `longest` the length from which it is judged all the same. So a long code span
    is looked at once or twice instead of at every character, and reading stays linear.
    """

    def __init__(self) -> None:
        self.text = ""
        self.positions: list[int] = []
        self.wake = ""
        self.longest = 0


class TokenWriter:
    """Write tokens for the characters at the front of `held`, and remember what came before.

    `before` and `before_that` are the last two characters of the line as inline rules see them,
    `solid` the last spoken one; each is a space at the start of a line.
    """

    def __init__(self, held: HeldText) -> None:
        self.tokens: list[SpokenToken] = []
        """Tokens read so far; the reader's user takes them and empties the list."""
        self.before = " "
        self.before_that = " "
        self.solid = " "
        self.in_address = False
        """Between "://" and the next space, where marks are part of the address."""
        self.open_round = 0
        self.open_marks: dict[str, int] = {}
        """Length of the open run of each emphasis mark."""
        self._held = held
        # Marks are silent, but a token that follows one begins at it in the source: so that
        # the spans of a whole text leave no gap where "**" or "[" stood.
        self._mark_start: int | None = None

    def say(self, char: str, start: int, end: int) -> None:
        """Write a character that is spoken as it stands in the source."""
        if char == "/" and self.before == "/" and self.before_that == ":":
            self.in_address = True
        elif char == "(":
            self.open_round += 1
        elif char == ")":
            self.open_round -= 1
        mark_start, self._mark_start = self._mark_start, None
        token = SpokenToken(char, start if mark_start is None else mark_start, end, PLAIN)
        self.tokens.append(token)
        self.before_that, self.before, self.solid = self.before, char, char

    def say_held(self, length: int, instead: str = "") -> int:
        """Write the first `length` held characters, or `instead` for each; give `length`."""
        for index in range(length):
            position = self._held.positions[index]
            self.say(instead or self._held.text[index], position, position + 1)
        return length

    def put(self, text: str, index: int, guard: int) -> None:
        """Write one character of a construct, for the held one at `index`.

        The marks of a construct are its own, so `before` does not change.
        """
        position = self._held.positions[index]
        start = self.take_start(position) if text.strip() else position
        self.tokens.append(SpokenToken(text, start, position + 1, guard))
        if text.strip():
            self.solid = text

    def put_nested(self, tokens: list[SpokenToken]) -> None:
        """Append tokens that were read from a part of the held text."""
        if tokens:
            tokens[0] = tokens[0]._replace(start=self.take_start(tokens[0].start))
        self.tokens += tokens

    def put_space(self, char: str, length: int = 1) -> int:
        """Write a space for the first `length` held characters; give `length`."""
        positions = self._held.positions
        guard = LABEL if char == GLUE else PLAIN
        self.tokens.append(SpokenToken(SPACE, positions[0], positions[length - 1] + 1, guard))
        self.in_address = False
        self.before_that, self.before = self.before, " "
        return length

    def put_vanished(self, length: int) -> int:
        """Write `VANISHED` for the first `length` held characters; give `length`."""
        if self.solid == " ":
            self.mark()
        self._put_span(VANISHED, length)
        return length

    def put_break(self, length: int) -> int:
        """Write a line end within a line of Markdown, for a tag such as `<br>`; give `length`."""
        self._put_span(LINE_END, length)
        self._mark_start = None
        return length

    def end_line(self) -> None:
        """Write the newline at the front of the held text, and forget the context of its line."""
        self._put_span(LINE_END, 1)
        self.in_address = False
        self.open_round = 0
        self.open_marks.clear()
        self._mark_start = None
        self.note(" ")
        self.solid = " "

    def mark(self) -> None:
        """Remember that the next spoken character begins with a mark standing at the front."""
        if self._mark_start is None:
            self._mark_start = self._held.positions[0]

    def take_start(self, position: int) -> int:
        """Give where a token at `position` begins: at the first mark before it, if there is one."""
        mark_start, self._mark_start = self._mark_start, None
        return position if mark_start is None else mark_start

    def note(self, char: str) -> None:
        """Set the character before, without writing a token."""
        self.before_that, self.before = self.before, char

    def _put_span(self, text: str, length: int) -> None:
        positions = self._held.positions
        self.tokens.append(SpokenToken(text, positions[0], positions[length - 1] + 1, PLAIN))
