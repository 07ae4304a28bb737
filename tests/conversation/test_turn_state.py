"""A turn follows its table of transitions, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gramophone.conversation import turn as turn_module
from gramophone.conversation.messages import FinishAudio, StopAudio
from gramophone.conversation.turn_state import (
    AT_REST,
    ENDING,
    TRANSITIONS,
    Trigger,
    TurnState,
    next_state,
)
from gramophone.core.timeline import TurnCompleted
from scripts import draw_turn_states
from tests.support.random_conversation import STEPS, Edges

Move = tuple[TurnState, Trigger, TurnState]

ROWS: list[Move] = [
    (state, trigger, target)
    for state, row in TRANSITIONS.items()
    for trigger, target in row.items()
]

WAYS: dict[tuple[TurnState, Trigger], str] = {
    (TurnState.UNSPOKEN, Trigger.INTERRUPT): "ask refuse delta interrupt",
    (TurnState.UNSPOKEN, Trigger.COMPLETE): "ask refuse delta finish",
    (TurnState.SPEAKING, Trigger.SOUND_WHOLE): "open say sound flushed wait flushed",
    (TurnState.SPEAKING, Trigger.SPEECH_FAILED): "ask refuse",
    (TurnState.SPEAKING, Trigger.STOP_SOUND): "open ask delta hush",
    (TurnState.SPEAKING, Trigger.INTERRUPT): "open ask interrupt",
    (TurnState.DRAINING, Trigger.DRAINED): "open say sound flushed wait flushed drained",
    (TurnState.DRAINING, Trigger.STOP_SOUND): "open ask delta sound hang-up open hang-up hush",
    (TurnState.DRAINING, Trigger.INTERRUPT): "open say sound flushed wait flushed interrupt",
    (TurnState.PLAYED, Trigger.INTERRUPT): (
        "open ask delta sound hang-up open hang-up drained interrupt"
    ),
    (TurnState.PLAYED, Trigger.COMPLETE): "open say sound flushed wait flushed drained",
    (TurnState.STOPPING_SOUND, Trigger.STOP_REPORTED): "open ask delta hush cut",
    (TurnState.STOPPING_SOUND, Trigger.INTERRUPT): "open ask delta hush interrupt",
    (TurnState.SOUND_STOPPED, Trigger.INTERRUPT): "open ask delta hush cut interrupt",
    (TurnState.SOUND_STOPPED, Trigger.COMPLETE): "open ask delta hush cut finish",
    (TurnState.INTERRUPTING, Trigger.STOP_REPORTED): "open ask interrupt cut",
}
"""Shortest story that leads to each transition, in steps of `Edges`."""


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[Move]:
    return recorded(monkeypatch)


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Move]:
    """Transitions that turns ask for from now on and that the table allows."""
    moves: list[Move] = []

    def recording(state: TurnState, trigger: Trigger) -> TurnState | None:
        target = next_state(state, trigger)
        if target is not None:
            moves.append((state, trigger, target))
        return target

    monkeypatch.setattr(turn_module, "next_state", recording)
    return moves


@pytest.mark.parametrize(("state", "trigger", "target"), ROWS)
def test_every_row_of_the_table_is_a_story(
    state: TurnState, trigger: Trigger, target: TurnState, moves: list[Move]
) -> None:
    edges = Edges()
    edges.take(edges.conversation.begin(0))
    for step in WAYS[state, trigger].split():
        assert edges.message_is_possible(step), step
        edges.step(step)
    assert (state, trigger, target) in moves


class TestTheTable:
    def test_an_interruption_is_allowed_until_the_turn_ends(self) -> None:
        allowed = {state for state in TurnState if Trigger.INTERRUPT in TRANSITIONS[state]}
        assert allowed == set(TurnState) - ENDING

    def test_only_a_turn_at_rest_completes(self) -> None:
        assert {state for state in TurnState if Trigger.COMPLETE in TRANSITIONS[state]} == AT_REST

    @pytest.mark.parametrize("state", TurnState)
    def test_every_state_comes_to_its_end(self, state: TurnState) -> None:
        assert TurnState.DONE in reached_from(state)

    def test_every_state_is_reached_from_the_first(self) -> None:
        assert reached_from(TurnState.SPEAKING) == set(TurnState)

    def test_it_is_drawn_as_it_is(self) -> None:
        assert draw_turn_states.main(["--check"]) == 0


def reached_from(state: TurnState) -> set[TurnState]:
    reached = {state}
    frontier = [state]
    while frontier:
        fresh = set(TRANSITIONS[frontier.pop()].values()) - reached
        reached |= fresh
        frontier += fresh
    return reached


class TurnMachine(RuleBasedStateMachine):
    """Conversations at random: what comes out fits the state of the turn under way."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.moves = recorded(self.patch)
        self.edges = Edges()
        self.edges.take(self.edges.conversation.begin(0))

    def teardown(self) -> None:
        self.patch.undo()

    @rule(step=st.sampled_from(STEPS))
    def happens(self, step: str) -> None:
        self.edges.step(step)

    @precondition(lambda self: self.edges.stopping is not None)
    @rule()
    def the_speaker_answers(self) -> None:
        self.edges.step("cut")

    def of_one_turn(self) -> Iterator[list[Move]]:
        """Transitions of one turn after the other."""
        one: list[Move] = []
        for move in self.moves:
            one.append(move)
            if move[2] is TurnState.DONE:
                yield one
                one = []
        yield one

    @invariant()
    def each_transition_begins_where_the_one_before_ended(self) -> None:
        for one in self.of_one_turn():
            assert [move[0] for move in one[1:]] == [move[2] for move in one[:-1]]
            assert not one or one[0][0] in (TurnState.SPEAKING, TurnState.UNSPOKEN)

    @invariant()
    def the_speaker_is_told_once_of_each_end(self) -> None:
        """One StopAudio for each way into a stop, one FinishAudio for each whole sound."""
        stops = sum(
            target is TurnState.STOPPING_SOUND
            or (target is TurnState.INTERRUPTING and state is not TurnState.STOPPING_SOUND)
            for state, _, target in self.moves
        )
        whole = sum(target is TurnState.DRAINING for _, _, target in self.moves)
        assert stops == sum(isinstance(output, StopAudio) for output in self.edges.outputs)
        assert whole == sum(isinstance(output, FinishAudio) for output in self.edges.outputs)

    @invariant()
    def what_is_done_is_completed(self) -> None:
        endings = sum(target is TurnState.DONE for _, _, target in self.moves)
        completed = [
            output
            for output in self.edges.outputs
            if isinstance(output, TurnCompleted) and output.role == "assistant"
        ]
        assert endings == len(completed)


TurnMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestTurnMachine = TurnMachine.TestCase
