"""Headline of the list of sessions, and the text in place of an empty list."""

from __future__ import annotations

from gramophone.library.library import Totals
from tui.support.formatting import counted, hours


def headline(
    totals: Totals | None, *, listed: int, marked: int, search: str, whole: bool, slow: bool
) -> str:
    """Number of sessions, and then the most useful fact about the list.

    `listed` rows have been read, of which `marked` are marked; `whole` is true where the list has
    no next page, `slow` while the library lets wait.
    """
    if slow:
        # A library that is being mended or brought up to date answers late.
        words = "searching · Esc stops" if listed or search else "opening · Esc leaves"
    elif marked:
        words = f"{marked:,} marked · Esc unmarks"
    elif search:
        words = counted(listed, "hit") + ("" if whole else " and more")
    elif totals is not None:
        words = f"{hours(totals.spoken_ms)} spoken"
    else:
        words = ""
    total = f" ({totals.sessions:,})" if totals is not None else ""
    return f"Sessions{total}" + (f" · {words}" if words else "")


def excuse(search: str, *, undoable: bool) -> str:
    """Reason why the list is empty, and the key that helps."""
    if search:
        return "No hits.\n\nEsc clears the search"
    if undoable:
        return "Nothing left.\n\nu brings back what was deleted"
    return "Nothing kept.\n\nEsc, then talk"
