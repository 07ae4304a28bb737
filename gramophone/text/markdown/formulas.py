"""Formulas in LaTeX, as the plain characters that a voice can read in any language.

A formula is read if every part of it has such a character or name ("π r²" needs no language);
otherwise it is left out, since half of a formula says something else than the whole.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_FORMULA: Final = 120
"""Characters of LaTeX beyond which a formula is left out: it cannot be followed by ear."""

_DEEPEST: Final = 4
_PART = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_PLAIN: Final = frozenset("+-=<>/()[]|!,.;:'%×÷·±≤≥≠≈°√∞∑∏∫π")
_SPACES: Final = frozenset("quad qquad left right displaystyle textstyle limits nolimits".split())
_GROUPS: Final = frozenset(
    "text mathrm mathbf mathit mathsf mathbb mathcal operatorname textbf textit textrm boxed "
    "overline underline bar hat vec tilde dot".split()
)
_NAMES: Final = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "tau upsilon phi chi psi omega sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log "
    "ln exp lim max min sup inf det gcd dim ker deg Gamma Delta Theta Lambda Xi Pi Sigma Upsilon "
    "Phi Psi Omega".split()
)
_SYMBOLS: Final = {
    **dict.fromkeys(("times",), "×"),
    **dict.fromkeys(("cdot",), "·"),
    **dict.fromkeys(("le", "leq", "leqslant"), "≤"),
    **dict.fromkeys(("ge", "geq", "geqslant"), "≥"),
    **dict.fromkeys(("ne", "neq"), "≠"),
    **dict.fromkeys(("approx", "simeq"), "≈"),
    **dict.fromkeys(("degree", "circ"), "°"),
    **dict.fromkeys(("ldots", "dots", "cdots"), "…"),
    "div": "÷",
    "pm": "±",
    "infty": "∞",
    "sum": "∑",
    "prod": "∏",
    "int": "∫",
    "in": "∈",
    "varepsilon": "epsilon",
    "vartheta": "theta",
    "varphi": "phi",
    "lt": "<",
    "gt": ">",
}
_RAISED: Final = dict(zip("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ", strict=True)) | {"°": "°", "'": "'"}


class _Unreadable(Exception):
    """A part of the formula has no plain form."""


def spoken_formula(source: str) -> str | None:
    """Give the plain form of LaTeX without its dollar signs, None to leave the formula out.

    The form is never longer than `source`.
    """
    if len(source) > LONGEST_FORMULA:
        return None
    parts: list[str] = _PART.findall(source)
    try:
        text, used = _read(parts, 0, 0)
    except _Unreadable:
        return None
    text = " ".join(text.split())
    plain = used == len(parts) and any(char.isalnum() or char == "°" for char in text)
    return text if plain and len(text) <= len(source) else None


def _read(parts: list[str], at: int, depth: int) -> tuple[str, int]:
    """Read parts up to the brace that closes the group; give the text and where that is."""
    text = ""
    while at < len(parts) and parts[at] != "}":
        part = parts[at]
        at += 1
        if part in ("^", "_"):
            text = text.rstrip()
            if text.endswith(("∑", "∏", "∫")):
                raise _Unreadable
            group, at = _group(parts, at, depth)
            text += _raise(group) if part == "^" else _lower(group)
        elif part in ("\\frac", "\\dfrac", "\\tfrac"):
            over, at = _group(parts, at, depth)
            under, at = _group(parts, at, depth)
            text += f"{_whole(over)}/{_whole(under)}"
        elif part == "\\sqrt":
            under, at = _group(parts, at, depth)
            text += f"√{_whole(under)}"
        elif part == "{":
            group, at = _group(parts, at - 1, depth)
            text += group
        else:
            text += _part(part, text)
    return text, at


def _group(parts: list[str], at: int, depth: int) -> tuple[str, int]:
    """Read the group or the single part at `at`."""
    while at < len(parts) and parts[at].isspace():
        at += 1
    if at == len(parts) or depth >= _DEEPEST:
        raise _Unreadable
    if parts[at] != "{":
        return _part(parts[at], ""), at + 1
    text, end = _read(parts, at + 1, depth + 1)
    if end == len(parts):
        raise _Unreadable
    return text.strip(), end + 1


def _part(part: str, text: str) -> str:
    if part.isspace() or part in ("~", "&"):
        return " "
    if part == "*":
        return "×"
    if part[0] != "\\":
        if part.isalnum() or part in _PLAIN:
            return part
        raise _Unreadable
    name = part[1:].rstrip("*")
    if name in _SPACES or not name.strip(",;:! "):
        return " "
    if name in _GROUPS:
        return ""
    if name in "%$#&_{}":
        return name
    if name in _NAMES:
        return f" {name} " if text[-1:].isalnum() else f"{name} "
    if name not in _SYMBOLS:
        raise _Unreadable
    symbol = _SYMBOLS[name]
    return f"{symbol} " if symbol.isalpha() else symbol


def _raise(group: str) -> str:
    if any(char not in _RAISED for char in group):
        raise _Unreadable
    return "".join(_RAISED[char] for char in group)


def _lower(group: str) -> str:
    return group if group.isdigit() else f" {group} "


def _whole(group: str) -> str:
    return group.strip() if group.strip().isalnum() else f"({group.strip()})"
