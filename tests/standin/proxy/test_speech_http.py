"""A recording proxy between a client and Speak over HTTP: the answers are served again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.audio.wav_parser import Samples, WavStream, Wrapping
from gramophone.core.clock import SystemClock
from gramophone.core.timeline import (
    AudioReceived,
    FrameReceived,
    SpeechDisconnected,
    TextSpoken,
    TurnCompleted,
)
from gramophone.standin.deepgram.management import management_routes
from gramophone.standin.options import StandinOptions
from gramophone.standin.server.granted_tokens import GrantedTokens
from gramophone.standin.server.listener import listening
from gramophone.standin.source.speech import recorded_speech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.management import PROJECT_ID
from gramophone.wire.deepgram.paths import SPEAK_PATH
from gramophone.wire.deepgram.server_actions import NOT_IN_SOURCE_SAID
from gramophone.wire.deepgram.speak_v1.messages import Flush, Flushed, Speak
from gramophone.wire.deepgram.speak_v1.rest import RestParameters, wav_header
from storage.library import StoredLibrary
from storage.recording.recorder import Recorder
from tests.support.deadlines import HANG_S
from tests.support.plain_http import NO_TLS
from tests.support.recordings import everything_in
from tests.support.speak_client import sound, talking
from tests.support.speech_proxies import KEY, QUERY, passing, post
from tests.support.standins import running

RAW = {"encoding": "linear16", "sample_rate": "24000"}
FORMS = [
    RAW | {"container": "none"},
    RAW | {"container": "wav"},
    {"encoding": "mulaw", "container": "wav"},
    {"encoding": "alaw", "container": "none"},
    {},
    {"encoding": "flac"},
    {"encoding": "opus"},
]


@pytest.mark.parametrize("pace", [0.0, 50.0])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: "-".join(form.values()) or "mp3")
async def test_an_answer_is_served_again_byte_for_byte(
    form: dict[str, str], pace: float, tmp_path: Path
) -> None:
    texts = ["One two.", "Three.", "One two."]
    async with running(pace=pace) as upstream:
        straight = await post(upstream, texts[0], **form)
        async with Recorder.open(tmp_path) as recorder, passing(upstream, recorder) as through:
            first = [await post(through.speak_url, text, api_key=KEY, **form) for text in texts]
    assert first[0].status_code == 200
    # The serial number of an Ogg stream is another each time.
    assert first[0].content == straight.content or form == {"encoding": "opus"}
    assert first[0].headers["content-type"] == straight.headers["content-type"]
    assert [event.text for event in through.all(TextSpoken)] == texts
    assert {event.finish_reason for event in through.all(TurnCompleted)} == {"stop"}
    async with await StoredLibrary.open(tmp_path) as library:
        assert await library.verify() == []
        (session,) = await library.sessions()
        events = await library.events(session.id)
    assert [path for path, held in everything_in(tmp_path).items() if KEY.encode() in held] == []
    voice = RecordedVoice(recorded_speech(events), strict=True)
    async with running(voice=voice, pace=0.0) as again:
        for before, text in zip(first, texts, strict=True):
            second = await post(again, text, **form)
            assert (second.status_code, second.content) == (200, before.content)
            assert second.headers["content-type"] == before.headers["content-type"]
    assert voice.expectation.differences() == ()


@pytest.mark.parametrize("form", [{"encoding": "mp3"}, RAW])
async def test_a_file_is_given_once_where_one_is_strict(form: dict[str, str]) -> None:
    async with running() as upstream, passing(upstream) as through:
        for _ in range(2):
            await post(through.speak_url, "One.", **form)
    voice = RecordedVoice(recorded_speech(through.events), strict=True)
    async with running(voice=voice) as again:
        responses = [await post(again, "One.", **form) for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 404]
    assert responses[2].json()["err_code"] == "NOT-IN-SOURCE"
    assert [difference.kind for difference in voice.expectation.differences()] == ["extra"]


async def test_samples_are_sound_of_a_turn() -> None:
    async with running() as upstream, passing(upstream) as through:
        response = await post(through.speak_url, "One two.", **RAW)
    pcm = b"".join(event.pcm for event in through.all(AudioReceived))
    assert response.content.endswith(pcm)
    assert len(response.content) == 44 + len(pcm)
    assert [event.code for event in through.all(SpeechDisconnected)] == [1000]
    voice = RecordedVoice(recorded_speech(through.events), strict=True)
    async with running(voice=voice) as again, talking(again, "sample_rate=24000") as talk:
        await talk.say(Speak("One two."), Flush())
        assert sound(await talk.hear_until(Flushed)) == pcm


async def test_samples_that_do_not_fit_the_session_are_a_file() -> None:
    async with running() as upstream, passing(upstream) as through:
        async with talking(through.speak_url, QUERY) as talk:
            await talk.say(Speak("One."), Flush())
            received = sound(await talk.hear_until(Flushed))
        first = await post(through.speak_url, "Two.", **RAW)
        other = await post(through.speak_url, "Three.")
    assert through.proxy.unrecorded == 0
    assert b"".join(event.pcm for event in through.all(AudioReceived)) == received
    voice = RecordedVoice(recorded_speech(through.events), strict=True)
    async with running(voice=voice) as again:
        assert (await post(again, "Two.", **RAW)).content == first.content
        assert (await post(again, "Three.")).content == other.content
    assert [difference.expected for difference in voice.expectation.differences()] == ["One."]


async def test_a_refusal_passes_and_begins_no_session() -> None:
    async with running("refuse=429") as upstream, passing(upstream) as through:
        straight, refused = [await post(url, "One.") for url in (upstream, through.speak_url)]
    assert (refused.status_code, refused.json()["err_code"]) == (429, straight.json()["err_code"])
    assert (through.proxy.refused, through.proxy.session_id, through.events) == (1, None, [])


@pytest.mark.parametrize("form", [RAW | {"container": "none"}, RAW, {"encoding": "flac"}])
async def test_a_service_that_breaks_off_breaks_for_the_client(form: dict[str, str]) -> None:
    text = "One two three. " * 20
    async with running("drop=6000") as upstream, passing(upstream) as through:
        first = await broken_off(through.speak_url, text, form)
    assert 0 < len(first) <= 6000
    assert through.all(TurnCompleted)[-1].finish_reason == "failed"
    assert through.all(SpeechDisconnected)[0].code == 1006
    voice = RecordedVoice(recorded_speech(through.events), strict=True)
    async with running(voice=voice) as again:
        assert await broken_off(again, text, form) == first


async def broken_off(speak_url: str, text: str, form: dict[str, str]) -> bytes:
    """What comes of an answer that never ends."""
    url, pieces = f"{speak_url.replace('ws', 'http', 1)}?{urlencode(form)}", list[bytes]()

    async def read() -> None:
        async with (
            httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http,
            http.stream("POST", url, json={"text": text}) as answer,
        ):
            async for piece in answer.aiter_raw():
                pieces.append(piece)

    with pytest.raises(httpx2.RemoteProtocolError):
        await read()
    return b"".join(pieces)


@pytest.mark.parametrize("form", [RAW | {"container": "none"}, RAW, {"encoding": "flac"}])
@pytest.mark.parametrize("pace", [0.0, 50.0])
async def test_what_is_not_in_the_source_is_refused_where_one_is_strict(
    form: dict[str, str], pace: float
) -> None:
    async with running() as upstream, passing(upstream) as through:
        await post(through.speak_url, "One.", **RAW)
    voice = RecordedVoice(recorded_speech(through.events), strict=True)
    async with running(voice=voice, pace=pace) as again:
        refused = await post(again, "Two.", **form)
    assert (refused.status_code, refused.json()["err_code"]) == (404, "NOT-IN-SOURCE")
    assert refused.json()["err_msg"] == NOT_IN_SOURCE_SAID


async def test_a_file_that_was_made_unreadable_is_none() -> None:
    async with running() as upstream, passing(upstream) as through:
        await post(through.speak_url, "One.")
    events = [
        type(event)(at_us=event.at_us, connection=event.connection, text='{"base64":"***"}')
        if isinstance(event, FrameReceived)
        else event
        for event in through.events
    ]
    assert recorded_speech(events).files == ()


@given(st.binary(max_size=40), st.integers(0, 12), st.data())
def test_a_wav_is_taken_apart_however_it_is_cut(pcm: bytes, tail: int, data: st.DataObject) -> None:
    parameters = RestParameters.from_query("encoding=linear16")
    size = len(pcm) if pcm else None
    head, behind = wav_header(parameters, size), bytes(tail) if pcm else b""
    written = head + pcm + behind
    cuts = sorted(data.draw(st.lists(st.integers(0, len(written)), max_size=5)))
    stream, parts = WavStream(), list[Samples | Wrapping]()
    for start, end in zip([0, *cuts], [*cuts, len(written)], strict=True):
        parts += stream.feed(written[start:end])
    assert stream.rest() == []
    assert b"".join(part.data for part in parts) == written
    assert b"".join(part.data for part in parts if isinstance(part, Samples)) == pcm


def test_what_is_no_wav_is_samples_and_a_head_alone_is_kept() -> None:
    assert WavStream().feed(b"\1\2") == [Samples(b"\1\2")]
    stream = WavStream()
    assert stream.feed(b"RIFF") == []
    assert stream.rest() == [Wrapping(b"RIFF")]


async def test_models_projects_and_tokens_pass_unrecorded() -> None:
    options, clock = StandinOptions(api_key=KEY), SystemClock()
    options = replace(options, tokens=GrantedTokens(clock))
    async with (
        listening(management_routes(options, clock)) as service,
        passing(service.websocket()) as through,
        httpx2.AsyncClient(
            verify=NO_TLS, timeout=HANG_S, headers={"authorization": f"Token {KEY}"}
        ) as http,
    ):
        base = through.speak_url.replace("ws", "http", 1).removesuffix(SPEAK_PATH)
        for path in ("/v1/models", "/v1/projects", f"/v1/projects/{PROJECT_ID}/models"):
            straight = await http.get(service.http(path))
            passed = await http.get(f"{base}{path}")
            assert (passed.status_code, passed.content) == (200, straight.content)
        granted = await http.post(f"{base}/v1/auth/grant", json={})
    assert granted.json()["expires_in"] == 30
    assert through.events == []
