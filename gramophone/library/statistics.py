"""Statistics over answers: sums, percentiles, groups, days, a histogram.

A hundred thousand sessions are summed up while somebody waits: who keeps them adds up what can be
added, and hands over the rest as lists of numbers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil, floor
from typing import NamedTuple

from gramophone.core.frozen import frozen

P50, P95 = 50.0, 95.0
MOST_BINS = 12
"""Of a histogram; the last takes what lies beyond."""

QUARTER_S = 900
"""No time zone is finer: what lies in one quarter of an hour lies on one day everywhere."""

_STEPS_MS = tuple(step * 10**power for power in range(7) for step in (1, 2, 5))


class VoiceConfig(NamedTuple):
    """Model and voice of an answer."""

    provider: str
    model: str
    voice: str


@dataclass(slots=True)
class Tally:
    """Answers summed up as far as sums go; the times are those of each that has one."""

    turns: int = 0
    withdrawn: int = 0
    repeated: int = 0
    spoken_ms: int = 0
    characters: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    underruns: int = 0
    ttft_ms: list[float] = field(default_factory=list[float])
    ttfb_ms: list[float] = field(default_factory=list[float])
    ttfa_ms: list[float] = field(default_factory=list[float])
    response_ms: list[float] = field(default_factory=list[float])

    def add(self, other: Tally) -> None:
        """Take in those of another."""
        self.turns += other.turns
        self.withdrawn += other.withdrawn
        self.repeated += other.repeated
        self.spoken_ms += other.spoken_ms
        self.characters += other.characters
        self.input_tokens = _added(self.input_tokens, other.input_tokens)
        self.output_tokens = _added(self.output_tokens, other.output_tokens)
        self.underruns += other.underruns
        self.ttft_ms += other.ttft_ms
        self.ttfb_ms += other.ttfb_ms
        self.ttfa_ms += other.ttfa_ms
        self.response_ms += other.response_ms

    def figures(self) -> Statistics:
        """Statistics of the summed answers."""
        return Statistics(
            turns=self.turns,
            withdrawn=self.withdrawn,
            repeated=self.repeated,
            spoken_ms=self.spoken_ms,
            characters=self.characters,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            underruns=self.underruns,
            ttft_ms=spread(self.ttft_ms),
            ttfb_ms=spread(self.ttfb_ms),
            ttfa_ms=spread(self.ttfa_ms),
            response_ms=spread(self.response_ms),
        )


@frozen
class StoredStatistics:
    """Sums over a library: tallies of answers by model and voice; by quarter of an hour since 1970,
    the number of sessions that began in it and their speech in milliseconds."""

    tallies: Mapping[VoiceConfig, Tally]
    quarters: Mapping[int, tuple[int, int]]


@frozen
class Percentiles:
    """Percentiles over so many turns: half of them took at most `p50`, 95 in a hundred at most
    `p95`."""

    turns: int = 0
    p50: float | None = None
    p95: float | None = None


@frozen
class Statistics:
    """The sum of some answers. Tokens are None where they were not counted."""

    turns: int
    withdrawn: int
    repeated: int
    spoken_ms: int
    characters: int
    input_tokens: int | None
    output_tokens: int | None
    underruns: int
    ttft_ms: Percentiles
    ttfb_ms: Percentiles
    ttfa_ms: Percentiles
    response_ms: Percentiles


@frozen
class Bin:
    """A bin of a histogram: the number of values from `from_ms` up to, but without, `to_ms`; None
    is without end."""

    from_ms: int
    to_ms: int | None
    turns: int


@frozen
class Day:
    """Sessions that began on a day, or in the span that begins with it, and their speech."""

    day: date
    sessions: int
    spoken_ms: int


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value below which so many of a hundred lie, between its neighbours where it falls
    between two (numpy's `linear`, the `inclusive` of `statistics`). `ordered` is not empty."""
    rank = (len(ordered) - 1) * percent / 100
    below, above = ordered[floor(rank)], ordered[ceil(rank)]
    return below + (above - below) * (rank - floor(rank))


