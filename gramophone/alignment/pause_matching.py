"""Matching of the silences in a sound with the marks at which its text has pauses.

Between two pauses words keep the pace of the duration model within some hundredths of a second;
over several sentences they do not. So where the sound is stored, its silences say when a mark was
reached, and the matched pairs tie text to sound.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gramophone.core.frozen import frozen

BUCKETS_PER_SECOND = 100
"""Peaks per second of sound, in the shape that a stored sound has."""
_SHORTEST_BUCKETS = 8
_LOUDEST_PART = 40
"""A peak of a fortieth of the loudest, or less, is silence."""
_FAINTEST_VOICE = 8
"""Of 255. A sound without a louder peak has no silences: they cannot be told from the voice."""
_LEAD_MS = 300
"""Longest silence, in the time of the text, with which a sound may begin before its words."""

# Costs of a match. One unit is an error of speech between two matches of `_UNSURE_SHARE` of its
# length plus `_UNSURE_MS`. A mark without a silence costs more at the end of a sentence, where
# a voice rarely goes on without one; a silence without a mark costs by its length, up to a limit.
_MARKS_BACK, _SILENCES_BACK = 4, 6
"""Marks and silences in a row that may stay without a match, which bounds the work."""
_FARTHEST_MS = 15_000
"""Most that a silence may be away from its mark, in the time of the text; it bounds the work for a
long text. The speech of a whole minute differs from the duration model by a few seconds."""
_UNSURE_MS = 130
_UNSURE_SHARE = 0.2
_CLAUSE_MISSED, _SENTENCE_MISSED = 1.0, 1.5
_SILENCE_MISSED_PER_MS, _SILENCE_MISSED = 0.007, 3.0

Silence: TypeAlias = tuple[int, int]
"""First sample of a silence, and the one after its last."""

Anchor: TypeAlias = tuple[int, int]
"""A moment of the text by the duration model, in ms, and the sample at which it is heard."""


@frozen
class TextPause:
    """A pause that a text asks for, in ms by the duration model; `sentence` if one ends there."""

    start_ms: int
    end_ms: int
    sentence: bool


def find_silences(peaks: bytes, rate_hz: int) -> list[Silence]:
    """Find the silences of a sound from its peaks (0 to 255), `BUCKETS_PER_SECOND` of them."""
    loudest = max(peaks, default=0)
    if loudest < _FAINTEST_VOICE:
        return []
    limit = max(2, loudest // _LOUDEST_PART)
    result: list[Silence] = []
    began: int | None = None
    for bucket, peak in enumerate((*peaks, 255)):
        if peak <= limit:
            began = bucket if began is None else began
            continue
        if began is not None and bucket - began >= _SHORTEST_BUCKETS:
            result.append((_sample(began, rate_hz), _sample(bucket, rate_hz)))
        began = None
    return result


def _sample(bucket: int, rate_hz: int) -> int:
    return bucket * rate_hz // BUCKETS_PER_SECOND


def sample_at(anchors: Sequence[Anchor], at_ms: int) -> int:
    """Give the sample at which a moment of the text is heard, by the anchors around it."""
    index = min(max(1, bisect_right(anchors, (at_ms, 1 << 62))), len(anchors) - 1)
    (low_ms, low), (high_ms, high) = anchors[index - 1], anchors[index]
    return low + (high - low) * (at_ms - low_ms) // max(1, high_ms - low_ms)


def match_pauses(
    pauses: Sequence[TextPause], length_ms: int, start: int, end: int, silences: Sequence[Silence]
) -> list[Anchor]:
    """Give anchors for a text of `length_ms` whose sound is the samples from `start` to `end`.

    The first and the last anchor are the ends of the text; between them are those of the pauses
    that are heard as one of `silences`.
    """
    length_ms = max(1, length_ms)
    # No pause is as long as all that is said around it.
    longest = (end - start) // 2
    inside = [
        (first, last)
        for first, last in silences
        if start <= first and last <= end and last - first <= longest
    ]
    first = start
    if (
        inside
        and inside[0][0] == start
        and (inside[0][1] - start) * length_ms <= _LEAD_MS * (end - start)
    ):
        first = inside.pop(0)[1]
    anchors = [(0, first)]
    for pause, silence in _cheapest(pauses, length_ms, first, end, inside):
        anchors += ((pause.start_ms, silence[0]), (pause.end_ms, silence[1]))
    if anchors[-1][0] < length_ms:
        anchors.append((length_ms, end))
    return anchors


@dataclass(slots=True)
class _Path:
    """Cheapest way to match everything up to a pause with everything up to a silence."""

    cost: float
    before: tuple[int, int] | None


# Dynamic programming, as in the alignment of sequences: `paths[i, j]` is the cheapest way that
# matches mark i with silence j, found from those before it. Its cost adds up what was passed over
# and how far the speech between two matches differs from the length that the text asks for.


def _cheapest(
    pauses: Sequence[TextPause], length_ms: int, start: int, end: int, silences: Sequence[Silence]
) -> list[tuple[TextPause, Silence]]:
    """Pair pauses with the silences they are heard as, so that the speech in between has the
    length it should have. Not every pause is heard, and not every silence is one."""
    scale = (end - start) / length_ms
    missed = [_SENTENCE_MISSED if pause.sentence else _CLAUSE_MISSED for pause in pauses]
    extra = [
        min(_SILENCE_MISSED, (last - first) / max(scale, 1e-9) * _SILENCE_MISSED_PER_MS)
        for first, last in silences
    ]
    # The beginning and the end are matched as they are.
    texts = [(0, 0), *((p.start_ms, p.end_ms) for p in pauses), (length_ms, length_ms)]
    sounds = [(start, start), *silences, (end, end)]
    begins = [first for first, _ in silences]
    paths: dict[tuple[int, int], _Path] = {(0, 0): _Path(0.0, None)}
    for i in range(1, len(texts)):
        low = bisect_left(begins, start + (texts[i][0] - _FARTHEST_MS) * scale)
        high = bisect_right(begins, start + (texts[i][0] + _FARTHEST_MS) * scale)
        last = len(sounds) - 1
        for j in (last,) if i == len(texts) - 1 else range(low + 1, high + 1):
            best = _Path(float("inf"), None)
            for back in range(max(0, i - _MARKS_BACK), i):
                for other in range(max(0, j - _SILENCES_BACK), j):
                    path = paths.get((back, other))
                    if path is None:
                        continue
                    cost = path.cost + sum(missed[back : i - 1]) + sum(extra[other : j - 1])
                    expected = (texts[i][0] - texts[back][1]) * scale
                    actual = sounds[j][0] - sounds[other][1]
                    unsure = expected * _UNSURE_SHARE + _UNSURE_MS * scale
                    cost += abs(actual - expected) / max(unsure, 1e-9)
                    if cost < best.cost:
                        best = _Path(cost, (back, other))
            if best.before is not None:
                paths[i, j] = best
    return _trace_back(pauses, silences, paths)


def _trace_back(
    pauses: Sequence[TextPause], silences: Sequence[Silence], paths: dict[tuple[int, int], _Path]
) -> list[tuple[TextPause, Silence]]:
    """Walk back from the end along the cheapest way; no pairs where no way leads there."""
    path = paths.get((len(pauses) + 1, len(silences) + 1))
    pairs: list[tuple[TextPause, Silence]] = []
    while path is not None and path.before not in (None, (0, 0)):
        assert path.before is not None
        i, j = path.before
        pairs.append((pauses[i - 1], silences[j - 1]))
        path = paths[path.before]
    return pairs[::-1]
