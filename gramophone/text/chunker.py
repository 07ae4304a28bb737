"""A stream of language-model text in, chunks of speakable text out.

The scanner that cuts lives here: it takes the tokens of `speakable`, asks `sentences` about
every terminator, and keeps the places where a cut would be safe. It reads no clock and never
looks at where deltas end, so the same text gives the same chunks in deltas of any size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from gramophone.core.frozen import frozen
from gramophone.text import graphemes
from gramophone.text.characters import (
    BARE_CLAUSE_MARKS,
    BRACKETS,
    CLOSERS,
    DASHES,
    LOW_QUOTES,
    OPAQUE,
    OPENERS,
    QUOTES,
    SCRIPT_TERMINATORS,
    SPACED_CLAUSE_MARKS,
    STRAIGHT_QUOTES,
    TERMINATORS,
    TIGHT,
    count_words,
    is_speakable,
    is_wide,
    splits_between,
)
from gramophone.text.control_filter import ControlFilter
from gramophone.text.language.detection import LanguageFinder, script_of
from gramophone.text.markdown.reader import CODE, LINE_END, PLAIN, SPACE, VANISHED, Reader, Token
from gramophone.text.sentences.abbreviations import language_code, rules_for, rules_while_unsure
from gramophone.text.sentences.boundary import CONTEXT, Place, ends_sentence

AUTO: Final = "auto"
"""In place of a language: the text's own, found from the text."""

LONGEST_SENTENCE: Final = 320
"""Characters of one sentence beyond which it is broken at a clause or a word."""

MOST_GIVEN_TOKENS: Final = 4096
"""Tokens of one sentence that are held after they were given; half of them stay as context."""

LONGEST_CHUNK: Final = 1800
"""Characters no chunk exceeds, whatever it holds; a message to a voice takes 2,000."""

SHORTEST_BREAK: Final = 60
"""Characters that a long sentence must give before it is broken, so that no scrap is spoken."""

DEEPEST: Final = 16
"""Quotes and brackets within each other that are kept count of."""

_GAPS: Final = frozenset((SPACE, VANISHED))


@frozen
class Chunk:
    """A piece of speakable text and where it comes from.

    `text` is stripped and never empty. `source_start` and `source_end` (exclusive) are offsets
    in characters in all the text fed so far; chunks are ordered and do not overlap. `sentence`
    is True at the end of a sentence, a line or the stream, False at a clause or a forced cut.
    """

    text: str
    source_start: int
    source_end: int
    sentence: bool


@frozen
class _Clause:
    """A clause boundary before the character at `index`, at a depth of quotes and brackets."""

    index: int
    depth: int
    strong: bool


