"""Classes of characters that the Markdown reader, the sentence rules and the chunker share.

Emoji, invisible, wide, opening, closing, ending: properties of one character. The meaning of a
run of characters is judged in `markdown` and `sentences`.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

WEAK_TERMINATORS: Final = frozenset(".!?…‼⁇⁈⁉")
"""Marks that end a sentence only if what stands around them agrees."""

STRONG_TERMINATORS: Final = frozenset("。！？｡．।॥؟۔։።፧፨។៕။܀܁܂߹༎།᙮᠃᠉⸮꓿꘎꘏᱾᱿᭞᭟᰻᰼꩝꩞꩟꧈꧉꫰꫱꯫𑁇𑁈")
"""Marks of scripts in which nothing else is written with them (Unicode's Sentence_Terminal)."""

SCRIPT_TERMINATORS: Final = {";": "greek", "\u037e": "greek", ":": "armenian"}
"""Marks that end a sentence after letters of one script only: the Greek question mark, the full
stop of Armenian as it is typed on other keyboards."""

TERMINATORS: Final = WEAK_TERMINATORS | STRONG_TERMINATORS

SPACED_CLAUSE_MARKS: Final = frozenset(",;:")
"""Clause marks that count only before white space."""

BARE_CLAUSE_MARKS: Final = frozenset("，、；：،؛၊፣፤፥፦៖")
"""Clause marks that need no white space after them."""

DASHES: Final = frozenset("-–—―")

BRACKETS: Final = {"(": ")", "[": "]", "{": "}", "（": "）", "［": "］", "｛": "｝", "【": "】"}
QUOTES: Final = {"“": "”", "«": "»", "‹": "›", "「": "」", "『": "』", "《": "》", "〈": "〉"}
LOW_QUOTES: Final = {"„": "“”", "‚": "‘’"}
"""Low opening quotes and what may close them; German and Dutch differ."""

CLOSERS: Final = frozenset(BRACKETS.values()) | frozenset(QUOTES.values()) | frozenset("’")
OPENERS: Final = (
    frozenset(BRACKETS) | frozenset(QUOTES) | frozenset(LOW_QUOTES) | frozenset("‘\"'¿¡")
)
STRAIGHT_QUOTES: Final = frozenset("\"'")
QUOTE_CLOSERS: Final = frozenset(QUOTES.values()) | frozenset("\"'’“‘«")

TIGHT: Final = TERMINATORS | SPACED_CLAUSE_MARKS | BARE_CLAUSE_MARKS | frozenset(")]}”’")
"""Marks that stand tight against the word before, so a vanished emoji leaves no space there."""

OPAQUE: Final = "\ufffc"
"""Stands for a character of code or mathematics, whose letters say nothing about sentences."""

_EMOJI_RANGES: Final = (
    (0x1F000, 0x1FAFF),
    (0x2600, 0x27BF),
    (0x231A, 0x231B),
    (0x23E9, 0x23FA),
    (0x25AA, 0x25AB),
    (0x25FB, 0x25FE),
    (0x2B05, 0x2B07),
    (0x2B1B, 0x2B1C),
    (0x2B50, 0x2B50),
    (0x2B55, 0x2B55),
    (0x2934, 0x2935),
    (0xFE00, 0xFE0F),
    (0x20E3, 0x20E3),
    (0xE0100, 0xE01EF),
)
_WIDE_RANGES: Final = (
    (0x2E80, 0x303E),
    (0x3041, 0x33FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0xFF00, 0xFFEF),
    (0x20000, 0x3FFFF),
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
)
_VIRAMA: Final = 9
_LEADING_VOWELS: Final = frozenset("เแโใไເແໂໃໄ")
_NEVER_FIRST: Final = frozenset("ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々ะาำๅๆຯະາຳ")


@lru_cache(maxsize=4096)
def is_emoji(char: str) -> bool:
    """Say whether `char` is a pictograph or a mark that only shapes one."""
    code = ord(char)
    return code > 0x20E2 and any(low <= code <= high for low, high in _EMOJI_RANGES)


@lru_cache(maxsize=4096)
def is_invisible(char: str) -> bool:
    """Say whether `char` is a control, format, surrogate, private or unassigned character."""
    return unicodedata.category(char)[0] == "C"


@lru_cache(maxsize=4096)
def is_mark(char: str) -> bool:
    """Say whether `char` combines with the letter before it (a vowel sign, an accent)."""
    return unicodedata.category(char)[0] == "M"


def is_caseless(char: str) -> bool:
    """Say whether `char` is a letter of a script whose sentences begin with no capital."""
    # Georgian letters are lower case to Unicode, but begin sentences all the same.
    caseless = not char.isupper() and not char.islower()
    return char.isalpha() and (caseless or "\u10a0" <= char <= "\u10ff")


@lru_cache(maxsize=4096)
def is_wide(char: str) -> bool:
    """Say whether `char` belongs to a script that puts no space between words."""
    code = ord(char)
    return code >= 0x0E00 and any(low <= code <= high for low, high in _WIDE_RANGES)


def splits_between(left: str, right: str) -> bool:
    """Say whether spaceless writing may be broken between `left` and `right`."""
    if not is_wide(left) or not is_wide(right) or not right.isalnum():
        return False
    if right in _NEVER_FIRST or left in _LEADING_VOWELS or left in OPENERS:
        return False
    # What stands below a letter of Khmer or Burmese is written behind it.
    if unicodedata.combining(left) == _VIRAMA:
        return False
    return not unicodedata.category(right).startswith("M")


def is_speakable(text: str) -> bool:
    """Say whether a voice would find a letter or a digit in `text`."""
    return any(char.isalnum() for char in text)


def count_words(text: str) -> int:
    """Count the words of `text`; a letter of a spaceless script counts as one."""
    words = sum(1 for word in text.split() if is_speakable(word))
    wide = sum(1 for char in text if char.isalnum() and is_wide(char))
    return max(words, wide)
