"""Notice to a user who looks elsewhere: a long answer is over.

A terminal that reports its focus says when the user has left it; of others nothing is known, and
nothing is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gramophone.core.timeline import Entry, TurnCompleted, TurnInterrupted, TurnStarted
from gramophone.text.sanitize import plain_line

LONG_ANSWER_US: Final = 20_000_000
"""Time from the beginning of an answer to its last sound, above which its end is worth a notice."""

BELL: Final = "\a"
_MOST_WORDS_CHARS: Final = 80
_WITH_OSC_777: Final = ("foot", "rxvt")


class AnswerTimer:
    """Finds ends of long answers among the entries of a conversation."""

    def __init__(self) -> None:
        self._began_us: int | None = None

    def long_answer_ended(self, entries: Iterable[Entry]) -> bool:
        """Whether a long answer came to its own end; one that the user stopped does not count."""
        ended = False
        for entry in entries:
            match entry:
                case TurnStarted(role="assistant"):
                    self._began_us = entry.at_us
                case TurnInterrupted():
                    self._began_us = None
                case TurnCompleted(role="assistant") if self._began_us is not None:
                    ended = ended or entry.at_us - self._began_us > LONG_ANSWER_US
                    self._began_us = None
                case _:
                    pass
        return ended


def notice_sequence(kind: str, words: str, environment: Mapping[str, str]) -> str:
    """Characters that make the terminal notify: of the kind `bell`, `desktop` or `off`.

    A desktop notice is OSC 777 where the terminal has that, else OSC 9. Within tmux and screen,
    which show neither, it is a bell.
    """
    if kind not in ("bell", "desktop"):
        return ""
    if kind == "bell" or environment.get("TMUX") or environment.get("STY"):
        return BELL
    # A semicolon parts arguments, and terminals take OSC 9;4 for a progress bar.
    text = plain_line(words).replace(";", ",")[:_MOST_WORDS_CHARS]
    if environment.get("TERM", "").startswith(_WITH_OSC_777):
        return f"\x1b]777;notify;Gramophone;{text}\x1b\\"
    return f"\x1b]9;{text}\x1b\\"
