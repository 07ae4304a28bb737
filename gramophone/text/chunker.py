"""Chunker: a stream of language-model text in, chunks of speakable text out.

`Chunker` takes the tokens of the Markdown reader, has `sentences.boundary` judge every
terminator, and releases the text up to a sentence end as a chunk; a sentence that grows too long
is released in parts (`break_points`). It reads no clock and never looks at where deltas end, so
the same text gives the same chunks in deltas of any size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from gramophone.core.frozen import frozen
from gramophone.text import graphemes
from gramophone.text.break_points import BreakPoints
from gramophone.text.characters import (
    CLOSERS,
    OPAQUE,
    OPENERS,
    QUOTES,
    SCRIPT_TERMINATORS,
    STRAIGHT_QUOTES,
    TERMINATORS,
    TIGHT,
    count_words,
    is_speakable,
    is_wide,
)
from gramophone.text.control_filter import ControlFilter
from gramophone.text.language.detection import LanguageFinder, script_of
from gramophone.text.markdown.reader import MarkdownSpeechReader
from gramophone.text.markdown.tokens import CODE, LINE_END, PLAIN, SPACE, VANISHED, SpokenToken
from gramophone.text.quote_nesting import QuoteNesting
from gramophone.text.sentences.abbreviations import language_code, rules_for, rules_while_unsure
from gramophone.text.sentences.boundary import CONTEXT, ends_sentence
from gramophone.text.sentences.candidate import BoundaryCandidate

AUTO: Final = "auto"
"""In place of a language: the text's own, found from the text."""

LONGEST_SENTENCE: Final = 320
"""Characters of one sentence beyond which it is broken at a clause or a word."""

MOST_GIVEN_TOKENS: Final = 4096
"""Tokens of one sentence that are held after they were given; half of them stay as context."""

LONGEST_CHUNK: Final = 1800
"""Most characters of a chunk, whatever it holds; a message to a voice takes 2,000."""

SHORTEST_BREAK: Final = 60
"""Characters that a long sentence must give before it is broken, so that no scrap is spoken."""

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


# Theory. A token comes from the reader and waits in `_ahead` while a terminator before it is
# undecided: the judgement may need several characters of what follows ("e.g. a", "5 p.m. Monday").
# Then it is accepted into `_held`, the sentence so far. `_held[:_start]` has been given in earlier
# chunks and stays as context for judgements.
#
# A run of terminators and closing marks ("?!”)") is one candidate: while `_candidate` is set,
# its last `_run + _closers` tokens are the end of `_held`, and no token but those that belong
# to the run is accepted before the judgement. Spaces are never accepted as tokens: a gap
# becomes a space once the next token shows that one is wanted.


