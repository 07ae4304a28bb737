"""How conversations begin, as playbooks."""

from __future__ import annotations

from gramophone.conversation.messages import ConnectTts, StartModel
from gramophone.core.intents import Submit
from gramophone.core.timeline import (
    DeltaReceived,
    FlushSent,
    RequestSent,
    SessionStarted,
    SpeechConnected,
    TextSpoken,
    TurnCompleted,
    TurnStarted,
)
from gramophone.ports.language_model import Message
from tests.support.playbook import URL, Playbook, delta, flush, like, metadata, opened, says


def connected(play: Playbook) -> Playbook:
    play.begin().gives(SessionStarted, ConnectTts(0))
    play.when(opened(0)).gives(
        SpeechConnected(at_us=0, connection=0, url=URL, request_id="request-0")
    )
    return play.when(metadata(0)).gives_nothing()


def ask(play: Playbook, question: str = "Hello?") -> Playbook:
    """The first question of a session: turns 0 and 1."""
    return play.when(Submit(question)).gives(
        like(TurnStarted, turn=0, role="user", text=question),
        like(TurnCompleted, turn=0, text=question, finish_reason="sent"),
        like(TurnStarted, turn=1, role="assistant", text=""),
        like(RequestSent, turn=1, provider="local", model="smollm2", messages=1),
        StartModel(1, (Message("user", question),)),
    )


def begin_speaking(play: Playbook) -> Playbook:
    """Turn 1 is under way: its first sentence was sent to be spoken, the model goes on."""
    ask(play)
    return play.when(delta(1, "One two three four. Five ")).gives(
        DeltaReceived, says("One two three four."), TextSpoken, flush(), FlushSent
    )
