"""A whole talk, by a client that hears, thinks and speaks, on a strict stand-in."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import openai
import pytest
from websockets.asyncio.client import ClientConnection, connect

from gramophone.core.clock import SystemClock
from gramophone.core.timeline import Event, TurnCompleted
from gramophone.standin.deepgram.expected_transcripts import ExpectedSounds
from gramophone.standin.deepgram.listen_v1 import utterances_of
from gramophone.standin.llm.endpoints import ModelOptions, ModelStandin
from gramophone.standin.llm.expected_answers import ExpectedAnswers
from gramophone.standin.options import StandinOptions
from gramophone.standin.proxy.proxy import RecordingProxy, upstream_of
from gramophone.standin.run.services import SERVICES, ServiceContext
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address, Routes
from gramophone.standin.source.hearing import ExpectedUtterances
from gramophone.standin.source.scenario import ScenarioSound, scenario
from gramophone.standin.source.source import StandinSource, source_of
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.paths import LISTEN_PATH, LISTEN_V2_PATH, SPEAK_PATH
from tests.support.deadlines import HANG_S
from tests.support.plain_http import NO_TLS

TALK = """
[[hear]]
text = "Why is the sky blue?"
[[answer]]
asked = "Why is the sky blue?"
tools = [{name = "weather", arguments = {city = "Oslo"}}, {name = "time"}]
[[answer]]
asked = "Why is the sky blue?"
text = "Because of scattering."
[[say]]
text = "Because of scattering."

