"""What a request comes to: what is taken back, and what is asked or said; pure."""

from __future__ import annotations

from gramophone.conversation.history import History
from gramophone.core.frozen import frozen
from gramophone.core.intents import EditAndResend, Regenerate, RepeatTurn, Request, Say, Submit
from gramophone.core.surrogates import whole

NOTHING_TO_SEND = "There is nothing to send; type a question first."
NOTHING_TO_REGENERATE = "There is no question to answer again; ask one first."
NOT_A_QUESTION = "That question no longer counts; ask it again below."
NOTHING_TO_SPEAK = "There is nothing of that turn to speak; choose an answer that has text."


@frozen
class Plan:
    """What is to be done. A plan without `question` and `speech` asks the history as it is."""

    rewind_to: int | None = None
    question: str = ""
    speech: str = ""
    repeats: int | None = None


def plan_of(request: Request, history: History) -> Plan | str:
    """The plan for a request, or the sentence that refuses it."""
    match request:
        case Submit() | Say() | EditAndResend() if not request.text.strip():
            return NOTHING_TO_SEND
        case Submit():
            return Plan(question=whole(request.text))
        case Say():
            return Plan(speech=whole(request.text))
        case EditAndResend():
            if not history.asks(request.turn):
                return NOT_A_QUESTION
            return Plan(rewind_to=request.turn, question=whole(request.text))
        case Regenerate():
            before = request.turn if request.turn >= 0 else 1 << 62
            asked = history.question_before(before)
            return Plan(rewind_to=asked + 1) if asked is not None else NOTHING_TO_REGENERATE
        case RepeatTurn():
            text = history.text(request.turn)
            return Plan(speech=text, repeats=request.turn) if text else NOTHING_TO_SPEAK
