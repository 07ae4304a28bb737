"""What a peer may send at most; whoever sends more is cut off with a sentence.

The figures are far above what any service sends, and low enough that one peer takes less than
150 MB of memory, copies included. Sizes of the stand-in's requests are in `standin.http.Patience`.
"""

from __future__ import annotations

from typing import Final

MOST_EVENT_BYTES: Final = 10 * 2**20
"""One server-sent event, or one line of a stream."""

MOST_ANSWER_BYTES: Final = 128 * 2**20
"""All of a streamed answer on the wire; the longest answers of today's models have 40 MB."""

LEAST_EVENT_BYTES: Final = 256
"""An event of an answer counts as so much at least: half a million of them have to do."""

MOST_ANSWER_CHARS: Final = 10_000_000
"""All text of an answer: twenty times what today's models can say at once."""

MOST_REFUSAL_BYTES: Final = 2**16
"""The body of an answer with an error status; what is longer is not read."""

MOST_FRAME_BYTES: Final = 8 * 2**20
"""One message on a websocket of a service; Deepgram's have a few kilobytes."""


class TextBound:
    """Counts the text of one answer."""

    def __init__(self) -> None:
        self._chars = 0

    def add(self, text: str) -> None:
        """More has come.

        Raises:
            TooMuch: it is more than `MOST_ANSWER_CHARS`.
        """
        self._chars += len(text)
        if self._chars > MOST_ANSWER_CHARS:
            raise TooMuch(f"a text of more than {MOST_ANSWER_CHARS:,} characters")


class TooMuch(ValueError):
    """A peer sent more than anybody needs; its text names what and how much."""

    @classmethod
    def of(cls, what: str, bound_bytes: int) -> TooMuch:
        """`what` had more than `bound_bytes`."""
        return cls(f"{what} of more than {bound_bytes // 2**20} MB")
