"""The status line: who speaks here, how fast it answers, and whether it is kept."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from gramophone.ports.backend import ConversationInfo
from gramophone.text.sanitize import plain_line
from tui.support.formatting import milliseconds
from tui.theme.colour_names import PLAIN, TROUBLE, WARNING
from tui.transcript.model import TranscriptModel


class StatusLine(Widget):
    """One row; facts that do not fit are left out, the least wanted first."""

    DEFAULT_CSS = """
    StatusLine { dock: top; height: 1; padding: 0 2; background: $surface; color: $text-muted; }
    """

    def __init__(self, setup: ConversationInfo) -> None:
        super().__init__()
        self._names = [plain_line(setup.provider), plain_line(setup.model), plain_line(setup.voice)]
        self._muted = setup.muted
        self._stored = setup.stored
        self._figures: list[str] = []
        self._recording = False

    def show(self, model: TranscriptModel, *, muted: bool | None = None) -> None:
        """Take over what is to be seen, and repaint only if it differs."""
        muted = self._muted if muted is None else muted
        session = model.session
        names = self._names
        if session is not None:
            names = [plain_line(name) for name in (session.provider, session.model, session.voice)]
        figures = _figures(model)
        content = names, figures, model.recording, muted
        if content != (self._names, self._figures, self._recording, self._muted):
            self._names, self._figures, self._recording, self._muted = content
            self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        pill = self._pill()
        names, figures = list(self._names), list(self._figures)
        while True:
            left = " · ".join(name for name in names if name)
            right = "   ".join(figures)
            space = 3 if figures and pill.cell_length else 0
            gap = width - Content(left).cell_length - len(right) - space - pill.cell_length
            if gap >= 2 or not (figures or len(names) > 1):
                break
            # Figures go from the least wanted end, then the voice, then the provider.
            if figures:
                figures.pop()
            else:
                names.pop() if len(names) == 3 else names.pop(0)
        line = Content.styled(left, PLAIN) + Content(" " * max(1, gap)) + Content(right)
        return (line + Content(" " * space) + pill).truncate(width)

    def _pill(self) -> Content:
        parts: list[Content] = []
        if self._muted:
            parts.append(Content.styled("muted", WARNING))
        if not self._stored:
            parts.append(Content.styled("not kept", WARNING))
        elif self._recording:
            parts.append(Content.styled("● REC", TROUBLE))
        return Content("  ").join(parts)


def _figures(model: TranscriptModel) -> list[str]:
    metrics, sound = model.metrics, model.sound
    figures: list[str] = []
    if metrics.response_ms is not None:
        figures.append(f"response {milliseconds(metrics.response_ms)}")
    if metrics.ttft_ms is not None:
        figures.append(f"TTFT {milliseconds(metrics.ttft_ms)}")
    if sound.queued_samples:
        figures.append(f"queue {sound.queued_s:.1f} s")
    return figures
