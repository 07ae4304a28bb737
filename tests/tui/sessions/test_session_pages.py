"""The session that the next page of the list follows."""

from __future__ import annotations

from tests.support.screen_backend import kept_session
from tui.sessions.session_pages import SessionPages

ROWS = [kept_session(number).summary for number in (3, 2, 1)]


def test_the_next_page_follows_the_last_session() -> None:
    assert SessionPages().last(ROWS) == ROWS[-1].id


def test_a_session_that_was_pinned_is_not_followed() -> None:
    """The library has it at the top, so what follows it there was read already."""
    assert SessionPages(moved={ROWS[-1].id}).last(ROWS) == ROWS[-2].id


def test_nothing_follows_where_all_was_read_or_nothing_is_left() -> None:
    assert SessionPages(complete=True).last(ROWS) == ""
    assert SessionPages().last([]) == ""


def test_a_new_first_page_has_everything_in_its_place() -> None:
    pages = SessionPages(complete=True, moved={ROWS[-1].id})
    pages.begin(complete=False)
    assert pages.last(ROWS) == ROWS[-1].id
