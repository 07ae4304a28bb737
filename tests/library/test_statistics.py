"""Sums, percentiles, groups, days and bins, against others who know how."""

from __future__ import annotations

import statistics
from datetime import date, timedelta

import numpy
from hypothesis import given
from hypothesis import strategies as st

from gramophone.library.statistics import (
    MOST_BINS,
    QUARTER_S,
    Day,
    Percentiles,
    Tally,
    VoiceConfig,
    days,
    gathered,
    grouped,
    histogram,
    percentile,
    spread,
    total,
)

MS = st.floats(0, 1e7, allow_nan=False).map(lambda ms: round(ms, 3))
MANY_MS = st.lists(MS, min_size=1, max_size=60)
NAMES = st.sampled_from(["", "a", "b", "c"])
TALLIES = st.builds(
    Tally,
    turns=st.integers(0, 9),
    spoken_ms=st.integers(0, 10**9),
    input_tokens=st.none() | st.integers(0, 9),
    response_ms=st.lists(MS, max_size=5),
)
DATES = st.dates(date(1970, 1, 2), date(9999, 12, 30))


@given(MANY_MS, st.floats(0, 100))
def test_percentiles_are_those_of_numpy(values: list[float], percent: float) -> None:
    expected = float(numpy.percentile(values, percent))
    assert abs(percentile(sorted(values), percent) - expected) <= 1e-6


@given(st.lists(MS, min_size=2, max_size=60))
def test_and_those_of_the_standard_library(values: list[float]) -> None:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    figures = spread(list(values))
    assert figures.p50 is not None
    assert figures.p95 is not None
    assert figures.turns == len(values)
    assert abs(figures.p50 - statistics.median(values)) <= 1e-6
    assert abs(figures.p95 - cuts[94]) <= 1e-6


def test_without_values_there_is_no_percentile() -> None:
    assert spread([]) == Percentiles(turns=0, p50=None, p95=None)
    assert Tally().figures().input_tokens is None


@given(st.dictionaries(st.builds(VoiceConfig, NAMES, NAMES, NAMES), TALLIES))
def test_a_group_has_what_its_voicings_have(tallies: dict[VoiceConfig, Tally]) -> None:
    whole = total(tallies.values())
    for by in (("provider", "model", "voice"), ("model",), ()):
        groups = grouped(tallies, by)
        assert sum(group.turns for group in groups.values()) == whole.turns
        assert sum(group.spoken_ms for group in groups.values()) == whole.spoken_ms
        assert sum(group.input_tokens or 0 for group in groups.values()) == (
            whole.input_tokens or 0
        )
        times = [ms for group in groups.values() for ms in group.response_ms]
        assert sorted(times) == sorted(whole.response_ms)
        assert [group.turns for group in groups.values()] == sorted(
            (group.turns for group in groups.values()), reverse=True
        )


def test_groups_do_not_change_what_they_are_made_of() -> None:
    tallies = {VoiceConfig("a", "m", "v"): Tally(1, response_ms=[3.0])}
    grouped(tallies, ("model",))["m",].add(Tally(1, response_ms=[4.0]))
    assert tallies[VoiceConfig("a", "m", "v")] == Tally(1, response_ms=[3.0])


@given(MANY_MS)
def test_each_value_is_in_its_bin(values: list[float]) -> None:
    bins = histogram(list(values))
    assert sum(bin_.turns for bin_ in bins) == len(values)
    assert len(bins) <= MOST_BINS
    for bin_ in bins:
        to_ms = float("inf") if bin_.to_ms is None else bin_.to_ms
        assert bin_.turns == sum(bin_.from_ms <= ms < to_ms for ms in values)
    assert [bin_.from_ms for bin_ in bins[1:]] == [bin_.to_ms for bin_ in bins[:-1]]


def test_bins_are_as_wide_as_a_person_would_have_them() -> None:
    bins = histogram([90.0, 250.0, 260.0, 90_000.0] + [300.0] * 96)
    assert [(bin_.from_ms, bin_.to_ms, bin_.turns) for bin_ in bins if bin_.turns] == [
        (50, 100, 1),
        (250, 300, 2),
        (300, 350, 96),
        (550, None, 1),
    ]
    assert histogram([]) == []


@given(st.dictionaries(st.integers(0, 10**6), st.tuples(st.integers(1, 9), st.integers(0, 999))))
def test_days_have_what_their_quarters_have(quarters: dict[int, tuple[int, int]]) -> None:
    first = date(1970, 1, 1)
    rows = days(quarters, lambda at_s: first + timedelta(days=at_s // 86_400))
    assert [row.day for row in rows] == sorted({row.day for row in rows})
    assert sum(row.sessions for row in rows) == sum(sessions for sessions, _ in quarters.values())
    for row in rows:
        of_day = range((row.day - first).days * 96, ((row.day - first).days + 1) * 96)
        assert row.spoken_ms == sum(ms for q, (_, ms) in quarters.items() if q in of_day)
    assert QUARTER_S * 96 == 86_400


@given(st.lists(DATES, min_size=1, max_size=8, unique=True), st.integers(2, 16))
def test_days_are_gathered_into_rows_without_gaps(days: list[date], most: int) -> None:
    rows = [Day(day, 1, 1_000) for day in sorted(days)]
    unit, bars = gathered(rows, most)
    assert 1 <= len(bars) <= most
    assert [row.day for row in bars] == sorted({row.day for row in bars})
    assert bars[-1].day <= rows[-1].day
    counted = [day for day in days if unit != "year" or day.year >= bars[0].day.year]
    assert sum(row.sessions for row in bars) == len(counted)
    if unit == "day":
        assert [row.day for row in bars] == [
            bars[0].day + timedelta(days=n) for n in range(len(bars))
        ]


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    rows = [Day(date(2026, 10, 21), 1, 5), Day(date(2026, 11, 21), 2, 7)]
    unit, weeks = gathered(rows, 14)
    assert (unit, weeks[0].day, len(weeks)) == ("week", date(2026, 10, 19), 5)
    assert [week.spoken_ms for week in weeks] == [5, 0, 0, 0, 7]
    unit, months = gathered([Day(date(2025, 12, 31), 1, 5), *rows], 14)
    assert (unit, months[0].day, months[-1].day) == ("month", date(2025, 12, 1), date(2026, 11, 1))
    assert gathered([], 14) == ("day", [])
