"""Sessions with pictures."""

from __future__ import annotations

from gramophone.core.attached_pictures import attachments
from gramophone.core.picture import Picture
from gramophone.core.timeline import (
    Event,
    PictureAttached,
    SessionEnded,
    TurnCompleted,
    TurnStarted,
)
from tests.support.builders import session_started
from tests.support.picture_files import jpeg, picture, png

CAT = picture("cat.png", png(64, 48))
DOG = picture("dog.jpg", jpeg(8, 6))


def attached(turn: int, shown: Picture, at_us: int = 0) -> PictureAttached:
    """The event of a picture of this turn."""
    (event,) = attachments(turn, [shown], at_us)
    return event


def pictured_session(session_id: str = "5e551017a0000000") -> list[Event]:
    """A question with two pictures and its answer, then one with the first of them again."""
    return [
        session_started(session_id),
        *_question(0, "Which is which?", CAT, DOG),
        *_answer(1, "A cat, a dog."),
        *_question(2, "Sure?", CAT),
        *_answer(3, "Yes."),
        SessionEnded(at_us=9),
    ]


def _question(turn: int, text: str, *pictures: Picture) -> list[Event]:
    return [
        TurnStarted(at_us=turn, turn=turn, role="user", text=text),
        *(attached(turn, shown, turn) for shown in pictures),
        TurnCompleted(at_us=turn, turn=turn, role="user", text=text, finish_reason="sent"),
    ]


def _answer(turn: int, text: str) -> list[Event]:
    return [
        TurnStarted(at_us=turn, turn=turn, role="assistant"),
        TurnCompleted(at_us=turn, turn=turn, role="assistant", text=text, finish_reason="stop"),
    ]
