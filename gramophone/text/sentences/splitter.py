"""Sentence splitter: cuts a text at sentence ends, verbatim, as a speech service does.

Unlike the chunker this removes nothing and reads no Markdown. The messages in which the text came
make no difference to the sentences.
"""

from __future__ import annotations

import re
from typing import Final

from gramophone.text.characters import STRONG_TERMINATORS, WEAK_TERMINATORS, is_speakable
from gramophone.text.sentences.abbreviations import rules_for
from gramophone.text.sentences.boundary import CONTEXT, ends_sentence
from gramophone.text.sentences.candidate import BoundaryCandidate

LONGEST: Final = 400
"""Characters of a sentence that does not end, after which it is cut at a space."""

_HORIZON: Final = LONGEST + CONTEXT
_MARKS = "".join(re.escape(mark) for mark in sorted(WEAK_TERMINATORS | STRONG_TERMINATORS))
_END = re.compile(rf"(?P<run>[{_MARKS}]+)(?P<closers>[\"'”’»)\]]*)|\n+")
_RULES = rules_for("en")


class SentenceCutter:
    """Text in, whole sentences out; the sentences and the rest, joined, are the text itself.

    With `whole` nothing is cut: the text is the rest at its end.
    """

    def __init__(self, *, whole: bool = False) -> None:
        self._whole = whole
        self._text = ""
        self._settled = 0

    @property
    def held(self) -> str:
        """Text that has come and has not been given."""
        return self._text

    def feed(self, text: str) -> list[str]:
        """Give the sentences that `text` completes. White space belongs to the next one."""
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
        """Take the end of the text; give the rest, perhaps empty."""
        rest, self._text, self._settled = self._text, "", 0
        return rest

    def _end(self, start: int) -> int | None:
        """Find the end of the sentence that begins at `start`; None while it has not come."""
        while match := _END.search(self._text, self._settled, start + _HORIZON):
            if match.start() >= start + LONGEST:
                break
            ends = self._judge(start, match)
            if ends is None:
                return None
            if ends and is_speakable(self._text[start : match.end()]):
                return match.end()
            self._settled = match.end()
        if len(self._text) < start + _HORIZON:
            return None
        space = self._text.rfind(" ", start + 1, start + LONGEST)
        return space if is_speakable(self._text[start : max(start, space)]) else start + LONGEST

    def _judge(self, start: int, match: re.Match[str]) -> bool | None:
        """Say whether a sentence ends at a run of marks; None while too little has come."""
        after = self._text[match.end() : match.end() + _HORIZON]
        if not after:
            # More marks or ends of lines may follow, which belong to these.
            return None
        if match["run"] is None:
            return True
        before = self._text[start : match.start()]
        candidate = BoundaryCandidate(before, match["run"], match["closers"], after, ended=False)
        verdict = ends_sentence(candidate, _RULES)
        return None if verdict is None and len(after) < CONTEXT else bool(verdict)
