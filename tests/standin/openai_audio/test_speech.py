"""Speech of OpenAI over HTTP: forms, timing, recordings, faults and refusals."""

from __future__ import annotations

import io
import json
import wave
from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import h11
import pytest
import soundfile

from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.standin.voice import Break
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.openai_audio.speech import SPEECH_PATH
from gramophone.wire.sse import SseReader
from tests.support.clocks import WatchedClock
from tests.support.http_client import Answer, Line, line
from tests.support.openai_audio import audio_standin, tones

TEXT = "A gramophone plays records."
JSON = {"content-type": "application/json"}
FRAMES = ((0, bytes(480)), (20_000, b"\1" * 480))


@asynccontextmanager
async def asking(*faults: str, **options: Any) -> AsyncGenerator[Line]:
    async with audio_standin(*faults, **options) as address, line(address.port) as http:
        yield http


def body(text: str = TEXT, **fields: Any) -> bytes:
    usual = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": text}
    return json.dumps(usual | fields).encode()


async def ask(http: Line, text: str = TEXT, **fields: Any) -> Answer:
    return await http.ask("POST", SPEECH_PATH, body(text, **fields), JSON)


def error_of(answer: Answer) -> tuple[int, str | None]:
    return answer.status, json.loads(answer.body)["error"]["code"]


async def test_every_form_of_the_sound() -> None:
    kinds = {"mp3": "MP3", "opus": "OGG", "flac": "FLAC", "wav": "WAV"}
    length_s = len(tones(TEXT)) / 48_000
    async with asking() as http:
        pcm = await ask(http, response_format="pcm")
        assert (pcm.status, pcm.body) == (200, tones(TEXT))
        assert pcm.headers["content-type"] == "audio/pcm"
        assert pcm.headers["x-request-id"].startswith("req_")
        for name, kind in kinds.items():
            answer = await ask(http, response_format=name)
            assert answer.headers["x-request-id"] != pcm.headers["x-request-id"]
            with soundfile.SoundFile(io.BytesIO(answer.body)) as file:
                assert (file.format, file.samplerate) == (kind, 24_000)
                assert abs(file.frames / 24_000 - length_s) < 0.2
        default = await ask(http)
    assert default.headers["content-type"] == "audio/mpeg"
    with soundfile.SoundFile(io.BytesIO(default.body)) as file:
        assert file.format == "MP3"


async def test_speed_is_that_of_the_voice() -> None:
    async with asking() as http:
        answer = await ask(http, response_format="wav", speed=4)
    with wave.open(io.BytesIO(answer.body)) as file:
        assert file.readframes(file.getnframes()) == tones(TEXT, speed=4)


async def test_events_carry_the_same_sound() -> None:
    async with asking() as http:
        answer = await ask(http, response_format="pcm", stream_format="sse")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *deltas, done = [json.loads(data) for data in SseReader().feed(answer.body)]
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert b"".join(b64decode(event["audio"]) for event in deltas) == tones(TEXT)
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["total_tokens"] > done["usage"]["output_tokens"] > 0


@pytest.mark.parametrize("name", ["pcm", "wav", "mp3"])
async def test_sound_goes_out_while_it_is_made(name: str) -> None:
    clock = WatchedClock()
    async with asking(clock=clock, pace=1.0, first_byte_ms=150) as http:
        http.begin("POST", SPEECH_PATH, body(TEXT, response_format=name), JSON)
        await clock.asleep_until(150_000)
        clock.advance_us(150_000)
        head = await http.event()
        assert isinstance(head, h11.Response)
        assert isinstance(await http.event(), h11.Data)
        await clock.asleep_until(170_000)


