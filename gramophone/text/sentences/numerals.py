"""Numerals before a full stop: an ordinal, a date, the number of an item, or a sentence end.

Numbers in digits and Roman numerals are judged here; words are in `shortened_words`.
"""

from __future__ import annotations

import re
from typing import Final

from gramophone.text.characters import is_caseless
from gramophone.text.sentences.abbreviations import Rules
from gramophone.text.sentences.candidate import BoundaryCandidate, last_word, next_word
from gramophone.text.sentences.ordinals import REGNAL_NAMES, SPORTS_CLUBS

DIGITS: Final = re.compile(r"(?<![^\W_])(?<![.,:])(\d+)\Z")
"""A number without a decimal point at the end of a text."""

_ROMAN = re.compile(r"(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})\Z")
_DAY_AND_MONTH = re.compile(r"(?<!\d)\d{1,2}\.[ ]?\d{1,2}\Z")
_NUMBER = re.compile(r"\d+")
_GERMAN_ADJECTIVE = re.compile(r"[a-zäöüß]{2,}e[nmrs]?\Z")
_NAMES_FOLLOW: Final = frozenset(("hu", "tr"))
"""Languages that write the number of a king before the name."""


def after_number(
    candidate: BoundaryCandidate, text: str, digits: re.Match[str], rules: Rules
) -> bool | None:
    """Judge a full stop after digits and before a space."""
    first = text[0]
    if first.isdigit():
        return _between_numbers(candidate, text)
    if first == "§":
        return not rules.ordinals
    if not first.isalpha():
        return True
    before = candidate.before[: digits.start()].rstrip()
    if int(digits[1]) < 20 and (not before or before[-1] in ":;("):
        # The number of an item within running text stays with its item.
        return False
    if first.islower() and not is_caseless(first):
        return not (rules.ordinals or candidate.cased or not before)
    word, whole = next_word(candidate, text)
    if not whole:
        return None
    if len(digits[1]) > 2 and not (rules.lang == "de" and len(digits[1]) == 3):
        return True
    return not _is_ordinal(word, before, int(digits[1]), rules)


def _is_ordinal(word: str, before: str, number: int, rules: Rules) -> bool:
    """Say whether `word`, which begins with a capital, is counted by the number before it."""
    lower = word.lower()
    if lower in rules.months:
        return number <= 31
    if not rules.ordinals:
        return False
    if lower in rules.ordinal_nouns:
        return True
    if lower in rules.openers:
        return False
    ahead = last_word(before)
    if word in SPORTS_CLUBS or ahead.lower() in rules.determiners:
        return True
    if rules.lang != "de" or not _GERMAN_ADJECTIVE.match(ahead):
        return False
    # "des späten 18. Jahrhunderts": an adjective between the article and the number.
    return last_word(before[: -len(ahead)].rstrip()).lower() in rules.determiners


def _between_numbers(candidate: BoundaryCandidate, text: str) -> bool | None:
    """Judge "3. 10. 1990", where a day is written apart from its month and year."""
    match = _NUMBER.match(text)
    if match is None:
        return True
    rest = text[match.end() :]
    if not rest and not candidate.ended:
        return None
    if _DAY_AND_MONTH.search(candidate.before):
        return len(match[0]) not in (2, 4)
    return not (rest.startswith(".") and int(match[0]) <= 12)


def after_date(candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    """Judge a full stop after "3.10" or "2.5", before a space."""
    first = text[0]
    if rules.ordinals and first.islower():
        return False
    if rules.ordinals and first.isdigit() and _DAY_AND_MONTH.search(candidate.before):
        return _between_numbers(candidate, text)
    return not (first.islower() and not is_caseless(first) and candidate.cased)


def is_roman(word: str) -> bool:
    """Say whether `word` is a Roman numeral such as counts kings, centuries and chapters."""
    return _ROMAN.match(word) is not None


def after_roman(candidate: BoundaryCandidate, word: str, text: str, rules: Rules) -> bool | None:
    """Judge a full stop between a Roman numeral and a capital, where it may mark an ordinal."""
    following, whole = next_word(candidate, text)
    if not whole:
        return None
    lower = following.lower()
    if lower in rules.openers or lower in rules.ordinal_nouns:
        return lower not in rules.ordinal_nouns
    if rules.lang in _NAMES_FOLLOW:
        return False
    ahead = last_word(candidate.before[: -len(word)].rstrip())
    if ahead.lower() in REGNAL_NAMES:
        return True
    named = ahead[:1].isupper() and ahead.lower() not in rules.determiners
    return named and len(word) > 1
