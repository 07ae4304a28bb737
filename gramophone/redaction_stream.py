"""Redaction of text that comes in pieces: what is hidden of the whole is hidden of the pieces.

An item (an event, a line of a log) has any number of pieces, each of a stream. An item waits until
nothing of its pieces can become a part of a secret any more: for the characters that may begin one,
which is seldom more than the next piece; with patterns of the user's, for `PATTERN_CHARS` more. The
mark stands in the piece in which the secret begins. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar

from gramophone.redaction import CONTEXT_CHARS, CREDENTIAL, Redactor, Span, without
from gramophone.values import value

T = TypeVar("T")

StreamKey: TypeAlias = Hashable
MOST_HELD_CHARS = 65_536
"""Of what looks like a credential without end so much waits; what comes then is left out."""


@value
class Piece:
    """A piece of the stream `key`; without a key it stands alone.

    `gap` is what stands between it and the piece before, and in neither of them.
    """

    key: StreamKey | None
    text: str
    gap: str = ""


@dataclass(slots=True)
class _Held(Generic[T]):
    """An item, the texts of its pieces as far as they are settled, and how many are not."""

    item: T
    texts: list[str]
    open: int


@dataclass(slots=True)
class _Stream(Generic[T]):
    """The joined text from a place shortly before the first piece that is not settled.

    What stands before `fixed` is known to be hidden by `spans` or not at all.
    """

    text: str = ""
    added: list[str] = field(default_factory=list[str])
    length: int = 0
    """Of the text and what was added since it was joined: once for a batch of pieces."""
    fixed: int = 0
    spans: list[Span] = field(default_factory=list[Span])
    hiding: bool = False
    """Within a credential of which a part is settled already."""
    pieces: deque[tuple[_Held[T], int, int, int]] = field(
        default_factory=deque[tuple[_Held[T], int, int, int]]
    )
    """Each with its number in its item, and where it begins and ends."""


class RedactedStreams(Generic[T]):
    """Takes items and gives them back when they are settled."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._streams: dict[StreamKey, _Stream[T]] = {}
        self._changed: set[StreamKey] = set()
        self._held: dict[int, _Held[T]] = {}

    def __bool__(self) -> bool:
        """Whether any item waits."""
        return bool(self._held)

    def put(self, item: T, pieces: Sequence[Piece]) -> None:
        """Take an item; it is among the settled ones sooner or later."""
        held = _Held(item, [piece.text for piece in pieces], 0)
        self._held[id(held)] = held
        for number, piece in enumerate(pieces):
            if piece.key is None or not piece.text:
                held.texts[number] = self._redactor(piece.text)
                continue
            held.open += 1
            stream = self._streams.setdefault(piece.key, _Stream())
            gap = piece.gap if stream.length else ""
            start = stream.length + len(gap)
            stream.added += (gap, text := self._redactor.by_caller(piece.text))
            stream.length = start + len(text)
            stream.pieces.append((held, number, start, stream.length))
            self._changed.add(piece.key)

    def settled(self) -> list[tuple[T, list[str]]]:
        """The items that are settled by now, in the order in which they came, each once; with the
        texts of their pieces."""
        for key in self._changed:
            self._advance(self._streams[key], ended=False)
        self._changed.clear()
        done = [held for held in self._held.values() if not held.open]
        for held in done:
            del self._held[id(held)]
        return [(held.item, held.texts) for held in done]

    def finish(self, ended: Callable[[StreamKey], bool] = lambda _: True) -> None:
        """Nothing more comes in the streams of these keys: what is held of them is settled."""
        for key in [key for key in self._streams if ended(key)]:
            self._advance(self._streams.pop(key), ended=True)
            self._changed.discard(key)

    def _advance(self, stream: _Stream[T], *, ended: bool) -> None:
        text = stream.text = "".join([stream.text, *stream.added])
        stream.added.clear()
        self._go_on_hiding(stream)
        fixed = stream.fixed
        limit = len(text) if ended else self._redactor.open_from(text, fixed)
        if limit == fixed and len(text) - fixed > MOST_HELD_CHARS:
            limit, stream.hiding = len(text), True
        spans = self._redactor.spans(text, fixed)
        if limit < len(text):
            # One that reaches beyond may still grow.
            limit = min([limit, *(span.start for span in spans if span.end > limit)])
        stream.spans += [span for span in spans if span.start < limit]
        stream.fixed = limit
        while stream.pieces and stream.pieces[0][3] <= limit:
            held, number, start, end = stream.pieces.popleft()
            held.texts[number] = without(text, stream.spans, start, end)
            held.open -= 1
        self._forget(stream)

    def _go_on_hiding(self, stream: _Stream[T]) -> None:
        if stream.hiding:
            rest = CREDENTIAL.match(stream.text, stream.fixed)
            end = rest.end() if rest else stream.fixed
            stream.hiding = end == len(stream.text)
            stream.spans.append(Span(stream.fixed, end, ""))
            stream.fixed = end

    def _forget(self, stream: _Stream[T]) -> None:
        """Keep of the text what is not settled, and what may matter to it."""
        first = stream.pieces[0][2] if stream.pieces else stream.fixed
        gone = min(first, stream.fixed - CONTEXT_CHARS)
        if gone <= 2 * CONTEXT_CHARS:
            return
        stream.text = stream.text[gone:]
        stream.length -= gone
        stream.fixed -= gone
        stream.spans = [
            Span(span.start - gone, span.end - gone, span.mark)
            for span in stream.spans
            if span.end > gone
        ]
        stream.pieces = deque(
            (held, number, start - gone, end - gone) for held, number, start, end in stream.pieces
        )