def spread(values: list[float]) -> Percentiles:
    """The percentiles of the values, which are put in order."""
    values.sort()
    if not values:
        return Percentiles()
    return Percentiles(len(values), percentile(values, P50), percentile(values, P95))


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of several tallies."""
    summed = Tally()
    for tally in tallies:
        summed.add(tally)
    return summed


def grouped(
    tallies: Mapping[VoiceConfig, Tally], by: Sequence[str]
) -> dict[tuple[str, ...], Tally]:
    """The same by some fields of the voicing, the most answers first."""
    groups: defaultdict[tuple[str, ...], Tally] = defaultdict(Tally)
    for voicing, tally in tallies.items():
        groups[tuple(getattr(voicing, name) for name in by)].add(tally)
    return dict(sorted(groups.items(), key=lambda group: (-group[1].turns, group[0])))


def days(quarters: Mapping[int, tuple[int, int]], day_of: Callable[[int], date]) -> list[Day]:
    """Speech by day, the oldest first, from sessions and milliseconds by quarter of an hour since
    1970. `day_of` gives the day of a time in seconds since 1970."""
    summed: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0])
    for quarter, (sessions, spoken_ms) in quarters.items():
        row = summed[day_of(quarter * QUARTER_S)]
        row[0] += sessions
        row[1] += spoken_ms
    return [Day(day, *summed[day]) for day in sorted(summed)]


def gathered(some: Sequence[Day], most: int) -> tuple[str, list[Day]]:
    """At most so many rows in a row without gaps, and of what: days, weeks, months or years.
    Where even years are too many, the newest."""
    if not some:
        return "day", []
    first, last = some[0].day, some[-1].day
    unit = next((name for name in _UNITS if len(_rows(name, first, last, most)) <= most), "year")
    begin = _UNITS[unit][1]
    summed = {
        begin_day: [0, 0] for begin_day in _rows(unit, max(first, _years_before(last, most)), last)
    }
    for day in some:
        row = summed.get(begin(day.day))
        if row is not None:
            row[0] += day.sessions
            row[1] += day.spoken_ms
    return unit, [Day(begin_day, *row) for begin_day, row in summed.items()]


def histogram(values: list[float]) -> list[Bin]:
    """The values, which are put in order, in bins of one width that a person would choose, from
    0; beyond the most that is shown, which 95 in a hundred do not reach, a last bin takes all."""
    if not values:
        return []
    values.sort()
    reach = percentile(values, P95)
    step_ms = next((step for step in _STEPS_MS if reach < step * (MOST_BINS - 1)), _STEPS_MS[-1])
    counts = Counter(min(int(bin_number // step_ms), MOST_BINS - 1) for bin_number in values)
    last = max(counts)
    return [
        Bin(
            bin_number * step_ms,
            None if bin_number == MOST_BINS - 1 else (bin_number + 1) * step_ms,
            counts[bin_number],
        )
        for bin_number in range(last + 1)
    ]


# --- within -----------------------------------------------------------------------------------


def _added(a: int | None, b: int | None) -> int | None:
    return b if a is None else a if b is None else a + b


# How many days on the next one is, at the most, and where the one begins that a day lies in.
_UNITS: dict[str, tuple[int, Callable[[date], date]]] = {
    "day": (1, lambda day: day),
    "week": (7, lambda day: day - timedelta(days=min(day.weekday(), day.toordinal() - 1))),
    "month": (31, lambda day: day.replace(day=1)),
    "year": (366, lambda day: day.replace(month=1, day=1)),
}


def _rows(unit: str, first: date, last: date, most: int | None = None) -> list[date]:
    """The beginnings of all units from that of one day to that of another; of more than `most`,
    one more."""
    step, begin = _UNITS[unit]
    beginnings = [begin(first)]
    while beginnings[-1] < begin(last) and (most is None or len(beginnings) <= most):
        after = beginnings[-1].toordinal() + step
        beginnings.append(begin(date.fromordinal(min(last.toordinal(), after))))
    return beginnings


def _years_before(day: date, years: int) -> date:
    """The first day of a span of so many years with that day in the last."""
    return date(max(1, day.year - years + 1), 1, 1)
