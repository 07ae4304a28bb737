"""A recording proxy between a client and Responses over a websocket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gramophone.core.clock import ManualClock
from gramophone.core.timeline import DeltaReceived, Failed, RequestSent, TurnCompleted
from gramophone.standin.source.answers import answers_of
from tests.support.model_proxies import KEY, OPENAI, SAID, passing, post
from tests.support.model_requests import RESPONSES, asking
from tests.support.model_standin import LOOKED, LOOKING, PLACES, standing_in

ENDS = ("response.completed", "response.failed", "error")
LOOK = {"type": "function", "name": "look", "parameters": {"type": "object"}}


async def ask(connection: ClientConnection, **fields: Any) -> list[dict[str, Any]]:
    """Ask, and receive to the end of the answer."""
    await connection.send(json.dumps({"type": "response.create", **asking(RESPONSES, **fields)}))
    frames: list[dict[str, Any]] = []
    while not frames or frames[-1]["type"] not in ENDS:
        frames.append(json.loads(await connection.recv()))
    return frames


async def test_answers_pass_and_are_recorded() -> None:
    async with (
        standing_in(SAID, clock=ManualClock()) as upstream,
        passing(upstream.http()) as through,
        connect(through.address.websocket(RESPONSES), additional_headers=OPENAI) as connection,
    ):
        frames = await ask(connection)
        # A warming-up is refused by the stand-in, and asks nothing.
        await connection.send('{"type": "response.create", "generate": false}')
        assert json.loads(await connection.recv())["status"] == 400
    assert frames[-1]["response"]["status"] == "completed"
    user, model = through.all(TurnCompleted)
    assert (user.text, model.text) == ("Hello?", "Good day.")
    assert [event.text for event in through.all(DeltaReceived)] == ["Good ", "day."]
    assert [(event.provider, event.model) for event in through.all(RequestSent)] == [
        ("openai", "m")
    ]
    assert KEY not in repr(through.events)
    assert through.proxy.requests == 1
    recorded = answers_of(through.events)
    async with standing_in(*recorded) as again:
        stream = await post(again, RESPONSES, stream=True)
    payloads = [line.removeprefix("data: ") for line in stream.text.split("\n") if "data: " in line]
    assert list(map(json.loads, payloads)) == frames


async def test_a_second_step_is_no_question() -> None:
    async with (
        standing_in(LOOKING, LOOKED) as upstream,
        passing(upstream.http()) as through,
        connect(through.address.websocket(RESPONSES)) as connection,
    ):
        first = await ask(connection, input="Look twice.", tools=[LOOK])
        output = first[-1]["response"]["output"]
        calls = [item for item in output if item["type"] == "function_call"]
        assert [json.loads(call["arguments"]) for call in calls] == PLACES
        results = [
            {"type": "function_call_output", "call_id": call["call_id"], "output": "-"}
            for call in calls
        ]
        await ask(
            connection,
            input=results,
            tools=[LOOK],
            previous_response_id=first[-1]["response"]["id"],
        )
    assert [(turn.role, turn.text) for turn in through.all(TurnCompleted)] == [
        ("user", "Look twice."),
        ("assistant", "I look."),
        ("assistant", "Nothing there."),
    ]


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        ("refuse=429", "refused the request (429: Rate limit reached"),
        ("overloaded", "broke the answer off (server_error: The engine is currently overloaded.)"),
        ("drop=900", "broke the answer off (the connection was lost)"),
    ],
)
async def test_failures_are_recorded(fault: str, detail: str) -> None:
    async with (
        standing_in(SAID, faults=[fault]) as upstream,
        passing(upstream.http()) as through,
        connect(through.address.websocket(RESPONSES)) as connection,
    ):
        try:
            assert (await ask(connection))[-1]["type"] in ("response.failed", "error")
        except ConnectionClosed:
            assert fault.startswith("drop")
    (failed,) = through.all(Failed)
    assert detail in failed.detail


async def test_a_client_that_leaves_interrupts_the_answer() -> None:
    async with (
        standing_in(SAID, faults=["stall=#4"]) as upstream,
        passing(upstream.http()) as through,
    ):
        async with connect(through.address.websocket(RESPONSES)) as connection:
            await connection.send(json.dumps({"type": "response.create", **asking(RESPONSES)}))
            await connection.recv()
    assert through.all(TurnCompleted)[-1].finish_reason == "interrupted"


async def test_a_refused_handshake_is_passed_on() -> None:
    async with (
        standing_in(SAID, api_key="another") as upstream,
        passing(upstream.http()) as through,
    ):
        with pytest.raises(InvalidStatus) as refused:
            await connect(through.address.websocket(RESPONSES), additional_headers=OPENAI)
    assert refused.value.response.status_code == 401
    assert b"invalid_api_key" in (refused.value.response.body or b"")
    assert through.events == []
