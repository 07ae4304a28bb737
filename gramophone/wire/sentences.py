"""Whether the marks at one place end a sentence.

The judgement on a run of terminators lives here, from the text before it and as much of the
text after it as has come. It keeps no state, knows no Markdown, and never looks at where one
delta stops and the next begins: when it cannot know yet, it says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gramophone.wire.abbreviations import (
    AFTER_TIME,
    CAPITALISED,
    DETERMINERS,
    EXCLAIMED_NAMES,
    I_VERBS,
    LETTER_NOUNS,
    LIBRARIES,
    MONTHS,
    SPEECH,
    UNITS,
    WORDS,
    Class,
    Rules,
)
from gramophone.wire.characters import (
    DASHES,
    OPAQUE,
    OPENERS,
    QUOTE_CLOSERS,
    STRONG_TERMINATORS,
    WEAK_TERMINATORS,
    is_wide,
)

CONTEXT: Final = 64
"""Characters before a terminator that a judgement may look at."""

_KEY = re.compile(r"(?<![^\W_])((?:[^\W\d_]\.[ ]?)*)([^\W\d_]+(?:[.\-'’][^\W\d_]+)*)\Z", re.UNICODE)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_DIGITS = re.compile(r"(?<![^\W_])(?<![.,:])([0-9]+)\Z")
_SINGLE_LETTERS = re.compile(r"(?:[^\W\d_]\.[ ]?)+[^\W\d_]\Z")
_VOWELS: Final = re.compile(r"[aeiouyáàâãäåæéèêëíìîïóòôõöøœúùûüýÿ]", re.IGNORECASE)
_ROMAN = re.compile(r"[IVXLC]+\Z")
_KANA_GOES_ON: Final = frozenset("とっ、。なのではがをにもへやかまよねさ")
_HAN_SPEECH: Final = frozenset("说說问問道喊答叫想嚷回")


@dataclass(frozen=True, slots=True)
class Place:
    """A run of terminators with what stands around it.

    `before` is the text of the sentence up to the run, `run` the terminators, `closers` the
    quotes and brackets that follow them directly, `after` what has come since, `ended` that
    nothing more will.
    """

    before: str
    run: str
    closers: str
    after: str
    ended: bool


def ends_sentence(place: Place, rules: Rules) -> bool | None:
    """Say whether a sentence ends at `place`; None when more text must come first."""
    text = place.after.lstrip(" ")
    if not text:
        return True if place.ended else None
    if text[0] == "\n":
        return True
    if place.run[-1] in STRONG_TERMINATORS:
        return _after_strong(place, text)
    if text == place.after:
        return _without_space(place, text, rules)
    return _after_space(place, text, rules)


def _after_strong(place: Place, text: str) -> bool | None:
    if not place.closers or text != place.after:
        return True
    first = text[0]
    if first in _KANA_GOES_ON or first in "，、；：,;:":
        return False
    if place.closers[-1] not in QUOTE_CLOSERS or not "\u4e00" <= first <= "\u9fff":
        return True
    # 「…。」他说: whoever speaks is named within a few characters.
    head = text[:5]
    if any(char in _HAN_SPEECH for char in head):
        return False
    stops = any(not is_wide(char) or not char.isalnum() for char in head)
    return True if stops or len(head) == 5 or place.ended else None


# Without a space


def _without_space(place: Place, text: str, rules: Rules) -> bool | None:
    first = text[0]
    if is_wide(first):
        return first.isalnum() or first in OPENERS
    if not first.isalpha():
        joins = first not in OPENERS or first in "([{'" or not _is_plain(place.before)
        return False if joins else len(place.before.rpartition(" ")[2]) > 1
    if not _is_plain(place.before):
        return False
    if first.islower():
        return False
    if not first.isupper():
        return _is_caseless(place.before[-1:]) and not place.closers
    if place.run != ".":
        return True
    return _joined_word(place, text, rules)


def _is_plain(before: str) -> bool:
    """Say whether the last word is a word, and no address, path or name of a program."""
    word = before.rpartition(" ")[2]
    return not any(mark in word for mark in ("://", "@", "/", "\\", "_", "=", OPAQUE)) and not (
        word.startswith("www.")
    )


def _is_caseless(char: str) -> bool:
    return char.isalpha() and not char.isupper() and not char.islower()


def _joined_word(place: Place, text: str, rules: Rules) -> bool | None:
    """Judge "done.Now" against "Node.js" and "System.Out"."""
    last = place.before.rpartition(" ")[2].lstrip("(\"'“‘[*")
    found = _WORD.match(text)
    word = found[0] if found else ""
    rest = text[len(word) :]
    if not rest and not place.ended:
        return None
    if "." in last or rest[:1] in ("(", "_", "[", "=", ":", "/", "@") or rest[:1].isdigit():
        return False
    if rest[:1] == "." and (len(rest) > 1 and not rest[1].isspace()):
        return False
    if rest == "." and not place.ended:
        return None
    if any(char.isupper() for char in word[1:]) and word.lower() not in rules.openers:
        return False
    letters = last.rstrip(")]\"'”’»*")
    if word.lower() in rules.openers:
        numeric = letters[-1:].isdigit() and not letters[:1].isalpha()
        return numeric or (len(letters) >= 2 and letters.lower() not in LIBRARIES)
    is_word = letters.isalpha() and letters.islower() and len(letters) >= 3
    spoken = place.before.count(" ") >= 1 and _VOWELS.search(letters) is not None
    return is_word and spoken and letters not in LIBRARIES


# After a space


def _after_space(place: Place, text: str, rules: Rules) -> bool | None:
    first = text[0]
    if first == "." and place.run == "." and not place.closers:
        # ". . ." is an ellipsis, but ".NET" begins a sentence.
        if len(text) == 1 and not place.ended:
            return None
        return len(text) > 1 and text[1].isalnum()
    if first in WEAK_TERMINATORS or first in ",;:%)]}":
        return False
    if first in DASHES:
        return _before_dash(place, text)
    if place.run != "." or _is_spaced_ellipsis(place):
        return _after_mark(place, text, rules)
    return _after_stop(place, text, rules)


def _is_spaced_ellipsis(place: Place) -> bool:
    return place.before.endswith((". ", "… "))


def _before_dash(place: Place, text: str) -> bool | None:
    if place.closers:
        return False
    follower = _letter_after(text)
    if follower is None:
        return True if place.ended else None
    # « Qui ? — demanda-t-il » goes on, « Non. — Pourquoi » does not.
    return not follower.islower() or (place.run == "." and not _is_abbreviated(place))


def _is_abbreviated(place: Place) -> bool:
    word = place.before.rpartition(" ")[2]
    return len(word) <= 1 or "." in word


def _letter_after(text: str) -> str | None:
    """Give the first character of `text` that is no opening mark, dash or space."""
    for char in text:
        if char not in OPENERS and char not in DASHES and char != " ":
            return char
    return None


def _after_mark(place: Place, text: str, rules: Rules) -> bool | None:
    """Judge after ! or ? or an ellipsis, with a space."""
    first = text[0]
    follower = _letter_after(text) if first in OPENERS else first
    ellipsis = not any(mark in place.run for mark in "!?‼⁇⁈⁉")
    if ellipsis and not place.before.strip(" \"'“‘«„(["):
        return False
    if follower is None:
        return True if place.ended else None
    if follower.islower():
        if ellipsis:
            return False
        if first in "¿¡":
            return True
        if place.closers or rules.lang == "fr":
            return False
        return _last_word(place.before).lower() not in EXCLAIMED_NAMES
    if place.closers:
        if place.closers[-1] in ")]" and not ellipsis and first.isalnum():
            return _began_sentence(place.before)
        return _before_attribution(place, text, rules)
    return True


def _began_sentence(before: str) -> bool:
    """Say whether the bracket that closes here had opened the sentence."""
    opening = max(before.rfind("("), before.rfind("["))
    return opening < 0 or not any(char.isalnum() for char in before[:opening])


def _last_word(before: str) -> str:
    found = _KEY.search(before)
    return found[2] if found else ""


def _before_attribution(place: Place, text: str, rules: Rules) -> bool | None:
    """Judge a closed quotation before a capital: "Really?" Tom asked."""
    if place.closers[-1] not in QUOTE_CLOSERS or not text[0].isupper():
        return True
    words = text.split(" ")
    if not words[0].isalpha() or len(words[0]) > 20:
        return len(words) > 1 or len(words[0]) > 20 or place.ended or _over(words[0])
    if len(words) == 1:
        return True if place.ended else None
    if words[0] != "I" and words[0].lower() in rules.openers:
        # Only a name keeps its capital here: "Why?" He said is a new sentence.
        return True
    verb = _WORD.match(words[1])
    if verb is None:
        return True if words[1] or place.ended else None
    if verb.end() == len(words[1]) and len(words) == 2 and not place.ended:
        could = any(spoken.startswith(verb[0]) for spoken in SPEECH)
        return None if could else True
    return verb[0] not in SPEECH


def _over(word: str) -> bool | None:
    return None if word.isalpha() or word.rstrip("'’").isalpha() else True


def _after_stop(place: Place, text: str, rules: Rules) -> bool | None:
    """Judge after a single full stop, with a space."""
    first = text[0]
    if place.closers:
        return _after_closed_stop(place, text, rules)
    digits = _DIGITS.search(place.before)
    if digits is not None:
        return _after_number(place, text, digits, rules)
    if place.before[-1:].isdigit() and rules.ordinals and first.islower():
        return False
    found = _KEY.search(place.before)
    if found is None:
        return True
    kind, word = _classify(found, place.before, rules)
    if kind is None:
        return _after_word(word, first, " " in place.before.strip())
    return _after_abbreviation(kind, word, place, text, rules)


def _after_closed_stop(place: Place, text: str, rules: Rules) -> bool | None:
    follower = _letter_after(text) if text[0] in OPENERS else text[0]
    if follower is None:
        return True if place.ended else None
    if follower.islower():
        return False
    return _before_attribution(place, text, rules)


def _after_word(word: str, first: str, begun: bool) -> bool:
    if not first.islower():
        return True
    if word.istitle() and len(word) <= 4 and begun:
        # "in Mo. near": a short name within a sentence is an unknown abbreviation.
        return False
    if len(word) > 1 and _ROMAN.match(word):
        return False
    latin = word.isascii() and word.isalpha()
    # "mgr. of" and the like: no vowel, so no word that a sentence would end in.
    return not latin or _VOWELS.search(word) is not None or word.isupper()


def _after_number(place: Place, text: str, digits: re.Match[str], rules: Rules) -> bool | None:
    first = text[0]
    if len(digits[1]) > 2 or not first.isalpha():
        return True
    before = place.before[: digits.start()].rstrip()
    if not before and int(digits[1]) < 20:
        # The number of an item within running text stays with its item.
        return False
    if first.islower():
        return not rules.ordinals
    word, whole = _next_word(place, text)
    if not whole:
        return None
    if word.lower() in MONTHS:
        return False
    if rules.lang != "de":
        return True
    if word.lower() in rules.openers:
        return True
    return _last_word(before).lower() not in DETERMINERS


def _next_word(place: Place, text: str) -> tuple[str, bool]:
    """Give the word `text` begins with, and whether all of it has come."""
    found = _WORD.match(text)
    if found is None:
        return "", True
    rest = text[found.end() :]
    return found[0], place.ended or len(rest) > 1 or (rest != "" and rest not in "'’")


def _classify(found: re.Match[str], before: str, rules: Rules) -> tuple[Class | None, str]:
    """Give the class of the word before a full stop, None for a plain word."""
    prefix, word = found[1], found[2]
    if not prefix and len(word) > 3 and word[1] in "'’":
        # l'art., dell'avv.: the article is no part of the abbreviation.
        word = word[2:]
    for key in (prefix + word, word):
        kind = rules.classify(key.replace(" ", "").lower())
        if kind is not None and (key == word or len(word) <= 3 or " " not in prefix):
            return _unless_word(kind, word, before[: found.start(2)]), key
    if before[: found.start()].endswith(("&", "°")):
        return None, word
    if _SINGLE_LETTERS.search(prefix + word):
        return Class.MAYBE, word
    if len(word) == 1 and not is_wide(word) and (word.isupper() or word.islower()):
        return Class.MAYBE, word
    return None, word


def _unless_word(kind: Class, word: str, before: str) -> Class | None:
    if word in UNITS and not before.rstrip()[-1:].isdigit():
        return None
    if word in CAPITALISED and word not in UNITS:
        return None
    return kind


def _after_abbreviation(
    kind: Class, word: str, place: Place, text: str, rules: Rules
) -> bool | None:
    first = text[0]
    if kind in (Class.TITLE, Class.LINK) or first.islower():
        return False
    if not first.isalpha():
        return _abbreviation_before_mark(kind, word, text, place.ended)
    if kind is Class.END:
        return True
    following, whole = _next_word(place, text)
    if not whole:
        return None
    if kind is Class.TIME:
        return (following.lower() not in AFTER_TIME and not following.isupper()) or following == "I"
    if len(following) == 1 and following not in "IA":
        return False
    if following.lower() in rules.openers:
        return True
    if kind is Class.NUMBERED:
        plain = word.lower() in WORDS and (word.islower() or word == "No")
        return plain and not _ROMAN.match(following)
    return len(word) == 1 and _letter_ends(word, place.before)


def _abbreviation_before_mark(kind: Class, word: str, text: str, ended: bool) -> bool | None:
    first = text[0]
    if first.isdigit():
        return kind in (Class.END, Class.TIME)
    if first in "([":
        follower = _letter_after(text)
        if follower is None:
            return ended or None
        return kind in (Class.TIME, Class.END) and follower.isupper()
    if first in OPENERS:
        return kind is not Class.NUMBERED or word.lower() in WORDS
    return first == OPAQUE and kind in (Class.END, Class.TIME)


def _letter_ends(letter: str, before: str) -> bool:
    """Say whether a sentence may end in this single letter: "vitamin C.", "for x."."""
    ahead = _last_word(before[:-1].rstrip())
    if letter == "I":
        return ahead.lower() in I_VERBS or ahead.lower() in LETTER_NOUNS
    if letter.islower():
        return not before[:-1].rstrip().endswith(".")
    return ahead.lower() in LETTER_NOUNS
