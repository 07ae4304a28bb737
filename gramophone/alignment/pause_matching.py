"""Pauses that are heard, matched with the marks at which a text has them; pure.

Between two pauses words keep their pace within some hundredths of a second, over several sentences
they do not. So where the sound is at hand, its silences say when a mark was reached.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gramophone.core.frozen import frozen

BUCKETS_PER_SECOND = 100
_SHORTEST_BUCKETS = 8
_LOUDEST_PART = 40
"""What has a fortieth of the loudest is silence."""
_FAINTEST_VOICE = 8
"""Of 255. In what is fainter nothing can be told from silence."""
_LEAD_MS = 300

_MARKS_BACK, _SILENCES_BACK = 4, 6
_UNSURE_MS = 130
_UNSURE_SHARE = 0.2
_CLAUSE_MISSED, _SENTENCE_MISSED = 1.0, 1.5
_SILENCE_MISSED_A_MS, _SILENCE_MISSED = 0.007, 3.0

Silence: TypeAlias = tuple[int, int]
"""Its first sample, and the one after its last."""

Anchor: TypeAlias = tuple[int, int]
"""A moment of the text by its own pace, in milliseconds, and the sample at which it is heard."""


@frozen
class Pause:
    """A pause that a text asks for, by its own pace."""

    start_ms: int
    end_ms: int
    sentence: bool


def silences(peaks: bytes, rate_hz: int) -> list[Silence]:
    """Where a sound falls silent, from its loudest samples, `BUCKETS_PER_SECOND` of them."""
    loudest = max(peaks, default=0)
    if loudest < _FAINTEST_VOICE:
        return []
    limit = max(2, loudest // _LOUDEST_PART)
    found: list[Silence] = []
    began: int | None = None
    for bucket, peak in enumerate((*peaks, 255)):
        if peak <= limit:
            began = bucket if began is None else began
            continue
        if began is not None and bucket - began >= _SHORTEST_BUCKETS:
            found.append((_sample(began, rate_hz), _sample(bucket, rate_hz)))
        began = None
    return found


def _sample(bucket: int, rate_hz: int) -> int:
    return bucket * rate_hz // BUCKETS_PER_SECOND


def sample_at(anchors: Sequence[Anchor], at_ms: int) -> int:
    """When a moment of the text is heard; between two anchors time goes evenly."""
    place = min(max(1, bisect_right(anchors, (at_ms, 1 << 62))), len(anchors) - 1)
    (low_ms, low), (high_ms, high) = anchors[place - 1], anchors[place]
    return low + (high - low) * (at_ms - low_ms) // max(1, high_ms - low_ms)


def anchored(
    pauses: Sequence[Pause], length_ms: int, start: int, end: int, found: Sequence[Silence]
) -> list[Anchor]:
    """What ties a text of `length_ms` by its own pace to the samples from `start` to `end`."""
    length_ms = max(1, length_ms)
    # No pause is as long as all that is said around it.
    longest = (end - start) // 2
    inside = [
        each
        for each in found
        if start <= each[0] and each[1] <= end and each[1] - each[0] <= longest
    ]
    first = start
    if (
        inside
        and inside[0][0] == start
        and (inside[0][1] - start) * length_ms <= _LEAD_MS * (end - start)
    ):
        first = inside.pop(0)[1]
    anchors = [(0, first)]
    for pause, silence in _matched(pauses, length_ms, first, end, inside):
        anchors += ((pause.start_ms, silence[0]), (pause.end_ms, silence[1]))
    if anchors[-1][0] < length_ms:
        anchors.append((length_ms, end))
    return anchors


@dataclass(slots=True)
class _Path:
    """The cheapest way to match all up to a pause with all up to a silence."""

    cost: float
    before: tuple[int, int] | None


def _matched(
    pauses: Sequence[Pause], length_ms: int, start: int, end: int, found: Sequence[Silence]
) -> list[tuple[Pause, Silence]]:
    """Pauses and the silences they are heard as: such that the speech in between has the length
    it should have. Not every pause is heard, and not every silence is one."""
    scale = (end - start) / length_ms
    missed = [_SENTENCE_MISSED if each.sentence else _CLAUSE_MISSED for each in pauses]
    extra = [
        min(_SILENCE_MISSED, (last - first) / max(scale, 1e-9) * _SILENCE_MISSED_A_MS)
        for first, last in found
    ]
    # The beginning and the end are matched as they are.
    texts = [(0, 0), *((each.start_ms, each.end_ms) for each in pauses), (length_ms, length_ms)]
    sounds = [(start, start), *found, (end, end)]
    paths: dict[tuple[int, int], _Path] = {(0, 0): _Path(0.0, None)}
    for i in range(1, len(texts)):
        for j in range(1, len(sounds)):
            if (i == len(texts) - 1) != (j == len(sounds) - 1):
                continue
            best = _Path(float("inf"), None)
            for back in range(max(0, i - _MARKS_BACK), i):
                for other in range(max(0, j - _SILENCES_BACK), j):
                    path = paths.get((back, other))
                    if path is None:
                        continue
                    cost = path.cost + sum(missed[back : i - 1]) + sum(extra[other : j - 1])
                    wanted = (texts[i][0] - texts[back][1]) * scale
                    heard = sounds[j][0] - sounds[other][1]
                    unsure = wanted * _UNSURE_SHARE + _UNSURE_MS * scale
                    cost += abs(heard - wanted) / max(unsure, 1e-9)
                    if cost < best.cost:
                        best = _Path(cost, (back, other))
            if best.before is not None:
                paths[i, j] = best
    return _walked(pauses, found, paths)


def _walked(
    pauses: Sequence[Pause], found: Sequence[Silence], paths: dict[tuple[int, int], _Path]
) -> list[tuple[Pause, Silence]]:
    """Back from the end along the cheapest way; none where no way leads there."""
    path = paths.get((len(pauses) + 1, len(found) + 1))
    pairs: list[tuple[Pause, Silence]] = []
    while path is not None and path.before not in (None, (0, 0)):
        assert path.before is not None
        i, j = path.before
        pairs.append((pauses[i - 1], found[j - 1]))
        path = paths[path.before]
    return pairs[::-1]
