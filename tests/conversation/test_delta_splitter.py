"""Large deltas are cut before they are handled, and give the same answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gramophone.conversation.delta_splitter import LARGEST_DELTA_CHARACTERS, pieces_of
from gramophone.conversation.engine import Engine
from gramophone.core.intents import Interrupt, Submit
from gramophone.core.timeline import DeltaReceived, Entry, ModelChunkReceived, TurnCompleted
from gramophone.ports.language_model import ModelChunk, Usage
from tests.support.engine_sessions import ScriptedModel, session


@given(st.text(max_size=60), st.text(max_size=60), st.integers(1, 20))
def test_the_pieces_are_the_chunk(text: str, thought: str, largest: int) -> None:
    chunk = ModelChunk(
        raw="{}", text=text, thought=thought, usage=Usage(1, 2), finish_reason="stop", retracts=True
    )
    pieces = list(pieces_of(chunk, largest))
    assert "".join(piece.text for piece in pieces) == text
    assert "".join(piece.thought for piece in pieces) == thought
    assert all(len(piece.text) + len(piece.thought) <= largest for piece in pieces)
    assert [piece.retracts for piece in pieces] == [True] + [False] * (len(pieces) - 1)
    assert [piece.raw for piece in pieces] == ["{}"] + [""] * (len(pieces) - 1)
    assert [piece.usage for piece in pieces] == [None] * (len(pieces) - 1) + [chunk.usage]
    assert pieces[-1].finish_reason == "stop"


def test_a_small_chunk_stays_what_it_is() -> None:
    chunk = ModelChunk(raw="{}", text="Hello")
    assert list(pieces_of(chunk)) == [chunk]


class _InterruptsAtFirstText:
    """A sink that presses Ctrl+C, as a signal does: when the loop next looks."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        self._interrupt = interrupt
        self._pressed = False

    def emit(self, entry: Entry) -> None:
        if isinstance(entry, DeltaReceived) and not self._pressed:
            self._pressed = True
            asyncio.get_running_loop().call_soon(self._interrupt)


async def test_an_interruption_never_waits_behind_a_large_delta() -> None:
    """Eight million characters at once: what was handled before it is counted, not timed."""
    model = ScriptedModel(["A sentence of words. " * 400_000])
    engines: list[Engine] = []
    sink = _InterruptsAtFirstText(lambda: engines[0].post(Interrupt()))
    async with session(None, model=model, sinks=[sink]) as (engine, listening):
        engines.append(engine)
        engine.post(Submit("Hello?"))
        turn = await listening.until(
            lambda entry: isinstance(entry, TurnCompleted) and entry.turn == 1
        )
    assert turn.finish_reason == "interrupted"
    assert len(turn.text) <= 10 * LARGEST_DELTA_CHARACTERS
    assert (
        max(len(delta.text) for delta in listening.all_of(DeltaReceived))
        == LARGEST_DELTA_CHARACTERS
    )
    assert len(listening.all_of(ModelChunkReceived)) == 1


async def test_the_loop_has_its_turn_between_any_two_pieces() -> None:
    turns_of_the_loop: list[int] = []
    model = ScriptedModel(["A sentence of words. " * 5_000])
    async with session(None, model=model) as (engine, listening):

        def look() -> None:
            turns_of_the_loop.append(len(listening.all_of(DeltaReceived)))
            asyncio.get_running_loop().call_soon(look)

        look()
        engine.post(Submit("Hello?"))
        await listening.until(lambda entry: isinstance(entry, TurnCompleted) and entry.turn == 1)
    steps = [after - before for before, after in pairwise(turns_of_the_loop)]
    assert sum(steps) == len(listening.all_of(DeltaReceived)) == 27
    assert max(steps) == 1
