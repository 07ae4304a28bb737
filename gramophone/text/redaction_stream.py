"""Redaction of text that comes in pieces: the pieces together hide what the whole would hide.

An item (an event, a line of a log) has any number of pieces, each of a stream. An item waits until
no part of its pieces can become a part of a secret any more, which is seldom longer than the next
piece; with patterns of the user's, for `PATTERN_CHARS` more. The mark stands in the piece in which
the secret begins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from gramophone.text.redaction import CONTEXT_CHARS, CREDENTIAL, RedactedSpan, Redactor, without

T = TypeVar("T")

StreamKey: TypeAlias = Hashable
Settled: TypeAlias = "tuple[T, Sequence[StreamPiece], list[str] | None]"
"""An item, its pieces, and their texts; `None` where no text is another than that of its piece."""
MOST_HELD_CHARS = 65_536
"""Characters of an endless credential that wait at most; what comes then is left out."""

# A secret may be cut anywhere: between two deltas, two lines, two frames. So each stream keeps its
# joined text, and two places in it. Up to `fixed` it is known what is hidden; behind it the text
# may still become a secret (`Redactor.open_from`). A piece is settled once `fixed` has passed its
# end, an item once all its pieces are.
#
# Most text holds no secret. So pieces get places in the joined text only in streams where
# something is hidden or waits; in all others a batch is joined, searched once, and given back as
# it came.


class StreamPiece(NamedTuple):
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
    pieces: Sequence[StreamPiece]
    texts: list[str]
    open: int = 0


@dataclass(slots=True)
class _Stream(Generic[T]):
    """The joined text, from a little before the first piece that is not settled.

    Text before `fixed` is hidden by `spans` or not at all.
    """

    text: str = ""
    added: list[str] = field(default_factory=list[str])
    """Text that was put since the last join, which is made once for a batch."""
    located: int = 0
    """Length of the text that belongs to pieces whose places are known or no longer matter."""
    fixed: int = 0
    spans: list[RedactedSpan] = field(default_factory=list[RedactedSpan])
    hiding: bool = False
    """Whether the end is inside a credential of which a part is settled already."""
    pieces: deque[tuple[_Held[T], int, int, int]] = field(
        default_factory=deque[tuple[_Held[T], int, int, int]]
    )
    """Each with its number in its item, and where it begins and ends."""


class RedactedStreams(Generic[T]):
    """Takes items and gives them back when they are settled. Items are read in batches."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._streams: dict[StreamKey, _Stream[T]] = {}
        self._new: list[Settled[T]] = []
        """Not read yet; with texts where the caller's function has made them."""
        self._unchanged: list[Settled[T]] = []
        """Settled, and put before any of `_held`."""
        self._held: dict[int, _Held[T]] = {}

    def __bool__(self) -> bool:
        """Say whether any item waits."""
        return bool(self._new or self._unchanged or self._held)

    def put(self, item: T, pieces: Sequence[StreamPiece]) -> None:
        """Take an item; it is among the settled ones sooner or later."""
        texts = None
        if self._redactor.has_caller:
            texts = [self._redactor.by_caller(piece.text) for piece in pieces]
        self._new.append((item, pieces, texts))

    def settled(self) -> list[tuple[T, list[str]]]:
        """Give the items that are settled by now, in the order in which they came, each once, with
        the texts of their pieces."""
        return [
            (item, [piece.text for piece in pieces] if texts is None else texts)
            for item, pieces, texts in self.settled_pieces()
        ]

    def settled_pieces(self) -> list[Settled[T]]:
        """Give the same as `settled`, cheaper where nothing is hidden."""
        self._read_new(lambda _: False)
        settled, self._unchanged = self._unchanged, []
        settled_items = [held for held in self._held.values() if not held.open]
        for held in settled_items:
            del self._held[id(held)]
            pairs = zip(held.pieces, held.texts, strict=True)
            changed = any(piece.text != text for piece, text in pairs)
            settled.append((held.item, held.pieces, held.texts if changed else None))
        return settled

    def finish(self, ended: Callable[[StreamKey], bool] = lambda _: True) -> None:
        """End the streams of some keys: everything that is held of them is settled."""
        self._read_new(ended)

    def _read_new(self, ended: Callable[[StreamKey], bool]) -> None:
        """Read the items that were put since the last time; streams of some keys end there."""
        new, self._new = self._new, []
        changed, alone = self._gathered(new)
        ending = {key for key in self._streams if ended(key)}
        streams = {key: self._streams[key] for key in changed | ending}
        # In these something waits or is hidden.
        marked = {
            key for key, stream in streams.items() if not self._read(stream, ended=key in ending)
        }
        if marked or self._held or self._redactor.may_change(alone):
            self._locate(new, marked)
            for key in marked:
                self._settle(streams[key])
        else:
            self._unchanged += new
        for key, stream in streams.items():
            self._forget(stream)
            if key in ending:
                del self._streams[key]

    def _gathered(self, new: Sequence[Settled[T]]) -> tuple[set[StreamKey], list[str]]:
        """Add new items to their streams; give the keys of these, and texts without a stream."""
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
        """Read the text that was added; say whether all of it is settled and unchanged."""
        quiet = not stream.pieces and not stream.hiding
        stream.located = len(stream.text)
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

    def _locate(self, new: Sequence[Settled[T]], marked: set[StreamKey]) -> None:
        """Hold new items, and find the places of their pieces in these streams."""
        for item, pieces, texts in new:
            held = _Held(item, pieces, texts or [piece.text for piece in pieces])
            self._held[id(held)] = held
            for number, (key, text, gap) in enumerate(_with(pieces, held.texts)):
                if key is None or not text:
                    held.texts[number] = self._redactor.hidden(text)
                elif key in marked:
                    stream = self._streams[key]
                    start = stream.located + (len(gap) if stream.located else 0)
                    stream.located = start + len(text)
                    stream.pieces.append((held, number, start, stream.located))
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
            stream.spans.append(RedactedSpan(stream.fixed, end, ""))
            stream.fixed = end

    def _forget(self, stream: _Stream[T]) -> None:
        """Drop text that is settled, except the context that the rest may need."""
        first = stream.pieces[0][2] if stream.pieces else stream.fixed
        dropped_chars = min(first, stream.fixed - CONTEXT_CHARS)
        if dropped_chars <= 2 * CONTEXT_CHARS:
            return
        stream.text = stream.text[dropped_chars:]
        stream.fixed -= dropped_chars
        stream.spans = [
            RedactedSpan(span.start - dropped_chars, span.end - dropped_chars, span.mark)
            for span in stream.spans
            if span.end > dropped_chars
        ]
        stream.pieces = deque(
            (held, number, start - dropped_chars, end - dropped_chars)
            for held, number, start, end in stream.pieces
        )


def _with(pieces: Iterable[StreamPiece], texts: Iterable[str]) -> list[StreamPiece]:
    return [StreamPiece(key, text, gap) for (key, _, gap), text in zip(pieces, texts, strict=True)]
