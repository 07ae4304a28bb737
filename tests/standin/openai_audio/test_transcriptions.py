"""Transcripts of OpenAI over HTTP: forms, streams, faults and refusals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import h11
import httpx2
import pytest

from gramophone.standin.server.routes import Address
from gramophone.wire.deepgram.listen_v1.utterances import Utterance
from gramophone.wire.openai_audio.transcription_request import (
    TRANSCRIPTIONS_PATH,
    TRANSLATIONS_PATH,
)
from gramophone.wire.sse import SseReader
from tests.support.clocks import WatchedClock
from tests.support.deadlines import HANG_S
from tests.support.http_client import line
from tests.support.openai_audio import audio_standin, wav
from tests.support.plain_http import NO_TLS
from tests.support.sdk_types import assert_typed

SOUND = wav(bytes(2 * 24_000 * 4))
TEXT = "Good day. How are you?"


async def transcript(address: Address, sound: bytes = SOUND, **fields: Any) -> httpx2.Response:
    return await post(address, TRANSCRIPTIONS_PATH, sound, model="gpt-4o-transcribe", **fields)


async def translation(address: Address, **fields: Any) -> httpx2.Response:
    return await post(address, TRANSLATIONS_PATH, SOUND, **({"model": "whisper-1"} | fields))


async def post(address: Address, path: str, sound: bytes, **fields: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
        return await http.post(
            address.http(path),
            data=fields,
            files={"file": ("a.wav", sound)},
        )


def error_of(answer: httpx2.Response) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_recording_has_the_utterances_that_fit() -> None:
    async with audio_standin() as address:
        whole = await transcript(address)
        begun = await transcript(address, wav(bytes(12_000)))
    assert whole.headers["x-request-id"] != begun.headers["x-request-id"]
    assert (whole.json()["text"], begun.json()["text"]) == (TEXT, "Good day.")


async def test_a_stream() -> None:
    async with audio_standin() as address:
        answer = await transcript(address, stream="true")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *deltas, done = [json.loads(data) for data in SseReader().feed(answer.content)]
    assert "".join(event["delta"] for event in deltas) == done["text"] == TEXT


async def test_translations_are_in_english() -> None:
    async with audio_standin("refuse=429@1") as address:
        # What only transcriptions have is ignored.
        plain = await translation(address, language="de", stream="true")
        assert error_of(await translation(address)) == (429, "rate_limit_exceeded")
        verbose = (await translation(address, response_format="verbose_json")).json()
        assert TEXT.split()[-1] in (await translation(address, response_format="vtt")).text
    assert plain.json() == {"text": TEXT}
    assert_typed("translation", plain.json())
    assert_typed("verbose translation", verbose)
    assert (verbose["task"], verbose["language"]) == ("translate", "english")
    assert [segment["text"].strip() for segment in verbose["segments"]] == [
        "Good day.",
        "How are you?",
    ]


async def test_translations_that_are_refused() -> None:
    async with audio_standin() as address:
        diarized = await translation(address, response_format="diarized_json")
        assert error_of(diarized) == (400, "invalid_value")
        assert error_of(await translation(address, model="gpt-4o-transcribe")) == (
            400,
            "unsupported_value",
        )


@pytest.mark.parametrize("fault", ["sse-cut", "malformed-chunk=#3"])
async def test_a_stream_is_cut_off(fault: str) -> None:
    async with audio_standin(fault) as address:
        assert (await transcript(address)).json()["text"] == TEXT
        with pytest.raises(httpx2.RemoteProtocolError):
            await transcript(address, stream="true")


async def test_faults() -> None:
    faults = ("refuse=429@0", "overloaded@1", "rubbish@2", "drop=30@3")
    async with audio_standin(*faults) as address:
        assert error_of(await transcript(address)) == (429, "rate_limit_exceeded")
        assert error_of(await transcript(address)) == (503, "server_is_overloaded")
        spoilt = await transcript(address, stream="true")
        with pytest.raises(httpx2.RemoteProtocolError):
            await transcript(address)
    with pytest.raises(json.JSONDecodeError):
        json.loads(SseReader().feed(spoilt.content)[0])


async def test_an_answer_can_be_late() -> None:
    clock = WatchedClock()
    async with audio_standin("slow-first-byte=300", clock=clock) as address:
        async with line(address.port) as http:
            request = httpx2.Request(
                "POST", address.http(), data={"model": "m"}, files={"file": ("a.wav", SOUND)}
            )
            kind = {"content-type": request.headers["content-type"]}
            http.begin("POST", TRANSCRIPTIONS_PATH, request.read(), kind)
            await clock.asleep_until(300_000)
            clock.advance_us(300_000)
            head = await http.event()
    assert isinstance(head, h11.Response)
    assert dict(head.headers)[b"openai-processing-ms"] == b"300"


async def test_refusals_of_the_stand_in_itself() -> None:
    def nothing_left(sound: bytes) -> Sequence[Utterance] | None:
        return None

    async with audio_standin(find=nothing_left) as address:
        assert error_of(await transcript(address)) == (404, "not_recorded")
        assert error_of(await transcript(address, wav(bytes(4_000)))) == (400, "audio_too_short")
        assert error_of(await transcript(address, response_format="srt")) == (
            400,
            "unsupported_value",
        )
    async with audio_standin(tolerant=True) as address:
        assert (await transcript(address, b"", response_format="srt")).status_code == 200
    async with audio_standin(api_key="a-key") as address:
        assert error_of(await transcript(address)) == (401, "invalid_api_key")
