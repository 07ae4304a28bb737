"""Turns of a session, which of them count, and what a request makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gramophone.core.attached_pictures import attachments
from gramophone.core.frozen import frozen
from gramophone.core.give_back import GiveBack
from gramophone.core.intents import (
    EditAndResend,
    Regenerate,
    RepeatTurn,
    Request,
    Say,
    SayStream,
    Submit,
)
from gramophone.core.picture import Picture
from gramophone.core.surrogates import whole
from gramophone.core.timeline import (
    Event,
    GiveBackReceived,
    HistoryRewound,
    Role,
    TurnCompleted,
    TurnInherited,
    TurnStarted,
)
from gramophone.ports.language_model import Message

NOTHING_TO_SEND = "There is nothing to send; type a question first."
NOTHING_TO_REGENERATE = "There is no question to answer again; ask one first."
NOT_A_QUESTION = "That question no longer counts; ask it again below."
NOTHING_TO_SPEAK = "There is nothing of that turn to speak; choose an answer that has text."


@frozen
class RequestPlan:
    """Steps of a request: a rewind, then a question to ask or a text to speak.

    A plan with neither `question` nor `speech` asks the model with the history as it is.
    """

    rewind_to: int | None = None
    question: str = ""
    speech: str = ""
    repeats: int | None = None
    pictures: tuple[Picture, ...] = ()


@dataclass(slots=True)
class History:
    """Turns in their order. Those that were taken back are still known by their text,
    because they can be spoken again."""

    _messages: dict[int, Message] = field(default_factory=dict[int, Message])
    _remembered: dict[int, int] = field(default_factory=dict[int, int])
    _counting: list[int] = field(default_factory=list[int])

    @property
    def messages(self) -> list[Message]:
        """Messages that count, in order."""
        return [self._message(turn) for turn in self._counting]

    def add(
        self,
        turn: int,
        role: Role,
        text: str,
        remembered: int | None = None,
        give_back: tuple[GiveBack, ...] = (),
        pictures: tuple[Picture, ...] = (),
    ) -> None:
        """Add a turn; `remembered` is how many characters of its text count, None for all.

        `give_back` are the items of an answer that its provider wants back, `pictures` those of a
        question. A turn of which only white space counts is left out of the messages.
        """
        if not text.strip():
            return
        self._messages[turn] = Message(role, text, give_back=give_back, pictures=pictures)
        if remembered is not None:
            self._remembered[turn] = remembered
        if text[:remembered].strip():
            self._counting.append(turn)

    def inherit(
        self, turn: int, message: Message, remembered: int | None, now_us: int
    ) -> list[Event]:
        """Add a turn of an earlier session; the events of that."""
        self.add(turn, message.role, message.text, remembered, message.give_back, message.pictures)
        inherited = TurnInherited(
            at_us=now_us, turn=turn, role=message.role, text=message.text, remembered=remembered
        )
        items = [
            GiveBackReceived(
                at_us=now_us, turn=turn, item=own.item, provider=own.provider, model=own.model
            )
            for own in message.give_back
        ]
        return [inherited, *attachments(turn, message.pictures, now_us), *items]

    def restore(self, turn: int, message: Message, remembered: int | None, *, counts: bool) -> None:
        """Add a turn of this session from before it was resumed; one that does not count can still
        be spoken again."""
        self.add(turn, message.role, message.text, remembered, message.give_back, message.pictures)
        if not counts and self._counting and self._counting[-1] == turn:
            self._counting.pop()

    def ask(
        self, turn: int, text: str, now_us: int, pictures: tuple[Picture, ...] = ()
    ) -> list[Event]:
        """Add a question, which comes whole; the events of that."""
        self.add(turn, "user", text, pictures=pictures)
        return [
            TurnStarted(at_us=now_us, turn=turn, role="user", text=text),
            *attachments(turn, pictures, now_us),
            TurnCompleted(at_us=now_us, turn=turn, role="user", text=text, finish_reason="sent"),
        ]

    def _message(self, turn: int) -> Message:
        message = self._messages[turn]
        text = message.text[: self._remembered.get(turn)]
        return replace(message, text=text)

    def text(self, turn: int) -> str:
        """The whole text of that turn, whether it counts or not."""
        message = self._messages.get(turn)
        return message.text if message is not None else ""

    def asks(self, turn: int) -> bool:
        """Whether the turn is a question that counts."""
        return turn in self._counting and self._messages[turn].role == "user"

    def question_before(self, turn: int) -> int | None:
        """The last question that counts before `turn`."""
        return next((at for at in reversed(self._counting) if at < turn and self.asks(at)), None)

    def refuse_pictures(self, now_us: int) -> list[Event]:
        """Take back the question whose pictures the model did not take; the event of that.

        It is the first with pictures of those at the end that have no answer: they go out joined.
        """
        refused = None
        for turn in reversed(self._counting):
            if not self.asks(turn):
                break
            refused = turn if self._messages[turn].pictures else refused
        if refused is None:
            return []
        self.rewind(refused)
        return [HistoryRewound(at_us=now_us, to_turn=refused, refused=True)]

    def counts_from(self, turn: int) -> bool:
        """Whether anything from `turn` on counts."""
        return bool(self._counting) and self._counting[-1] >= turn

    def rewind(self, to_turn: int) -> None:
        """The turns from `to_turn` on no longer count."""
        self._counting = [turn for turn in self._counting if turn < to_turn]

    def plan(self, request: Request) -> RequestPlan | str:
        """Plan a request, or refuse it with a sentence for the user."""
        match request:
            case Submit() | Say() | EditAndResend() if not request.text.strip():
                return NOTHING_TO_SEND
            case Submit():
                return RequestPlan(question=whole(request.text), pictures=request.pictures)
            case Say():
                return RequestPlan(speech=whole(request.text))
            case SayStream():
                return RequestPlan()
            case EditAndResend():
                if not self.asks(request.turn):
                    return NOT_A_QUESTION
                return RequestPlan(
                    rewind_to=request.turn,
                    question=whole(request.text),
                    pictures=request.pictures,
                )
            case Regenerate():
                before = request.turn if request.turn >= 0 else 1 << 62
                question_turn = self.question_before(before)
                return (
                    RequestPlan(rewind_to=question_turn + 1)
                    if question_turn is not None
                    else NOTHING_TO_REGENERATE
                )
            case RepeatTurn():
                text = self.text(request.turn)
                return RequestPlan(speech=text, repeats=request.turn) if text else NOTHING_TO_SPEAK


def merged(history: Sequence[Message]) -> tuple[Message, ...]:
    """The history as providers want it: it begins with the user's role, and roles alternate.

    What was said before the first question is left out, neighbours of one role are joined.
    """
    joined: list[Message] = []
    for message in history:
        if not joined and message.role != "user":
            continue
        if joined and joined[-1].role == message.role:
            before = joined[-1]
            joined[-1] = replace(
                before,
                text=f"{before.text}\n\n{message.text}",
                give_back=before.give_back + message.give_back,
                pictures=before.pictures + message.pictures,
            )
        else:
            joined.append(message)
    return tuple(joined)
