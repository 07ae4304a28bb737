"""Where a service that speaks before it is flushed cuts a text: verbatim, at ends of sentences.

Unlike the chunker of the client's side this takes nothing away and reads no Markdown. How the
text was cut into messages makes no difference to the sentences it gives.
"""

from __future__ import annotations

import re
from typing import Final

from gramophone.text.characters import STRONG_TERMINATORS, WEAK_TERMINATORS, is_speakable
from gramophone.text.sentences.abbreviations import rules_for
from gramophone.text.sentences.boundary import CONTEXT, Place, ends_sentence

LONGEST: Final = 400
"""Characters of a sentence that does not end, after which it is cut at a space."""

_HORIZON: Final = LONGEST + CONTEXT
_MARKS = "".join(re.escape(mark) for mark in sorted(WEAK_TERMINATORS | STRONG_TERMINATORS))
_END = re.compile(rf"(?P<run>[{_MARKS}]+)(?P<closers>[\"'”’»)\]]*)|\n+")
_RULES = rules_for("en")


class SentenceCutter:
    """Text in, whole sentences out; all that came out and the rest is the text itself.

    With `whole` nothing is cut: the text comes out at its end.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self._text = ""
        self._settled = 0

    @property
    def held(self) -> str:
        """What has come and has not been given."""
        return self._text

    def feed(self, text: str) -> list[str]:
        """The sentences that `text` completes. White space leads the next one."""
        self._text += text
        sentences: list[str] = []
        start = 0
        while not self._whole and (end := self._end(start)) is not None:
            sentences.append(self._text[start:end])
            start = self._settled = end
        self._text = self._text[start:]
        self._settled -= start
        return sentences

    def rest(self) -> str:
        """What is left when no more comes, perhaps empty."""
        rest, self._text, self._settled = self._text, "", 0
        return rest

    def _end(self, start: int) -> int | None:
        """Where the sentence that begins at `start` ends; None while it does not."""
        while found := _END.search(self._text, self._settled, start + _HORIZON):
            if found.start() >= start + LONGEST:
                break
            ends = self._judge(start, found)
            if ends is None:
                return None
            if ends and is_speakable(self._text[start : found.end()]):
                return found.end()
            self._settled = found.end()
        if len(self._text) < start + _HORIZON:
            return None
        space = self._text.rfind(" ", start + 1, start + LONGEST)
        return space if is_speakable(self._text[start : max(start, space)]) else start + LONGEST

    def _judge(self, start: int, found: re.Match[str]) -> bool | None:
        """Whether a sentence ends there; None while too little has come to tell."""
        after = self._text[found.end() : found.end() + _HORIZON]
        if not after:
            # More marks or ends of lines may follow, which belong to these.
            return None
        if found["run"] is None:
            return True
        before = self._text[start : found.start()]
        place = Place(before, found["run"], found["closers"], after, ended=False)
        verdict = ends_sentence(place, _RULES)
        return None if verdict is None and len(after) < CONTEXT else bool(verdict)
