"""Redaction of text that comes in pieces: what is hidden of the whole is hidden of the pieces.

An item (an event, a line of a log) has any number of pieces, each of a stream. An item waits until
nothing of its pieces can become a part of a secret any more: for the characters that may begin one,
which is seldom more than the next piece; with patterns of the user's, for `PATTERN_CHARS` more. The
mark stands in the piece in which the secret begins. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from gramophone.text.redaction import CONTEXT_CHARS, CREDENTIAL, Redactor, Span, without

T = TypeVar("T")

StreamKey: TypeAlias = Hashable
Settled: TypeAlias = "tuple[T, Sequence[Piece], list[str] | None]"
"""An item, its pieces, and their texts; `None` where no text is another than that of its piece."""
MOST_HELD_CHARS = 65_536
"""Of what looks like a credential without end so much waits; what comes then is left out."""


class Piece(NamedTuple):
    """A piece of the stream `key`; without a key it stands alone.

    `gap` is what stands between it and the piece before, and in neither of them.
    """

    key: StreamKey | None
    text: str
    gap: str = ""


@dataclass(slots=True)
class _Held(Generic[T]):
    """An item, its pieces, their texts as far as they are settled, and how many are not."""

    item: T
    pieces: Sequence[Piece]
    texts: list[str]
    open: int = 0


@dataclass(slots=True)
class _Stream(Generic[T]):
    """The joined text from a place shortly before the first piece that is not settled.

    What stands before `fixed` is known to be hidden by `spans` or not at all.
    """

    text: str = ""
    added: list[str] = field(default_factory=list[str])
    """What was put since the text was joined: once for a batch of pieces."""
    placed: int = 0
    """How much of the text belongs to pieces whose places are known or do not matter any more."""
    fixed: int = 0
    spans: list[Span] = field(default_factory=list[Span])
    hiding: bool = False
    """Within a credential of which a part is settled already."""
    pieces: deque[tuple[_Held[T], int, int, int]] = field(
        default_factory=deque[tuple[_Held[T], int, int, int]]
    )
    """Each with its number in its item, and where it begins and ends."""


class RedactedStreams(Generic[T]):
    """Takes items and gives them back when they are settled.

    What was put is read as one batch. Where pieces stand in their stream, and what becomes of each,
    is only worked out for streams in which something is hidden or waits.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._streams: dict[StreamKey, _Stream[T]] = {}
        self._new: list[Settled[T]] = []
        """Not read yet; with texts where the caller's function has made them."""
        self._unchanged: list[Settled[T]] = []
        """Settled, and put before any of `_held`."""
        self._held: dict[int, _Held[T]] = {}

    def __bool__(self) -> bool:
        """Whether any item waits."""
        return bool(self._new or self._unchanged or self._held)

    def put(self, item: T, pieces: Sequence[Piece]) -> None:
        """Take an item; it is among the settled ones sooner or later."""
        texts = None
        if self._redactor.has_caller:
            texts = [self._redactor.by_caller(piece.text) for piece in pieces]
        self._new.append((item, pieces, texts))

    def settled(self) -> list[tuple[T, list[str]]]:
        """The items that are settled by now, in the order in which they came, each once; with the
        texts of their pieces."""
        return [
            (item, [piece.text for piece in pieces] if texts is None else texts)
            for item, pieces, texts in self.settled_pieces()
        ]

    def settled_pieces(self) -> list[Settled[T]]:
        """As `settled`, and cheaper where nothing is hidden."""
        self._read_new(lambda _: False)
        settled, self._unchanged = self._unchanged, []
        done = [held for held in self._held.values() if not held.open]
        for held in done:
            del self._held[id(held)]
            pairs = zip(held.pieces, held.texts, strict=True)
            changed = any(piece.text != text for piece, text in pairs)
            settled.append((held.item, held.pieces, held.texts if changed else None))
        return settled

    def finish(self, ended: Callable[[StreamKey], bool] = lambda _: True) -> None:
        """Nothing more comes in the streams of these keys: what is held of them is settled."""
        self._read_new(ended)

    def _read_new(self, ended: Callable[[StreamKey], bool]) -> None:
        """Read what was put since the last time; the streams of some keys end with it."""
        new, self._new = self._new, []
        changed, alone = self._gathered(new)
        ending = {key for key in self._streams if ended(key)}
        read = {key: self._streams[key] for key in changed | ending}
        # In these something waits or is hidden.
        marked = {key for key, each in read.items() if not self._read(each, ended=key in ending)}
        if marked or self._held or self._redactor.may_change(alone):
            self._place(new, marked)
            for key in marked:
                self._settle(read[key])
        else:
            self._unchanged += new
        for key, stream in read.items():
            self._forget(stream)
            if key in ending:
                del self._streams[key]

    def _gathered(self, new: Sequence[Settled[T]]) -> tuple[set[StreamKey], list[str]]:
        """Add what is new to its streams: the keys of these, and the texts that stand alone."""
        streams = self._streams
        changed: set[StreamKey] = set()
        alone: list[str] = []
        for _, pieces, texts in new:
            for key, text, gap in pieces if texts is None else _with(pieces, texts):
                if key is None or not text:
                    alone.append(text)
                    continue
                stream = streams.get(key)
                if stream is None:
                    stream = streams[key] = _Stream()
                elif gap:
                    stream.added.append(gap)
                stream.added.append(text)
                changed.add(key)
        return changed, alone

    def _read(self, stream: _Stream[T], *, ended: bool) -> bool:
        """Read what was added to a stream; whether all of it is settled and stays as it is."""
        quiet = not stream.pieces and not stream.hiding
        stream.placed = len(stream.text)
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
        return quiet and not spans and limit == len(text)

    def _place(self, new: Sequence[Settled[T]], marked: set[StreamKey]) -> None:
        """Hold what is new, and find the places of its pieces in these streams."""
        for item, pieces, texts in new:
            held = _Held(item, pieces, texts or [piece.text for piece in pieces])
            self._held[id(held)] = held
            for number, (key, text, gap) in enumerate(_with(pieces, held.texts)):
                if key is None or not text:
                    held.texts[number] = self._redactor.hidden(text)
                elif key in marked:
                    stream = self._streams[key]
                    start = stream.placed + (len(gap) if stream.placed else 0)
                    stream.placed = start + len(text)
                    stream.pieces.append((held, number, start, stream.placed))
                    held.open += 1

    def _settle(self, stream: _Stream[T]) -> None:
        """Give the pieces before `fixed` their texts."""
        while stream.pieces and stream.pieces[0][3] <= stream.fixed:
            held, number, start, end = stream.pieces.popleft()
            held.texts[number] = without(stream.text, stream.spans, start, end)
            held.open -= 1

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
        stream.fixed -= gone
        stream.spans = [
            Span(span.start - gone, span.end - gone, span.mark)
            for span in stream.spans
            if span.end > gone
        ]
        stream.pieces = deque(
            (held, number, start - gone, end - gone) for held, number, start, end in stream.pieces
        )


def _with(pieces: Iterable[Piece], texts: Iterable[str]) -> list[Piece]:
    return [Piece(key, text, gap) for (key, _, gap), text in zip(pieces, texts, strict=True)]
