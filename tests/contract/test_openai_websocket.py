"""OpenAI's client on a websocket: Responses one after the other over one connection."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest
from openai.resources.responses.responses import AsyncResponsesConnection
from openai.types.responses import ResponsesServerEvent
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gramophone.core.clock import ManualClock
from gramophone.standin.llm.responses_websocket import LONGEST_US
from tests.support.deadlines import HANG_S
from tests.support.model_standin import LOOKED, LOOKING, PLACES, standing_in
from tests.support.sdk_types import typed_differences

MODEL = "gpt-5-mini"
ENDS = ("response.completed", "response.failed", "error")
LOOK: Any = {"type": "function", "name": "look", "parameters": {"type": "object"}}


@asynccontextmanager
async def connected(*answers: Any, **options: Any) -> AsyncGenerator[AsyncResponsesConnection]:
    """A connection of the client, which does not connect again by itself."""
    async with standing_in(*answers, **options) as address:
        client = openai.AsyncOpenAI(timeout=HANG_S, api_key="sk-1", base_url=address.http("/v1"))
        async with client, client.responses.connect(max_retries=0) as connection:
            yield connection


async def events_of(connection: AsyncResponsesConnection, **fields: Any) -> list[Any]:
    """Ask, and receive to the end of the answer."""
    await connection.response.create(model=MODEL, **fields)
    events: list[Any] = []
    while not events or events[-1].type not in ENDS:
        events.append(await connection.recv())
    return events


async def test_frames_are_what_the_client_has_types_for() -> None:
    async with connected(LOOKING, faults=["overloaded=#9@1"]) as connection:
        for _ in range(2):
            for event in await events_of(connection, input="Look twice.", tools=[LOOK]):
                frame = event.to_dict()
                differences = typed_differences(ResponsesServerEvent, frame)
                # OpenAI's published examples have `store`, its types have not.
                assert [d for d in differences if not d.endswith(".store: unknown")] == [], frame


async def test_several_answers_on_one_connection() -> None:
    async with connected() as connection:
        for _ in range(2):
            events = await events_of(connection, input="Hello?")
            assert events[0].type == "response.created"
            numbers = [event.sequence_number for event in events]
            assert numbers == list(range(len(events)))
            texts = [event.delta for event in events if event.type == "response.output_text.delta"]
            assert texts == ["Hel", "lo", "."]
            assert events[-1].response.output_text == "Hello."


@pytest.mark.parametrize("store", [True, False])
async def test_two_tools_and_a_second_step_that_sends_their_results_alone(store: bool) -> None:
    async with connected(LOOKING, LOOKED) as connection:
        ended = (await events_of(connection, input="Look twice.", tools=[LOOK], store=store))[-1]
        first = ended.response
        calls = [item for item in first.output if item.type == "function_call"]
        assert [json.loads(call.arguments) for call in calls] == PLACES
        results: Any = [
            {"type": "function_call_output", "call_id": call.call_id, "output": "Nothing."}
            for call in calls
        ]
        second = await events_of(
            connection, input=results, previous_response_id=first.id, tools=[LOOK]
        )
    assert second[-1].response.output_text == "Nothing there."


async def test_what_is_not_stored_is_known_to_its_connection_alone() -> None:
    async with standing_in() as address:
        client = openai.AsyncOpenAI(timeout=HANG_S, api_key="sk-1", base_url=address.http("/v1"))
        async with client:
            async with client.responses.connect(max_retries=0) as connection:
                ended = (await events_of(connection, input="Hello?", store=False))[-1]
                id_ = ended.response.id
                again = await events_of(connection, input="Hello?", previous_response_id=id_)
                assert again[-1].response.status == "completed"
            async with client.responses.connect(max_retries=0) as connection:
                error = (await events_of(connection, input="Hello?", previous_response_id=id_))[-1]
    assert error.error.code == "previous_response_not_found"
    assert (error.status, error.error.param) == (400, "previous_response_id")


async def test_refusals_leave_the_connection_open() -> None:
    async with connected(faults=["refuse=429@0"]) as connection:
        error = (await events_of(connection, input="Hello?"))[-1]
        assert (error.status, error.error.code) == (429, "rate_limit_exceeded")
        assert error.error.headers == {"retry-after": "1"}
        assert (await events_of(connection, input="Hello?"))[-1].response.status == "completed"
        error = (await events_of(connection, input="Hello?", generate=False))[-1]
        assert (error.status, error.error.param) == (400, "generate")
        await connection.send_raw('{"type": "applause"}')
        error: Any = await connection.recv()
        assert (error.status, error.error.type) == (400, "invalid_request_error")
        await connection.send_raw("[")
        error = await connection.recv()
        assert error.status == 400
        # A cancellation that comes behind the end is no error.
        await connection.send_raw('{"type": "response.cancel"}')
        assert (await events_of(connection, input="Hello?"))[-1].response.status == "completed"


async def test_an_error_within_an_answer() -> None:
    async with connected(faults=["overloaded"]) as connection:
        end = (await events_of(connection, input="Hello?"))[-1]
        assert (end.type, end.response.status) == ("response.failed", "failed")
        assert end.response.error.message == "The engine is currently overloaded."


async def test_an_error_before_an_answer_has_begun() -> None:
    async with connected(faults=["overloaded=#1"]) as connection:
        await connection.response.create(model=MODEL, input="Hello?")
        error: Any = await connection.recv()
        assert (error.type, error.error.code) == ("error", "server_is_overloaded")
        assert error.error.message == "The engine is currently overloaded."


@pytest.mark.parametrize("fault", ["sse-cut", "reset=#3", "malformed-chunk"])
async def test_connections_that_end_within_an_answer(fault: str) -> None:
    async with connected(faults=[fault]) as connection:
        with pytest.raises(ConnectionClosed):
            await events_of(connection, input="Hello?")


async def test_a_client_that_leaves_a_silent_stand_in() -> None:
    async with standing_in(faults=["silent"]) as address:
        async with connect(address.websocket("/v1/responses")) as socket:
            await socket.send(json.dumps({"type": "response.create", "model": "m", "input": "Hi"}))


async def test_a_wrong_key_is_refused_at_the_handshake() -> None:
    async with standing_in(api_key="sk-2") as address:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address.websocket("/v1/responses")):
                pass
    body = json.loads(refused.value.response.body or b"")
    assert refused.value.response.status_code == 401
    assert body["error"]["code"] == "invalid_api_key"


async def test_a_connection_ends_after_an_hour() -> None:
    clock = ManualClock()
    async with connected(clock=clock) as connection:
        await events_of(connection, input="Hello?")
        clock.advance_us(LONGEST_US)
        error = (await events_of(connection, input="Hello?"))[-1]
        assert error.error.code == "websocket_connection_limit_reached"
        with pytest.raises(ConnectionClosed):
            await connection.recv()
