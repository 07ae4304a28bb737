"""Word stream: a stream of language-model text in, speakable words out as soon as they are whole.

For services that take text as it comes and find its sentences themselves. What is left out, and
what is read instead of it, is decided by the same Markdown reader as for the `chunker`.
"""

from __future__ import annotations

from typing import Final

from gramophone.text.characters import TERMINATORS, TIGHT, is_speakable
from gramophone.text.chunker import Chunk
from gramophone.text.control_filter import ControlFilter
from gramophone.text.markdown.reader import MarkdownSpeechReader
from gramophone.text.markdown.tokens import LINE_END, SPACE, VANISHED, SpokenToken

LONGEST: Final = 200
"""Characters of a chunk after which it ends with the next word."""

LONGEST_WORD: Final = 400
"""Characters without a space after which a word is not waited for any longer."""


class WordStream:
    """Cut a stream of Markdown deltas into chunks of whole words.

    All the words that a delta completes are one chunk, unless sentences or lines end within it.
    But for spaces before marks, the text of all chunks is the same in deltas of any size.
    """

    def __init__(self) -> None:
        self._filter = ControlFilter()
        self._reader = MarkdownSpeechReader()
        self._position = 0
        self._finished = False
        self._held: list[SpokenToken] = []
        self._whole = 0
        """Number of the tokens held that are whole words."""
        # As in the chunker: "soft" where an emoji was left out, with no space before a mark.
        self._gap = ""
        self._chunks: list[Chunk] = []

    def feed(self, delta: str) -> list[Chunk]:
        """Take the next piece of text, of any size, and give the words it completes."""
        if self._finished:
            raise ValueError("the stream of text has been finished")
        for char in delta:
            position = self._position
            self._position += 1
            for passed in self._filter.pass_on(char):
                self._reader.feed(passed, position)
        self._take_tokens()
        self._release(self._whole, sentence=False)
        return self._take_chunks()

    def finish(self) -> list[Chunk]:
        """Take the end of the stream and give what is left; nothing may be fed after it."""
        if not self._finished:
            self._finished = True
            for passed in self._filter.finish():
                self._reader.feed(passed, self._position - 1)
            self._reader.finish()
            self._take_tokens()
            self._release(len(self._held), sentence=True)
        return self._take_chunks()

    def _take_chunks(self) -> list[Chunk]:
        chunks, self._chunks = self._chunks, []
        return chunks

    def _take_tokens(self) -> None:
        for token in self._reader.tokens:
            if token.text in (SPACE, VANISHED):
                self._end_word(token)
            elif token.text == LINE_END:
                self._release(len(self._held), sentence=True)
                self._held.clear()
                self._whole, self._gap = 0, ""
            else:
                self._append(token)
        self._reader.tokens.clear()

    def _end_word(self, gap: SpokenToken) -> None:
        if not self._held:
            return
        if self._gap != "soft":
            self._gap = "soft" if gap.text == VANISHED else "hard"
        if self._whole == len(self._held):
            return
        self._whole = len(self._held)
        ended = self._held[-1].text in TERMINATORS
        if ended or self._whole > LONGEST:
            self._release(self._whole, sentence=ended)
        self._drop_marks()

    def _append(self, token: SpokenToken) -> None:
        gap, self._gap = self._gap, ""
        if self._held and (gap == "hard" or (gap == "soft" and token.text not in TIGHT)):
            self._held.append(SpokenToken(SPACE, token.start, token.start, token.guard))
        self._held.append(token)
        if len(self._held) - self._whole > LONGEST_WORD:
            self._release(len(self._held), sentence=False)
            self._drop_marks()

    def _drop_marks(self) -> None:
        """Let go of marks without a word between them, so that time stays linear."""
        if len(self._held) > LONGEST:
            self._held.clear()
            self._whole = 0

    def _release(self, count: int, *, sentence: bool) -> None:
        """Give the first tokens as a chunk, if they hold anything that can be spoken."""
        tokens = self._held[:count]
        text = "".join(token.text for token in tokens).strip()
        if not is_speakable(text):
            return
        self._held = self._held[count:]
        self._whole, self._gap = 0, ""
        first = next(token for token in tokens if token.text != SPACE)
        self._chunks.append(Chunk(text, first.start, tokens[-1].end, sentence))
