"""Whether the marks at one place end a sentence.

The judgement on a run of terminators lives here, from the text before it and as much of the
text after it as has come. It keeps no state, knows no Markdown, and never looks at where one
delta stops and the next begins: when it cannot know yet, it says so.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from gramophone.text.characters import (
    DASHES,
    OPAQUE,
    OPENERS,
    QUOTE_CLOSERS,
    SCRIPT_TERMINATORS,
    STRONG_TERMINATORS,
    WEAK_TERMINATORS,
    is_caseless,
    is_wide,
)
from gramophone.text.sentences.abbreviation_tables import Class
from gramophone.text.sentences.abbreviations import EXCLAIMED_NAMES, LIBRARIES, SPEECH, Rules
from gramophone.text.sentences.candidate import (
    KEY,
    Place,
    last_word,
    letter_after,
    match_word,
    next_word,
)
from gramophone.text.sentences.numerals import (
    DIGITS,
    after_date,
    after_number,
    after_roman,
    is_roman,
)
from gramophone.text.sentences.shortened_words import after_abbreviation, begins_longer, classify

CONTEXT: Final = 64
"""Characters before a terminator that a judgement may look at."""

__all__ = ["CONTEXT", "Place", "ends_sentence"]

_VOWELS: Final = re.compile(r"[aeiouyáàâãäåæéèêëíìîïóòôõöøœúùûüýÿ]", re.IGNORECASE)
_PHRASES: Final = ("ad es", "per es", "de ex", "par ex")
"""Two words of which only the second has a full stop."""
_ROMAN = re.compile(r"[IVXLC]+\Z")
_KANA_GOES_ON: Final = frozenset("とっ、。なのではがをにもへやかまよねさ")
_HAN_SPEECH: Final = frozenset("说說问問道喊答叫想嚷回")


def ends_sentence(place: Place, rules: Rules) -> bool | None:
    """Say whether a sentence ends at `place`; None when more text must come first."""
    text = place.after.lstrip(" ")
    if not text:
        return True if place.ended else None
    if text[0] == "\n":
        return True
    if place.run[-1] in SCRIPT_TERMINATORS:
        return _after_script_mark(place, text)
    if place.run[-1] in STRONG_TERMINATORS:
        return _after_strong(place, text)
    if text == place.after:
        return _without_space(place, text, rules)
    return _after_space(place, text, rules)


def _after_script_mark(place: Place, text: str) -> bool | None:
    """Judge after a mark that ends sentences in one script only."""
    if text == place.after:
        return False
    follower = letter_after(text)
    if follower is None:
        return True if place.ended else None
    return follower.isupper() if place.run[-1] == ":" else not follower.islower()


def _after_strong(place: Place, text: str) -> bool | None:
    if place.run == "．" and _is_point(place, text):
        return False
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


def _is_point(place: Place, text: str) -> bool:
    """Say whether a full stop of full width is a decimal point or belongs to a name."""
    before = place.before.rstrip()
    if before.isdigit() and len(before) <= 3 and not place.closers:
        # The number of an item.
        return True
    if text != place.after or place.closers:
        return False
    last = unicodedata.normalize("NFKC", before[-1:])
    first = unicodedata.normalize("NFKC", text[0])
    if last.isdigit():
        return first.isdigit()
    return last.isascii() and last.isalpha() and first.isascii() and first.isalnum()


# Without a space


def _without_space(place: Place, text: str, rules: Rules) -> bool | None:
    first = text[0]
    if is_wide(first):
        return _before_wide(place, text, rules)
    if not first.isalpha():
        joins = first not in OPENERS or first in "([{'" or not _is_plain(place.before)
        return False if joins else len(place.before.rpartition(" ")[2]) > 1
    if not _is_plain(place.before):
        return False
    if first.islower():
        return False
    if not first.isupper():
        return is_caseless(place.before[-1:]) and not place.closers
    if place.run != ".":
        return True
    return _joined_word(place, text, rules)


def _before_wide(place: Place, text: str, rules: Rules) -> bool | None:
    """Judge before a letter of a script that puts no spaces between sentences."""
    if place.closers:
        return _after_strong(place, text)
    if all(mark in ".…" for mark in place.run) and (len(place.run) > 1 or place.run == "…"):
        # 嗯……让我想想。 An ellipsis there is a pause more often than an end.
        return False
    point = place.before[-1:].isdigit() and text[0].isdigit()
    if place.run == "." and (point or _is_without_stops(place.before[-1:])):
        return False
    if place.run == "." and place.before and not is_wide(place.before[-1]):
        found = KEY.search(place.before)
        if place.before.strip().isdigit():
            return False
        if found is not None and classify(found, place.before, rules)[0] is not None:
            return False
    return text[0].isalnum() or text[0] in OPENERS


def _is_without_stops(char: str) -> bool:
    """Say whether `char` is Thai or Lao, which write a full stop after abbreviations alone."""
    return "\u0e00" <= char <= "\u0eff"


def _is_plain(before: str) -> bool:
    """Say whether the last word is a word, and no address, path or name of a program."""
    word = before.rpartition(" ")[2]
    return not any(mark in word for mark in ("://", "@", "/", "\\", "_", "=", OPAQUE)) and not (
        word.startswith("www.")
    )


def _joined_word(place: Place, text: str, rules: Rules) -> bool | None:
    """Judge "done.Now" against "Node.js" and "System.Out"."""
    last = place.before.rpartition(" ")[2].lstrip("(\"'“‘[*")
    found = match_word(text)
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
    follower = letter_after(text)
    if follower is None:
        return True if place.ended else None
    # « Qui ? — demanda-t-il » goes on, « Non. — Pourquoi » does not.
    return not follower.islower() or (place.run == "." and not _is_abbreviated(place))


def _is_abbreviated(place: Place) -> bool:
    word = place.before.rpartition(" ")[2]
    return len(word) <= 1 or "." in word


def _after_mark(place: Place, text: str, rules: Rules) -> bool | None:
    """Judge after ! or ? or an ellipsis, with a space."""
    first = text[0]
    follower = letter_after(text) if first in OPENERS else first
    ellipsis = not any(mark in place.run for mark in "!?‼⁇⁈⁉")
    if ellipsis and not place.before.strip(" \"'“‘«„(["):
        return False
    if follower is None:
        return True if place.ended else None
    if ellipsis and is_caseless(follower) and not place.closers:
        # No capital would tell: a pause more often than an end.
        return False
    if follower.islower():
        if ellipsis:
            return False
        if first in "¿¡":
            return True
        if place.closers or rules.lang == "fr":
            return False
        return last_word(place.before).lower() not in EXCLAIMED_NAMES
    if place.closers:
        if place.closers[-1] in ")]" and not ellipsis and first.isalnum():
            return _began_sentence(place.before)
        return _before_attribution(place, text, rules)
    return True


def _began_sentence(before: str) -> bool:
    """Say whether the bracket that closes here had opened the sentence."""
    opening = max(before.rfind("("), before.rfind("["))
    return opening < 0 or not any(char.isalnum() for char in before[:opening])


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
    verb = match_word(words[1])
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
    if _is_without_stops(place.before[-1:]):
        return False
    digits = DIGITS.search(place.before)
    if digits is not None:
        return after_number(place, text, digits, rules)
    if place.before[-1:].isdigit():
        return after_date(place, text, rules)
    found = KEY.search(place.before)
    if found is None:
        return True
    if place.before.lower().endswith(_PHRASES):
        return False
    if found[0] == place.before.strip() and len(found[2]) > 1 and is_roman(found[2]):
        # The number of a chapter, or of a king: "II. Mehmed".
        return False
    if first.isalpha() and len(found[2]) <= 3:
        joined = begins_longer(found[0], place, text, rules)
        if joined is not False:
            return None if joined is None else False
    if rules.ordinals and first.isupper() and not found[1] and is_roman(found[2]):
        return after_roman(place, found[2], text, rules)
    kind, word = classify(found, place.before, rules)
    if kind is None:
        head = place.before[: found.start(2)].rstrip()
        return _after_word(place, word, head, text, rules)
    return after_abbreviation(kind, word, place, text, rules)


def _after_closed_stop(place: Place, text: str, rules: Rules) -> bool | None:
    follower = letter_after(text) if text[0] in OPENERS else text[0]
    if follower is None:
        return True if place.ended else None
    if follower.islower():
        return False
    return _before_attribution(place, text, rules)


def _after_word(place: Place, word: str, head: str, text: str, rules: Rules) -> bool | None:
    """Judge after a word that is no known abbreviation; `head` is what stands before it."""
    first = text[0]
    if first.isdigit():
        inside = place.before.rfind("(") > place.before.rfind(")")
        return word.lower() not in rules.elsewhere and not inside
    if not first.islower() or is_caseless(first):
        if word.istitle() and word.lower() in rules.elsewhere:
            following, whole = next_word(place, text)
            opens = following.lower() in rules.openers and text[len(following) :][:1] != "."
            return opens if whole else None
        if word.islower() and len(word) <= 4 and first in "IVX":
            following, whole = next_word(place, text)
            if not whole or (len(following) > 1 and is_roman(following)):
                # "no séc. XIX"
                return False if whole else None
        # "Dr. med. Schmidt": no sentence ends between a title and a name.
        short = word.islower() and len(word) <= 5
        return not short or rules.classify(last_word(head.rstrip("."))) is not Class.TITLE
    if place.cased:
        # Who begins with a capital does so again: only "iPhone" may begin a sentence here.
        if len(text) == 1 and not place.ended:
            return None
        return text[1:2].isupper()
    if word.istitle() and len(word) <= 4 and " " in place.before.strip():
        # "in Mo. near": a short name within a sentence is an unknown abbreviation.
        return False
    if len(word) > 1 and _ROMAN.match(word):
        return False
    latin = word.isascii() and word.isalpha()
    # "mgr. of" and the like: no vowel, so no word that a sentence would end in.
    return not latin or _VOWELS.search(word) is not None or word.isupper()
