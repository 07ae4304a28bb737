"""Sentence boundary: the judgement whether a run of terminators ends a sentence.

It is made from the text before the run and as much of the text after it as has come. No state is
kept, and where one delta stops and the next begins does not matter: while too little has come the
judgement is None.
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
    BoundaryCandidate,
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

_VOWELS: Final = re.compile(r"[aeiouyáàâãäåæéèêëíìîïóòôõöøœúùûüýÿ]", re.IGNORECASE)
_PHRASES: Final = ("ad es", "per es", "de ex", "par ex")
"""Two words of which only the second has a full stop."""
_ROMAN = re.compile(r"[IVXLC]+\Z")
_KANA_GOES_ON: Final = frozenset("とっ、。なのではがをにもへやかまよねさ")
_HAN_SPEECH: Final = frozenset("说說问問道喊答叫想嚷回")


# Order of the rules: first what is certain from the mark itself (a newline after it, a mark of one
# script, a mark that is written for nothing else), then the two hard cases by what follows.
# Without a space a full stop is mostly inside a name or a number ("Node.js", "3.14") and must be
# proved an end; after a space it mostly is an end, and must be proved an abbreviation, an ordinal
# or an initial. A word that may be either (Class.MAYBE) ends the sentence only before one of the
# words that often begin sentences.


def ends_sentence(candidate: BoundaryCandidate, rules: Rules) -> bool | None:
    """Say whether a sentence ends at the candidate; None when more text must come first."""
    text = candidate.after.lstrip(" ")
    if not text:
        return True if candidate.ended else None
    if text[0] == "\n":
        return True
    if candidate.run[-1] in SCRIPT_TERMINATORS:
        return _after_script_mark(candidate, text)
    if candidate.run[-1] in STRONG_TERMINATORS:
        return _after_strong(candidate, text)
    if text == candidate.after:
        return _without_space(candidate, text, rules)
    return _after_space(candidate, text, rules)


def _after_script_mark(candidate: BoundaryCandidate, text: str) -> bool | None:
    """Judge after a mark that ends sentences in one script only."""
    if text == candidate.after:
        return False
    follower = letter_after(text)
    if follower is None:
        return True if candidate.ended else None
    return follower.isupper() if candidate.run[-1] == ":" else not follower.islower()


def _after_strong(candidate: BoundaryCandidate, text: str) -> bool | None:
    if candidate.run == "．" and _is_point(candidate, text):
        return False
    if not candidate.closers or text != candidate.after:
        return True
    first = text[0]
    if first in _KANA_GOES_ON or first in "，、；：,;:":
        return False
    if candidate.closers[-1] not in QUOTE_CLOSERS or not "\u4e00" <= first <= "\u9fff":
        return True
    # 「…。」他说: the speaker is named within a few characters.
    head = text[:5]
    if any(char in _HAN_SPEECH for char in head):
        return False
    stops = any(not is_wide(char) or not char.isalnum() for char in head)
    return True if stops or len(head) == 5 or candidate.ended else None


def _is_point(candidate: BoundaryCandidate, text: str) -> bool:
    """Say whether a full stop of full width is a decimal point or belongs to a name."""
    before = candidate.before.rstrip()
    if before.isdigit() and len(before) <= 3 and not candidate.closers:
        # The number of an item.
        return True
    if text != candidate.after or candidate.closers:
        return False
    last = unicodedata.normalize("NFKC", before[-1:])
    first = unicodedata.normalize("NFKC", text[0])
    if last.isdigit():
        return first.isdigit()
    return last.isascii() and last.isalpha() and first.isascii() and first.isalnum()


# Without a space


def _without_space(candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    first = text[0]
    if is_wide(first):
        return _before_wide(candidate, text, rules)
    if not first.isalpha():
        joins = first not in OPENERS or first in "([{'" or not _is_plain(candidate.before)
        return False if joins else len(candidate.before.rpartition(" ")[2]) > 1
    if not _is_plain(candidate.before):
        return False
    if first.islower():
        return False
    if not first.isupper():
        return is_caseless(candidate.before[-1:]) and not candidate.closers
    if candidate.run != ".":
        return True
    return _joined_word(candidate, text, rules)


def _before_wide(candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    """Judge before a letter of a script that puts no spaces between sentences."""
    if candidate.closers:
        return _after_strong(candidate, text)
    run = candidate.run
    if all(mark in ".…" for mark in run) and (len(run) > 1 or run == "…"):
        # 嗯……让我想想。 An ellipsis there is a pause more often than an end.
        return False
    point = candidate.before[-1:].isdigit() and text[0].isdigit()
    if candidate.run == "." and (point or _is_without_stops(candidate.before[-1:])):
        return False
    if candidate.run == "." and candidate.before and not is_wide(candidate.before[-1]):
        match = KEY.search(candidate.before)
        if candidate.before.strip().isdigit():
            return False
        if match is not None and classify(match, candidate.before, rules)[0] is not None:
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


def _joined_word(candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    """Judge "done.Now" against "Node.js" and "System.Out"."""
    last = candidate.before.rpartition(" ")[2].lstrip("(\"'“‘[*")
    match = match_word(text)
    word = match[0] if match else ""
    rest = text[len(word) :]
    if not rest and not candidate.ended:
        return None
    if "." in last or rest[:1] in ("(", "_", "[", "=", ":", "/", "@") or rest[:1].isdigit():
        return False
    if rest[:1] == "." and (len(rest) > 1 and not rest[1].isspace()):
        return False
    if rest == "." and not candidate.ended:
        return None
    if any(char.isupper() for char in word[1:]) and word.lower() not in rules.openers:
        return False
    letters = last.rstrip(")]\"'”’»*")
    if word.lower() in rules.openers:
        numeric = letters[-1:].isdigit() and not letters[:1].isalpha()
        return numeric or (len(letters) >= 2 and letters.lower() not in LIBRARIES)
    is_word = letters.isalpha() and letters.islower() and len(letters) >= 3
    is_pronounceable = candidate.before.count(" ") >= 1 and _VOWELS.search(letters) is not None
    return is_word and is_pronounceable and letters not in LIBRARIES


# After a space


def _after_space(candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    first = text[0]
    if first == "." and candidate.run == "." and not candidate.closers:
        # ". . ." is an ellipsis, but ".NET" begins a sentence.
        if len(text) == 1 and not candidate.ended:
            return None
        return len(text) > 1 and text[1].isalnum()
    if first in WEAK_TERMINATORS or first in ",;:%)]}":
        return False
    if first in DASHES:
        return _before_dash(candidate, text)
    if candidate.run != "." or _is_spaced_ellipsis(candidate):
        return _after_mark(candidate, text, rules)
    return _after_stop(candidate, text, rules)


def _is_spaced_ellipsis(candidate: BoundaryCandidate) -> bool:
    return candidate.before.endswith((". ", "… "))


def _before_dash(candidate: BoundaryCandidate, text: str) -> bool | None:
    if candidate.closers:
        return False
    follower = letter_after(text)
    if follower is None:
        return True if candidate.ended else None
    # « Qui ? — demanda-t-il » goes on, « Non. — Pourquoi » does not.
    return not follower.islower() or (candidate.run == "." and not _is_abbreviated(candidate))


def _is_abbreviated(candidate: BoundaryCandidate) -> bool:
    word = candidate.before.rpartition(" ")[2]
    return len(word) <= 1 or "." in word


def _after_mark(candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    """Judge after ! or ? or an ellipsis, with a space."""
    first = text[0]
    follower = letter_after(text) if first in OPENERS else first
    ellipsis = not any(mark in candidate.run for mark in "!?‼⁇⁈⁉")
    if ellipsis and not candidate.before.strip(" \"'“‘«„(["):
        return False
    if follower is None:
        return True if candidate.ended else None
    if ellipsis and is_caseless(follower) and not candidate.closers:
        # No capital would tell: a pause more often than an end.
        return False
    if follower.islower():
        if ellipsis:
            return False
        if first in "¿¡":
            return True
        if candidate.closers or rules.lang == "fr":
            return False
        return last_word(candidate.before).lower() not in EXCLAIMED_NAMES
    if candidate.closers:
        if candidate.closers[-1] in ")]" and not ellipsis and first.isalnum():
            return _began_sentence(candidate.before)
        return _before_attribution(candidate, text, rules)
    return True


def _began_sentence(before: str) -> bool:
    """Say whether the bracket that closes here had opened the sentence."""
    opening = max(before.rfind("("), before.rfind("["))
    return opening < 0 or not any(char.isalnum() for char in before[:opening])


def _before_attribution(candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    """Judge a closed quotation before a capital: "Really?" Tom asked."""
    if candidate.closers[-1] not in QUOTE_CLOSERS or not text[0].isupper():
        return True
    words = text.split(" ")
    if not words[0].isalpha() or len(words[0]) > 20:
        return len(words) > 1 or len(words[0]) > 20 or candidate.ended or _over(words[0])
    if len(words) == 1:
        return True if candidate.ended else None
    if words[0] != "I" and words[0].lower() in rules.openers:
        # Only a name keeps its capital here: "Why?" He said is a new sentence.
        return True
    verb = match_word(words[1])
    if verb is None:
        return True if words[1] or candidate.ended else None
    if verb.end() == len(words[1]) and len(words) == 2 and not candidate.ended:
        could = any(verb_of_speech.startswith(verb[0]) for verb_of_speech in SPEECH)
        return None if could else True
    return verb[0] not in SPEECH


def _over(word: str) -> bool | None:
    return None if word.isalpha() or word.rstrip("'’").isalpha() else True


def _after_stop(candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    """Judge after a single full stop, with a space."""
    first = text[0]
    if candidate.closers:
        return _after_closed_stop(candidate, text, rules)
    if _is_without_stops(candidate.before[-1:]):
        return False
    digits = DIGITS.search(candidate.before)
    if digits is not None:
        return after_number(candidate, text, digits, rules)
    if candidate.before[-1:].isdigit():
        return after_date(candidate, text, rules)
    match = KEY.search(candidate.before)
    if match is None:
        return True
    if candidate.before.lower().endswith(_PHRASES):
        return False
    if match[0] == candidate.before.strip() and len(match[2]) > 1 and is_roman(match[2]):
        # The number of a chapter, or of a king: "II. Mehmed".
        return False
    if first.isalpha() and len(match[2]) <= 3:
        joined = begins_longer(match[0], candidate, text, rules)
        if joined is not False:
            return None if joined is None else False
    if rules.ordinals and first.isupper() and not match[1] and is_roman(match[2]):
        return after_roman(candidate, match[2], text, rules)
    kind, word = classify(match, candidate.before, rules)
    if kind is None:
        head = candidate.before[: match.start(2)].rstrip()
        return _after_word(candidate, word, head, text, rules)
    return after_abbreviation(kind, word, candidate, text, rules)


def _after_closed_stop(candidate: BoundaryCandidate, text: str, rules: Rules) -> bool | None:
    follower = letter_after(text) if text[0] in OPENERS else text[0]
    if follower is None:
        return True if candidate.ended else None
    if follower.islower():
        return False
    return _before_attribution(candidate, text, rules)


def _after_word(
    candidate: BoundaryCandidate, word: str, head: str, text: str, rules: Rules
) -> bool | None:
    """Judge after a word that is not a known abbreviation; `head` is the text before it."""
    first = text[0]
    if first.isdigit():
        inside = candidate.before.rfind("(") > candidate.before.rfind(")")
        return word.lower() not in rules.elsewhere and not inside
    if not first.islower() or is_caseless(first):
        if word.istitle() and word.lower() in rules.elsewhere:
            following, whole = next_word(candidate, text)
            opens = following.lower() in rules.openers and text[len(following) :][:1] != "."
            return opens if whole else None
        if word.islower() and len(word) <= 4 and first in "IVX":
            following, whole = next_word(candidate, text)
            if not whole or (len(following) > 1 and is_roman(following)):
                # "no séc. XIX"
                return False if whole else None
        # "Dr. med. Schmidt": no sentence ends between a title and a name.
        short = word.islower() and len(word) <= 5
        return not short or rules.classify(last_word(head.rstrip("."))) is not Class.TITLE
    if candidate.cased:
        # Who begins with a capital does so again: only "iPhone" may begin a sentence here.
        if len(text) == 1 and not candidate.ended:
            return None
        return text[1:2].isupper()
    if word.istitle() and len(word) <= 4 and " " in candidate.before.strip():
        # "in Mo. near": a short name within a sentence is an unknown abbreviation.
        return False
    if len(word) > 1 and _ROMAN.match(word):
        return False
    latin = word.isascii() and word.isalpha()
    # "mgr. of" and the like: no vowel, so no word that a sentence would end in.
    return not latin or _VOWELS.search(word) is not None or word.isupper()
