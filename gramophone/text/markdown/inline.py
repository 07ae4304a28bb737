"""Matching of inline Markdown that must be seen whole: code, links, tags, formulas.

Each matcher looks at one place and gives an `InlineSpan` (the construct), a `Wait` (more text must
come first) or `None` (plain text). No state is kept here.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from gramophone.core.frozen import frozen

LONGEST_HOLD: Final = 600
"""Characters after which a construct that has not closed is taken for plain text."""

LONGEST_RUN: Final = 64
"""Length from which a run of one mark is decoration rather than Markdown."""


class Kind(Enum):
    """Treatment of a construct by a voice."""

    VOID = auto()
    LABEL = auto()
    OPAQUE = auto()
    BREAK = auto()
    FENCE = auto()
    VANISHED = auto()
    """It leaves no more than a space, which gives way to a mark that follows."""
    FORMULA = auto()
    SKIP = auto()
    """The text behind it is left out up to `closing`."""


@frozen
class InlineSpan:
    """A construct that ends before `end`; its text from `first` to `last` is spoken.

    `closing` ends the text that is left out after a construct of the kind SKIP.
    """

    end: int
    kind: Kind
    first: int = 0
    last: int = 0
    closing: str = ""


@frozen
class Wait:
    """More text is needed; only a character of `wake` can change that ("" for any)."""

    wake: str = ""


Match = InlineSpan | Wait | None

# Linear time: patterns that may run over a long text are possessive (`*+`, `++`), so that they try
# no second way; an open construct is matched again only at a character that may close it
# (`Wait.wake`); and `LONGEST_HOLD` bounds what is tried in vain.

_LABEL = re.compile(r"\[((?:[^\[\]\\\n]|\\.|!?\[[^\[\]\n]*+\](?:\([^()\n]*+\))?+)*+)\]")
_LABEL_OPEN = re.compile(
    r"\[(?:[^\[\]\\\n]|\\.|!?\[[^\[\]\n]*+\](?:\([^()\n]*+\))?+)*+(?:\\|\[[^\[\]\n]*+)?\Z"
)
_DESTINATION = re.compile(r"\((?:[^()\\\n]|\\.|\([^()\n]*+\))*+\)")
_REFERENCE = re.compile(r"\[[^\[\]\n]*+\]")
_DEFINITION = re.compile(r":[ ]*(?:<[^<>\n]*>|\S*[./#]\S*)(?:[ ]+[\"'(][^\n]*)?[ ]*(?=\n|\Z)")
_AUTOLINK = re.compile(r"<([A-Za-z][A-Za-z0-9+.\-]{1,31}:[^\s<>]*+|[^\s<>@]++@[^\s<>@]++)>")
_TAG = re.compile(
    r"</?([A-Za-z][\w\-]*+)"
    r"(?:\s++[A-Za-z_:@][\w:.\-]*+(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'=<>`]++))?+)*+"
    r"\s*+/?>"
)
_ANGLE_OPEN = re.compile(r"<(?:!(?:--?)?|/?(?:[A-Za-z][\w.+@\-]*+(?:[:\s/=][^<>\n]*+)?)?)\Z")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,9});")
_ENTITY_OPEN = re.compile(r"&(?:#[xX]?[0-9a-fA-F]{0,7}|[A-Za-z][A-Za-z0-9]{0,9})?\Z")
_AMOUNT = re.compile(r"\$[0-9][0-9.,]*+")
_BRACED = re.compile(r"\{[^{}]*\}?")
_PROSE = re.compile(r"[^\s=+\-*/<>,\\]\s[^\W\d_]{4,}(?![^\W\d_]|[({_^])|[.!?]\s|\n\s*\n")
_NUMERIC = re.compile(r"(?:\[\^?[0-9]{1,3}\]|\^?[0-9]{1,3})\Z")
_FORMULAS: Final = {
    "$$": ("$$", re.compile(r"\$\$((?:[^$\\]|\\[\s\S])++)\$\$")),
    "$": ("$", re.compile(r"\$(?![\s$])((?:[^$\\\n]|\\.)++)\$")),
    "\\(": (")", re.compile(r"\\\(((?:[^\\\n]|\\[^)\n])++)\\\)")),
    "\\[": ("]", re.compile(r"\\\[((?:[^\\]|\\[^\]])++)\\\]")),
}
"""What opens a formula: the last character of what closes it, and the whole of it."""
_ENVIRONMENT = re.compile(r"\\begin\{([A-Za-z]{1,20}\*?)\}")
_ENVIRONMENT_OPEN = re.compile(r"\\(?:b(?:e(?:g(?:i(?:n(?:\{(?:[A-Za-z]{0,20}\*?)?)?)?)?)?)?)?\Z")
_HIDDEN_TAGS: Final = frozenset("think thinking thought reasoning script style svg math".split())
_TICKS = re.compile(r"`+")

_BLOCK_TAGS: Final = frozenset(
    "br p div li ul ol tr hr h1 h2 h3 h4 h5 h6 table blockquote section article "
    "header footer details summary dd dt pre".split()
)
_PHRASE_TAGS: Final = frozenset(
    "a abbr b bdi bdo big center cite code data del dfn em font i img input ins kbd label mark "
    "q s samp small span strike strong sub sup td th thead tbody time tt u var wbr".split()
)


@lru_cache(maxsize=LONGEST_RUN)
def _closing_ticks(run: int) -> re.Pattern[str]:
    return re.compile(rf"(?<!`)`{{{run}}}(?!`)")


def match_code(text: str, at: int, final: bool) -> Match:
    """Match a code span; a long run that meets a newline first opens a fence."""
    opening = _TICKS.match(text, at)
    if opening is None:
        return None
    first = opening.end()
    run = first - at
    if run >= LONGEST_RUN:
        return InlineSpan(first, Kind.VOID)
    if first == len(text) and not final:
        return Wait()
    newline = text.find("\n", first)
    closing = _closing_ticks(run).search(text, first, len(text) if newline < 0 else newline)
    if closing is not None:
        if closing.end() == len(text) and not final:
            return Wait()
        return InlineSpan(closing.end(), Kind.OPAQUE, first, closing.start())
    if newline >= 0 or (final and run >= 3):
        return InlineSpan(first, Kind.FENCE if run >= 3 else Kind.VOID)
    if final or len(text) - at > LONGEST_HOLD:
        return InlineSpan(first, Kind.VOID)
    return Wait("`\n")


def match_link(text: str, at: int, final: bool, line_start: bool) -> Match:
    """Match a link, an image, a footnote mark or (at the start of a line) a definition."""
    opening = at + 1 if text[at] == "!" else at
    too_long = len(text) - at > LONGEST_HOLD
    label = _LABEL.match(text, opening)
    if label is None:
        if final or too_long or not _LABEL_OPEN.match(text, opening):
            return None
        return Wait("[]\n")
    end = label.end()
    footnote = label[1].startswith("^") and " " not in label[1] and opening == at
    if end == len(text):
        if final or too_long:
            return InlineSpan(end, Kind.VOID) if footnote else None
        return Wait()
    following = text[end]
    if footnote:
        return InlineSpan(end + (line_start and following == ":"), Kind.VOID)
    if following == "(":
        target, pattern, wake = _DESTINATION.match(text, end), "\n", "()\n"
    elif following == "[" and not label[1].isdigit():
        target, pattern, wake = _REFERENCE.match(text, end), "[\n", "[]\n"
    elif following == ":" and line_start and opening == at:
        return _match_definition(text, end, final or too_long)
    else:
        return None
    if target is not None:
        if _NUMERIC.match(label[1]):
            return InlineSpan(target.end(), Kind.VANISHED)
        return InlineSpan(target.end(), Kind.LABEL, opening + 1, end - 1)
    if final:
        # The stream ended inside the address: the label is spoken all the same.
        return InlineSpan(len(text), Kind.LABEL, opening + 1, end - 1)
    if too_long or any(mark in text[end + 1 :] for mark in pattern):
        return None
    return Wait(wake)


def _match_definition(text: str, colon: int, closed: bool) -> Match:
    newline = text.find("\n", colon)
    if newline < 0 and not closed:
        return Wait("\n")
    match = _DEFINITION.match(text, colon)
    return None if match is None else InlineSpan(match.end(), Kind.VOID)


def match_angle(
    text: str, at: int, final: bool, after_word: bool, line_start: bool = False
) -> Match:
    """Match an autolink, a tag or the opening of a comment.

    At the start of a line a tag may hold what is not for the reader, such as `<think>`.
    `after_word` says that a letter or digit stands before: then only the tags of HTML count,
    so that `List<String>` keeps its type and "x<y" its meaning.
    """
    if text.startswith("<!--", at):
        return InlineSpan(at + 4, Kind.SKIP, closing="-->")
    link = _AUTOLINK.match(text, at)
    if link is not None:
        return InlineSpan(link.end(), Kind.OPAQUE, *link.span(1))
    tag = _TAG.match(text, at)
    if tag is not None:
        name = tag[1].lower()
        if name in _HIDDEN_TAGS and line_start and tag[0][1] != "/" and tag[0][-2] != "/":
            return InlineSpan(tag.end(), Kind.SKIP, closing=f"</{name}>")
        if name in _BLOCK_TAGS or (name in _HIDDEN_TAGS and tag[0][1] == "/"):
            return InlineSpan(tag.end(), Kind.BREAK)
        is_tag = name in _PHRASE_TAGS or not after_word
        return InlineSpan(tag.end(), Kind.VOID) if is_tag else None
    if final or len(text) - at > LONGEST_HOLD // 2 or not _ANGLE_OPEN.match(text, at):
        return None
    return Wait()


def match_formula(text: str, at: int, final: bool) -> Match:
    """Match `$…$`, `$$…$$`, `\\(…\\)` or `\\[…\\]`; an amount of money is plain text."""
    rest = text[at:]
    if not final and rest in {"$", "$$", "\\"}:
        return Wait()
    opening = rest[:2] if rest[:2] in _FORMULAS else rest[:1]
    if opening == "$" and _AMOUNT.match(rest):
        money = _is_money(rest, final)
        if money is not False:
            return None if money else Wait()
    closing, pattern = _FORMULAS[opening]
    if opening[0] == "\\" and _PROSE.search(_BRACED.sub("", rest)):
        return None
    match = pattern.match(rest)
    if match is not None:
        if opening != "$":
            return InlineSpan(
                at + match.end(), Kind.FORMULA, at + match.start(1), at + match.end(1)
            )
        return _match_inline(match, rest, at, final)
    display = opening in ("$$", "\\[")
    if "\n" in rest and not display:
        return None
    if rest.startswith("$$$") or (opening == "$" and rest[1:2].isspace()):
        return _unmatched(opening, rest, at)
    if _PROSE.search(_BRACED.sub("", rest)):
        return _unmatched(opening, rest, at)
    if final:
        # The stream was cut within the formula, of which a half says nothing.
        return (
            _unmatched(opening, rest, at)
            if opening == "$"
            else InlineSpan(len(text), Kind.VANISHED)
        )
    if len(rest) > LONGEST_HOLD:
        end = {"$$": "$$", "\\[": "\\]"}.get(opening)
        return InlineSpan(at + 2, Kind.SKIP, closing=end) if end else _unmatched(opening, rest, at)
    return Wait(closing + "\n .!?")


def _match_inline(match: re.Match[str], rest: str, at: int, final: bool) -> Match:
    if match[1][-1].isspace():
        return None
    if match.end() == len(rest) and not final:
        return Wait()
    if rest[match.end() : match.end() + 1].isdigit():
        return None
    return InlineSpan(at + match.end(), Kind.FORMULA, at + match.start(1), at + match.end(1))


def _unmatched(opening: str, rest: str, at: int) -> Match:
    """Leave out dollar signs that stand together; a single one may be an amount's."""
    if opening != "$$":
        return None
    return InlineSpan(at + len(rest) - len(rest.lstrip("$")), Kind.VOID)


