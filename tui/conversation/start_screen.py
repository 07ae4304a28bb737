"""Start screen: what stands in the first pane until something is said.

A mark, how to begin or what is missing, the model and the voice, the last talks, prompts to try.
What there is no room for is left out from below.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from textual.content import Content
from textual.style import Style

from gramophone.core.errors import GramophoneError
from gramophone.core.timeline import Stage
from gramophone.library.library import SessionSummary
from gramophone.ports.backend import Backend, ConversationInfo
from gramophone.text.graphemes import cut
from gramophone.text.sanitize import plain_line
from tui.conversation.talk_pane import TalkPane
from tui.conversation.welcome import welcome
from tui.prompt.completions import SHORT_BELOW_ROWS
from tui.sessions.date_heading import heading, time_beneath
from tui.sessions.session_row import title_of
from tui.support.today import today_of
from tui.theme.colour_names import ACCENT, MUTED, PLAIN, SOUND, WARNING

TRY: Final = (
    "Explain how a gramophone works, in three sentences.",
    "Tell me a short story about a lighthouse.",
    "Compare tea and coffee in a small table.",
)
TALKS: Final = 3
_MARK: Final = ("▗▄▄▄▖", "▐█◉█▌", "▝▀▀▀▘")
_TITLE_CELLS: Final = 40
_NARROWEST: Final = 60
_FIRST_ROWS: Final = 24
_TALL_ROWS: Final = 28
_TALLEST_ROWS: Final = 32


class StartScreen:
    """State of the start screen: the last talks, and the stages that failed so far."""

    def __init__(self, backend: Backend, pane: TalkPane) -> None:
        """`pane` is the first one, which shows it."""
        self._backend = backend
        self._pane = pane
        self._talks: Sequence[SessionSummary] = ()
        self.failed: set[Stage] = set()

    async def load(self) -> None:
        """Read the last talks; where they cannot be read, there are none."""
        if not self._backend.setup.stored:
            return
        try:
            library = await self._backend.open_library()
            self._talks = await library.latest(limit=TALKS)
        except GramophoneError:
            # Whoever opens the history is told.
            return

    def show(self) -> None:
        """Put it into the pane, unless something was said there."""
        pane = self._pane
        if not pane.is_mounted or pane.spoken:
            return
        width, height = pane.app.size
        short = height < SHORT_BELOW_ROWS
        silent = pane.model.sound.silent and not pane.model.sound.muted
        setup = self._backend.setup
        words = welcome(setup, self.failed, silent=silent, short=short)
        if short or width < _NARROWEST:
            pane.excuse(words)
            return
        state = _state(setup, self.failed, silent=silent)
        pane.excuse(start_text(words, state, self._talks, today_of(pane), height))

    def last_talk(self, pane: TalkPane) -> str:
        """Id of the session that Enter goes on with in `pane`; empty where none is offered."""
        if pane is not self._pane:
            return ""
        width, height = pane.app.size
        offered = height >= SHORT_BELOW_ROWS and width >= _NARROWEST and not pane.spoken
        return self._talks[0].id if offered and self._talks else ""


def start_text(
    words: str, state: Content, talks: Sequence[SessionSummary], today: date, rows: int
) -> Content:
    """The whole text for a terminal of so many rows."""
    lines: list[Content] = []
    if rows >= _TALLEST_ROWS:
        lines += [Content.styled(line, ACCENT) for line in _MARK]
    lines += [Content.styled("Gramophone", f"bold {ACCENT}"), Content("")]
    lines += [
        *map(Content, words.split("\n")),
        *([Content("")] if rows >= _TALL_ROWS else []),
        state,
    ]
    if talks:
        shown = talks if rows >= _TALL_ROWS else talks[:1]
        lines += [Content(""), Content.styled("Enter goes on with the last talk", f"bold {MUTED}")]
        lines += [_talk(summary, today) for summary in shown]
    if rows >= _TALLEST_ROWS or (rows >= _FIRST_ROWS and not talks):
        lines += [Content(""), Content.styled("Something to try", f"bold {MUTED}")]
        lines += [_try(index) for index in range(len(TRY))]
    return Content("\n").join(lines)


def _state(setup: ConversationInfo, failed: set[Stage], *, silent: bool) -> Content:
    """Model, voice and device, each with a mark of whether it works as far as is known."""
    mute = "speech" in failed
    named = " ".join(plain_line(name) for name in (setup.provider, setup.model) if name)
    parts = [
        _part("no model answers" if "model" in failed else named, good="model" not in failed),
        _part("no voice" if mute else plain_line(setup.voice), good=not mute),
    ]
    if silent:
        parts.append(_part("no sound device", good=False))
    return Content("   ").join(parts)


def _part(words: str, *, good: bool) -> Content:
    mark = Content.styled("✓ ", SOUND) if good else Content.styled("✗ ", WARNING)
    return mark + Content.styled(words, PLAIN)


def _talk(summary: SessionSummary, today: date) -> Content:
    title = title_of(summary)
    short = title if len(title) <= _TITLE_CELLS else f"{cut(title, _TITLE_CELLS - 1)}…"
    at = summary.latest_at
    day, time = heading(at, today), time_beneath(at, today)
    when = f"{day.lower()} {time}" if day in ("Today", "Yesterday") else time
    line = Content.styled(short, PLAIN) + Content.styled(f"  {when}", MUTED)
    return line.stylize(Style.from_meta({"@click": f"screen.go_on({summary.id!r})"}))


def _try(index: int) -> Content:
    line = Content.styled(TRY[index], PLAIN)
    return line.stylize(Style.from_meta({"@click": f"screen.try_prompt({index})"}))
