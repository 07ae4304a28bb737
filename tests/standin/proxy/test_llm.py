"""A recording proxy between a client and a language model."""

from __future__ import annotations

import asyncio
import json
from contextlib import nullcontext
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.core.clock import ManualClock, SystemClock
from gramophone.core.timeline import (
    DeltaReceived,
    Event,
    Failed,
    ModelChunkReceived,
    RequestSent,
    SessionEnded,
    SessionStarted,
    SettingsChanged,
    TurnCompleted,
    TurnInterrupted,
    TurnStarted,
    UsageReported,
)
from gramophone.library.export_request import ExportRequest
from gramophone.standin.proxy.proxy import RecordingProxy, upstream_of
from gramophone.standin.server.listener import listening
from gramophone.standin.source.answers import answers_of
from gramophone.wire.deepgram.paths import SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.messages import Flush, Flushed, Speak
from gramophone.wire.llm.answer import ModelAnswer, TextPiece
from gramophone.wire.sse import SseReader, raw_event
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.deadlines import HANG_S
from tests.support.model_proxies import KEY, SAID, passing, post
from tests.support.model_requests import CHAT, MESSAGES, QUESTION, RESPONSES, asking
from tests.support.model_servers import (
    OPENAI_DONE,
    Reply,
    Step,
    openai_chunks,
    openai_event,
    serving,
)
from tests.support.model_standin import LOOKED, LOOKING, standing_in
from tests.support.plain_http import NO_TLS
from tests.support.recordings import everything_in
from tests.support.speak_client import talking
from tests.support.standins import running

PATHS = [CHAT, RESPONSES, MESSAGES]


@pytest.mark.parametrize("path", PATHS)
async def test_a_recorded_stream_is_served_again_byte_for_byte(path: str) -> None:
    clock = ManualClock()
    async with standing_in(SAID, clock=clock) as upstream:
        straight = await post(upstream, path, stream=True)
    async with standing_in(SAID, clock=clock) as upstream, passing(upstream.http()) as through:
        first = await post(through.address, path, stream=True)
    assert (first.status_code, first.content) == (200, straight.content)
    assert first.headers["content-type"] == straight.headers["content-type"]
    assert [event.text for event in through.all(DeltaReceived)] == ["Good ", "day."]
    user, model = through.all(TurnCompleted)
    assert (user.role, user.text) == ("user", "Hello?")
    assert (model.role, model.text) == ("assistant", "Good day.")
    usage = through.all(UsageReported)
    if path != CHAT:
        assert (usage[-1].input_tokens, usage[-1].output_tokens) == (7, 3)
    (request,) = through.all(RequestSent)
    assert (request.model, request.messages) == ("m", 1)
    recorded = answers_of(through.events)
    assert [answer.prompt for answer in recorded] == ["Hello?"]
    async with standing_in(*recorded) as upstream:
        second = await post(upstream, path, stream=True)
    assert second.content == first.content


@pytest.mark.parametrize("cut", [1, 7, 1_000_000])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
async def test_an_answer_is_kept_whatever_its_lines_end_with(
    end: bytes, mark: bytes, cut: int
) -> None:
    chunks = openai_chunks({"content": "Good "}, {"content": "day."})
    written = b"".join([*map(openai_event, chunks), OPENAI_DONE])
    stream = mark + written.replace(b"\n", end)
    pieces = [stream[start : start + cut] for start in range(0, len(stream), cut)]
    async with serving(Reply(pieces)) as upstream, passing(upstream.origin) as through:
        first = await post(through.address, CHAT, stream=True)
    assert first.content == stream, "what passes is not touched"
    assert [event.text for event in through.all(DeltaReceived)] == ["Good ", "day."]
    async with standing_in(*answers_of(through.events)) as upstream:
        options = {"include_usage": True}
        again = await post(upstream, CHAT, stream=True, stream_options=options)
    compact = b"".join([raw_event(json.dumps(chunk)) for chunk in chunks])
    assert again.content == compact + OPENAI_DONE