def _is_money(rest: str, final: bool) -> bool | None:
    """Say whether the digits after a dollar sign are an amount; None to wait for more."""
    amount = _AMOUNT.match(rest)
    if amount is None:
        return False
    end = amount.end()
    following = rest[end:].lstrip(" ")[:1]
    if not following:
        return True if final else None
    if rest[end] == "$":
        closed = rest[end + 1 : end + 2]
        return closed.isdigit() if closed or final else None
    if rest[end] == " ":
        return following not in "\\^+=*/_{<>"
    return following not in "\\^+=*/_{(-" and not following.isalpha()


def match_environment(text: str, at: int, final: bool) -> Match:
    """Match the beginning of an environment of LaTeX, which is left out up to its end."""
    match = _ENVIRONMENT.match(text, at)
    if match is not None:
        return InlineSpan(match.end(), Kind.SKIP, closing=f"\\end{{{match[1]}}}")
    return Wait() if not final and _ENVIRONMENT_OPEN.match(text, at) else None


def match_entity(text: str, at: int, final: bool) -> Match:
    """Match a character reference such as `&amp;`, which is spoken as what it stands for."""
    match = _ENTITY.match(text, at)
    if match is not None:
        return InlineSpan(match.end(), Kind.LABEL, at, match.end())
    return None if final or not _ENTITY_OPEN.match(text, at) else Wait()
