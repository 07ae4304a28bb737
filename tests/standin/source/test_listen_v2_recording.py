"""A recording proxy between a client and Listen v2: its turns are heard again."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import connect

from gramophone.core.clock import SystemClock
from gramophone.core.timeline import TurnCompleted
from gramophone.standin.deepgram.listen_v1 import utterances_of
from gramophone.standin.deepgram.routes import listen_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import listening
from gramophone.standin.source.listen_v1 import recorded_transcripts
from gramophone.wire.deepgram.listen_v1.recorded_server import RecordedTranscripts
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.deepgram.listen_v2.recorded_turns import heard_turns
from tests.support.speech_proxies import KEY, passing

QUERY = "model=flux-general-en&encoding=linear16&sample_rate=16000"
SOURCE = RecordedTranscripts(
    turns=(Utterance("Why is it blue?", 800_000), Utterance("Because of scattering.", 600_000))
)


@asynccontextmanager
async def standing_in(recorded: RecordedTranscripts) -> AsyncGenerator[str]:
    routes = listen_routes(utterances_of(None, recorded), StandinOptions(), SystemClock(), recorded)
    async with listening(routes) as address:
        yield address.websocket()


async def listen(base: str) -> tuple[list[Any], int | None]:
    """Send two seconds of silence; all that is told without its ids, and the close code."""
    keyed = {"authorization": f"Token {KEY}"}
    async with connect(f"{base}/v2/listen?{QUERY}", additional_headers=keyed) as connection:
        await connection.send(bytes(16_000 * 4 - 2_560 * 4))
        await connection.send('{"type":"CloseStream"}')
        messages = [json.loads(frame) async for frame in connection]
    return [message | {"request_id": ""} for message in messages], connection.close_code


async def test_turns_are_heard_again() -> None:
    async with standing_in(SOURCE) as upstream, passing(upstream) as through:
        first = await listen(through.speak_url.removesuffix("/v1/speak"))
    assert first[1] == 1005
    turns = through.all(TurnCompleted)
    # The second has no EndOfTurn, and is whole all the same.
    assert [(turn.role, turn.text, turn.finish_reason) for turn in turns] == [
        ("user", "Why is it blue?", "heard"),
        ("user", "Because of scattering.", "heard"),
    ]
    recorded = recorded_transcripts(through.events)
    assert recorded.turns[0] == SOURCE.turns[0]
    async with standing_in(recorded) as again:
        assert await listen(again) == first


def test_a_turn_without_times_of_words_has_those_of_its_window() -> None:
    turn_info = {
        "type": "TurnInfo",
        "event": "EndOfTurn",
        "transcript": "Why?",
        "words": [{"word": "Why?", "confidence": 1.0}],
        "audio_window_start": 1.0,
        "audio_window_end": 2.5,
    }
    assert heard_turns(["{}", json.dumps(turn_info)]) == [Utterance("Why?", 1_500_000)]
    assert heard_turns([json.dumps(turn_info | {"audio_window_end": "late"})]) == [
        Utterance("Why?", 1)
    ]
