"""Who is let in, and what a refusal looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response
from websockets.typing import Subprotocol

from gramophone.standin.source.speech import RecordedSpeech
from gramophone.standin.voices.recorded import RecordedVoice
from gramophone.wire.deepgram.speak_v1.messages import Flush, Flushed, Metadata, parse_server
from tests.support.speak_client import talking
from tests.support.standins import running

KEY = "a-key"
JWT = "head.body.signature"


async def refusal(url: str, **settings: Any) -> Response:
    """The answer to a handshake that must not succeed."""
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, **settings):
            pass
    return refused.value.response


async def test_the_request_id_is_in_the_headers_and_in_the_metadata() -> None:
    async with running() as url, connect(f"{url}?model=aura-2-thalia-en") as connection:
        assert connection.response is not None
        headers = connection.response.headers
        frame = await connection.recv()
        assert isinstance(frame, str)
        metadata = parse_server(frame)
        assert isinstance(metadata, Metadata)
        assert metadata.request_id == headers["dg-request-id"]
        assert metadata.model_name == "aura-2-thalia-en"
        assert headers["dg-project-id"]
        assert "dg-model-name" not in headers, "only an answer over HTTP names the model"


async def test_an_offer_to_compress_is_declined() -> None:
    async with running() as url, connect(url, compression="deflate") as connection:
        assert connection.protocol.extensions == []
        await connection.recv()


@pytest.mark.parametrize(
    "settings",
    [
        {"additional_headers": {"Authorization": f"Token {KEY}"}},
        {"additional_headers": {"Authorization": f"token {KEY}"}},
        {"additional_headers": {"Authorization": f"bearer {JWT}"}},
        {"subprotocols": ["token", KEY]},
        {"subprotocols": ["bearer", JWT]},
        {"subprotocols": ["token", KEY, "x-deepgram-session-id", "5e55"]},
    ],
)
async def test_each_form_of_authentication(settings: dict[str, Any]) -> None:
    async with running(api_key=KEY) as url, talking(url, **settings) as talk:
        offered: list[Subprotocol] = settings.get("subprotocols", [None])
        assert talk.connection.subprotocol == offered[0]
        await talk.say(Flush())
        assert await talk.hear() == Flushed(0)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"additional_headers": {"Authorization": "Token wrong"}},
        {"additional_headers": {"Authorization": f"Bearer {KEY}"}},
        {"additional_headers": {"Authorization": f"Basic {KEY}"}},
        {"subprotocols": ["token", "wrong"]},
        {"subprotocols": ["token"]},
    ],
)
async def test_a_wrong_key_is_refused(settings: dict[str, Any]) -> None:
    async with running(api_key=KEY) as url:
        response = await refusal(url, **settings)
    assert response.status_code == 401
    assert response.headers["dg-error"] == "Invalid credentials."


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "Bad Request"),
        (401, "INVALID_AUTH"),
        (402, "ASR_PAYMENT_REQUIRED"),
        (403, "INSUFFICIENT_PERMISSIONS"),
        (429, "TOO_MANY_REQUESTS"),
        (503, "INTERNAL_SERVER_ERROR"),
    ],
)
async def test_a_refusal_says_it_in_the_headers_and_in_the_body(status: int, code: str) -> None:
    async with running(f"refuse={status}") as url:
        response = await refusal(url)
    assert response.status_code == status
    assert response.body is not None
    error = json.loads(response.body)
    assert error == {
        "err_code": code,
        "err_msg": response.headers["dg-error"],
        "request_id": response.headers["dg-request-id"],
    }


async def test_bad_parameters_are_refused() -> None:
    async with running() as url:
        response = await refusal(f"{url}?encoding=opus")
    assert response.status_code == 400
    assert response.headers["dg-error"] == "Bad Request: Unsupported encoding 'opus' for streaming."


async def test_other_paths_are_not_found() -> None:
    async with running() as url:
        response = await refusal(url.replace("/v1/speak", "/v1/listen"))
    assert response.status_code == 404


async def test_a_recording_is_only_given_in_its_own_format() -> None:
    voice = RecordedVoice(RecordedSpeech("linear16", 48_000, ()))
    async with running(voice=voice) as url:
        response = await refusal(f"{url}?sample_rate=24000")
        assert response.status_code == 400
        assert (
            response.headers["dg-error"]
            == "Bad Request: The recording is in linear16 at 48000 Hz only."
        )
        async with talking(url, "sample_rate=48000"):
            pass
