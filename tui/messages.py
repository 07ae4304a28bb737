"""Messages between widgets, screens and the app.

A widget posts one and does not know who takes it; Textual carries it upward through the parents. A
name says what was done (`PromptSent`) or what is asked for (`CopyWanted`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from textual.message import Message
from textual.widget import Widget

from gramophone.core.picture import Picture
from tui.prompt.completion_model import CompletionState
from tui.support.alerts import Alert
from tui.transcript.model import TranscriptModel


class PromptSent(Message):
    """The user sent a prompt, with the pictures that it names; the text is never empty."""

    def __init__(self, text: str, pictures: tuple[Picture, ...] = ()) -> None:
        super().__init__()
        self.text = text
        self.pictures = pictures


class CommandGiven(Message):
    """The user gave one of the prompt's slash commands.

    The argument may be empty, and has several lines only where `SlashCommand.long` says so.
    """

    def __init__(self, name: str, argument: str = "") -> None:
        super().__init__()
        self.name = name
        self.argument = argument


class PromptRefused(Message):
    """The prompt was not sent and stays; one sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__()
        self.sentence = sentence


class EarlierPromptsWanted(Message):
    """The prompts of earlier sittings are wanted; `Prompt.remember` takes them."""


class OfferChanged(Message):
    """The prompt offers other completions now, or none."""

    def __init__(self, offer: CompletionState | None) -> None:
        super().__init__()
        self.offer = offer

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, OfferChanged)


class CandidateTaken(Message):
    """A row of the offered list was clicked."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class PromptEmpty(Message):
    """Enter was pressed with nothing to send."""


class ScrollWanted(Message):
    """The transcript is to scroll by so many pages, up where negative; a key in the prompt asks."""

    def __init__(self, pages: int) -> None:
        super().__init__()
        self.pages = pages


class FollowWanted(Message):
    """The transcript is to go to its end and stay there."""


class FindWanted(Message):
    """Words are to be looked for in the transcript that posts it."""


TurnAction: TypeAlias = Literal["edit", "regenerate", "fork", "speak", "hear"]
"""Actions on a turn: edit it and ask again, answer it again, continue from it in a new session,
speak it again, play its recording."""


class TurnWanted(Message):
    """Something is to be done with a turn; `character` is an offset into its text, where the
    user pointed at one."""

    def __init__(self, action: TurnAction, turn: int, character: int = 0) -> None:
        super().__init__()
        self.action: TurnAction = action
        self.turn = turn
        self.character = character


class SeekWanted(Message):
    """The replay is to go on at this position."""

    def __init__(self, position_us: int) -> None:
        super().__init__()
        self.position_us = position_us

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, SeekWanted)


class CopyWanted(Message):
    """This text is wanted in the clipboard; `name` names it with its article: "the answer"."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__()
        self.text = text
        self.text_name = name


class PaneChanged(Message):
    """A pane has taken entries in; only the newest matters."""

    def __init__(self, model: TranscriptModel) -> None:
        super().__init__()
        self.model = model

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PaneChanged) and message.model is self.model


class PanesChanged(Message):
    """There are other panes now, or another of them is spoken to or heard."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PanesChanged)


class AlertRaised(Message):
    """Something failed in a conversation just now, not in one that is replayed."""

    def __init__(self, pane: Widget, alert: Alert) -> None:
        super().__init__()
        self.pane = pane
        self.alert = alert


class MoreWanted(Message):
    """The list of sessions has been read to near its end."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, MoreWanted)


class AllRowsWanted(Message):
    """The list of sessions is to be read to its end; `then` is called when it is."""

    def __init__(self, then: Callable[[], object]) -> None:
        super().__init__()
        self.then = then


class ContinueWanted(Message):
    """A kept session is to go on: its turns become the history of the next request. The app hands
    it to the conversation, whatever lies above that."""

    def __init__(self, session_id: str) -> None:
        super().__init__()
        self.session_id = session_id


class MarksChanged(Message):
    """Other sessions of the list are marked than before."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, MarksChanged)


class FootChanged(Message):
    """The line at the foot of a chart has other words now."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class LongAnswerEnded(Message):
    """A long answer of this model came to its end."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self.model = model