@pytest.mark.parametrize(
    ("ending", "cut_off"),
    [
        ([OPENAI_DONE], False),
        ([OPENAI_DONE, Step.CUT], False),
        ([OPENAI_DONE, b'data: {"choices": [{"delta": {"content": "!"}}]}\n\n'], False),
        ([], True),
        ([Step.CUT], True),
    ],
)
async def test_a_whole_answer_may_give_no_reason_to_end(
    ending: list[bytes | Step], cut_off: bool
) -> None:
    chunks = openai_chunks({"content": "Good day."}, finish_reason=None, usage=None)
    steps = [*map(openai_event, chunks), *ending]
    async with serving(Reply(steps)) as upstream, passing(upstream.origin) as through:
        with nullcontext() if Step.CUT not in ending else pytest.raises(httpx2.RemoteProtocolError):
            await post(through.address, CHAT, stream=True)
    completed = [event for event in through.all(TurnCompleted) if event.role == "assistant"]
    reason = "failed" if cut_off else "stop"
    assert [(event.text, event.finish_reason) for event in completed] == [("Good day.", reason)]
    assert bool(through.all(Failed)) == cut_off
    (recorded,) = answers_of(through.events)
    assert (recorded.failure is not None) == cut_off


@pytest.mark.parametrize("path", PATHS)
async def test_an_answer_in_one_piece(path: str) -> None:
    async with standing_in(SAID) as upstream, passing(upstream.http()) as through:
        straight = await post(upstream, path)
        first = await post(through.address, path)
        # Ids count the answers of the stand-in.
        assert len(first.content) == len(straight.content)
    assert through.all(TurnCompleted)[-1].text == "Good day."
    assert through.all(Failed) == []
    # The body is the only chunk; a client that asks for a stream gets one.
    (chunk,) = through.all(ModelChunkReceived)
    assert chunk.raw == first.text
    assert (through.all(UsageReported)[-1].output_tokens) == 3
    (recorded,) = answers_of(through.events)
    assert recorded.pieces == (TextPiece("Good day.", recorded.pieces[0].due_us),)
    assert recorded.provider == ""
    assert (recorded.finish_reason, recorded.input_tokens) == ("stop", 7)


