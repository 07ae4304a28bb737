"""`stats`: latencies, tokens and spoken time summed up, as charts, JSON or CSV."""

from __future__ import annotations

import csv
import io
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from gramophone.cli.bar_chart import Bar, Pen, draw_bars, wrap_facts
from gramophone.cli.output import note, result_json, write_out
from gramophone.core.clock import wall_clock
from gramophone.core.errors import FilterError
from gramophone.library import statistics as fold
from gramophone.library.search_query import parse
from gramophone.library.statistics import Bin, Day, Percentiles, Statistics, StoredStatistics, Tally
from gramophone.text.sanitize import plain_line
from storage.library import StoredLibrary

BY = ("provider", "model", "voice")
_TIMES = ("ttft_ms", "ttfb_ms", "ttfa_ms", "response_ms")
_NAMES = {"ttft_ms": "TTFT", "ttfb_ms": "TTFB", "ttfa_ms": "TTFA", "response_ms": "response"}
_MOST_DAYS = 14


async def stats(
    home: Path, reference: str | None, *, since: str, by: Sequence[str], form: str
) -> int:
    """Print figures of a session, of those begun since a day, or of all.

    `form` is text, json or csv.
    """
    day = _day(since)
    async with await StoredLibrary.open(home) as library:
        session_id = await library.resolve(reference) if reference else None
        begun = None if day is None else datetime.combine(day, time()).astimezone()
        statistics = await library.statistics(since=begun, session_id=session_id)
    if form == "csv":
        _print_csv(statistics, by)
        return 0
    summed = fold.total(statistics.tallies.values())
    days = fold.days(statistics.quarters, _local_day)
    if form == "json":
        query = {"session": session_id, "since": day.isoformat() if day else None, "by": list(by)}
        result_json(query | _object(statistics, by, summed, days))
    elif not summed.turns:
        note(_nothing(session_id, day))
    else:
        for line in drawn(statistics, by, summed, days, pen()):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    return 0


def _day(since: str) -> date | None:
    """Read the value of `--since`.

    Raises:
        FilterError: it is not a date.
    """
    if not since:
        return None
    try:
        day = parse(f"after:{since}", wall_clock().astimezone().date()).since
    except FilterError:
        day = None
    if day is None or " " in since.strip():
        raise FilterError(
            f"--since {plain_line(since)!r} is not a date; write 2026-11-02, 2026-11, 2026, today, "
            "yesterday, 30d (days ago) or 2w."
        )
    return day


def _local_day(at_s: int) -> date:
    return datetime.fromtimestamp(at_s).date()


def _nothing(session_id: str | None, day: date | None) -> str:
    if session_id:
        return f"Nothing was answered in {session_id}."
    if day:
        return f"Nothing was answered since {day.isoformat()}."
    return "Nothing was answered yet; try: gramophone ask hello"


# --- for programs -----------------------------------------------------------------------------


def _object(
    statistics: StoredStatistics, by: Sequence[str], summed: Tally, days: Sequence[Day]
) -> dict[str, Any]:
    return {
        "sessions": sum(sessions for sessions, _ in statistics.quarters.values()),
        "total": _figures(summed.figures()),
        "groups": [
            dict(zip(by, key, strict=True)) | _figures(tally.figures())
            for key, tally in fold.grouped(statistics.tallies, by).items()
        ],
        "days": [
            {"day": day.day.isoformat(), "sessions": day.sessions, "spoken_ms": day.spoken_ms}
            for day in days
        ],
        "response_histogram": [
            {"from_ms": interval.from_ms, "to_ms": interval.to_ms, "turns": interval.turns}
            for interval in fold.histogram(summed.response_ms)
        ],
    }


def _figures(figures: Statistics) -> dict[str, Any]:
    return {
        "turns": figures.turns,
        "withdrawn": figures.withdrawn,
        "repeated": figures.repeated,
        "spoken_ms": figures.spoken_ms,
        "characters": figures.characters,
        "input_tokens": figures.input_tokens,
        "output_tokens": figures.output_tokens,
        "underruns": figures.underruns,
    } | {name: _spread(getattr(figures, name)) for name in _TIMES}


def _spread(spread: Percentiles) -> dict[str, float | int | None]:
    return {"turns": spread.turns, "p50": _rounded(spread.p50), "p95": _rounded(spread.p95)}


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 3)


def _print_csv(statistics: StoredStatistics, by: Sequence[str]) -> None:
    """Print a row for each group, under a row of names."""
    table = io.StringIO()
    writer = csv.writer(table)
    named = _flat(Tally().figures())
    writer.writerow([*by, *named])
    for key, tally in fold.grouped(statistics.tallies, by).items():
        writer.writerow([*map(_cell, key), *_flat(tally.figures()).values()])
    write_out(table.getvalue())


