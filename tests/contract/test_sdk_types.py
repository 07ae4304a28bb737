"""Every body, event and message of the stand-in is what the services' SDKs have types for.

Answers come from a scenario with each kind of content, and from recordings of them in each
protocol; ids, times and counts are compared with each other.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from fixtures.recordings import load
from gramophone.core.clock import SystemClock
from gramophone.core.frozen import frozen
from gramophone.standin.deepgram.routes import listen_routes, speak_routes
from gramophone.standin.faults import Fault
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.listener import listening
from gramophone.standin.source.answers import answers_of
from gramophone.standin.source.scenario import ScenarioSound, scenario
from gramophone.standin.source.source import source_of
from gramophone.standin.voice import Voice
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.listen_v1.server import Utterance
from gramophone.wire.llm.answer import ANTHROPIC, OPENAI, OPENAI_RESPONSES, ModelAnswer, RawPiece
from gramophone.wire.llm.anthropic_messages import message_events, parse_messages, render_message
from gramophone.wire.llm.openai_chat import chat_events, parse_chat, render_chat
from gramophone.wire.llm.openai_responses import parse_responses, render_response, response_events
from gramophone.wire.sse import Timed
from tests.support.deadlines import HANG_S
from tests.support.model_requests import CHAT, MESSAGES, RESPONSES, VERSION, asking
from tests.support.model_standin import standing_in
from tests.support.plain_http import NO_TLS
from tests.support.sdk_types import assert_frame_typed, assert_stream_typed, assert_typed
from tests.support.sse_reading import events_in

TOOLS = '[{name = "look", arguments = {where = "né 日本"}}, {name = "wait"}]'
SCENARIO = f"""
[[answer]]
asked = "Text?"
text = "One two."
input_tokens = 7
output_tokens = 3
[[answer]]
asked = "Thoughts?"
thinking = "Light, air."
text = "Because."
[[answer]]
asked = "Tools?"
thinking = "Look."
text = "I look."
tools = {TOOLS}
[[answer]]
asked = "Tools alone?"
tools = {TOOLS}
[[answer]]
asked = "Cut?"
text = "This ends too"
finish = "length"
[[answer]]
asked = "Refused?"
text = "I cannot."
finish = "content_filter"
[[answer]]
asked = "Nothing?"
[[answer]]
asked = "Fails?"
text = "One two"
fails = {{status = 529, kind = "overloaded_error", message = "Overloaded"}}
"""


def no_sound(name: str) -> ScenarioSound:
    raise AssertionError(name)


ANSWERS = scenario(SCENARIO, no_sound).answers
BROKEN_OFF = [answer for answer in ANSWERS if answer.failure is not None]
WHOLE = [answer for answer in ANSWERS if answer.failure is None]


@frozen
class Protocol:
    """A protocol of language models: the names of its types, and its writers."""

    path: str
    whole: str
    event: str
    provider: str
    render: Callable[[ModelAnswer, int], bytes]
    stream: Callable[[ModelAnswer, int], list[Timed]]


def request_to(path: str, **fields: Any) -> bytes:
    return json.dumps(asking(path, **fields)).encode()


CHAT_REQUEST = parse_chat(request_to(CHAT, stream=True, stream_options={"include_usage": True}))
RESPONSES_REQUEST = parse_responses(request_to(RESPONSES))
MESSAGES_REQUEST = parse_messages(request_to(MESSAGES), VERSION["anthropic-version"])
PROTOCOLS = [
    Protocol(
        CHAT,
        "chat",
        "chat chunk",
        OPENAI,
        lambda answer, ordinal: render_chat(answer, CHAT_REQUEST, ordinal),
        lambda answer, ordinal: chat_events(answer, CHAT_REQUEST, ordinal),
    ),
    Protocol(
        RESPONSES,
        "response",
        "response event",
        OPENAI_RESPONSES,
        lambda answer, ordinal: render_response(answer, RESPONSES_REQUEST, ordinal),
        lambda answer, ordinal: response_events(answer, RESPONSES_REQUEST, ordinal),
    ),
    Protocol(
        MESSAGES,
        "message",
        "message event",
        ANTHROPIC,
        lambda answer, ordinal: render_message(answer, MESSAGES_REQUEST, ordinal),
        lambda answer, ordinal: message_events(answer, MESSAGES_REQUEST, ordinal),
    ),
]


def joined(events: list[Timed]) -> bytes:
    return b"".join(event for _, event in events)


def recorded(protocol: Protocol, answer: ModelAnswer, *, whole: bool) -> ModelAnswer:
    """The same answer as a recording in this protocol has it."""
    if whole:
        raw = [protocol.render(answer, 0).decode()]
    else:
        raw = [data for _, data in events_in(joined(protocol.stream(answer, 0)))]
    pieces = tuple(RawPiece(data) for data in raw if data != "[DONE]")
    return ModelAnswer(answer.prompt, pieces, answer.finish_reason, provider=protocol.provider)


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.path)
def test_answers_of_a_scenario(protocol: Protocol) -> None:
    for ordinal, answer in enumerate(WHOLE):
        body = json.loads(protocol.render(answer, ordinal))
        assert_typed(protocol.whole, body)
        stream = joined(protocol.stream(answer, ordinal))
        events = assert_stream_typed(protocol.event, stream)
        assert_consistent(protocol.path, body, events)
    for answer in BROKEN_OFF:
        stream = joined(protocol.stream(answer, 0))
        events = assert_stream_typed(protocol.event, stream)
        assert ("error" in events[-1]) is (protocol.path != RESPONSES)


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "streamed"])
@pytest.mark.parametrize("source", PROTOCOLS, ids=lambda protocol: protocol.path)
def test_answers_of_a_recording_in_any_protocol(source: Protocol, whole: bool) -> None:
    for answer in WHOLE:
        recording = recorded(source, answer, whole=whole)
        for protocol in PROTOCOLS:
            body = json.loads(protocol.render(recording, 1))
            assert_typed(protocol.whole, body)
            stream = joined(protocol.stream(recording, 1))
            assert_stream_typed(protocol.event, stream)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.path)
def test_a_recording_that_breaks_off(protocol: Protocol) -> None:
    for answer in WHOLE:
        recording = recorded(protocol, answer, whole=False)
        for count in range(1, len(recording.pieces)):
            short = ModelAnswer(None, recording.pieces[:count], provider=recording.provider)
            stream = joined(protocol.stream(short, 1))
            assert_stream_typed(protocol.event, stream)


@pytest.mark.parametrize("name", ["tool-call", "short-answer"])
def test_answers_that_the_app_recorded(name: str) -> None:
    for answer in answers_of(load(name)):
        for protocol in PROTOCOLS:
            assert_typed(protocol.whole, json.loads(protocol.render(answer, 0)))
            assert_stream_typed(protocol.event, joined(protocol.stream(answer, 0)))


def assert_consistent(path: str, body: Any, events: list[Any]) -> None:
    """Assert that the whole answer and the streamed one agree, and each with itself."""
    usage = body["usage"]
    if path == MESSAGES:
        start, delta = events[0]["message"], events[-2]
        assert {start["id"], start["model"]} == {body["id"], body["model"]}
        final = start | {"usage": start["usage"] | delta["usage"], **delta["delta"]}
        assert final["usage"] == usage
        assert (final["stop_reason"], final["stop_sequence"]) == (
            body["stop_reason"],
            body["stop_sequence"],
        )
        assert usage["output_tokens"] >= usage["output_tokens_details"]["thinking_tokens"]
        indexes = [event["index"] for event in events if event["type"] == "content_block_stop"]
        assert indexes == list(range(len(body["content"])))
    elif path == CHAT:
        assert {(event["id"], event["created"], event["model"]) for event in events} == {
            (body["id"], body["created"], body["model"])
        }
        assert events[-1]["usage"] == usage
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        reasons = [choice["finish_reason"] for event in events for choice in event["choices"]]
        assert [reason for reason in reasons if reason] == [body["choices"][0]["finish_reason"]]
    else:
        assert events[-1]["response"] == body
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        ended = [event["item"] for event in events if event["type"].endswith("output_item.done")]
        assert ended == body["output"]
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
        assert body["created_at"] <= (body["completed_at"] or body["created_at"])
        begun = [event["item"]["id"] for event in events if event["type"].endswith("item.added")]
        assert begun == [item["id"] for item in body["output"]]
        within = {event["item_id"] for event in events if "item_id" in event}
        assert within <= set(begun)


# --- requests -----------------------------------------------------------------------------------


async def test_lists_counts_and_refusals_over_http() -> None:
    bad = [("POST", path, dict[str, Any]()) for path in (CHAT, RESPONSES, MESSAGES)]
    unserved = [("GET", f"{path}/of/nothing/at/all", None) for path in (CHAT, MESSAGES)]
    forbidden = [("PUT", path, None) for path in (CHAT, RESPONSES, MESSAGES)]
    refused = [("POST", path, asking(path)) for path in (CHAT, RESPONSES, MESSAGES)]
    ids: Counter[str] = Counter()
    async with (
        standing_in(models=("m", "b"), faults=["refuse=429@3", "refuse=500@4"]) as address,
        httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S, base_url=address.http()) as http,
    ):

        async def fetch(method: str, path: str, fields: Any, headers: Any = None) -> Any:
            own = headers or (VERSION if path.startswith(MESSAGES) else {"user-agent": "OpenAI"})
            response = await http.request(method, path, json=fields, headers=own)
            ids[response.headers.get("x-request-id") or response.headers["request-id"]] += 1
            return response.status_code, response.json()

        for method, path, fields in [*bad, *unserved, *forbidden, *refused[:2]]:
            status, error = await fetch(method, path, fields)
            assert status >= 400, path
            if path.startswith(MESSAGES):
                assert_typed("anthropic error", error)
            else:
                assert error.keys() == {"error"}
                assert_typed("openai error", error["error"])
        _, listed = await fetch("GET", "/v1/models", None)
        assert listed.keys() == {"object", "data"}
        for model in [*listed["data"], (await fetch("GET", "/v1/models/b", None))[1]]:
            assert_typed("openai model", model)
        _, listed = await fetch("GET", "/v1/models", None, VERSION)
        assert listed.keys() == {"data", "has_more", "first_id", "last_id"}
        for model in [*listed["data"], (await fetch("GET", "/v1/models/b", None, VERSION))[1]]:
            assert_typed("anthropic model", model)
        _, count = await fetch("POST", f"{MESSAGES}/count_tokens", asking(MESSAGES))
        assert_typed("token count", count)
        _, vectors = await fetch("POST", "/v1/embeddings", {"model": "m", "input": "Hello?"})
        assert_typed("embeddings", vectors)
    assert set(ids.values()) == {1}, "no id of a request comes twice"


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda protocol: protocol.path)
async def test_an_error_that_a_fault_puts_into_a_stream(protocol: Protocol) -> None:
    async with (
        standing_in(faults=["overloaded"]) as address,
        httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S, base_url=address.http()) as http,
    ):
        fields = asking(protocol.path, stream=True)
        response = await http.post(protocol.path, json=fields, headers=VERSION)
    last = assert_stream_typed(protocol.event, response.content)[-1]
    assert last.get("type") in ("error", "response.failed") or last.keys() == {"error"}


# --- Deepgram -----------------------------------------------------------------------------------


async def messages_of(url: str, *frames: str | bytes) -> list[str]:
    """The messages that a connection gets for these, up to its end; sound is left out."""
    messages: list[str] = []
    async with connect(url, compression=None) as connection:
        for frame in frames:
            await connection.send(frame)
        with suppress(ConnectionClosed):
            async for frame in connection:
                messages += [frame] if isinstance(frame, str) else []
    return messages


def typed(interface: str, frames: list[str]) -> Iterator[Any]:
    return (assert_frame_typed(interface, frame) for frame in frames)


def frames_of(*messages: dict[str, Any]) -> list[str]:
    return [json.dumps(message) for message in messages]


@pytest.mark.parametrize("source", ["tone", "flux"])
async def test_messages_of_speak(source: str) -> None:
    speech = source_of(load("flux")).speech if source == "flux" else None
    voice: Voice = RecordedVoice(speech) if speech else ToneVoice(character_ms=6, gap_ms=4)
    text = {"type": "Speak", "text": "A record has one groove."}
    flush, clear = {"type": "Flush"}, {"type": "Clear"}
    form = "encoding=linear16&sample_rate=16000"
    # The service was seen to name the fields of its warnings in another way than its SDK does.
    faults = (Fault.parse("excessive-flush=2"),)
    options = StandinOptions(dialect="specified", faults=faults)
    async with listening(speak_routes(voice, options, SystemClock())) as address:
        base = address.websocket()
        first = frames_of(text, flush, clear, text, flush, flush, {"type": "Close"})
        sent = await messages_of(f"{base}/v1/speak?{form}", *first)
        types = [frame["type"] for frame in typed("speak v1", sent)]
        assert {"Metadata", "Flushed", "Cleared", "Warning"} == set(types)
        settings = {"type": "Configure", "speed": 1.1}
        second = frames_of(
            {"type": "Interrupt"},
            settings,
            {**settings, "speed": 9},
            text,
            flush,
            {"type": "Close"},
        )
        sent = await messages_of(f"{base}/v2/speak?model=flux-haley-en&{form}", *second)
        sent += await messages_of(
            f"{base}/v2/speak?model=flux-haley-en&{form}", *frames_of(text), "no message"
        )
        types = [frame["type"] for frame in typed("speak v2", sent)]
        assert set(types) >= {"Connected", "SpeechStarted", "Flushed", "SpeechMetadata", "Error"}
        assert set(types) >= {"ConfigureSuccess", "ConfigureFailure", "SessionMetadata", "Warning"}


async def test_messages_of_listen() -> None:
    utterances = (Utterance("Why is it blue?", 800_000), Utterance("Ask them.", 400_000))
    raw = "encoding=linear16&sample_rate=16000"
    sound = [bytes(3_200)] * 40
    everything = f"model=nova-3&{raw}&interim_results=true&vad_events=true&utterance_end_ms=1000"
    flux = f"model=flux-general-multi&{raw}&language_hint=de&eager_eot_threshold=0.5"
    end = '{"type":"CloseStream"}'
    configure = frames_of(
        {"type": "ForceEndTurn"},
        {"type": "Configure", "language_hints": ["en", "de"]},
        {"type": "Configure", "keyterms": {}},
    )
    async with listening(listen_routes(utterances, StandinOptions(), SystemClock())) as address:
        base = address.websocket()
        sent = await messages_of(f"{base}/v1/listen?{everything}", *sound, end)
        results = list(typed("listen v1", sent))
        assert {frame["type"] for frame in results} == {
            "Results",
            "SpeechStarted",
            "UtteranceEnd",
            "Metadata",
        }
        sent = await messages_of(f"{base}/v2/listen?{flux}", *configure, *sound, end)
        sent += await messages_of(f"{base}/v2/listen?{flux}", "no message")
        turns = list(typed("listen v2", sent))
        assert {frame["type"] for frame in turns} == {
            "Connected",
            "ConfigureFailure",
            "ConfigureSuccess",
            "Error",
            "TurnInfo",
            "Warning",
        }
        async with httpx2.AsyncClient(
            verify=NO_TLS, timeout=HANG_S, base_url=address.http()
        ) as http:
            answer = await http.post(f"/v1/listen?model=nova-3&{raw}", content=b"".join(sound))
            assert_typed("listen", answer.json())
            for path in (f"/v1/listen?model=nothing-3&{raw}", "/v1/nothing"):
                error = await http.post(path, content=b"", headers={"authorization": "Token k"})
                assert error.status_code >= 400
                assert_typed("deepgram error", error.json())
    words = [word for frame in results for word in words_of(frame)]
    assert all(0 <= word["start"] <= word["end"] <= 4.0 for word in words)
    assert all(0 <= word["confidence"] <= 1 for word in words)


def words_of(frame: Any) -> list[Any]:
    return frame["channel"]["alternatives"][0]["words"] if frame["type"] == "Results" else []
