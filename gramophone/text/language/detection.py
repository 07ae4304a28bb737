"""The language of a text, found from its script, its letters and its first words.

Text comes in one character at a time; what has been found depends on the text alone, never on the
pieces it came in. Weights of words and letters live in tables beside this module.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from gramophone.text.characters import is_mark
from gramophone.text.language.frequent_words import FREQUENT
from gramophone.text.language.letters import (
    ENDINGS,
    LETTERS,
    SCRIPTS,
    SEQUENCES,
    SINGLE_LANGUAGE_SCRIPTS,
)

LEAD: Final = 3.0
"""Lead of the best language over the next from which it is decided."""

MOST_WORDS: Final = 30
"""Words after which the best language is decided, however close the next one is."""

_HINT: Final = 0.4
"""Weight of the hint: less than that of one frequent word."""
_RARITY: Final[dict[str, float]] = dict.fromkeys(
    "is et lv lt sl hr ca id vi be bg sr mr sk ro".split(), 0.35
)
"""Handicap of a language that is met less often."""
_LONGEST_WORD: Final = 40
_FEWEST_LETTERS: Final = 6
"""Letters of a script after which a language that has it for itself is decided."""


class LanguageFinder:
    """Find the language of a text that comes in character by character.

    `hint` is the code of a language that is likely beforehand (the voice's own), "" for none.
    Until something is known the answer is the hint, or English.
    """

    def __init__(self, hint: str = "") -> None:
        self._hint = hint
        self._scores: dict[str, float] = {}
        self._letters: dict[str, int] = {}
        self._word = ""
        self._words = 0
        self._decided = ""

    @property
    def decided(self) -> str:
        """The code of the language once it will not change any more, else ""."""
        return self._decided

    def add(self, char: str) -> None:
        """Take the next character."""
        if self._decided:
            return
        if char.isalpha() or (self._word and (char in "'’-" or is_mark(char))):
            if len(self._word) < _LONGEST_WORD:
                self._word += char
            if not char.isascii() and char.isalpha():
                script = script_of(char)
                self._letters[script] = self._letters.get(script, 0) + 1
                self._decide_by_script(script)
            return
        if char == "." and self._word.isascii() and len(self._word.split("'")[-1]) <= 3:
            # As likely an abbreviation, which many languages share, as a word.
            self._word = ""
        if self._word:
            self._take_word()
        if char in "¿¡":
            self._raise("es", 2.0)

    def guess(self) -> str:
        """Give the code of the best language so far."""
        if self._decided:
            return self._decided
        script = max(self._letters, key=lambda name: self._letters[name], default="")
        if script in SINGLE_LANGUAGE_SCRIPTS:
            return self._of_script(script)
        best, lead = self._best()
        return best if lead > 0 or not self._hint else self._hint

    def _best(self) -> tuple[str, float]:
        scores = {code: value - _RARITY.get(code, 0.0) for code, value in self._scores.items()}
        if self._hint in scores:
            scores[self._hint] += _HINT
        ranked = sorted(scores, key=lambda code: (-scores[code], _RANK[code]))
        if not ranked or scores[ranked[0]] <= 0:
            return self._hint or "en", 0.0
        behind = scores[ranked[1]] if len(ranked) > 1 else 0.0
        return ranked[0], scores[ranked[0]] - max(0.0, behind)

    def _of_script(self, script: str) -> str:
        if script == "han":
            return "ja" if self._letters.get("kana") else "zh"
        return SINGLE_LANGUAGE_SCRIPTS[script]

    def _decide_by_script(self, script: str) -> None:
        # Han waits for kana, which come soon in Japanese.
        enough = 5 * _FEWEST_LETTERS if script == "han" else _FEWEST_LETTERS
        if (
            script in SINGLE_LANGUAGE_SCRIPTS
            and self._letters[script] >= enough
            and not self._words
        ):
            self._decided = self._of_script(script)

    def _take_word(self) -> None:
        word, self._word = self._word.rstrip("'’-"), ""
        self._words += 1
        for code, weight in evidence(word):
            self._raise(code, weight)
        best, lead = self._best()
        if (lead >= LEAD and self._words >= 3) or (self._words >= MOST_WORDS and lead > 0):
            self._decided = best

    def _raise(self, code: str, weight: float) -> None:
        self._scores[code] = self._scores.get(code, 0.0) + weight


_RANK: Final = {code: rank for rank, code in enumerate(FREQUENT)}


def language_of(text: str, hint: str = "") -> str:
    """Give the code of the language of a whole text, as a `LanguageFinder` finds it."""
    finder = LanguageFinder(hint)
    for char in f"{text} ":
        finder.add(char)
    return finder.guess()


@lru_cache(maxsize=1)
def _frequent() -> dict[str, tuple[str, ...]]:
    """Give the languages of each frequent word."""
    languages: dict[str, tuple[str, ...]] = {}
    for code, words in FREQUENT.items():
        for word in dict.fromkeys(words.split()):
            languages[word] = (*languages.get(word, ()), code)
    return languages


@lru_cache(maxsize=4096)
def script_of(char: str) -> str:
    """Give the name of the script of a letter that is not ASCII."""
    code = ord(char) if char else 0
    for low, high, name in SCRIPTS:
        if low <= code <= high:
            return name
    return "latin"


@lru_cache(maxsize=4096)
def evidence(word: str) -> tuple[tuple[str, float], ...]:
    """Give the evidence of one word for (or, negative, against) languages."""
    lower = word.replace("’", "'").lower()
    scores: dict[str, float] = {}
    for part in {lower, *lower.split("'")}:
        codes = _frequent().get(part, ())
        for code in codes:
            scores[code] = scores.get(code, 0.0) + _weight(len(codes))
    # A name keeps the letters and endings of its own language.
    share = 0.4 if word[0].isupper() else 1.0
    for letter in {char for char in lower if not char.isascii() and char.isalpha()}:
        _add_letter(letter, share, scores)
    for ending, codes in ENDINGS:
        if lower.endswith(ending) and len(lower) > len(ending) + 1:
            for code in codes:
                scores[code] = scores.get(code, 0.0) + share * 0.8 / len(codes)
    for letters, codes in SEQUENCES:
        if letters in lower:
            for code in codes:
                scores[code] = scores.get(code, 0.0) + share * 0.4 / len(codes)
    return tuple(scores.items())


def _add_letter(letter: str, share: float, scores: dict[str, float]) -> None:
    script = script_of(letter)
    having = [code for code, letters in LETTERS.get(script, {}).items() if letter in letters]
    for code in LETTERS.get(script, {}):
        if code in having:
            scores[code] = scores.get(code, 0.0) + share * 1.6 / len(having)
        elif having:
            scores[code] = scores.get(code, 0.0) - share


def _weight(languages: int) -> float:
    return (1.0, 0.7, 0.5, 0.4, 0.3, 0.25)[min(languages, 6) - 1]