def _flat(figures: Statistics) -> dict[str, float | int | None]:
    flat: dict[str, float | int | None] = {}
    for name, figure in _figures(figures).items():
        if isinstance(figure, dict):
            stem = name.removesuffix("_ms")
            flat |= {f"{stem}_{part}_ms": figure[part] for part in ("p50", "p95")}
        else:
            flat[name] = figure
    return flat


def _cell(text: str) -> str:
    """A name as a table takes it: a spreadsheet would carry out what begins like a formula."""
    plain = plain_line(text)
    return f"'{plain}" if plain[:1] in ("=", "+", "-", "@") else plain


# --- for people -------------------------------------------------------------------------------


def pen() -> Pen:
    """Make a pen for standard output: 80 cells and no colour where it is not a terminal."""
    terminal = sys.stdout.isatty()
    plain = not terminal or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb"
    cells = shutil.get_terminal_size().columns if terminal else 80
    blocks = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
    return Pen(max(20, cells), blocks, not plain)


def drawn(
    statistics: StoredStatistics, by: Sequence[str], summed: Tally, days: Sequence[Day], pen: Pen
) -> list[str]:
    """Draw the total, its groups, spoken time by day, and a histogram of response times."""
    count = sum(sessions for sessions, _ in statistics.quarters.values())
    lines = [f"All of {_many(count, 'session')}", *_facts(summed.figures(), pen)]
    groups = fold.grouped(statistics.tallies, by)
    for key, tally in groups.items():
        name = " · ".join(plain_line(name_part) or "–" for name_part in key)
        if len(groups) == 1:
            lines[0] += f" · {name}"
        else:
            lines += ["", name[: pen.cells], *_facts(tally.figures(), pen)]
    lines[0] = lines[0][: pen.cells]
    if summed.spoken_ms:
        unit, rows = fold.gathered(days, _MOST_DAYS)
        bars = [Bar(_period(unit, row.day), row.spoken_ms, _time(row.spoken_ms)) for row in rows]
        lines += ["", f"Spoken a {unit}", *draw_bars(bars, pen)]
    bins = fold.histogram(summed.response_ms)
    if bins:
        bars = [Bar(_span(interval), interval.turns, f"{interval.turns:,}") for interval in bins]
        lines += ["", "Until the first sound (turns)", *draw_bars(bars, pen)]
    return lines if pen.blocks else [line.translate(_ASCII) for line in lines]


_ASCII = str.maketrans({"·": "/", "–": "-"})


def _facts(figures: Statistics, pen: Pen) -> list[str]:
    facts = [_many(figures.turns, "turn")]
    facts += [f"{figures.withdrawn:,} taken back"] if figures.withdrawn else []
    facts += [f"{figures.repeated:,} spoken again"] if figures.repeated else []
    facts += [f"{_time(figures.spoken_ms)} spoken" if figures.spoken_ms else "no sound"]
    facts += [_many(figures.underruns, "underrun")] if figures.spoken_ms else []
    facts += [_many(figures.characters, "character")]
    if figures.input_tokens is not None or figures.output_tokens is not None:
        facts += [f"{figures.input_tokens or 0:,} tokens in, {figures.output_tokens or 0:,} out"]
    spreads = [(_NAMES[name], getattr(figures, name)) for name in _TIMES]
    took = [f"{name} {_ms(spread)}" for name, spread in spreads if spread.turns]
    return [
        *wrap_facts(facts, pen),
        *(wrap_facts([*took, "(ms: p50, p95)"], pen) if took else ["  no latencies"]),
    ]


def _many(count: int, of: str) -> str:
    return f"{count:,} {of}" if count == 1 else f"{count:,} {of}s"


def _ms(spread: Percentiles) -> str:
    return f"{spread.p50:,.0f}, {spread.p95:,.0f}"


def _time(ms: int) -> str:
    """A duration in seconds, minutes or hours, with one decimal."""
    seconds = ms / 1000
    if seconds < 100:
        return f"{seconds:.1f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:,.1f} h"


def _period(unit: str, day: date) -> str:
    match unit:
        case "month":
            return f"{day:%Y-%m}"
        case "year":
            return f"{day:%Y}"
        case "week":
            return f"{day.isoformat()} …"
        case _:
            return day.isoformat()


def _span(interval: Bin) -> str:
    if interval.to_ms is None:
        return f"{interval.from_ms:,} ms and more"
    return f"to {interval.to_ms:,} ms"
