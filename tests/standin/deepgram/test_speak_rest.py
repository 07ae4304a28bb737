"""Speak v1 over HTTP: what is asked for, what comes, and what is refused."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import h11
import pytest
import soundfile

from gramophone.standin.source.speech import RecordedSegment, RecordedSpeech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.standin.voices.tone import ToneVoice
from gramophone.wire.deepgram.speak_v1.messages import SpeakParameters
from gramophone.wire.deepgram.speak_v1.server import SpeakLimits
from tests.support.clocks import WatchedClock
from tests.support.http_client import Answer, Line, line
from tests.support.standins import running

VOICE = ToneVoice(character_ms=6, gap_ms=4)
TEXT = "A gramophone plays records."
JSON = {"content-type": "application/json"}
BODY = json.dumps({"text": TEXT}).encode()


def spoken(encoding: str = "linear16", rate_hz: int = 24_000) -> bytes:
    parameters = SpeakParameters(encoding=encoding, sample_rate_hz=rate_hz)
    return b"".join(VOICE.words(TEXT, parameters))


@asynccontextmanager
async def asking(*faults: str, **options: Any) -> AsyncGenerator[Line, None]:
    """A connection to a stand-in."""
    async with running(*faults, **options) as url, line(urlsplit(url).port or 0) as http:
        yield http


async def answer(query: str, *faults: str, **options: Any) -> Answer:
    """The answer to TEXT with this query."""
    async with asking(*faults, **options) as http:
        return await http.ask("POST", f"/v1/speak?{query}", BODY, JSON)


async def test_samples_without_a_container() -> None:
    response = await answer("encoding=linear16&container=none&model=aura-2-thalia-en")
    assert (response.status, response.body) == (200, spoken())
    assert response.headers["content-type"] == "audio/l16;rate=24000;channels=1"
    assert response.headers["transfer-encoding"] == "chunked"
    assert response.headers["dg-model-name"] == "aura-2-thalia-en"
    assert response.headers["dg-char-count"] == str(len(TEXT))
    assert len(response.headers["dg-request-id"]) == len(response.headers["dg-model-uuid"]) == 36


@pytest.mark.parametrize("rate_hz", [8_000, 48_000])
async def test_wav_is_the_container_of_samples(rate_hz: int) -> None:
    response = await answer(f"encoding=linear16&sample_rate={rate_hz}")
    assert response.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(response.body)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (rate_hz, 1, 2)
        assert file.readframes(file.getnframes()) == spoken(rate_hz=rate_hz)


@pytest.mark.parametrize("encoding", ["mulaw", "alaw"])
async def test_telephone_sound(encoding: str) -> None:
    raw = await answer(f"encoding={encoding}&container=none")
    assert raw.body == spoken(encoding, 8_000)
    assert raw.headers["content-type"] == f"audio/{encoding};rate=8000;channels=1"
    response = await answer(f"encoding={encoding}")
    with soundfile.SoundFile(io.BytesIO(response.body)) as file:
        assert (file.samplerate, file.subtype) == (8_000, encoding.upper().replace("MU", "U"))
        assert file.frames == len(raw.body)
    assert len(response.body) % 2 == 0


@pytest.mark.parametrize(
    ("query", "content_type", "kind", "rate_hz"),
    [
        ("", "audio/mpeg", "MP3", 22_050),
        ("encoding=mp3&bit_rate=48000", "audio/mpeg", "MP3", 22_050),
        ("encoding=opus", "audio/ogg", "OGG", 48_000),
        ("encoding=flac&sample_rate=16000", "audio/flac", "FLAC", 16_000),
    ],
)
async def test_files(query: str, content_type: str, kind: str, rate_hz: int) -> None:
    response = await answer(query)
    assert response.headers["content-type"] == content_type
    with soundfile.SoundFile(io.BytesIO(response.body)) as file:
        assert (file.format, file.samplerate) == (kind, rate_hz)
        assert abs(file.frames / rate_hz - len(spoken()) / 48_000) < 0.2


async def test_plain_text_is_a_text() -> None:
    async with asking() as http:
        response = await http.ask(
            "POST",
            "/v1/speak?encoding=linear16&container=none",
            TEXT.encode(),
            {"content-type": "text/plain; charset=utf-8"},
        )
    assert response.body == spoken()


async def test_time_is_kept() -> None:
    clock = WatchedClock()
    async with asking(clock=clock, pace=1.0, first_byte_ms=150) as http:
        http.begin("POST", "/v1/speak?encoding=linear16", BODY, JSON)
        await clock.asleep_until(150_000)
        head, header = await http.event(), await http.event()
        assert isinstance(head, h11.Response)
        assert isinstance(header, h11.Data)
        assert header.data[:4] == b"RIFF"
        assert header.data[40:] == b"\xff\xff\xff\xff"
        clock.advance_us(150_000)
        first = await http.event()
        assert isinstance(first, h11.Data)
        assert first.data == spoken()[:960]
        await clock.asleep_until(170_000)


async def test_a_recording_is_given_as_it_is() -> None:
    frames = ((0, bytes(480)), (20_000, b"\1" * 480))
    voice = RecordedVoice(RecordedSpeech("linear16", 48_000, (RecordedSegment(TEXT, frames),)))
    response = await answer("encoding=linear16&container=none&sample_rate=48000", voice=voice)
    assert response.body == bytes(480) + b"\1" * 480
    other = await answer("encoding=linear16&sample_rate=24000", voice=voice)
    assert other.status == 400
    assert other.headers["dg-error"].endswith("The recording is in linear16 at 48000 Hz only.")
    file = await answer("encoding=flac&sample_rate=16000", voice=voice)
    with soundfile.SoundFile(io.BytesIO(file.body)) as read:
        assert (read.samplerate, read.frames) == (48_000, 480)


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("model=nova-3", "No such model/language/tier combination found."),
        ("encoding=wav", "Unsupported encoding 'wav'."),
        ("encoding=aac", "The stand-in has no encoder for 'aac'."),
        ("encoding=linear16&container=ogg", "Unsupported container 'ogg' for 'linear16'."),
        ("encoding=mp3&sample_rate=8000", "Unsupported sample_rate 8000 for 'mp3'."),
        ("sample_rate=x", "sample_rate must be a whole number."),
        ("speed=1.2", "speed is not supported by model 'aura-asteria-en'."),
        ("model=aura-2-thalia-en&speed=2", "speed must be between 0.7 and 1.5."),
    ],
)
async def test_parameters_that_the_service_has_not_got(query: str, message: str) -> None:
    response = await answer(query)
    assert response.status == 400
    assert json.loads(response.body) == {
        "err_code": "Bad Request",
        "err_msg": f"Bad Request: {message}",
        "request_id": response.headers["dg-request-id"],
    }
    assert response.headers["dg-error"] == f"Bad Request: {message}"


@pytest.mark.parametrize(
    ("content_type", "body", "message"),
    [
        ("application/json", b"{", "we could not process the JSON payload"),
        ("application/json", b'{"url": "http://here"}', "we could not process the JSON payload"),
        ("application/json", b"[" * 100_000, "we could not process the JSON payload"),
        ("application/json", b'{"text": " "}', "There is no text to speak."),
        ("text/plain", b"", "There is no text to speak."),
        ("text/plain", b"\xff", "The text is not UTF-8."),
        ("application/x-www-form-urlencoded", b"text=x", "as application/json or as text/plain"),
    ],
)
async def test_bodies_without_a_text(content_type: str, body: bytes, message: str) -> None:
    async with asking() as http:
        response = await http.ask("POST", "/v1/speak", body, {"content-type": content_type})
    assert response.status == 400
    assert message in json.loads(response.body)["err_msg"]


async def test_a_text_may_have_two_thousand_characters() -> None:
    async with asking() as http:
        plain = {"content-type": "text/plain"}
        path = "/v1/speak?encoding=mulaw"
        assert (await http.ask("POST", path, b"a" * 2_000, plain)).status == 200
        response = await http.ask("POST", path, b"a" * 2_001, plain)
        assert response.status == 413
        assert json.loads(response.body)["err_code"] == "Payload Too Large"
    response = await answer("encoding=mulaw", limits=SpeakLimits.none())
    assert response.status == 200


async def test_a_wrong_key_is_refused() -> None:
    async with asking(api_key="right") as http:
        for key, status in (("Token right", 200), ("Token wrong", 401), ("", 401)):
            headers = JSON | {"authorization": key}
            response = await http.ask("POST", "/v1/speak?encoding=mulaw", BODY, headers)
            assert response.status == status


# --- faults -----------------------------------------------------------------------------------

RAW = "/v1/speak?encoding=linear16&container=none"


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429, 503])
async def test_refuse(status: int) -> None:
    async with asking(f"refuse={status}@0") as http:
        response = await http.ask("POST", RAW, BODY, JSON)
        assert response.status == status
        assert json.loads(response.body)["err_msg"] == response.headers["dg-error"]
        assert (await http.ask("POST", RAW, BODY, JSON)).status == 200


@pytest.mark.parametrize("fault", ["drop=2001", "hang-up=2001", "close=NET-0000,2001"])
async def test_the_body_is_cut_off(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    async with asking(fault, clock=WatchedClock()) as http:
        http.begin("POST", RAW, BODY, JSON)
        stream = await http.everything()
    assert stream.endswith(b"\r\n51\r\n" + spoken()[1920:2001] + b"\r\n")
    # What was asked for is no error of ours.
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_a_reset() -> None:
    async with asking("reset=#3") as http:
        http.begin("POST", RAW, BODY, JSON)
        with pytest.raises(ConnectionResetError):
            await http.everything()


async def test_a_drop_at_a_time() -> None:
    clock = WatchedClock()
    async with asking("drop=50ms", clock=clock, pace=1.0) as http:
        http.begin("POST", RAW, BODY, JSON)
        await clock.asleep_until(20_000)
        await clock.asleep_until(50_000)
        clock.advance_us(50_000)
        assert not (await http.everything()).endswith(b"\r\n0\r\n\r\n")


async def test_a_stall() -> None:
    clock = WatchedClock()
    async with asking("stall=2001,500", clock=clock) as http:
        http.begin("POST", RAW, BODY, JSON)
        await clock.asleep_until(500_000)
        clock.advance_us(500_000)
        assert (await http.answer()).body == spoken()


@pytest.mark.parametrize("fault", ["silent", "stall=2001"])
async def test_nothing_more_comes(fault: str) -> None:
    async with asking(fault) as http:
        http.begin("POST", RAW, BODY, JSON)
        reading = http.reader.readuntil(b"\r\n0\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reading, 0.1)


async def test_pieces_that_end_within_a_sample() -> None:
    assert (await answer(RAW.partition("?")[2], "odd-frames")).body == spoken()
