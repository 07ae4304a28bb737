"""Deepgram's own client hears turns from the stand-in, and its types take every message."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from deepgram.listen.v2.types import (
    ListenV2Configure,
    ListenV2ConfigureFailure,
    ListenV2ConfigureSuccess,
    ListenV2ConfigureThresholds,
    ListenV2Connected,
    ListenV2FatalError,
    ListenV2TurnInfo,
    ListenV2Warning,
)
from pydantic import BaseModel
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK

from gramophone.core.clock import Clock, SystemClock
from gramophone.standin.deepgram.routes import listen_routes
from gramophone.standin.faults import Fault
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import listening
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.listen_v2.server import IDLE_US
from tests.support.clocks import WatchedClock

# The SDK uses parts of websockets that are deprecated; that is its own affair.
pytestmark = pytest.mark.filterwarnings("ignore:websockets.* is deprecated:DeprecationWarning")

KEY = "a-key"
UTTERANCES = (Utterance("Why is it blue?", 800_000), Utterance("Ask them.", 400_000))
STEP = b"\1\0" * 1_280
RAW: dict[str, Any] = {"model": "flux-general-en", "encoding": "linear16", "sample_rate": 16_000}
TYPES: dict[str, type[BaseModel]] = {
    "Connected": ListenV2Connected,
    "TurnInfo": ListenV2TurnInfo,
    "ConfigureSuccess": ListenV2ConfigureSuccess,
    "ConfigureFailure": ListenV2ConfigureFailure,
    "Warning": ListenV2Warning,
    "Error": ListenV2FatalError,
}


@asynccontextmanager
async def standing_in(*faults: str, clock: Clock | None = None) -> AsyncGenerator[str]:
    options = StandinOptions(faults=tuple(map(Fault.parse, faults)), api_key=KEY)
    routes = listen_routes(UTTERANCES, options, clock or SystemClock())
    async with listening(routes) as address:
        yield address.websocket()


def client(base: str, key: str = KEY) -> AsyncDeepgramClient:
    environment = DeepgramClientEnvironment(
        base=base.replace("ws", "http", 1),
        production=base,
        agent=base,
        agent_rest=base.replace("ws", "http", 1),
    )
    return AsyncDeepgramClient(api_key=key, environment=environment)


def events(messages: Sequence[Any]) -> list[tuple[str, int, str]]:
    return [
        (message.event, message.turn_index, message.transcript)
        for message in messages
        if isinstance(message, ListenV2TurnInfo) and message.event != "Update"
    ]


async def test_two_turns_with_everything_that_is_told() -> None:
    async with (
        standing_in("resumes=1") as base,
        client(base).listen.v2.connect(
            **RAW, eager_eot_threshold=0.5, keyterm=["sea", "sky"]
        ) as connection,
    ):
        await connection.send_force_end_turn()
        thresholds = ListenV2ConfigureThresholds(eot_threshold=0.8)
        await connection.send_configure(ListenV2Configure(thresholds=thresholds))
        await connection.send_configure({"type": "Configure", "numerals": "yes"})
        for _ in range(40):
            await connection.send_media(STEP)
        await connection.send_close_stream()
        messages: list[Any] = [message async for message in connection]
    connected, warning, success, failure = messages[:4]
    assert isinstance(connected, ListenV2Connected)
    assert isinstance(warning, ListenV2Warning)
    assert warning.code == "FORCE_END_TURN_NO_ACTIVE_TURN"
    assert isinstance(success, ListenV2ConfigureSuccess)
    assert success.thresholds.eager_eot_threshold == 0.5
    assert success.keyterms == ["sea", "sky"]
    assert isinstance(failure, ListenV2ConfigureFailure)
    assert events(messages) == [
        ("StartOfTurn", 0, "Why"),
        ("EagerEndOfTurn", 0, "Why is"),
        ("TurnResumed", 0, "Why is it"),
        ("EagerEndOfTurn", 0, "Why is it blue?"),
        ("EndOfTurn", 0, "Why is it blue?"),
        ("StartOfTurn", 1, "Ask"),
        ("EagerEndOfTurn", 1, "Ask them."),
        ("EndOfTurn", 1, "Ask them."),
    ]
    assert [message.sequence_id for message in messages] == list(range(len(messages)))
    assert {message.request_id for message in messages} == {connected.request_id}


async def test_every_message_is_one_of_the_types() -> None:
    query = "model=flux-general-multi&language_hint=de&eager_eot_threshold=0.5"
    async with (
        standing_in() as base,
        connect(
            f"{base}/v2/listen?{query}", additional_headers={"Authorization": f"Token {KEY}"}
        ) as connection,
    ):
        await connection.send('{"type":"ForceEndTurn"}')
        await connection.send('{"type":"Configure","language_hints":["en","de"],"numerals":true}')
        await connection.send('{"type":"Configure","keyterms":{}}')
        await connection.send(bytes(16_000))
        await connection.send("no message")
        messages = [json.loads(frame) async for frame in connection]
    assert {message["type"] for message in messages} == TYPES.keys()
    assert (messages[-1]["type"], messages[-1]["code"]) == ("Error", "UNPARSABLE_CLIENT_MESSAGE")
    assert connection.close_code == 1005
    for message in messages:
        model = TYPES[message["type"]]
        model.model_validate(message, strict=True)
        assert message.keys() <= model.model_fields.keys()
    for turn in (message for message in messages if message["type"] == "TurnInfo"):
        assert ("trigger" in turn) is (turn["event"] == "EndOfTurn")
        assert turn["transcript"] == " ".join(word["word"] for word in turn["words"])


async def test_behind_a_fault_the_next_connection_goes_on_with_the_open_turn() -> None:
    connections: list[list[Any]] = []
    async with standing_in("goes-silent=2@0", "hang-up=#3@1") as base:
        for _ in range(4):
            connections.append([])
            async with client(base).listen.v2.connect(**RAW) as connection:
                await connection.send_media(STEP * 40)
                await connection.send_close_stream()
                with suppress(ConnectionClosedError):
                    async for message in connection:
                        connections[-1].append(message)
    transcripts = [[text for _, _, text in events(messages)] for messages in connections]
    assert transcripts[0] == ["Why", "Why is it blue?", "Ask"]
    assert transcripts[1:3] == [["Ask"], ["Ask", "Ask them."]]
    assert transcripts[3] == ["Why", "Why is it blue?", "Ask", "Ask them."]


async def test_a_silent_client_is_told_and_sent_away() -> None:
    clock = WatchedClock()
    async with (
        standing_in(clock=clock) as base,
        client(base).listen.v2.connect(**RAW) as connection,
    ):
        assert isinstance(await connection.recv(), ListenV2Connected)
        await clock.asleep_until(IDLE_US)
        clock.advance_us(IDLE_US)
        error: Any = await connection.recv()
        with pytest.raises(ConnectionClosedOK):
            await connection.recv()
    assert (error.code, error.sequence_id) == ("NET-0001", 1)


async def test_a_close_asked_for_has_an_error_before_it() -> None:
    async with (
        standing_in("hang-up=#2") as base,
        client(base).listen.v2.connect(**RAW) as connection,
    ):
        await connection.send_media(STEP * 10)
        messages: list[Any] = [await connection.recv() for _ in range(2)]
        with pytest.raises(ConnectionClosedError) as closed:
            await connection.recv()
    assert isinstance(messages[1], ListenV2FatalError)
    assert (messages[1].code, messages[1].sequence_id) == ("INTERNAL_SERVER_ERROR", 1)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011


@pytest.mark.parametrize(
    ("faults", "key", "options", "status"),
    [
        ((), "another", RAW, 401),
        (("refuse=429",), KEY, RAW, 429),
        ((), KEY, RAW | {"model": "nova-3"}, 400),
    ],
)
async def test_refusals(
    faults: tuple[str, ...], key: str, options: dict[str, Any], status: int
) -> None:
    async with standing_in(*faults) as base:
        with pytest.raises(ApiError) as refused:
            async with client(base, key).listen.v2.connect(**options):
                pass
    assert refused.value.status_code == status
