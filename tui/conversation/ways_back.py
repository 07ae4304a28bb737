"""The line below a transcript: ways back to the voice and to the end, for who reads elsewhere."""

from __future__ import annotations

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tui.transcript.transcript import Transcript

_VOICE_IDS = ("transcript.voice", "conversation.voice")


class WaysBack(Widget):
    """Empty while the view follows what comes. Its words can be clicked."""

    DEFAULT_CSS = """
    WaysBack {
        height: 1;
        padding: 0 2;
        text-align: right;
        color: $ink-accent;
        link-color: $ink-accent;
        link-style: not underline;
        link-background: transparent;
    }
    """

    def __init__(self, transcript: Transcript) -> None:
        super().__init__()
        self._transcript = transcript
        self._to_voice = False
        self._to_end = ""

    def look(self) -> None:
        """Take over what the transcript follows, and repaint only if it differs."""
        transcript = self._transcript
        to_end = "" if transcript.following else _to_end(transcript.new_lines)
        if (transcript.voice_elsewhere, to_end) != (self._to_voice, self._to_end):
            self._to_voice, self._to_end = transcript.voice_elsewhere, to_end
            self.set_class(self._to_voice or bool(to_end), "-shown")
            self.refresh()

    def render(self) -> Content:
        """Draw the words; the key of the voice goes first where there is too little room."""
        end = [_chip(self._to_end, "follow")] if self._to_end else []
        if not self._to_voice:
            return Content("").join(end)
        keys = f"  {key}" if (key := self._voice_key()) else ""
        for words in (f"♪ back to the voice{keys}", "♪ back to the voice", "♪ voice"):
            line = Content("   ").join([_chip(words, "voice"), *end])
            if line.cell_length <= self.content_size.width:
                break
        return line

    def _voice_key(self) -> str:
        by_id = {row.binding.id: row.binding for row in self.screen.active_bindings.values()}
        binding = next((by_id[name] for name in _VOICE_IDS if name in by_id), None)
        return self.app.get_key_display(binding) if binding is not None else ""

    def action_voice(self) -> None:
        """Follow the word that is heard."""
        self._transcript.action_voice()

    def action_follow(self) -> None:
        """Follow the end."""
        self._transcript.action_follow()


def _to_end(new_lines: int) -> str:
    if not new_lines:
        return "↓ End"
    return f"↓ {new_lines} new line{'' if new_lines == 1 else 's'}  End"


def _chip(words: str, action: str) -> Content:
    return Content(words).stylize(Style.from_meta({"@click": action}))