[[hear]]
text = "And the sea?"
[[answer]]
asked = "And the sea?"
text = "It mirrors the sky."
[[say]]
text = "It mirrors the sky."
"""
FORM = "encoding=linear16&sample_rate=16000"
EARS = {
    "v1": f"{LISTEN_PATH}?model=nova-3&{FORM}",
    "v1 with signs": f"{LISTEN_PATH}?model=nova-3&punctuate=true&{FORM}",
    "v2": f"{LISTEN_V2_PATH}?model=flux-general-en&{FORM}",
}
QUIET, VOICE = bytes(32_000), b"\0\x10" * 12_000
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    for name in ("weather", "time")
]


def no_wav(name: str) -> ScenarioSound:
    raise AssertionError(name)


@asynccontextmanager
async def standing_in(
    source: StandinSource, *, strict: bool
) -> AsyncGenerator[tuple[Address, Any]]:
    """A stand-in of a whole talk, and its differences so far."""
    assert source.speech is not None
    assert source.transcripts is not None
    utterances = utterances_of(source.speech, source.transcripts)
    texts = [utterance.text for utterance in utterances]
    expected = ExpectedUtterances(
        utterances, voice_activated=source.transcripts.voice_activated, strict=strict
    )
    voice = RecordedVoice(source.speech, strict=strict)
    answers = ExpectedAnswers(source.answers, strict=strict, heard=texts)
    clock = SystemClock()
    context = ServiceContext(
        voice,
        StandinOptions(),
        clock,
        ModelStandin(answers, ModelOptions(speed=0.0), clock),
        expected,
        source.transcripts,
        ExpectedSounds(source.transcripts.wholes, strict=strict),
    )
    routes = Routes()
    for make in SERVICES.values():
        routes |= make(context).routes
    sides = (expected, voice.expectation, answers.expectation)
    async with listening(routes) as address:
        yield address, lambda: [difference for side in sides for difference in side.differences()]


async def transcript(ears: ClientConnection) -> str:
    """The words of the user up to the end of his turn."""
    async for frame in ears:
        message = json.loads(frame)
        if message.get("event") == "EndOfTurn":
            return message["transcript"]
        if message.get("speech_final"):
            return message["channel"]["alternatives"][0]["transcript"]
    raise AssertionError("The connection ended before the turn.")


async def answer(client: openai.AsyncOpenAI, messages: list[Any]) -> str:
    """The final answer of the model, whose tools are called until it comes."""
    while True:
        (choice,) = (
            await client.chat.completions.create(model="m", messages=messages, tools=TOOLS)
        ).choices
        messages.append(choice.message.model_dump(exclude_none=True))
        if not choice.message.tool_calls:
            return choice.message.content or ""
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": "fair"}
            for call in choice.message.tool_calls
        ]


async def speak(mouth: ClientConnection, text: str) -> int:
    """Let a text be spoken; gives the number of bytes of its sound."""
    await mouth.send(json.dumps({"type": "Speak", "text": text}))
    await mouth.send('{"type":"Flush"}')
    size_bytes = 0
    async for frame in mouth:
        if isinstance(frame, bytes):
            size_bytes += len(frame)
        elif json.loads(frame)["type"] == "Flushed":
            break
    return size_bytes


async def talk(address: Address, ears_path: str, turns: int = 2, pause: bytes = QUIET) -> list[str]:
    """Hear, think and speak as often as there are turns; gives what was heard and answered.

    `pause` is the user's silence before each question.
    """
    texts: list[str] = []
    messages: list[Any] = []
    base = address.websocket()
    async with (
        httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
        connect(base + ears_path) as ears,
        connect(f"{base}{SPEAK_PATH}?{FORM}") as mouth,
    ):
        client = openai.AsyncOpenAI(
            timeout=HANG_S,
            base_url=address.http("/v1"),
            api_key="k",
            http_client=http,
            max_retries=0,
        )
        for _ in range(turns):
            await ears.send(pause + VOICE + QUIET)
            question = await transcript(ears)
            messages.append({"role": "user", "content": question})
            texts += [question, await answer(client, messages)]
            assert await speak(mouth, texts[-1])
        await ears.send('{"type":"CloseStream"}')
        async for _ in ears:
            pass
    return texts


@pytest.mark.parametrize("ears", EARS)
async def test_a_correct_client_has_no_difference_from_its_scenario(ears: str) -> None:
    async with standing_in(scenario(TALK, no_wav), strict=True) as (address, differences):
        texts = await talk(address, EARS[ears])
    bare = ears == "v1"
    assert texts == [
        "why is the sky blue" if bare else "Why is the sky blue?",
        "Because of scattering.",
        "and the sea" if bare else "And the sea?",
        "It mirrors the sky.",
    ]
    assert differences() == []


@pytest.mark.parametrize("ears", EARS)
async def test_a_recording_of_a_talk_plays_the_same_way(ears: str) -> None:
    events: list[Event] = []
    async with standing_in(scenario(TALK, no_wav), strict=True) as (upstream, _):
        proxy = RecordingProxy(
            upstream_of(upstream.http()), "5e55", SystemClock(), events.append, lambda _: None
        )
        async with listening(proxy.routes()) as address:
            first = await talk(address, EARS[ears])
        proxy.end()
    users = [
        (event.text, event.finish_reason)
        for event in events
        if isinstance(event, TurnCompleted) and event.role == "user"
    ]
    assert users == [(first[0], "heard"), (first[2], "heard")]
    # A user who takes more time, or less, is heard where he speaks.
    for pause in (QUIET, QUIET * 4, QUIET[: len(QUIET) // 2]):
        async with standing_in(source_of(events), strict=True) as (address, differences):
            assert await talk(address, EARS[ears], pause=pause) == first
        assert differences() == []


async def test_what_was_not_heard_is_a_difference() -> None:
    async with standing_in(scenario(TALK, no_wav), strict=True) as (address, differences):
        await talk(address, EARS["v2"], turns=1)
    sentences = [difference.sentence for difference in differences()]
    assert sentences == [
        'The utterance "And the sea?" was not heard: no sound came for it.',
        'The speech "It mirrors the sky." never came.',
        'The prompt "And the sea?" never came.',
    ]


@pytest.mark.parametrize("strict", [False, True])
async def test_each_whole_recording_is_one_utterance(strict: bool) -> None:
    texts: list[Any] = []
    async with (
        standing_in(scenario(TALK, no_wav), strict=strict) as (address, differences),
        httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
    ):
        for _ in range(3):
            response = await http.post(address.http(EARS["v1 with signs"]), content=VOICE)
            body = response.json()
            texts.append(
                body["results"]["channels"][0]["alternatives"][0]["transcript"]
                if response.status_code == 200
                else body["err_code"]
            )
    again = "NOT-IN-SOURCE" if strict else "Why is the sky blue?"
    assert texts == ["Why is the sky blue?", "And the sea?", again]
    assert "extra" in [difference.kind for difference in differences()]


async def test_a_connection_after_the_last_utterance_begins_again_unless_strict() -> None:
    async with standing_in(scenario(TALK, no_wav), strict=False) as (address, _):
        await talk(address, EARS["v1"])
        assert (await talk(address, EARS["v1"], turns=1))[0] == "why is the sky blue"
