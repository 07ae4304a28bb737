"""Bounds on what a peer may send; one that sends more is cut off with a sentence.

The figures are far above what any service sends, and low enough that one peer takes less than
150 MB of memory, copies included. The stand-in's bounds are in its `server.http.Timeouts`.
"""

from __future__ import annotations

from typing import Final

MOST_EVENT_BYTES: Final = 2**19
"""One server-sent event of a language model, or one line of its stream. Those of text have a few
hundred bytes; a server that sends a whole answer at once stays below it, too."""

MOST_EVENT_VALUES: Final = 50_000
"""JSON values of one such event: many short ones take thirty times the room of their text."""

MOST_RECORDED_EVENT_BYTES: Final = 10 * 2**20
"""One event that the recording proxy passes on: its clients may ask for pictures."""

MOST_ANSWER_BYTES: Final = 128 * 2**20
"""A streamed answer on the wire; the longest answers of today's models have 40 MB."""

MOST_WHOLE_BYTES: Final = 4 * 2**20
"""An answer in one JSON body where a stream was requested; `MOST_ANSWER_CHARS` fit with escapes."""

LEAST_EVENT_BYTES: Final = 256
"""The least that an event of an answer counts as, so that there are half a million at most."""

MOST_ANSWER_CHARS: Final = 600_000
"""The text of an answer; the 128,000 tokens that today's models say at most have 500,000."""

MOST_GIVE_BACK_CHARS: Final = 2**22
"""Characters that one answer may want back with the next request: signed and encrypted thoughts."""

MOST_REFUSAL_BYTES: Final = 2**16
"""The body of an answer with an error status; the rest is not read."""

MOST_FRAME_BYTES: Final = 8 * 2**20
"""One message on a websocket of a service; Deepgram's have a few kilobytes."""


class TextBound:
    """Counts the text of one answer, or something else that it has a bound of its own for."""

    def __init__(self, most_chars: int = MOST_ANSWER_CHARS) -> None:
        self._most_chars = most_chars
        self._chars = 0

    def add(self, text: str) -> None:
        """Add a piece.

        Raises:
            TooMuch: it is more than there may be.
        """
        self._chars += len(text)
        if self._chars > self._most_chars:
            raise TooMuch(f"a text of more than {self._most_chars:,} characters")


class TooMuch(ValueError):
    """A peer sent more than anybody needs; its text names what and how much."""

    @classmethod
    def of(cls, subject: str, bound_bytes: int) -> TooMuch:
        """`subject` had more than `bound_bytes`."""
        if bound_bytes < 2**20:
            return cls(f"{subject} of more than {bound_bytes // 2**10} kB")
        return cls(f"{subject} of more than {bound_bytes // 2**20} MB")