class Chunker:
    """Cut a stream of Markdown deltas into chunks of speakable text.

    `lang` is a two-letter code, or `AUTO` to find the language from the text, with `hint` where
    the text says nothing yet; an unknown one gets the generic rules. With `first_clause` the
    first chunk may end at a clause, so that sound starts early.
    """

    def __init__(self, *, lang: str = AUTO, hint: str = "", first_clause: bool = False) -> None:
        self._finder = LanguageFinder(language_code(hint)) if lang == AUTO else None
        self._rules = rules_for(hint if lang == AUTO else lang)
        self._cased: bool | None = None
        self._first_clause = first_clause
        self._filter = ControlFilter()
        self._reader = Reader()
        self._place = 0
        self._ahead: deque[Token] = deque()
        self._candidate = False
        self._run = 0
        self._closers = 0
        self._nesting: list[str] = []
        self._out: list[Chunk] = []
        self._finished = False
        self._gap = ""
        self._gap_guard = PLAIN
        self._held: list[Token] = []
        self._from = 0
        self._clauses: list[_Clause] = []
        self._words: list[int] = []
        self._blanks = 0
        self._wide_break = 0
        self._voiced = -1
        """Index of the last letter or digit that is held."""

    def feed(self, delta: str) -> list[Chunk]:
        """Take the next piece of text, of any size, and give the chunks it completes."""
        if self._finished:
            raise ValueError("the stream of text has been finished")
        for char in delta:
            place = self._place
            self._place += 1
            for passed in self._filter.pass_on(char):
                self._reader.feed(passed, place)
                if self._reader.tokens:
                    self._take_tokens()
        return self._taken()

    def finish(self) -> list[Chunk]:
        """Take the end of the stream and give what is left; nothing may be fed after it."""
        if not self._finished:
            self._finished = True
            for passed in self._filter.finish():
                self._reader.feed(passed, self._place - 1)
            self._reader.finish()
            self._take_tokens()
            self._settle(ended=True)
            self._end_line(self._place)
        return self._taken()

    def cut(self) -> Chunk | None:
        """Release what is held up to the best safe place, or give None.

        That is the last clause boundary or else the last word boundary with two words before
        it. The chunks that follow go on as if nothing had happened.
        """
        places = [clause.index for clause in reversed(self._clauses) if clause.depth == 0]
        waits = self._gap == "hard" and not self._ahead and self._reader.holds_word()
        if waits and self._held:
            self._note_word(len(self._held), self._held[-1])
        for index in (*places, *self._words[-1:]):
            if index > self._from and count_words(self._text(index)) >= 2:
                self._release(index, sentence=False)
                return self._taken()[0]
        return None

    def _taken(self) -> list[Chunk]:
        out, self._out = self._out, []
        return out

    def _take_tokens(self) -> None:
        for token in self._reader.tokens:
            if self._finder is not None:
                self._finder.add(SPACE if token.guard == CODE else token.text or SPACE)
            self._queue(token)
            if not self._candidate and len(self._ahead) == 1:
                self._accept(self._ahead.popleft())
            else:
                self._settle(ended=False)
        self._reader.tokens.clear()

    def _queue(self, token: Token) -> None:
        """Put a token behind what waits for a judgement, and a gap behind a gap once only."""
        if token.text in _GAPS and self._ahead and self._ahead[-1].text in _GAPS:
            if token.text == VANISHED:
                self._ahead[-1] = token
            return
        self._ahead.append(token)

    def _settle(self, *, ended: bool) -> None:
        """Judge the terminators that wait, and accept what stood behind them."""
        while True:
            if self._candidate:
                if self._extend(ended):
                    continue
                verdict = self._judge(ended)
                if verdict is None:
                    return
                self._candidate = False
                if verdict:
                    self._end_sentence()
            if not self._ahead:
                return
            self._accept(self._ahead.popleft())

    # Terminators

    def _extend(self, ended: bool) -> bool:
        """Take one more terminator or closing mark into the run; False when it is whole."""
        if not self._ahead:
            return False
        token = self._ahead[0]
        spaced = token.text in _GAPS
        if spaced:
            if len(self._ahead) < 2 or not self._closes_after_space(self._ahead[1]):
                return False
        elif token.guard == CODE or not (
            (token.text in TERMINATORS and not self._closers) or self._closes(token.text, ended)
        ):
            return False
        if spaced:
            self._accept(self._ahead.popleft())
            token = self._ahead[0]
        self._ahead.popleft()
        self._append(token)
        if token.text not in TERMINATORS:
            self._closers += 1
        else:
            self._run += 1
        return True

    def _closes_after_space(self, token: Token) -> bool:
        return token.text in "»›" and QUOTES["«" if token.text == "»" else "‹"] in self._nesting

    def _closes(self, char: str, ended: bool) -> bool:
        if char in STRAIGHT_QUOTES:
            following = self._ahead[1].text if len(self._ahead) > 1 else None
            if following is None:
                # Undecided: the judge waits as well, since a quote alone says nothing.
                return ended
            return not following.isalnum() or (char == '"' and char in self._nesting)
        if char in CLOSERS:
            return True
        return bool(char) and any(char in wanted for wanted in self._nesting[-1:])

    def _judge(self, ended: bool) -> bool | None:
        if not ended and len(self._ahead) == 1 and self._ahead[0].text in STRAIGHT_QUOTES:
            return None
        # What stands further back than the context of a run may have been dropped.
        tail = max(0, len(self._held) - self._closers)
        closers = "".join(token.text for token in self._held[tail:]).strip()
        body = max(0, tail - self._run)
        before = "".join(map(_shown, self._held[max(0, body - CONTEXT) : body]))
        run = "".join(token.text for token in self._held[max(body, tail - 8) : tail])
        after = "".join(map(_shown, self._ahead))
        if self._finder is not None:
            code = self._finder.decided
            self._rules = rules_for(code) if code else rules_while_unsure(self._finder.guess())
        place = Place(before, run, closers, after, ended, self._cased is True)
        return ends_sentence(place, self._rules)

    def _end_sentence(self) -> None:
        index = len(self._held)
        if self._voiced < 0:
            return
        following = next((token for token in self._ahead if token.text not in _GAPS), None)
        end = self._place if following is None else following.start
        if following is not None and following.text == LINE_END:
            # The newline itself closes the line, and takes what is left with it.
            return
        if self._voiced >= self._from:
            self._release(index, sentence=True, end=end)
        self._forget()

    # Text

    def _accept(self, token: Token) -> None:
        if token.text in _GAPS:
            if self._gap != "soft":
                self._gap = "hard" if token.text == SPACE else "soft"
            self._gap_guard = max(self._gap_guard, token.guard)
            return
        if token.text == LINE_END:
            self._end_line(token.end)
            return
        self._append(token)
        if token.guard == PLAIN and (token.text in TERMINATORS or self._ends_in_script(token)):
            self._candidate, self._run, self._closers = True, 1, 0

    def _ends_in_script(self, token: Token) -> bool:
        script = SCRIPT_TERMINATORS.get(token.text)
        return script is not None and script_of(self._char(-2)) == script

    def _append(self, token: Token) -> None:
        gap, self._gap = self._gap, ""
        guard, self._gap_guard = self._gap_guard, PLAIN
        if not self._held:
            gap = ""
        wide = self._held and is_wide(token.text) and is_wide(self._held[-1].text)
        if gap == "soft" and (wide or token.text in TIGHT):
            gap = ""
        if self._held:
            self._note_break(token, gap, guard)
        if gap:
            self._blanks = len(self._held)
            self._held.append(Token(SPACE, token.start, token.start, guard))
        self._nest(token, gap)
        if token.text.isalnum():
            self._voiced = len(self._held)
            if self._cased is None and not token.text.isdigit():
                self._cased = token.text.isupper() and token.guard != CODE
        self._held.append(token)
        if len(self._held) - self._from > LONGEST_SENTENCE:
            self._shorten()
        if self._from > MOST_GIVEN_TOKENS:
            self._drop(MOST_GIVEN_TOKENS // 2)

    def _note_break(self, token: Token, gap: str, gap_guard: int) -> None:
        """Remember the place before `token` if a cut would be safe there."""
        index = len(self._held)
        last = self._held[-1]
        if token.guard or last.guard or gap_guard:
            apart = gap and not (token.guard and last.guard) and not gap_guard
            if apart and token.text.isalpha():
                self._note_word(index, last)
            return
        if self._is_clause(token, last, gap):
            strong = last.text not in ",，、،"
            self._clauses.append(_Clause(index, len(self._nesting), strong))
            if self._first_clause and not self._nesting:
                self._release_first(index)
        elif gap:
            # Before a digit or a mark, the two may belong together.
            if token.text.isalpha():
                self._note_word(index, last)
        elif splits_between(last.text, token.text):
            self._wide_break = index

    def _note_word(self, index: int, last: Token) -> None:
        # What stands after a full stop or an opening mark belongs to what stands before.
        if last.text not in ".…" and last.text not in OPENERS and index not in self._words[-1:]:
            self._words.append(index)

    def _is_clause(self, token: Token, last: Token, gap: str) -> bool:
        if token.text in TIGHT:
            return False
        numeric = token.text.isdigit() and self._char(-2).isdigit()
        if last.text in BARE_CLAUSE_MARKS:
            return not numeric and token.text not in CLOSERS
        if not gap:
            return False
        if last.text in SPACED_CLAUSE_MARKS:
            return not numeric and self._char(-2) != "."
        return last.text in DASHES and last.text != "-" and self._char(-2) == SPACE

    def _char(self, offset: int) -> str:
        return self._held[offset].text if len(self._held) >= -offset else ""

    def _nest(self, token: Token, gap: str) -> None:
        """Keep count of the quotes and brackets that are open."""
        char = token.text
        if token.guard == CODE or char.isalnum():
            return
        fresh = bool(gap) or not self._held or self._held[-1].text in OPENERS
        if self._nesting and char in self._nesting[-1]:
            if (char != "'" and char != "’") or not fresh:
                self._nesting.pop()
        elif any(char in wanted for wanted in self._nesting):
            while char not in self._nesting.pop():
                pass
        elif len(self._nesting) >= DEEPEST:
            return
        elif char in LOW_QUOTES:
            self._nesting.append(LOW_QUOTES[char])
        elif char in BRACKETS:
            self._nesting.append(BRACKETS[char])
        elif char in QUOTES:
            self._nesting.append(QUOTES[char])
        elif char == "»" and (fresh or self._rules.lang in ("de", "da")):
            self._nesting.append("«")
        elif char == '"' and fresh:
            self._nesting.append(char)
        elif char == "‘" and fresh:
            self._nesting.append("’")

    # Releases

    def _end_line(self, end: int) -> None:
        if self._voiced >= self._from:
            self._release(len(self._held), sentence=True, end=end)
        self._forget()
        self._nesting.clear()

    def _forget(self) -> None:
        self._held.clear()
        self._clauses.clear()
        self._words.clear()
        self._from = self._blanks = self._wide_break = 0
        self._voiced = -1
        self._cased = None
        self._gap, self._gap_guard = "", PLAIN

    def _drop(self, count: int) -> None:
        """Let go of the first tokens of a sentence that has no end; they were given long ago."""
        del self._held[:count]
        self._from -= count
        self._voiced = max(0, self._voiced - count) if self._voiced >= 0 else -1
        self._blanks = max(0, self._blanks - count)
        self._wide_break = max(0, self._wide_break - count)
        self._words = [word - count for word in self._words if word > count]
        self._clauses = [
            replace(clause, index=clause.index - count)
            for clause in self._clauses
            if clause.index > count
        ]

    def _text(self, end: int) -> str:
        return "".join(token.text for token in self._held[self._from : end]).strip()

    def _release_first(self, index: int) -> None:
        if is_speakable(self._text(index)):
            self._release(index, sentence=False)

    def _release(self, index: int, *, sentence: bool, end: int | None = None) -> None:
        """Give what is held up to `index` as a chunk; `end` is where its source ends."""
        first = self._from
        while self._held[first].text == SPACE:
            first += 1
        if end is None:
            end = self._held[index - 1].end
        text = self._text(index)
        self._from = index
        self._first_clause = False
        self._clauses = [clause for clause in self._clauses if clause.index > index]
        self._words = [word for word in self._words if word > index]
        self._out.append(Chunk(text, self._held[first].start, end, sentence))

    def _shorten(self) -> None:
        """Break a sentence that has grown too long, at the best place there is."""
        floor = self._from + SHORTEST_BREAK
        clauses = [clause for clause in self._clauses if clause.index >= floor]
        if clauses:
            best = max(clauses, key=lambda c: c.index + 80 * c.strong - 200 * (c.depth > 0))
            self._break_at(best.index)
        elif self._words and self._words[-1] >= floor:
            self._break_at(self._words[-1])
        elif self._wide_break >= floor:
            self._break_at(self._wide_break)
        elif len(self._held) - self._from >= LONGEST_CHUNK - 1:
            blank = self._blanks if self._blanks >= floor else 0
            self._break_at(blank or self._last_grapheme())

    def _last_grapheme(self) -> int:
        """Index of the token with which the last grapheme starts; it may not be whole yet."""
        tail = "".join(token.text for token in self._held[-graphemes.LONGEST :])
        first = len(self._held) - len(tail) + graphemes.before(tail, len(tail))
        return first if first >= self._from + SHORTEST_BREAK else len(self._held)

    def _break_at(self, index: int) -> None:
        if is_speakable(self._text(index)):
            self._release(index, sentence=False)
        else:
            self._from = index


def _shown(token: Token) -> str:
    """Give a token as the judge of sentences sees it."""
    if token.guard == CODE:
        return OPAQUE if token.text != SPACE else SPACE
    return token.text or SPACE


def chunks(deltas: Iterable[str], lang: str = AUTO) -> Iterator[str]:
    """Give the text of each chunk of a stream of deltas, by sentences, as soon as it is whole.

    `lang` is a two-letter code, or "auto" to find the language from the text.
    """
    chunker = Chunker(lang=lang)
    for delta in deltas:
        for chunk in chunker.feed(delta):
            yield chunk.text
    for chunk in chunker.finish():
        yield chunk.text
