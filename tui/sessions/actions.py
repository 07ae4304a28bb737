"""Actions on listed sessions: rename, title, tag, pin, archive, delete, undo.

Each is a coroutine for a worker of the screen: it asks for what it needs, changes the library, and
shows the result in the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from textual.screen import Screen

from gramophone.core.errors import GramophoneError
from gramophone.library.library import (
    Library,
    LibraryOpener,
    SessionDeletion,
    SessionEdits,
    SessionSummary,
)
from gramophone.library.tags import tag_changes, tag_name
from gramophone.ports.backend import Backend
from gramophone.text.graphemes import cut
from gramophone.text.sanitize import plain_line
from tui.screens.dialogs.text_input import WriteScreen
from tui.sessions.session_list import SessionList
from tui.sessions.session_row import title_of
from tui.sessions.suggesters import TagSuggester
from tui.sessions.undo_stack import Discard, UndoStack
from tui.support.error_toast import notify_error
from tui.support.formatting import counted

_MOST_TITLE_CELLS = 40


def describe(rows: Sequence[SessionSummary], listed: SessionList | None = None) -> str:
    """`“Its title”` of one, `3 sessions` of more, `all 332 sessions` where these are all that are
    listed."""
    if len(rows) != 1:
        every = "all " if listed is not None and listed.marks.every else ""
        return f"{every}{counted(len(rows), 'session')}"
    title = title_of(rows[0])
    short = title if len(title) <= _MOST_TITLE_CELLS else f"{cut(title, _MOST_TITLE_CELLS - 1)}…"
    return f"“{short}”"


async def rename(screen: Screen[Any], opener: LibraryOpener[Library], listed: SessionList) -> None:
    """Ask for a title of the session under the cursor."""
    if (row := listed.chosen) is None:
        return
    title = await screen.app.push_screen_wait(
        WriteScreen("Title", plain_line(row.title), detail="Empty: the first words said, again.")
    )
    if title is not None:
        await _set_title(screen, opener, listed, row, title)


async def name_by_model(screen: Screen[Any], backend: Backend, listed: SessionList) -> None:
    """Ask the model for a title of the session under the cursor; its row says so meanwhile."""
    if (row := listed.chosen) is None:
        return
    listed.note(row.id, "The model looks for a title · Esc stops it")
    try:
        title = await backend.suggest_title(row.id)
    except GramophoneError as error:
        notify_error(screen, error)
    else:
        await _set_title(screen, backend.open_library, listed, row, title)
    finally:
        listed.note(row.id, "")


async def _set_title(
    screen: Screen[Any],
    opener: LibraryOpener[Library],
    listed: SessionList,
    row: SessionSummary,
    title: str,
) -> None:
    try:
        library = await opener()
        await library.rename(row.id, title)
        renamed = (await library.session(row.id)).summary
    except GramophoneError as error:
        notify_error(screen, error)
    else:
        listed.renew(replace(renamed, snippet=row.snippet))


async def tag(
    screen: Screen[Any],
    opener: LibraryOpener[SessionEdits],
    listed: SessionList,
    known_tags: Sequence[str],
) -> None:
    """Ask for tags: a list, or changes such as `+new -old`."""
    rows = listed.meant
    if not rows:
        return
    alone = rows[0].tags if len(rows) == 1 else ()
    typed = await screen.app.push_screen_wait(
        WriteScreen(
            f"Tags of {describe(rows, listed)}",
            "".join(f"{tag_name(name)} " for name in alone),
            detail="A list, or +new -old. Right completes.",
            suggester=TagSuggester(known_tags),
        )
    )
    if typed is None:
        return
    add, remove = tag_changes(typed, alone)
    try:
        await (await opener()).tag([row.id for row in rows], add, remove)
    except GramophoneError as error:
        notify_error(screen, error)
        return
    for row in rows:
        tags = tuple(sorted({*row.tags, *add} - set(remove)))
        listed.renew(replace(row, tags=tags))


async def pin(
    screen: Screen[Any], opener: LibraryOpener[SessionEdits], listed: SessionList
) -> list[str]:
    """Pin, or unpin when all are pinned.

    Returns:
        Ids of the sessions that the library lists at another place now.
    """
    rows = listed.meant
    pinned = not all(row.pinned for row in rows)
    try:
        await (await opener()).pin([row.id for row in rows], pinned)
    except GramophoneError as error:
        notify_error(screen, error)
        return []
    for row in rows:
        listed.renew(replace(row, pinned=pinned))
    return [row.id for row in rows]


async def archive(
    screen: Screen[Any], opener: LibraryOpener[SessionEdits], listed: SessionList
) -> bool:
    """Archive, or bring back when all are archived; returns whether it was done."""
    rows = listed.meant
    if not rows:
        return False
    archived = not all(row.archived for row in rows)
    ids = [row.id for row in rows]
    try:
        await (await opener()).archive(ids, archived)
    except GramophoneError as error:
        notify_error(screen, error)
        return False
    described = describe(rows, listed)
    listed.drop(set(ids))
    words = f"Archived {described}. is:archived finds {'it' if len(rows) == 1 else 'them'}."
    screen.notify(words if archived else f"Back in the list: {described}.", markup=False)
    return True


async def discard(
    screen: Screen[Any],
    opener: LibraryOpener[SessionDeletion],
    listed: SessionList,
    undo_stack: UndoStack,
) -> bool:
    """Delete without a question, because it can be undone; returns whether it was done."""
    rows = listed.meant
    if not rows:
        return False
    ids = tuple(row.id for row in rows)
    try:
        await (await opener()).discard(ids)
    except GramophoneError as error:
        notify_error(screen, error)
        return False
    described = describe(rows, listed)
    undo_stack.add(Discard(ids, described))
    listed.drop(set(ids))
    screen.notify(f"Deleted {described}. u: undo", markup=False)
    return True


async def undo(
    screen: Screen[Any], opener: LibraryOpener[SessionDeletion], undo_stack: UndoStack
) -> str:
    """Bring back what was deleted last; returns the first of it, or nothing."""
    if (last := undo_stack.take()) is None:
        screen.notify("Nothing to undo.")
        return ""
    try:
        await (await opener()).restore(last.ids)
    except GramophoneError as error:
        notify_error(screen, error)
        return ""
    screen.notify(f"Back again: {last.words}.", markup=False)
    return last.ids[0]
