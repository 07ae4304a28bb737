"""`fixture check`: what was recorded is said again, and comes to the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import TypeVar

import pytest

from fixtures import recordings
from gramophone.cli.fixture.check import Checked, checked_against
from gramophone.cli.fixture.check_plan import CheckError, Reached, plan_of
from gramophone.core.intents import Say, Submit
from gramophone.core.timeline import (
    AudioReceived,
    ClearSent,
    DeltaReceived,
    Event,
    FlushAnswered,
    FlushSent,
    FrameReceived,
    FrameSent,
    HistoryRewound,
    ModelChunkReceived,
    RequestSent,
    SessionEnded,
    SessionStarted,
    SpeechConnected,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
)
from gramophone.standin.proxy.observe_speak_v1 import SpeakObserver
from gramophone.wire.deepgram.speak_v1.messages import (
    Clear,
    Cleared,
    ClientMessage,
    Flush,
    Flushed,
    ServerMessage,
    Speak,
    render,
)
from gramophone.wire.deepgram.speak_v2.recording import said
from tests.builders import session_started

T = TypeVar("T", bound=Event)

V2 = "It was spoken with Speak v2; texts and sound are compared, spoken with v1."
CUT = "Turn 1 was interrupted; it is compared up to there."
NOTES = {
    "interrupted": [CUT],
    "flux": [CUT, V2],
    "tool-call": [
        "Where the model called tools, only the answer is compared: this client has none."
    ],
}
"""What is said of a recording that cannot be played as it was."""


def same(*notes: str) -> Checked:
    return Checked((), (), notes)


@pytest.mark.parametrize("name", recordings.names())
async def test_every_recording_comes_to_the_same(name: str) -> None:
    assert await checked_against(recordings.load(name)) == same(*NOTES.get(name, []))


@pytest.mark.parametrize("name", ["short-answer", "interrupted", "tool-call"])
async def test_other_words_are_told(name: str) -> None:
    events = [event for event in recordings.load(name) if not isinstance(event, ModelChunkReceived)]
    at = next(i for i, event in enumerate(events) if isinstance(event, DeltaReceived))
    changed: list[Event] = [*events]
    changed[at] = replace(events[at], text="Telephones! ")
    checked = await checked_against(changed)
    assert any(sentence.startswith("Turn 1 says ") for sentence in checked.differences)


async def test_what_was_taken_back_is_refused() -> None:
    events = recordings.load("short-answer")
    with pytest.raises(CheckError, match="taken back or continued"):
        await checked_against([*events, HistoryRewound(at_us=events[-1].at_us, to_turn=0)])


# --- interruptions ------------------------------------------------------------------------------


def test_an_interruption_comes_when_as_much_is_there() -> None:
    plan = plan_of(recordings.load("interrupted"))
    received = [e for e in plan.events if isinstance(e, AudioReceived)]
    (step,) = plan.steps()
    assert step.intent == Submit("Tell me a story about an old gramophone.")
    assert step.until is not None
    assert step.until.sound_bytes == sum(frame.size_bytes for frame in received)
    # Of the third Flush nothing had come when it was cleared.
    two = (
        "Once upon a time, there was a humble British gramophone named Grampa who lived in the "
        "19th century."
    )
    assert step.until.spoken == len(said(two))


async def test_of_what_was_interrupted_every_sample_before_it_counts() -> None:
    recorded = recordings.load("interrupted")
    plan = plan_of(recorded)
    heard = list(plan.events)
    last = max(i for i, event in enumerate(heard) if isinstance(event, AudioReceived))
    assert list(plan.comparable(heard)) == heard
    stale = replace(heard[last], stale=True)
    assert list(plan.comparable([*heard[:last], stale])) == heard[:last]


async def test_a_missing_clear_is_told() -> None:
    plan = plan_of(recordings.load("interrupted"))
    heard = [event for event in plan.events if not isinstance(event, ClearSent)]
    assert list(plan.uncleared(heard)) == ["Turn 1 was interrupted without a Clear."]


def ended_by_the_user(events: Sequence[Event]) -> Iterator[Event]:
    """The same, but the last of its sound was waited for in vain."""
    for event in events:
        match event:
            case TurnCompleted(role="assistant", turn=turn, text=text, at_us=at_us):
                yield TurnInterrupted(at_us=at_us, turn=turn, heard_text=text[:9], heard_samples=9)
                yield replace(event, text=text[:9], finish_reason="interrupted")
            case _:
                yield event


async def test_an_interruption_when_all_sound_had_come() -> None:
    assert await checked_against(list(ended_by_the_user(recordings.load("short-answer")))) == same(
        CUT
    )


def without_a_word(events: Sequence[Event]) -> Iterator[Event]:
    """The same, interrupted before anything came."""
    for event in events:
        match event:
            case TurnInterrupted():
                yield replace(event, heard_text="")
            case TurnCompleted(role="assistant"):
                yield replace(event, text="")
            case SessionStarted() | SessionEnded() | TurnStarted() | TurnCompleted():
                yield event
            case RequestSent():
                yield event
            case _:
                pass


async def test_an_interruption_before_the_first_word() -> None:
    events = list(without_a_word(recordings.load("interrupted")))
    (step,) = plan_of(events).steps()
    assert step.until == Reached(0, None, 0)
    assert await checked_against(events) == same(CUT)


# --- other programs -----------------------------------------------------------------------------


def observed(*frames: ClientMessage | ServerMessage | bytes) -> list[Event]:
    """A session of a program that speaks, as the recording proxy tells it."""
    observer = SpeakObserver(0, count(), 2)
    connected = SpeechConnected(at_us=0, connection=0, url="ws://x/v1/speak", request_id="r")
    events: list[Event] = [session_started(sample_rate_hz=8_000), connected]
    for at_us, frame in enumerate(frames, 1):
        if isinstance(frame, Speak | Flush | Clear):
            events += observer.sent(render(frame), at_us)
        else:
            told = frame if isinstance(frame, bytes) else render(frame)
            events += observer.received(told, at_us)
    ended = observer.ended(1000, "", len(frames) + 1)
    return [*events, *ended, SessionEnded(at_us=len(frames) + 2)]


async def test_what_another_program_spoke_and_cleared() -> None:
    events = observed(
        Speak("One two three. "),
        Flush(),
        b"\1\0" * 400,
        Flushed(0),
        Speak("Four five six. Seven eight."),
        Flush(),
        b"\2\0" * 400,
        Speak(" Nine."),
        Clear(),
        b"\3\0" * 400,
        Cleared(1),
        Speak("Ten."),
        Flush(),
        b"\4\0" * 400,
        Flushed(2),
    )
    plan = plan_of(events)
    assert [step.intent for step in plan.steps()] == [
        Say("One two three. "),
        Say("Four five six. Seven eight. Nine."),
        Say("Ten."),
    ]
    assert await checked_against(events) == same(CUT)


def test_only_the_answer_that_tools_led_to_is_asked_for() -> None:
    plan = plan_of(recordings.load("tool-call"))
    assert [turn.role for turn in plan.turns] == ["user", "assistant"]
    assert plan.turns[1].sound_bytes > 0
    assert [step.intent for step in plan.steps()] == [Submit("Do I need a coat in Oslo today?")]


SPEECH = (
    SpeechConnected,
    SpeechDisconnected,
    FrameSent,
    FrameReceived,
    TextSpoken,
    FlushSent,
    FlushAnswered,
    AudioReceived,
)


async def test_an_answer_that_nobody_spoke() -> None:
    events = [event for event in recordings.load("tool-call") if not isinstance(event, SPEECH)]
    unspoken = "Turn 1 was not spoken; its sound is not compared."
    assert await checked_against(events) == same(*NOTES["tool-call"], unspoken)
