"""What was said in a session, and what of it counts for the next request; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gramophone.core.timeline import Role
from gramophone.ports.engine import Message


@dataclass(slots=True)
class History:
    """Turns in their order. Those that were taken back are still known by their text."""

    _said: dict[int, Message] = field(default_factory=dict[int, Message])
    _remembered: dict[int, int] = field(default_factory=dict[int, int])
    _counting: list[int] = field(default_factory=list[int])

    @property
    def messages(self) -> list[Message]:
        """What counts, in order."""
        return [self._message(turn) for turn in self._counting]

    def add(self, turn: int, role: Role, text: str, remembered: int | None = None) -> None:
        """Add a turn; `remembered` is how many characters of its text count, None for all.

        A turn of which only white space counts is left out of the messages.
        """
        if not text.strip():
            return
        self._said[turn] = Message(role, text)
        if remembered is not None:
            self._remembered[turn] = remembered
        if text[:remembered].strip():
            self._counting.append(turn)

    def _message(self, turn: int) -> Message:
        said = self._said[turn]
        return Message(said.role, said.text[: self._remembered.get(turn)])

    def text(self, turn: int) -> str:
        """The whole text of that turn, whether it counts or not."""
        said = self._said.get(turn)
        return said.text if said is not None else ""

    def asks(self, turn: int) -> bool:
        """Whether the turn is a question that counts."""
        return turn in self._counting and self._said[turn].role == "user"

    def question_before(self, turn: int) -> int | None:
        """The last question that counts before `turn`."""
        return next((at for at in reversed(self._counting) if at < turn and self.asks(at)), None)

    def counts_from(self, turn: int) -> bool:
        """Whether anything from `turn` on counts."""
        return bool(self._counting) and self._counting[-1] >= turn

    def rewind(self, to_turn: int) -> None:
        """The turns from `to_turn` on no longer count."""
        self._counting = [turn for turn in self._counting if turn < to_turn]


def merged(history: Sequence[Message]) -> tuple[Message, ...]:
    """The history as providers want it: it begins with the user's role, and roles alternate.

    What was said before the first question is left out, neighbours of one role are joined.
    """
    joined: list[Message] = []
    for message in history:
        if not joined and message.role != "user":
            continue
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(message.role, f"{joined[-1].text}\n\n{message.text}")
        else:
            joined.append(message)
    return tuple(joined)