class Chunker:
    """Cut a stream of Markdown deltas into chunks of speakable text.

    `lang` is a two-letter code, or `AUTO` to find the language from the text, with `hint` where
    the text says nothing yet; an unknown one gets the generic rules. With `first_clause` the
    first chunk may end at a clause, so that sound starts early.
    """

    def __init__(self, *, lang: str = AUTO, hint: str = "", first_clause: bool = False) -> None:
        self._finder = LanguageFinder(language_code(hint)) if lang == AUTO else None
        self._rules = rules_for(hint if lang == AUTO else lang)
        self._first_clause = first_clause
        self._filter = ControlFilter()
        self._reader = MarkdownSpeechReader()
        self._position = 0
        self._finished = False
        self._chunks: list[Chunk] = []
        self._ahead: deque[SpokenToken] = deque()
        self._candidate = False
        self._run = 0
        self._closers = 0
        self._nesting = QuoteNesting()
        # The gap before the next token: "hard" for a space, "soft" where an emoji or a formula
        # was left out, which gives no space before a mark or in spaceless writing.
        self._gap = ""
        self._gap_guard = PLAIN
        self._held: list[SpokenToken] = []
        self._start = 0
        self._breaks = BreakPoints()
        self._voiced = -1
        """Index of the last letter or digit that is held."""
        self._cased: bool | None = None
        """Whether the sentence began with a capital; None before its first letter."""

    def feed(self, delta: str) -> list[Chunk]:
        """Take the next piece of text, of any size, and give the chunks it completes."""
        if self._finished:
            raise ValueError("the stream of text has been finished")
        for char in delta:
            position = self._position
            self._position += 1
            for passed in self._filter.pass_on(char):
                self._reader.feed(passed, position)
                if self._reader.tokens:
                    self._take_tokens()
        return self._take_chunks()

    def finish(self) -> list[Chunk]:
        """Take the end of the stream and give what is left; nothing may be fed after it."""
        if not self._finished:
            self._finished = True
            for passed in self._filter.finish():
                self._reader.feed(passed, self._position - 1)
            self._reader.finish()
            self._take_tokens()
            self._settle(ended=True)
            self._end_line(self._position)
        return self._take_chunks()

    def cut(self) -> Chunk | None:
        """Release what is held up to the best safe place, or give None.

        That is the last clause boundary or else the last word boundary with two words before
        it. The chunks that follow go on as if nothing had happened.
        """
        waits = self._gap == "hard" and not self._ahead and self._reader.holds_word()
        if waits and self._held:
            self._breaks.note_word(len(self._held), self._held[-1])
        for index in self._breaks.latest():
            if index > self._start and count_words(self._text(index)) >= 2:
                self._release(index, sentence=False)
                return self._take_chunks()[0]
        return None

    def _take_chunks(self) -> list[Chunk]:
        chunks, self._chunks = self._chunks, []
        return chunks

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

    def _queue(self, token: SpokenToken) -> None:
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

    def _closes_after_space(self, token: SpokenToken) -> bool:
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
        return bool(char) and self._nesting.innermost_closed_by(char)

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
        cased = self._cased is True
        candidate = BoundaryCandidate(before, run, closers, after, ended, cased)
        return ends_sentence(candidate, self._rules)

    def _end_sentence(self) -> None:
        index = len(self._held)
        if self._voiced < 0:
            return
        following = next((token for token in self._ahead if token.text not in _GAPS), None)
        end = self._position if following is None else following.start
        if following is not None and following.text == LINE_END:
            # The newline itself closes the line, and takes what is left with it.
            return
        if self._voiced >= self._start:
            self._release(index, sentence=True, end=end)
        self._forget()

    # Text

    def _accept(self, token: SpokenToken) -> None:
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

    def _ends_in_script(self, token: SpokenToken) -> bool:
        script = SCRIPT_TERMINATORS.get(token.text)
        before = self._held[-2].text if len(self._held) >= 2 else ""
        return script is not None and script_of(before) == script

    def _append(self, token: SpokenToken) -> None:
        gap, self._gap = self._gap, ""
        guard, self._gap_guard = self._gap_guard, PLAIN
        held, char = self._held, token.text
        if not held:
            gap = ""
        elif gap == "soft" and (char in TIGHT or (is_wide(char) and is_wide(held[-1].text))):
            gap = ""
        # Between two characters of ASCII without a gap no sentence may be broken.
        if held and (gap or not (char.isascii() and held[-1].text.isascii())):
            depth = self._nesting.depth
            clause = self._breaks.note(held, token, gap, guard, depth)
            if clause and self._first_clause and not depth:
                self._release_first(len(held))
        if gap:
            self._breaks.blank = len(self._held)
            self._held.append(SpokenToken(SPACE, token.start, token.start, guard))
        if char.isalnum():
            self._voiced = len(self._held)
            if self._cased is None and not char.isdigit():
                self._cased = char.isupper() and token.guard != CODE
        elif token.guard != CODE:
            fresh = bool(gap) or not held or held[-1].text in OPENERS
            self._nesting.read(char, fresh=fresh, inward=self._rules.lang in ("de", "da"))
        self._held.append(token)
        if len(self._held) - self._start > LONGEST_SENTENCE:
            self._shorten()
        if self._start > MOST_GIVEN_TOKENS:
            self._drop(MOST_GIVEN_TOKENS // 2)

    # Releases

    def _end_line(self, end: int) -> None:
        if self._voiced >= self._start:
            self._release(len(self._held), sentence=True, end=end)
        self._forget()
        self._nesting.clear()

    def _forget(self) -> None:
        self._held.clear()
        self._breaks.clear()
        self._start = 0
        self._voiced = -1
        self._cased = None
        self._gap, self._gap_guard = "", PLAIN

    def _drop(self, count: int) -> None:
        """Let go of the first tokens of a sentence that has no end; they were given long ago."""
        del self._held[:count]
        self._start -= count
        self._voiced = max(0, self._voiced - count) if self._voiced >= 0 else -1
        self._breaks.shift(count)

    def _text(self, end: int) -> str:
        return "".join(token.text for token in self._held[self._start : end]).strip()

    def _release_first(self, index: int) -> None:
        if is_speakable(self._text(index)):
            self._release(index, sentence=False)

    def _release(self, index: int, *, sentence: bool, end: int | None = None) -> None:
        """Give what is held up to `index` as a chunk; `end` is where its source ends."""
        first = self._start
        while self._held[first].text == SPACE:
            first += 1
        if end is None:
            end = self._held[index - 1].end
        text = self._text(index)
        self._start = index
        self._first_clause = False
        self._breaks.forget_up_to(index)
        self._chunks.append(Chunk(text, self._held[first].start, end, sentence))

    def _shorten(self) -> None:
        """Break a sentence that has grown too long, at the best place there is."""
        floor = self._start + SHORTEST_BREAK
        index = self._breaks.best(floor)
        if index is not None:
            self._break_at(index)
        elif len(self._held) - self._start >= LONGEST_CHUNK - 1:
            blank = self._breaks.blank if self._breaks.blank >= floor else 0
            last = _last_grapheme(self._held)
            self._break_at(blank or (last if last >= floor else len(self._held)))

    def _break_at(self, index: int) -> None:
        if is_speakable(self._text(index)):
            self._release(index, sentence=False)
        else:
            self._start = index


def _shown(token: SpokenToken) -> str:
    """Give a token as the judge of sentences sees it."""
    if token.guard == CODE:
        return OPAQUE if token.text != SPACE else SPACE
    return token.text or SPACE


def _last_grapheme(held: list[SpokenToken]) -> int:
    """Give the index of the token with which the last grapheme starts; it may not be whole yet."""
    tail = "".join(token.text for token in held[-graphemes.LONGEST :])
    return len(held) - len(tail) + graphemes.before(tail, len(tail))


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