async def test_a_recording_is_given_at_its_own_rate() -> None:
    segments = (RecordedSegment(TEXT, FRAMES), RecordedSegment("Again.", FRAMES))
    voice = RecordedVoice(RecordedSpeech("linear16", 48_000, segments), strict=True)
    async with asking(voice=voice) as http:
        answer = await ask(http, response_format="wav")
        with wave.open(io.BytesIO(answer.body)) as file:
            assert (file.getframerate(), file.readframes(480)) == (
                48_000,
                FRAMES[0][1] + FRAMES[1][1],
            )
        bare = await ask(http, "Again.", response_format="pcm")
        assert error_of(bare) == (400, None)
        assert "48000 Hz only" in json.loads(bare.body)["error"]["message"]
        unknown = await ask(http, "Something else.", response_format="flac")
        assert error_of(unknown) == (404, "not_recorded")
    assert [difference.kind for difference in voice.expectation.differences()] == [
        "extra",
        "unsent",
    ]


async def test_a_recording_that_broke_off_breaks_off_again() -> None:
    segment = RecordedSegment(TEXT, FRAMES, ends=Break(1006, ""))
    voice = RecordedVoice(RecordedSpeech("linear16", 24_000, (segment,)))
    async with asking(voice=voice) as http:
        with pytest.raises(h11.RemoteProtocolError):
            await ask(http, response_format="pcm", stream_format="sse")


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("refuse=429", 429, "rate_limit_exceeded"),
        ("refuse=401", 401, "invalid_api_key"),
        ("overloaded", 503, "server_is_overloaded"),
    ],
)
async def test_a_refusal_by_a_fault(fault: str, status: int, code: str | None) -> None:
    async with asking(f"{fault}@1") as http:
        assert (await ask(http)).status == 200
        assert error_of(await ask(http)) == (status, code)
        assert (await ask(http)).status == 200


@pytest.mark.parametrize("fault", ["drop=1000", "reset=#2"])
async def test_an_answer_is_cut_off(fault: str) -> None:
    async with asking(fault) as http:
        with pytest.raises((h11.RemoteProtocolError, ConnectionResetError)):
            await ask(http, response_format="pcm")


async def test_faults_within_a_stream_of_events_are_events() -> None:
    async with asking("rubbish@0", "unknown-type@1", "odd-frames@2") as http:
        spoilt, strange, odd = [
            await ask(http, response_format="pcm", stream_format="sse") for _ in range(3)
        ]
    data = SseReader().feed(spoilt.body)
    with pytest.raises(json.JSONDecodeError):
        json.loads(data[0])
    assert [json.loads(event)["type"] for event in data[1:]][-1] == "speech.audio.done"
    assert json.loads(SseReader().feed(strange.body)[0])["type"] == "applause"
    first = json.loads(SseReader().feed(odd.body)[0])
    assert len(b64decode(first["audio"])) % 2 == 1


@pytest.mark.parametrize(
    ("fault", "events"), [("overloaded", 1), ("overloaded=#1", 0), ("overloaded=0ms", 0)]
)
async def test_an_overload_ends_a_stream_of_events(fault: str, events: int) -> None:
    async with asking(f"{fault}@0") as http:
        failed = await ask(http, response_format="pcm", stream_format="sse")
        assert (await ask(http)).status == 200
    *sound, error = [json.loads(data) for data in SseReader().feed(failed.body)]
    assert (failed.status, len(sound)) == (200, events)
    assert error["error"]["code"] == "server_is_overloaded"


@pytest.mark.parametrize("fault", ["sse-cut", "sse-cut=700", "malformed-chunk=#1"])
async def test_a_stream_of_events_is_cut_off(fault: str) -> None:
    async with asking(fault) as http:
        with pytest.raises(h11.RemoteProtocolError):
            await ask(http, response_format="pcm", stream_format="sse")


async def test_faults_of_streams_leave_other_answers_alone() -> None:
    async with asking("sse-cut", "malformed-chunk") as http:
        assert (await ask(http, response_format="pcm")).body == tones(TEXT)


async def test_refusals_of_the_stand_in_itself() -> None:
    async with asking(api_key="a-key") as http:
        assert error_of(await ask(http)) == (401, "invalid_api_key")
    async with asking() as http:
        assert error_of(await ask(http, voice="nobody")) == (400, "invalid_value")
        aac = await ask(http, response_format="aac")
    assert error_of(aac) == (400, "no_encoder")
    async with asking(tolerant=True) as http:
        assert (await ask(http, voice="nobody")).status == 200
