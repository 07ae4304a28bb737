"""Joiners: invisible characters that belong to the spelling of a text, and strays that do not.

A zero-width (non-)joiner is kept where it changes how letters join (UAX #31, RFC 5892 CONTEXTJ, and
spellings of Persian, Kurdish and Bengali beyond them) or where it makes one emoji of several. A
variation selector is kept behind a character that has variants, a tag only inside a whole flag.
All others are strays. `regex`, which knows the properties, is loaded at the first one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import regex

CHARACTERS: Final = (
    "\u180b-\u180f\u200c\u200d\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef"
)
"""Joiners, variation selectors and tags, as the inside of a character class."""

CONTEXT: Final = 32
"""Characters before one of them that its judgement may need, strays among them."""

_ANY = re.compile(f"[{CHARACTERS}]")
# Nothing of the kind has a meaning right behind a joiner.
_RUN = re.compile(f"([\u200c\u200d])[{CHARACTERS}]+")

_CURSIVE = r"[\p{jt=D}\p{jt=L}\p{jt=R}]"
_MARKS = r"\p{jt=T}{0,8}"
_TAG = r"[\U000e0030-\U000e0039\U000e0061-\U000e007a]"

# Each stands before the character that is judged, looks behind and ahead of it, and is bounded,
# so that a text costs no more than in proportion to its length.
_EITHER = (
    # A conjunct or its refusal: Sinhala, Malayalam, Devanagari and all others with a virama.
    r"(?<=\p{L}\p{M}{0,8}\p{ccc=9}\p{M}{0,2})",
    # Before the virama: the reph of Bengali, touching letters of Sinhala; shifters of Khmer.
    r"(?<=\p{L}\p{M}{0,8}).(?=\p{ccc=9}|\p{InSC=Register_Shifter})",
)
_SPELLING: Final = {
    "\u200c": (
        *_EITHER,
        # Between letters of cursive writing, or one of them and a word or number of other writing.
        rf"(?<={_CURSIVE}{_MARKS}).(?=[\p{{L}}\p{{N}}])",
        rf"(?<=[\p{{L}}\p{{N}}]\p{{M}}{{0,8}}).(?={_CURSIVE})",
        # Sorani: heh with a non-joiner is a vowel, at the end of a word as well.
        rf"(?<=[\u0647\u06be]{_MARKS})",
    ),
    "\u200d": (
        *_EITHER,
        # A letter in the shape that it has within a word, without the rest of the word.
        rf"(?<=[\p{{jt=D}}\p{{jt=L}}\u0640\u07fa]{_MARKS})",
        r".(?=[\p{jt=D}\p{jt=R}\u0640\u07fa])",
        # One picture of several.
        r"(?<=\p{ExtPict}(?:\ufe0f?\p{EMod}?|\p{EMod}\ufe0f)).(?=\p{ExtPict})",
    ),
    "[\ufe00-\ufe0f\U000e0100-\U000e01ef]": (
        r"(?<=\p{ExtPict}\p{EMod}?)[\ufe0e\ufe0f]",
        r"(?<=[0-9#*])\ufe0f(?=\u20e3)",
        # Variants of ideographs, as names have them, and the others that are standardised.
        r"(?<=\p{Han})[\ufe00-\ufe02\U000e0100-\U000e01ef]",
        r"(?<=[\u3001\u3002\uff01\uff0c\uff0e\uff1a\uff1b\uff1f])[\ufe00\ufe01]",
        r"(?<=[\p{Sm}\p{Mymr}\p{Phag}])\ufe00",
    ),
    "[\u180b-\u180f]": (
        r"(?<=[\u1820-\u18aa])[\u180b-\u180d\u180f]",
        r"(?<=[\u1820-\u18aa])\u180e(?=[\u1820-\u18aa])",
    ),
    "[\U000e0020-\U000e007f]": (
        # The flag of a region: a black flag, three to six letters or digits, an end.
        *(
            rf"(?<=\U0001f3f4{_TAG}{{{before}}}){_TAG}"
            rf"(?={_TAG}{{{max(0, 2 - before)},{5 - before}}}\U000e007f)"
            for before in range(6)
        ),
        rf"(?<=\U0001f3f4{_TAG}{{3,6}})\U000e007f",
    ),
}
# A joiner may be followed by what justifies it, a tag by the rest of its flag.
_WAITING = re.compile(
    r"(?:[\u200c\u200d]|(?<=[0-9#*])\ufe0f|(?<=[\u1820-\u18aa])\u180e"
    rf"|(?<=\U0001f3f4){_TAG}{{1,6}})\Z"
)


@cache
def _stray() -> regex.Pattern[str]:
    import regex

    spelling = "|".join(
        f"(?={characters})(?:{'|'.join(contexts)})" for characters, contexts in _SPELLING.items()
    )
    return regex.compile(f"(?!{spelling})[{CHARACTERS}]")


def is_joiner(character: str) -> bool:
    """Say whether a character is one of those that may belong to the spelling."""
    return len(character) == 1 and _ANY.match(character) is not None


def without_runs(text: str) -> str:
    """Remove what follows a joiner and could only follow a letter."""
    return _RUN.sub(r"\1", text)


def without_strays(text: str, before: str = "") -> str:
    """Remove those that the spelling does not need; `before` is the text before.

    Neither has runs (`without_runs`).
    """
    if not _ANY.search(text):
        return text
    before = before[-CONTEXT:]
    return _stray().sub("", before + text, pos=len(before))[len(before) :]


def judged(before: str, text: str) -> int:
    """Give how many characters of `text`, which follows `before`, can be judged: the last one may
    need text that is still to come."""
    end = (before + text[-CONTEXT:] if len(text) < CONTEXT else text)[-2 * CONTEXT :]
    waiting = _WAITING.search(end)
    return len(text) if waiting is None else max(0, len(text) - (len(end) - waiting.start()))
