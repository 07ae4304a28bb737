"""Headings of the list of sessions by day: Today, Yesterday, Last week, then months."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_A_WEEK = 7
PINNED: Final = "Pinned"
UNDATED: Final = "Undated"


def heading(iso_time: str, today: date) -> str:
    """Heading for a time in ISO 8601, as the reader's day sees it."""
    if (moment := _moment(iso_time)) is None:
        return UNDATED
    days = (today - moment.date()).days
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    if days < _A_WEEK:
        return "Last week"
    return f"{_MONTHS[moment.month - 1]} {moment.year}"


def time_beneath(iso_time: str, today: date) -> str:
    """Time as it is read beneath its heading: `14:03`, `Mon 14:03`, `21 Nov 14:03`; empty where it
    cannot be read."""
    if (moment := _moment(iso_time)) is None:
        return ""
    days = (today - moment.date()).days
    if days <= 1:
        return f"{moment:%H:%M}"
    if days < _A_WEEK:
        return f"{_DAYS[moment.weekday()]} {moment:%H:%M}"
    return f"{moment.day} {_MONTHS[moment.month - 1][:3]} {moment:%H:%M}"


def _moment(iso_time: str) -> datetime | None:
    try:
        return datetime.fromisoformat(iso_time).astimezone()
    except (ValueError, OverflowError):
        return None
