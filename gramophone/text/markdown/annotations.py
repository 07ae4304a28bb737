"""Matching of marks that are not words: citation marks, short codes of emoji, drawn lines.

Each matcher looks at one place of a line, as in `inline`, and gives an `InlineSpan` (left out),
a `Wait` for more text, or `None` (plain text after all).
"""

from __future__ import annotations

import re
from typing import Final

from gramophone.text.markdown.inline import InlineSpan, Kind, Match, Wait

_LONGEST: Final = 80
"""Characters of a mark beyond which it is plain text."""

_CITATION = re.compile(r"\[(?:[1-9][0-9]{0,2}|cite_start|cite_end|cite: ?[0-9][0-9, \-–]*)\]")
_CITATIONS = re.compile(r"\[[1-9][0-9]{0,2}(?:(?:, ?|[-–])[1-9][0-9]{0,2})+\]")
_WIDE = re.compile(r"(?:【[^【】\n]*†[^【】\n]*】|[【〔［][0-9０-９]{1,3}[】〕］])")
_WIDE_OPEN = re.compile(r"(?:【[^【】\n]*|[〔［][0-9０-９]{0,3})\Z")
_ATTRIBUTES = re.compile(r"\{[#.:][^{}\n]{0,60}\}")
_ATTRIBUTES_OPEN = re.compile(r"\{(?:[#.:][^{}\n]{0,60})?\Z")
_SHORTCODE = re.compile(r":(?:[a-z0-9_+\-]*[a-z_][a-z0-9_+\-]*|[+\-]1|100):")
_SHORTCODE_OPEN = re.compile(r":[a-z0-9_+\-]{0,40}\Z")
_RULE = re.compile(
    r"\|[ ]*:?-{2,}:?[ ]*(?:\|[ ]*:?-{2,}:?[ ]*)*\|?|\+[-=]{2,}\+(?:[-=]+\+)*|[-=_]{5,}"
)
_RULE_OPEN = re.compile(r"(?:\|[ ]*(?::?-*:?[ ]*\|?[ ]*)*|\+[-=+]*|[-=_]+)\Z")


def match_citation(text: str, at: int, attached: bool) -> Match:
    """Match the mark of a source that is whole, such as `[1]`.

    A list such as `[1, 2]` is one only if it is attached, without a space before it: elsewhere it
    may be what is spoken of.
    """
    match = _CITATION.match(text, at) or (_CITATIONS.match(text, at) if attached else None)
    return None if match is None else _void(match)


def _void(match: re.Match[str]) -> InlineSpan:
    return InlineSpan(match.end(), Kind.VANISHED)


def match_wide(text: str, at: int, final: bool) -> Match:
    """Match a citation mark in brackets of full width: `【4†source】`, `［1］`."""
    match = _WIDE.match(text, at)
    if match is not None:
        return _void(match)
    waits = not final and len(text) - at <= _LONGEST and _WIDE_OPEN.match(text, at)
    return Wait() if waits else None


def match_shortcode(text: str, at: int, final: bool) -> Match:
    """Match the short code of an emoji: `:tada:`."""
    match = _SHORTCODE.match(text, at)
    if match is not None:
        if match.end() == len(text) and not final:
            return Wait()
        return None if text[match.end() : match.end() + 1].isalnum() else _void(match)
    return Wait() if not final and _SHORTCODE_OPEN.match(text, at) else None


def match_attributes(text: str, at: int, final: bool) -> Match:
    """Match the attributes of a heading: `{#id .class}`."""
    match = _ATTRIBUTES.match(text, at)
    if match is not None:
        return _void(match)
    return Wait() if not final and _ATTRIBUTES_OPEN.match(text, at) else None


def match_rule(text: str, at: int, final: bool) -> Match:
    """Match a line that is drawn within prose: `|---|---|`, `+---+`, `-----`."""
    opened = _RULE_OPEN.match(text, at)
    if opened is not None and not final and len(text) - at <= _LONGEST:
        return Wait()
    match = _RULE.match(text, at)
    return None if match is None else _void(match)
