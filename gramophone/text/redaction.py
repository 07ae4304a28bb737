"""Redaction: secrets are replaced by marks in every string before it is written to disk.

Three things are found: the secrets that the configuration knows, wherever they stand, also in
their JSON and URL spelling and in long pieces; whatever has the shape of a credential (`Token …`,
`Bearer …`, `sk-…`, `api_key=…`); and matches of the user's own patterns. Text that comes in pieces
is for `gramophone.text.redaction_stream`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeAlias
from urllib.parse import quote, quote_plus

from gramophone.core.frozen import frozen

# A mark is made of a keyed hash. The same secret has the same mark all through a library, so that
# equal texts stay equal; and without the key of that library the secret cannot be found by hashing
# guesses. A plain hash of a short secret could be reversed that way.

Redact: TypeAlias = Callable[[str], str]

HIDDEN = "***"
"""Every mark begins and ends with it."""
_HASH_BYTES = 6
MARK = re.compile(rf"\*\*\*([0-9a-f]{{{2 * _HASH_BYTES}}})\*\*\*")
"""Mark of a secret, with its hash."""

# A key for a local server is often a plain word ("none", "ollama"); to replace those would eat
# holes into ordinary talk.
_SHORTEST_SECRET = 8

# The first letters stand apart because most places in a text are done after them.
# A credential has a digit and no spaces; "Bearer of bad news" is not one.
_SHAPES = re.compile(
    r"""\b(?=[tbas])(?P<lead>
            (?:token|bearer)\s+(?=[^\s"'&]*\d)(?=[\w.~+/=-]{16})
          | (?:api|access|secret)[_-]?(?:key|token)\\?["']?\s*[=:]\s*\\?["']?(?=[\w.~+/=-]{8})
          | (?=sk-[\w-]{16})
        )(?P<secret>[\w.~+/=-]+)""",
    re.IGNORECASE | re.VERBOSE,
)
# Plain substring searches are some fifty times cheaper than the expression above; most batches
# hold none of these and are done after them.
_MARKS = ("token ", "token\t", "bearer", "sk-", "key", "access", "secret")


# The end of a text that goes on, where it may still become a credential: from the group on. The
# lead itself is no part of one, except for "sk-".
OPEN_SHAPES = re.compile(
    r"""\b(?=[tbas])(?:
            (?:token|bearer)\s+(?P<spoken>[^\s"'&]*)
          | (?:api|access|secret)[_-]?(?:key|token)\\?["']?\s*[=:]\s*\\?["']?
            (?P<field>[\w.~+/=-]*)
          | (?P<sk>s(?:k(?:-[\w.~+/=-]*)?)?)
        )\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_LEADS = ("token", "bearer", "key", "sk-")
"""Every match of the expression above has one of these, or is `s` or `sk` alone."""
CREDENTIAL = re.compile(r"[\w.~+/=-]*")
"""Characters of a credential."""
CONTEXT_CHARS = 200
"""Characters before a place that may decide whether a secret stands behind it."""
PATTERN_CHARS = 200
"""The longest text of a user's pattern that is surely found while a text goes on; a longer one is
found when the text is whole."""
_GRAM = 8
_LONG_PIECE = 16
"""A piece of a secret is replaced from so many characters on; at a text's end, from `_GRAM` on."""


@frozen
class RedactedSpan:
    """A part of a text that is hidden, and the mark in its place."""

    start: int
    end: int
    mark: str


class Redactor:
    """Replaces secrets in strings. `redact` is the caller's own function, applied first."""

    def __init__(
        self,
        secrets: Iterable[str] = (),
        redact: Redact | None = None,
        *,
        patterns: Iterable[str] = (),
        key: bytes = b"",
    ) -> None:
        """`key` belongs to the library; `patterns` are regular expressions that compile."""
        self._key = hashlib.sha256(key).digest()
        self._secrets: dict[str, str] = {}
        self._grams: dict[str, list[tuple[str, int]]] = {}
        self.learn(secrets)
        self._patterns = [re.compile(pattern) for pattern in patterns]
        self._redact = redact

    def learn(
        self, secrets: Iterable[str], mark: str = "", shortest_chars: int = _SHORTEST_SECRET
    ) -> None:
        """Replace these, too, from now on; may be called from any thread.

        `mark` stands in their place instead of a hash; shorter ones than `shortest_chars` stay.
        """
        spellings = dict(self._secrets)
        for secret in secrets:
            if len(secret) >= shortest_chars:
                instead = mark or self.mark(secret)
                for spelling in _spellings(secret):
                    spellings[spelling] = instead
        # The longest first: a secret may be the beginning of another.
        self._secrets = dict(sorted(spellings.items(), key=lambda pair: -len(pair[0])))
        # Before the grams: another thread may look for these already.
        self._longest = max(map(len, self._secrets), default=0)
        self._grams = _grams(self._secrets)

    @classmethod
    def of(
        cls, redact: Redact | Sequence[str], *, patterns: Iterable[str] = (), key: bytes = b""
    ) -> Redactor:
        """Make a redactor from a function or from the secrets themselves."""
        if isinstance(redact, Redactor):
            return redact
        if callable(redact):
            return cls(redact=redact, patterns=patterns, key=key)
        return cls(redact, patterns=patterns, key=key)

    def __call__(self, text: str) -> str:
        """Give the text without its secrets."""
        return self.hidden(self.by_caller(text))

    @property
    def has_caller(self) -> bool:
        """Whether the caller has a function that is applied first."""
        return self._redact is not None

    def by_caller(self, text: str) -> str:
        """Give the text as the caller's own function leaves it."""
        return text if self._redact is None else self._redact(text)

    def hidden(self, text: str) -> str:
        """Give the text without its secrets, after the caller's own function."""
        spans = self.spans(text)
        return without(text, spans) if spans else text

    def mark(self, secret: str) -> str:
        """Give the mark of `secret`."""
        encoded = secret.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(encoded, digest_size=_HASH_BYTES, key=self._key).hexdigest()
        return f"{HIDDEN}{digest}{HIDDEN}"

    def may_change(self, texts: Sequence[str]) -> bool:
        """Say whether any of the texts may hold a secret; a cheap look at a whole batch."""
        if self._redact is not None or self._suspicious("\0".join(texts)):
            return True
        if not self._patterns:
            return False
        # A pattern may find what ends at a mark, and not where the text goes on.
        return any(HIDDEN in text for text in texts) or any(
            pattern.search(text) for pattern in self._patterns for text in texts
        )

    def spans(self, text: str, start: int = 0) -> list[RedactedSpan]:
        """Find what is hidden of a text from `start` on, in order.

        The text before `start` is context only. Marks that are there already are among the spans.
        """
        suspicious = self._suspicious(text if not start else text[_before(start) :])
        if not suspicious and not self._patterns:
            return []
        spans = [RedactedSpan(m.start(), m.end(), m[0]) for m in MARK.finditer(text, start)]
        if suspicious:
            for finder in (self._whole, self._over_lines, self._pieces, self._shapes):
                spans = _with_gaps_searched(text, start, spans, finder)
        for pattern in self._patterns:
            by = partial(self._matches, pattern)
            spans = _with_gaps_searched(text, start, spans, by)
        return spans

    def open_from(self, text: str, start: int = 0) -> int:
        """Find the first place, from `start` on, from which an open text may become a secret."""
        opening = self._beginning_at_end(text, start)
        # A part of a secret that reaches the end begins shortly before it.
        near = max(start, len(text) - self._longest)
        for left, right, secret, offset in self._parts(text, near, len(text)):
            if right == len(text) and offset + right - left < len(secret):
                opening = min(opening, left)
        if shape := OPEN_SHAPES.search(text, _shape_from(text, start)):
            opening = min(opening, shape.start(shape.lastgroup or 0))
        if self._patterns:
            opening = min(opening, len(text) - PATTERN_CHARS)
        return max(start, opening)

    def _beginning_at_end(self, text: str, start: int) -> int:
        """Find the place behind `start` from which the end of a text may begin a secret."""
        opening = len(text)
        for secret in self._secrets:
            at = text.find(secret[:1], max(start, len(text) - len(secret) + 1))
            while at >= 0 and not secret.startswith(text[at:]):
                at = text.find(secret[:1], at + 1)
            opening = min(opening, at) if at >= 0 else opening
        return opening

    def _suspicious(self, text: str) -> bool:
        lowered = text.lower()
        if any(mark in lowered for mark in _MARKS):
            return True
        if "\n" in text:
            line = _on_one_line(text)
            if any(gram in line for gram in self._grams):
                return True
        return any(secret in text for secret in self._secrets) or any(
            gram in text for gram in self._grams
        )

    # --- finders: what is hidden of a text between two places ------------------------------------

    # Each looks only into the gaps that those before it have left, so that spans never overlap:
    # whole secrets first, then those over lines, pieces, shapes, and the user's patterns.

    def _whole(self, text: str, start: int, end: int) -> list[RedactedSpan]:
        spans: list[RedactedSpan] = []
        for secret, mark in self._secrets.items():
            places: list[RedactedSpan] = []
            for left, right in _gaps(spans, start, end):
                at = text.find(secret, left, right)
                while at >= 0:
                    places.append(RedactedSpan(at, at + len(secret), mark))
                    at = text.find(secret, at + len(secret), right)
            if places:
                spans = sorted([*spans, *places], key=lambda span: span.start)
        return spans

    def _pieces(self, text: str, start: int, end: int) -> list[RedactedSpan]:
        """Find long pieces of secrets. Text before `start` counts for their length."""
        pieces: list[RedactedSpan] = []
        for left, right, secret, offset in self._parts(text, start, end):
            # What ends the text was cut short, perhaps by ourselves.
            cut_short = right == len(text) and not offset
            if right - left >= (_GRAM if cut_short else _LONG_PIECE):
                pieces.append(RedactedSpan(max(left, start), right, self._secrets[secret]))
        return _longest_of(pieces)

    def _over_lines(self, text: str, start: int, end: int) -> list[RedactedSpan]:
        """Find secrets with line breaks in them, as they come from a narrow terminal or as parts of
        one message."""
        line = _on_one_line(text[start:end])
        if len(line) == end - start or not any(gram in line for gram in self._grams):
            return []
        offsets = [at for at in range(start, end) if text[at] not in "\r\n"]
        spans = self._whole(line, 0, len(line))
        for gap in _gaps(spans, 0, len(line)):
            spans = [*spans, *self._pieces(line, *gap)]
        return _longest_of(
            RedactedSpan(offsets[span.start], offsets[span.end - 1] + 1, span.mark)
            for span in spans
        )

    def _parts(self, text: str, start: int, end: int) -> Iterator[tuple[int, int, str, int]]:
        """Yield parts of secrets that hold one of `_grams` and end behind `start`: start and end in
        the text, the secret, and the offset in it."""
        for gram, places in self._grams.items():
            at = text.find(gram, max(0, start - _LONG_PIECE), end)
            while at >= 0:
                for secret, offset in places:
                    left, right = _grown(text, at, secret, offset, end)
                    if right > start:
                        yield left, right, secret, offset - (at - left)
                at = text.find(gram, at + 1, end)

    def _shapes(self, text: str, start: int, end: int) -> list[RedactedSpan]:
        return [
            RedactedSpan(match.start("secret"), match.end(), self.mark(match["secret"]))
            for match in _SHAPES.finditer(text, _before(start), end)
            if match.start("secret") >= start
        ]

    def _matches(
        self, pattern: re.Pattern[str], text: str, start: int, end: int
    ) -> list[RedactedSpan]:
        return [
            RedactedSpan(match.start(), match.end(), self.mark(match[0]))
            for match in pattern.finditer(text, start, end)
            if match[0]
        ]


def without(
    text: str, spans: Iterable[RedactedSpan], start: int = 0, end: int | None = None
) -> str:
    """Give the text from `start` to `end` without what is hidden of it.

    A mark stands where its span begins, so a span that begins before `start` has none.
    """
    pieces: list[str] = []
    end = len(text) if end is None else end
    at = start
    for span in spans:
        if span.end <= start or span.start >= end:
            continue
        pieces.append(text[at : max(at, span.start)])
        if span.start >= start:
            pieces.append(span.mark)
        at = min(span.end, end)
    return "".join([*pieces, text[at:end]])


def refusal(pattern: str) -> str:
    """Give the reason why a pattern of the user's cannot be used, or an empty string."""
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return f"is not a valid regular expression ({error})"
    return "matches the empty text" if compiled.search("") else ""


def _spellings(secret: str) -> set[str]:
    """Give a secret as it is, and as JSON and addresses spell it."""
    return {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
    }


def _grams(secrets: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
    """Index secrets by every eighth run of eight characters.

    A piece of sixteen characters (`_LONG_PIECE`) holds a whole one of these, wherever it begins:
    so a search for few short strings finds every long piece.
    """
    grams: dict[str, list[tuple[str, int]]] = {}
    for secret in secrets:
        for offset in range(0, len(secret) - _GRAM + 1, _GRAM):
            if len(secret) > _GRAM:
                grams.setdefault(secret[offset : offset + _GRAM], []).append((secret, offset))
    return grams


def _on_one_line(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")


def _grown(text: str, at: int, secret: str, offset: int, end: int) -> tuple[int, int]:
    """Give start and end of the longest piece of a secret around the part at a place."""
    left, before = at, offset
    while left > 0 and before > 0 and text[left - 1] == secret[before - 1]:
        left, before = left - 1, before - 1
    right, behind = at + _GRAM, offset + _GRAM
    while right < end and behind < len(secret) and text[right] == secret[behind]:
        right, behind = right + 1, behind + 1
    return left, right


def _longest_of(spans: Iterable[RedactedSpan]) -> list[RedactedSpan]:
    """Give spans that do not overlap, in order; of those that do the longest stays."""
    chosen: list[RedactedSpan] = []
    for span in sorted(spans, key=lambda span: span.start - span.end):
        if all(span.end <= other.start or span.start >= other.end for other in chosen):
            chosen.append(span)
    return sorted(chosen, key=lambda span: span.start)


def _gaps(spans: Iterable[RedactedSpan], start: int, end: int) -> list[tuple[int, int]]:
    gaps: list[tuple[int, int]] = []
    for span in spans:
        gaps.append((start, span.start))
        start = span.end
    return [(left, right) for left, right in [*gaps, (start, end)] if left < right]


def _with_gaps_searched(
    text: str,
    start: int,
    spans: Sequence[RedactedSpan],
    finder: Callable[[str, int, int], list[RedactedSpan]],
) -> list[RedactedSpan]:
    new = [span for gap in _gaps(spans, start, len(text)) for span in finder(text, gap[0], gap[1])]
    return sorted([*spans, *new], key=lambda span: span.start) if new else list(spans)


def _before(start: int) -> int:
    return max(0, start - CONTEXT_CHARS)


def _shape_from(text: str, start: int) -> int:
    """Give the place from which to look for a shape that is open at the end of a text.

    Plain searches for the leads save the slow expression most of the text.
    """
    before = _before(start)
    folded = text[before:].casefold()
    return before if any(lead in folded for lead in _LEADS) else max(before, len(text) - 2)
