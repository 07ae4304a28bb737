"""Text of a prompt before it is sent, in which large pasted texts are folded.

A folded piece stands as a label, `[pasted 214 lines #1]`. Where a label is not whole any more, it
is only text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from gramophone.core.frozen import frozen
from gramophone.core.picture import Picture

LARGE_CHARACTERS = 2_000
LARGE_LINES = 20

_LABEL = re.compile(r"\[pasted [\d,]+ (?:lines|characters) #(\d+)\]")
_NOTHING: Mapping[int, str] = MappingProxyType({})


@frozen
class Draft:
    """A prompt before it is sent. `strange` are the paths behind an `@` that came with a paste:
    who pasted them may not have seen them, so they are not read. `pictures` are those of a question
    that is asked again; they need not be on the disk any more."""

    text: str
    pasted: Mapping[int, str] = field(default_factory=lambda: _NOTHING)
    strange: frozenset[str] = frozenset()
    pictures: tuple[Picture, ...] = ()

    @property
    def whole(self) -> str:
        """The text as it is meant, nothing folded."""
        return unfolded(self.text, self.pasted)


def is_large(text: str) -> bool:
    return len(text) > LARGE_CHARACTERS or _lines(text) > LARGE_LINES


def label(text: str, number: int) -> str:
    """Label that stands for a folded text: `[pasted 214 lines #1]`."""
    lines = _lines(text)
    size = f"{lines:,} lines" if lines > 1 else f"{len(text):,} characters"
    return f"[pasted {size} #{number}]"


def label_spans(line: str, pasted: Mapping[int, str]) -> list[tuple[int, int]]:
    """Start and end of each label in a line that stands for one of `pasted`."""
    return [match.span() for match in _LABEL.finditer(line) if _folded(match, pasted) is not None]


def unfolded(text: str, pasted: Mapping[int, str]) -> str:
    """`text` with every label replaced by what it stands for."""

    def whole(match: re.Match[str]) -> str:
        folded = _folded(match, pasted)
        return match.group() if folded is None else folded

    return _LABEL.sub(whole, text) if pasted else text


def _folded(match: re.Match[str], pasted: Mapping[int, str]) -> str | None:
    # Anybody can type a label, with any number; int() refuses more than 4300 digits. And only the
    # very label of a text stands for it: one that was edited, or typed with another size, does not.
    number = int(match.group(1)) if len(match.group(1)) < 10 else 0
    text = pasted.get(number)
    return text if text is not None and label(text, number) == match.group() else None


def _lines(text: str) -> int:
    return text.rstrip("\n").count("\n") + 1
