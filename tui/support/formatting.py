"""Figures as people read them: durations, speeds, counts, dates."""

from __future__ import annotations

from datetime import datetime

from gramophone.analysis.metrics import TurnMetrics
from gramophone.text.sanitize import plain_line

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOURS_ALONE = 10
"""Beside so many hours minutes say nothing, and a headline of 40 columns has no room for them."""


def clock(seconds_passed: float) -> str:
    """`0:07`, `12:40`, `1:02:09`."""
    whole = max(0, int(seconds_passed))
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def seconds(span_s: float) -> str:
    """`0.8 s`, `12.4 s`, `3 min 5 s`."""
    if span_s < 60:
        return f"{span_s:.1f} s"
    minutes, rest = divmod(round(span_s), 60)
    return f"{minutes} min {rest} s"


def length(span_ms: int) -> str:
    """`1 s`, `51 s`, `3 min 5 s`: for sounds in a list; never 0."""
    whole_s = max(1, round(span_ms / 1000))
    minutes, rest = divmod(whole_s, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def hours(span_ms: int) -> str:
    """`3,212 h`, `3 h 12 min`, `12 min`, `45 s`: for sums, where seconds do not matter."""
    whole_s = span_ms // 1000
    if whole_s < 60:
        return f"{whole_s} s"
    hour, minute = divmod(whole_s // 60, 60)
    if hour >= _HOURS_ALONE:
        return f"{hour:,} h"
    return f"{hour} h {minute} min" if hour else f"{minute} min"


def milliseconds(span_ms: float) -> str:
    """`204 ms`, `1.3 s`."""
    return f"{span_ms:.0f} ms" if span_ms < 1000 else f"{span_ms / 1000:.1f} s"


def first_moments(metrics: TurnMetrics) -> list[str]:
    """`first words 81 ms`, `first sound 305 ms`: from the question on, as far as they are known."""
    moments = {"first words": metrics.ttft_ms, "first sound": metrics.response_ms}
    return [f"{name} {milliseconds(ms)}" for name, ms in moments.items() if ms is not None]


def times(speed: float) -> str:
    """`1.0×`, `1.25×`."""
    return f"{speed:.2f}×" if round(speed * 100) % 10 else f"{speed:.1f}×"


def file_size(size_bytes: int) -> str:
    """`412 bytes`, `12 kB`, `4.1 MB`."""
    if size_bytes < 1000:
        return counted(size_bytes, "byte")
    if size_bytes < 999_500:
        return f"{size_bytes / 1000:.0f} kB"
    return f"{size_bytes / 1_000_000:.1f} MB"


def counted(count: int, noun: str) -> str:
    """`1 turn`, `3 turns`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def local_time(created_at: str) -> str:
    """`21 Nov 2026, 14:03` in the zone of the reader; what cannot be read stays, made harmless."""
    try:
        moment = datetime.fromisoformat(created_at).astimezone()
    except (ValueError, OverflowError):
        return plain_line(created_at)
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M}"
