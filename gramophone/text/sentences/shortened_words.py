"""Shortened words before a full stop: their class, and whether a sentence ends there as well.

Tables have many abbreviations (`abbreviations`); here are the rules for the others, which go by
the shape of a word, and the consequences of each class.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from gramophone.text.characters import OPAQUE, OPENERS, is_caseless, is_wide
from gramophone.text.sentences.abbreviation_tables import Class
from gramophone.text.sentences.abbreviations import (
    AFTER_TIME,
    I_VERBS,
    LETTER_NOUNS,
    UNITS,
    WORDS,
    Rules,
)
from gramophone.text.sentences.candidate import (
    BoundaryCandidate,
    last_word,
    letter_after,
    next_word,
)

_SINGLE_LETTERS = re.compile(r"(?:[^\W\d_]\.[ ]?)+[^\W\d_]\Z")
_ALL_VOWELS: Final = frozenset("aeiouyæœøəıаеёиіїєоуыэюяўъαεηιουω")
_INTERJECTIONS: Final = frozenset("hmm hm shh psst pst tsk brr grr pfft pff mhm хм гм тсс".split())
_SYLLABIC: Final = frozenset(("cs", "sk", "sl", "hr", "sr"))
"""Languages in which r and l make syllables."""
_NAME_ENDS: Final = frozenset(
    "com org net io js ts py rs go md txt csv xml css cpp hpp sh de eu uk us ai app dev".split()
)
"""Last parts of the names of files and hosts."""
_ERAS: Final = frozenset(
    "n.chr v.chr a.c d.c a.d b.c b.c.e c.e n.e p.n.e f.kr e.kr kr.e kr.u i.sz m.ö m.s π.χρ μ.χ "
    "н.э н.е n.l př.n.l př.kr po.kr pr.kr î.hr d.hr eaa jaa п.хр пр.хр сл.хр".split()
)
"""After a year they end a sentence before any capital."""
_UNITS: Final = frozenset(
    "kg km cm mm zł gr kč kr ft tl lei руб коп грн лв км кг см мм мин сек чел шт".split()
)
"""Units after a number in which sentences end more often than they go on with a name."""
_MULTIPLIERS: Final = frozenset(
    "млн млрд mln mld mio mrd mil mill milj mn bio bln tys tis тыс тис хил εκ δισ χιλ".split()
)
"""After a number they count what follows."""
_ROMAN = re.compile(r"[IVXLC]+\Z")


def classify(match: re.Match[str], before: str, rules: Rules) -> tuple[Class | None, str]:
    """Give the class of the word before a full stop, None for a plain word."""
    prefix, word = match[1], match[2]
    if not prefix and len(word) > 3 and word[1] in "'’":
        # l'art., dell'avv.: the article is no part of the abbreviation.
        word = word[2:]
    after_digit = before[: match.start(2)].rstrip()[-1:].isdigit()
    if len(word) == 1 and is_caseless(word) and after_digit:
        return None, word
    for key in (prefix + word, word):
        kind = rules.classify(key.replace(" ", ""))
        if kind is not None and (key == word or len(word) <= 3 or " " not in prefix):
            return _unless_word(kind, word, before[: match.start(2)]), key
    if before[: match.start()].endswith(("&", "°")):
        return None, word
    if len(word) == 1 and re.search(r"[^\W\d_]/\Z", before[: match.start()]):
        # "M/s. Gupta", "c/o. Meier"
        return Class.NUMBERED, word
    if _SINGLE_LETTERS.search(prefix + word):
        return Class.MAYBE, word
    if len(word) == 1 and not is_wide(word):
        return Class.MAYBE, word
    if _is_dotted(word) or (word.endswith("str") and len(word) > 4):
        return Class.MAYBE, word
    if after_digit and word in _MULTIPLIERS:
        return Class.NUMBERED, word
    # After a number it is a unit, which is written without a full stop.
    return (Class.MAYBE if _is_clipped(word, rules) and not after_digit else None), word


def _is_dotted(word: str) -> bool:
    """Say whether `word` is shortened words with full stops between them: "t.ex", "m.fl"."""
    parts = word.lower().split(".")
    if len(parts) == 1 or parts[-1] in _NAME_ENDS:
        return False
    return all(len(part) <= 3 for part in parts)


def _is_clipped(word: str, rules: Rules) -> bool:
    """Say whether `word` has no vowel, so that it cannot be pronounced: "np", "bkz", "стр"."""
    if len(word) < 2 or not (word.islower() or word.istitle()) or not word.isalpha():
        return False
    lower = word.lower()
    if lower in _INTERJECTIONS or len(set(lower)) == 1 or not lower[0] < "\u0530":
        return False
    if rules.lang in _SYLLABIC and len(word) > 2 and any(char in "rlрл" for char in lower):
        return False
    return not any(char in _ALL_VOWELS for char in unicodedata.normalize("NFD", lower))


def _unless_word(kind: Class, word: str, before: str) -> Class | None:
    if word in UNITS and not before.rstrip()[-1:].isdigit():
        return None
    return kind


def after_abbreviation(
    kind: Class, word: str, candidate: BoundaryCandidate, text: str, rules: Rules
) -> bool | None:
    first = text[0]
    if word == "Max" and first.isupper():
        # More often the name than "maximal".
        return True
    if kind in (Class.TITLE, Class.LINK) or (first.islower() and not is_caseless(first)):
        return False
    if not first.isalpha():
        return _abbreviation_before_mark(kind, word, text, candidate.ended)
    if kind is Class.END:
        return True
    following, whole = next_word(candidate, text)
    if not whole:
        return None
    if kind is Class.TIME:
        return (following.lower() not in AFTER_TIME and not following.isupper()) or following == "I"
    if len(following) == 1 and text[1:2] == ".":
        # One more initial.
        return False
    if following.lower() in rules.openers:
        return True
    if word.replace(" ", "").lower() in _ERAS and _after_digit(candidate, word):
        return True
    if word.lower() in _UNITS and _after_digit(candidate, word):
        return True
    if kind is Class.NUMBERED:
        plain = word.lower() in rules.words and (word.islower() or word == "No")
        return plain and not _ROMAN.match(following)
    return len(word) == 1 and _letter_ends(word, candidate.before)


def _after_digit(candidate: BoundaryCandidate, word: str) -> bool:
    """Say whether a number stands before `word`, with "million" between them or not."""
    before = candidate.before[: -len(word)].rstrip(" .")
    return before[-1:].isdigit() or last_word(before) in _MULTIPLIERS


def _abbreviation_before_mark(kind: Class, word: str, text: str, ended: bool) -> bool | None:
    first = text[0]
    if first.isdigit():
        return kind in (Class.END, Class.TIME)
    if first in "([":
        follower = letter_after(text)
        if follower is None:
            return ended or None
        return kind in (Class.TIME, Class.END) and follower.isupper()
    if first in OPENERS:
        return kind is not Class.NUMBERED or word.lower() in WORDS
    return first == OPAQUE and kind in (Class.END, Class.TIME)


def _letter_ends(letter: str, before: str) -> bool:
    """Say whether a sentence may end in this single letter: "vitamin C.", "for x."."""
    ahead = last_word(before[:-1].rstrip())
    if letter == "v" and ahead[:1].isupper():
        # "Smith v. Jones"
        return False
    if letter == "I":
        return ahead.lower() in I_VERBS or ahead.lower() in LETTER_NOUNS
    if letter.islower():
        return not before[:-1].rstrip().endswith(".")
    return ahead.lower() in LETTER_NOUNS


def begins_longer(key: str, candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    """Say whether the abbreviation goes on with the next word: "n. Chr.", "av. J.-C."."""
    head = key.replace(" ", "").lower() + "."
    if head not in rules.heads:
        return False
    following, whole = next_word(candidate, text)
    joined = head + following.lower()
    return (joined in rules.classes or f"{joined}." in rules.heads) if whole else None
