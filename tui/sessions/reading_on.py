"""Reading on in the list of sessions: the next page, or all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.screen import Screen

from gramophone.core.errors import GramophoneError
from gramophone.library.library import LibraryOpener, SessionQueries
from tui.sessions.session_list import SessionList
from tui.sessions.session_pages import SessionPages
from tui.support.error_toast import notify_error
from tui.support.screen_guard import is_gone

MANY_ROWS = 500
"""Rows of a page where all are wanted: drawing goes on between two pages."""


async def read_on(
    screen: Screen[Any],
    opener: LibraryOpener[SessionQueries],
    pages: SessionPages,
    listed: SessionList,
    search: Callable[[], str],
    *,
    rows: int,
) -> bool:
    """List one more page of so many rows; False where there is none, or another search is shown
    by now."""
    last, wanted = pages.last(listed.rows), search()
    if not last:
        return False
    try:
        summaries = await (await opener()).sessions(limit=rows, older_than=last, search=wanted)
    except GramophoneError as error:
        pages.complete = True
        notify_error(screen, error)
        return False
    if is_gone(screen) or search() != wanted or not listed.has(last):
        return False
    pages.complete = len(summaries) < rows
    listed.extend(summaries)
    return True
