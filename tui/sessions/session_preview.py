"""Preview of a session beside the list: its first turns, or the turns around a search's hit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual import work
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from gramophone.core.errors import GramophoneError
from gramophone.library.library import (
    LibraryOpener,
    SessionContents,
    SessionRecord,
    SessionSummary,
    TurnRecord,
)
from gramophone.library.search_query import SearchWord, highlights
from gramophone.text.sanitize import plain, plain_line
from tui.sessions.session_row import facts_of, lifted, tags_of, title_of
from tui.support.screen_guard import is_gone
from tui.theme.colour_names import ACCENT, MUTED

PREVIEW_AFTER_S = 0.06
_TURNS = 6
_TURN_CHARACTERS = 1_600
_LEAST_CELLS = 20
_BEFORE_HIT_CHARACTERS = 240


class SessionPreview(VerticalScroll, can_focus=False):
    """Shows one session at a time; the wheel scrolls it."""

    def __init__(self, opener: LibraryOpener[SessionContents]) -> None:
        super().__init__()
        self._opener = opener

    def compose(self) -> ComposeResult:
        yield Static("", markup=False)

    @work(exclusive=True, group="preview")
    async def preview(self, summary: SessionSummary | None, words: Sequence[SearchWord]) -> None:
        """Read a session and show it, unless another one is chosen before `PREVIEW_AFTER_S`."""
        if not self.display:
            return
        if summary is None:
            self.excuse("")
            return
        await asyncio.sleep(PREVIEW_AFTER_S)
        try:
            record = await (await self._opener()).session(summary.id)
        except GramophoneError as error:
            if not is_gone(self.screen):
                self.excuse(plain_line(str(error)))
            return
        if not is_gone(self.screen):
            self.show(record, words)

    def show(self, record: SessionRecord, words: Sequence[SearchWord]) -> None:
        width = max(_LEAST_CELLS, self.scrollable_content_region.width)
        self.query_one(Static).update(preview_text(record, words, width))
        self.scroll_home(animate=False)

    def excuse(self, words: str) -> None:
        """Show a reason in place of a session."""
        self.query_one(Static).update(Content.styled(words, MUTED))


def preview_text(record: SessionRecord, words: Sequence[SearchWord], width: int) -> Content:
    """Title and facts, then the turns from the newest hit on, or from the first."""
    summary = record.summary
    head = [lifted(title_of(summary), words).stylize_before("bold")]
    head.append(Content.styled(facts_of(summary), MUTED))
    if summary.tags:
        head.append(Content(tags_of(summary)))
    parts = [Content("\n").join(head)]
    first = _first_shown(record.turns, words)
    if first:
        parts.append(Content.styled("…", MUTED))
    parts += [_turn(turn, words, width) for turn in record.turns[first : first + _TURNS]]
    return Content("\n\n").join(parts)


def _first_shown(turns: Sequence[TurnRecord], words: Sequence[SearchWord]) -> int:
    """The question before the newest answer that holds all the words, or that question itself."""
    if not words:
        return 0
    for index in range(len(turns) - 1, -1, -1):
        if all(highlights(turns[index].text, [word]) for word in words):
            has_question = turns[index].role == "assistant" and index > 0
            return index - 1 if has_question else index
    return 0


def _turn(turn: TurnRecord, words: Sequence[SearchWord], width: int) -> Content:
    user = turn.role == "user"
    speaker = Content.styled(plain_line(turn.speaker), f"bold {ACCENT}")
    text = plain(turn.text).strip()
    start = _start(text, words)
    if user:
        body = _as_typed(text, start, words)
    elif text:
        from tui.transcript.preview import excerpt

        body = excerpt(text, width, start, start + _TURN_CHARACTERS, words)
    else:
        body = Content.styled(_nothing_said(turn), MUTED)
    return speaker + Content("\n") + body


def _as_typed(text: str, start: int, words: Sequence[SearchWord]) -> Content:
    excerpt_text = text[start : start + _TURN_CHARACTERS]
    cut = start + _TURN_CHARACTERS < len(text)
    return lifted(("…" if start else "") + excerpt_text + ("…" if cut else ""), words)


def _nothing_said(turn: TurnRecord) -> str:
    """Reason for which an answer has no words."""
    match turn.finish_reason:
        case "":
            return "still being answered …"
        case "interrupted":
            return "stopped before anything was heard"
        case "failed":
            return "failed before its first word"
        case _:
            return "no words"


def _start(text: str, words: Sequence[SearchWord]) -> int:
    """Index from which a long text is shown, so that its first hit is in sight."""
    hits = highlights(text, words)
    if not hits or hits[0][0] < 2 * _BEFORE_HIT_CHARACTERS:
        return 0
    earliest = hits[0][0] - _BEFORE_HIT_CHARACTERS
    return text.find(" ", earliest, hits[0][0]) + 1 or earliest
