"""All messages between the widgets, on one page."""

from __future__ import annotations

from textual.message import Message

from tui.transcript_model import TranscriptModel


class PromptSent(Message):
    """The user sent a prompt; never empty."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class PromptEmpty(Message):
    """Enter was pressed with nothing to send."""


class ScrollWanted(Message):
    """A key in the prompt that is meant for the transcript."""

    def __init__(self, pages: int) -> None:
        super().__init__()
        self.pages = pages


class FollowWanted(Message):
    """Go to the end of the transcript and stay there."""


class PaneChanged(Message):
    """A pane has taken entries in; only the newest matters."""

    def __init__(self, model: TranscriptModel) -> None:
        super().__init__()
        self.model = model

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PaneChanged)


class MoreWanted(Message):
    """The list of sessions has been read to near its end."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, MoreWanted)
