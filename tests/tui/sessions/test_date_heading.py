"""Headings by day, and the time beneath them."""

from __future__ import annotations

import pytest

from tests.support.screen_backend import TODAY
from tui.sessions.date_heading import UNDATED, heading, time_beneath


@pytest.mark.parametrize(
    ("at", "words", "beneath"),
    [
        ("2026-11-21T23:59:00+00:00", "Today", "23:59"),
        ("2026-11-22T09:00:00+00:00", "Today", "09:00"),
        ("2026-11-20T00:01:00+00:00", "Yesterday", "00:01"),
        ("2026-11-19T14:03:00+00:00", "Last week", "Thu 14:03"),
        ("2026-11-15T14:03:00+00:00", "Last week", "Sun 14:03"),
        ("2026-11-14T14:03:00+00:00", "November 2026", "14 Nov 14:03"),
        ("2025-02-03T14:03:00+00:00", "February 2025", "3 Feb 14:03"),
        ("a while ago", UNDATED, ""),
        ("9999-12-31T23:59:59+00:00", "Today", "23:59"),
    ],
)
def test_a_time_stands_beneath_its_heading(at: str, words: str, beneath: str) -> None:
    assert (heading(at, TODAY), time_beneath(at, TODAY)) == (words, beneath)
