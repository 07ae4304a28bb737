"""Status line: provider, model and voice, and whether it is recorded."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from gramophone.ports.backend import ConversationInfo
from gramophone.text.sanitize import plain_line
from tui.theme.colour_names import PLAIN, TROUBLE, WARNING
from tui.transcript.model import TranscriptModel


class StatusLine(Widget):
    """One row; names that do not fit are left out, the least wanted first."""

    DEFAULT_CSS = """
    StatusLine { dock: top; height: 1; padding: 0 2; background: $surface; color: $text-muted; }
    """

    def __init__(self, setup: ConversationInfo) -> None:
        super().__init__()
        self._names = [plain_line(setup.provider), plain_line(setup.model), plain_line(setup.voice)]
        self._muted = setup.muted
        self._stored = setup.stored
        self._recording = False

    def show(self, model: TranscriptModel, *, muted: bool | None = None) -> None:
        """Take over what is to be seen, and repaint only if it differs."""
        muted = self._muted if muted is None else muted
        session = model.session
        names = self._names
        if session is not None:
            names = [plain_line(name) for name in (session.provider, session.model, session.voice)]
        content = names, model.recording, muted
        if content != (self._names, self._recording, self._muted):
            self._names, self._recording, self._muted = content
            self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        pill = self._pill()
        names = list(self._names)
        while True:
            left = Content(" · ".join(name for name in names if name))
            gap = width - left.cell_length - pill.cell_length
            if gap >= 2 or len(names) <= 1:
                break
            # The voice goes first, then the provider.
            names.pop() if len(names) == 3 else names.pop(0)
        return (left.stylize(PLAIN) + Content(" " * max(1, gap)) + pill).truncate(width)

    def _pill(self) -> Content:
        parts: list[Content] = []
        if self._muted:
            parts.append(Content.styled("muted", WARNING))
        if not self._stored:
            parts.append(Content.styled("not kept", WARNING))
        elif self._recording:
            parts.append(Content.styled("● REC", TROUBLE))
        return Content("  ").join(parts)
