"""Parts of a conversation that `/copy` takes by name: an answer, its last code, a prompt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gramophone.core.frozen import frozen
from tui.transcript.turn_view import TurnView

COPYABLE: Final = {
    "answer": "the last answer",
    "code": "the last code block",
    "prompt": "the last prompt",
}

_FENCED = re.compile(
    r"^ {0,3}(?P<fence>`{3,}|~{3,})[^\n]*\n(?P<code>.*?)(?:^ {0,3}(?P=fence)[`~]* *$|\Z)",
    re.MULTILINE | re.DOTALL,
)


@frozen
class Passage:
    """A text and its name."""

    text: str
    name: str


def passage(turns: Iterable[TurnView], part: str) -> Passage | str:
    """The newest of `part`, by default the answer; or one sentence about why there is none."""
    target = part.lower() or "answer"
    if target not in COPYABLE:
        return f"/copy takes one of: {', '.join(COPYABLE)}."
    voice = "user" if target == "prompt" else "assistant"
    for turn in reversed(list(turns)):
        text = last_code(turn.text) if target == "code" else turn.text
        if turn.voice == voice and text:
            return Passage(text, COPYABLE[target])
    return f"Nothing to copy: there is no {COPYABLE[target].removeprefix('the last ')} yet."


def last_code(markdown: str) -> str:
    """The content of the last fenced block, empty if there is none."""
    blocks = [match["code"] for match in _FENCED.finditer(markdown)]
    return blocks[-1] if blocks else ""
