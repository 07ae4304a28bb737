"""A recording proxy before a service with TLS: whom it trusts, and what it says otherwise."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gramophone.core.tasks import spawn
from gramophone.core.timeline import AudioReceived, ModelChunkReceived, SpeechConnected
from gramophone.wire.deepgram.paths import SPEAK_PATH
from gramophone.wire.deepgram.speak_v1.messages import Flush, Flushed, Speak
from tests.support.deadlines import HANG_S
from tests.support.model_proxies import SAID, passing, post
from tests.support.model_requests import CHAT, MESSAGES
from tests.support.model_standin import standing_in
from tests.support.speak_client import sound, talking
from tests.support.speech_proxies import post as ask_for_speech
from tests.support.standins import running


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of somebody who trusts this authority, and no other."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


@asynccontextmanager
async def behind_tls(
    upstream: str, authority: trustme.CA, name: str = "127.0.0.1"
) -> AsyncGenerator[str]:
    """The same server, reached with TLS and a certificate for `name`; gives its host and port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    address = urlsplit(upstream)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection(address.hostname, address.port)
        there = spawn(pipe(reader, outer), name="to the server")
        await pipe(inner, writer)
        there.cancel()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


@pytest.mark.usefixtures("trusted")
async def test_speech_over_wss_and_https(authority: trustme.CA) -> None:
    async with (
        running() as upstream,
        behind_tls(upstream, authority) as host,
        passing(f"wss://{host}") as through,
    ):
        async with talking(through.address.websocket(SPEAK_PATH), "sample_rate=24000") as talk:
            await talk.say(Speak("One."), Flush())
            received = sound(await talk.hear_until(Flushed))
        file = await ask_for_speech(through.address.websocket(SPEAK_PATH), "Two.")
    assert received == b"".join(event.pcm for event in through.all(AudioReceived))
    assert file.status_code == 200
    urls = [event.url for event in through.all(SpeechConnected)]
    assert urls == [f"wss://{host}/v1/speak?sample_rate=24000", f"https://{host}/v1/speak"]


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
async def test_a_model_over_https(authority: trustme.CA, path: str) -> None:
    async with (
        standing_in(SAID) as upstream,
        behind_tls(upstream.http(), authority) as host,
        passing(f"https://{host}") as through,
    ):
        response = await post(through.address, path, stream=True)
    assert response.status_code == 200
    assert through.all(ModelChunkReceived)


async def refusals(proxy: str) -> list[tuple[int, str]]:
    """What a websocket, a model's client and one of Speak over HTTP are told."""
    url = f"ws://{proxy}{SPEAK_PATH}"
    with pytest.raises(InvalidStatus) as refused:
        await connect(url)
    response = refused.value.response
    spoken = await ask_for_speech(url, "Two.")
    async with httpx2.AsyncClient(timeout=HANG_S) as http:
        refusal = await http.post(f"http://{proxy}{CHAT}", json={"model": "m", "messages": []})
    return [
        (response.status_code, response.headers["dg-error"]),
        (spoken.status_code, spoken.json()["err_msg"]),
        (refusal.status_code, refusal.json()["error"]["message"]),
    ]


async def test_a_certificate_that_nobody_vouches_for(
    authority: trustme.CA, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        running() as upstream,
        behind_tls(upstream, authority) as host,
        passing(f"wss://{host}") as through,
    ):
        results = await refusals(urlsplit(through.address.http()).netloc)
    message = (
        f"The proxy does not trust the certificate of {host} (unable to get local issuer "
        "certificate); name the file of its authority in SSL_CERT_FILE, or check --upstream."
    )
    assert results == [(502, message)] * 3
    assert caplog.text.count(message) == 3
    assert through.proxy.refused == 2


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_of_somebody_else(authority: trustme.CA) -> None:
    async with (
        running() as upstream,
        behind_tls(upstream, authority, "example.com") as host,
        passing(f"wss://{host}") as through,
    ):
        results = await refusals(urlsplit(through.address.http()).netloc)
    assert [status for status, _ in results] == [502] * 3
    assert all("IP address mismatch" in message and host in message for _, message in results)


async def test_a_service_without_tls() -> None:
    async with running() as upstream:
        host = urlsplit(upstream).netloc
        async with passing(f"wss://{host}") as through:
            results = await refusals(urlsplit(through.address.http()).netloc)
    message = f"The proxy and {host} find no common TLS; check --upstream."
    assert results == [(502, message)] * 3
