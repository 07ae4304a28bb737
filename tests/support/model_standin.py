"""The stand-in for language models, for tests of the clients that meet it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from gramophone.core.clock import Clock, SystemClock
from gramophone.standin.faults import Fault
from gramophone.standin.llm.answer_selection import AnswerSelector, RecordedOrder
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address
from gramophone.standin.server.wall_time import wall_time
from gramophone.wire.llm.answer import ModelAnswer, TextPiece, ThinkingPiece, ToolPiece

HELLO = ModelAnswer(
    None, (TextPiece("Hel"), TextPiece("lo"), TextPiece(".")), input_tokens=9, output_tokens=4
)
LOOKING = ModelAnswer(
    "Look twice.",
    (
        ThinkingPiece("Twice, then.", "EqQB"),
        TextPiece("I look."),
        ToolPiece(0, "", "look", ""),
        ToolPiece(0, "", "", '{"where": "né '),
        ToolPiece(1, "", "look", '{"where": "'),
        ToolPiece(0, "", "", '日本"}'),
        ToolPiece(1, "", "", 'there"}'),
    ),
)
LOOKED = ModelAnswer("Look twice.", (TextPiece("Nothing there."),))
PLACES = [{"where": "né 日本"}, {"where": "there"}]


@asynccontextmanager
async def standing_in(
    *answers: ModelAnswer,
    faults: Sequence[str] = (),
    choose: AnswerSelector | None = None,
    clock: Clock | None = None,
    **options: Any,
) -> AsyncGenerator[Address]:
    """A stand-in with these answers on a free port."""
    model_options = ModelOptions(
        speed=options.pop("speed", 0.0), faults=tuple(map(Fault.parse, faults)), **options
    )
    chooser = choose or RecordedOrder(answers or (HELLO,))
    clock = clock or SystemClock()
    standin = ModelStandin(chooser, model_options, clock)
    async with listening(standin.routes(), wall=wall_time(clock)) as address:
        yield address
