"""Whatever happens, and in whatever order, some things hold of every conversation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gramophone.conversation.messages import End, PlaybackStopReported, Tick
from gramophone.conversation.tts_session import HEARD_TIMEOUT_US
from gramophone.core.timeline import (
    AudioReceived,
    SessionEnded,
    SpeechConnected,
    SpeechDisconnected,
    TurnCompleted,
    TurnStarted,
)
from tests.support.random_conversation import STEPS, Edges

PROTOCOLS = pytest.mark.parametrize("flux", [False, True], ids=["v1", "v2"])


@PROTOCOLS
@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=60))
def test_every_conversation_holds_together_and_ends(flux: bool, steps: list[str]) -> None:
    edges = Edges(flux=flux)
    edges.take(edges.conversation.begin(0))
    for step in steps:
        edges.step(step)
    edges.tell(End())
    if edges.stopping is not None:
        edges.tell(PlaybackStopReported(edges.stopping, 0))
    # Over v2 the service may be asked for what was heard, and be silent.
    edges.now_us += HEARD_TIMEOUT_US
    edges.tell(Tick())

    assert isinstance(edges.outputs[-1], SessionEnded)
    assert edges.turn is None
    started = [event.turn for event in edges.all_of(TurnStarted) if isinstance(event, TurnStarted)]
    over = [event.turn for event in edges.all_of(TurnCompleted) if isinstance(event, TurnCompleted)]
    assert sorted(over) == started == list(range(len(started)))
    assert len(edges.all_of(SpeechConnected)) == len(edges.all_of(SpeechDisconnected))
    frames = [event for event in edges.all_of(AudioReceived) if isinstance(event, AudioReceived)]
    for turn in started:
        end = 0
        for frame in (frame for frame in frames if frame.turn == turn):
            assert frame.offset_bytes - end in (0, 1), "sound that overlaps or has a hole"
            end = frame.offset_bytes + frame.size_bytes


@PROTOCOLS
@settings(max_examples=130, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=40))
def test_a_turn_left_to_itself_comes_to_its_end(flux: bool, steps: list[str]) -> None:
    """When the model ends, the service answers and the speaker plays, no turn hangs."""
    edges = Edges(flux=flux)
    edges.take(edges.conversation.begin(0))
    for step in steps:
        edges.step(step)
    for _ in range(200):
        for step in ("finish", "open", "cut", "cleared", "sound", "flushed", "glance", "drained"):
            edges.step(step)
        edges.now_us += 1_000_000
        edges.tell(Tick())
    assert not edges.conversation.speaking