@pytest.mark.parametrize("path", PATHS)
async def test_a_refusal_passes_and_is_refused_again(path: str) -> None:
    async with (
        standing_in(SAID, faults=["refuse=429"]) as upstream,
        passing(upstream.http()) as through,
    ):
        first = await post(through.address, path, stream=True)
    assert first.status_code == 429
    assert "retry-after" in first.headers
    (failed,) = through.all(Failed)
    assert "429" in failed.detail
    async with standing_in(*answers_of(through.events)) as upstream:
        again = await post(upstream, path, stream=True)
    assert again.status_code == 429
    assert again.json()["error"]["message"] == first.json()["error"]["message"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_stream_that_breaks_breaks_for_the_client(path: str) -> None:
    async with (
        standing_in(SAID, faults=["sse-cut"]) as upstream,
        passing(upstream.http()) as through,
    ):
        with pytest.raises(httpx2.RemoteProtocolError):
            await post(through.address, path, stream=True)
    assert "connection was lost" in through.all(Failed)[0].detail
    assert through.all(TurnCompleted)[-1].finish_reason == "failed"


async def test_a_client_that_leaves_has_interrupted() -> None:
    slow = ModelAnswer(None, (TextPiece("Good "), TextPiece("day.", 60_000_000)))
    other = asking(CHAT, stream=True, messages=[{"role": "user", "content": "And?"}])
    async with standing_in(SAID, slow, speed=1.0) as upstream, passing(upstream.http()) as through:
        await post(through.address, CHAT)
        async with (
            httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
            http.stream("POST", through.address.http(CHAT), json=other) as response,
        ):
            async for line in response.aiter_lines():
                if "Good" in line:
                    break
        async with asyncio.timeout(HANG_S):
            while not through.all(TurnInterrupted):
                await post(upstream, "/nowhere")
    assert through.all(TurnCompleted)[-1].finish_reason == "interrupted"


async def test_results_of_tools_are_no_new_question() -> None:
    call = {"role": "assistant", "tool_calls": [{"id": "c", "type": "function"}]}
    results = [*QUESTION, call, {"role": "tool", "tool_call_id": "c", "content": "42"}]
    async with standing_in(LOOKING, LOOKED) as upstream, passing(upstream.http()) as through:
        await post(through.address, CHAT, stream=True)
        await post(through.address, CHAT, stream=True, messages=results)
    roles = [event.role for event in through.all(TurnStarted)]
    assert roles == ["user", "assistant", "assistant"]


async def test_a_question_waits_for_the_form_of_its_speech() -> None:
    async with running() as speak, passing(speak) as through:
        await post(through.address, CHAT)
        assert through.events == []
        async with talking(through.address.websocket(SPEAK_PATH), "sample_rate=48000") as talk:
            await talk.say(Speak("One."), Flush())
            await talk.hear_until(Flushed)
    (started,) = through.all(SessionStarted)
    assert (started.sample_rate_hz, started.provider, started.model) == (48_000, "openai", "m")
    assert through.proxy.unrecorded == 0


async def test_another_model_is_told_and_nothing_waits_longer_than_a_question() -> None:
    async with standing_in(SAID) as upstream, passing(upstream.http()) as through:
        await post(through.address, CHAT)
        await post(through.address, MESSAGES)
        assert through.all(TurnCompleted)
    (changed,) = through.all(SettingsChanged)
    assert (changed.provider, changed.model) == ("anthropic", "m")
    assert isinstance(through.events[-1], SessionEnded)


async def test_each_provider_may_be_somewhere_else() -> None:
    theirs = ModelAnswer(None, (TextPiece("Anthropic's."),))
    async with standing_in(SAID) as openai, standing_in(theirs) as anthropic:
        models = {"openai": upstream_of(openai.http("/v1")), "anthropic": anthropic.websocket()}
        events: list[Event] = []
        proxy = RecordingProxy(
            "ws://127.0.0.1:9", "5e55", SystemClock(), events.append, lambda _: None, models
        )
        async with listening(proxy.routes()) as address:
            assert "Good day." in (await post(address, RESPONSES)).text
            assert "Anthropic's." in (await post(address, MESSAGES)).text
        proxy.end()
    providers = [event.provider for event in events if isinstance(event, RequestSent)]
    assert providers == ["openai", "anthropic"]


async def test_an_upstream_that_is_not_there_is_a_502() -> None:
    async with passing("http://127.0.0.1:9") as through:
        assert (await post(through.address, CHAT)).status_code == 502
    assert through.all(Failed)


async def test_a_session_of_questions_is_kept_without_a_key(tmp_path: Path) -> None:
    async with Recorder.open(tmp_path / "home") as recorder, standing_in(SAID) as upstream:
        proxy = RecordingProxy(
            upstream_of(upstream.http()), "5e55", SystemClock(), recorder.emit, recorder.hide
        )
        async with listening(proxy.routes()) as address:
            spoken = [{"role": "user", "content": f"My key is {KEY}."}]
            await post(address, CHAT, stream=True, messages=spoken)
            await post(address, MESSAGES, stream=True)
        proxy.end()
    async with await StoredLibrary.open(tmp_path / "home") as library:
        assert await library.verify() == []
        await library.export(["5e55"], ExportRequest("bundle", tmp_path / "a.gramophone"))
        assert len((await library.session("5e55")).turns) == 4
    files = everything_in(tmp_path)
    assert [path for path, held in files.items() if KEY.encode() in held] == []


@given(
    st.lists(st.text(min_size=1).map(lambda text: text.replace("\r", "")), max_size=4), st.data()
)
def test_events_are_read_however_they_are_cut(texts: list[str], data: st.DataObject) -> None:
    events = [text.split("\n") for text in texts]
    written = "".join(
        "event: x\n" + "".join(f"data: {line}\n" for line in lines) + "\n" for lines in events
    ).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=5)))
    reader, read = SseReader(), list[str]()
    for start, end in zip([0, *cuts], [*cuts, len(written)], strict=True):
        read += reader.feed(written[start:end])
    assert read == ["\n".join(lines) for lines in events]
