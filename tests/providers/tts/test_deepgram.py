"""The speech socket: against the stand-in, and against servers that do what that never would."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from gramophone.core.errors import HandshakeRefused, SpeechError
from gramophone.providers.tts.deepgram import DeepgramSpeech, SpeechSocket
from gramophone.wire.deepgram.speak_v1.messages import (
    Close,
    Flush,
    Flushed,
    Metadata,
    Speak,
    SpeakParameters,
    parse_server,
    render,
)
from tests.support.standins import running

KEY = "dg-0f3a9s3cr3t"
PARAMETERS = SpeakParameters(sample_rate_hz=48_000)

Answer = tuple[int, dict[str, str], bytes]


@asynccontextmanager
async def connected(service: DeepgramSpeech) -> AsyncGenerator[SpeechSocket]:
    connection = await service.connect()
    try:
        yield connection
    finally:
        await connection.aclose()


async def received(connection: SpeechSocket) -> list[str | bytes]:
    return [frame async for frame in connection.frames()]


class Double:
    """A bare websocket server. It hands each connection to `talk`, or refuses with `answer`."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.url = ""


@asynccontextmanager
async def double(
    talk: Callable[[ServerConnection], Awaitable[None]], answer: Answer | None = None
) -> AsyncGenerator[Double]:
    server = Double()

    async def look(connection: ServerConnection, request: Request) -> Response | None:
        server.requests.append(request)
        if answer is None:
            return None
        status, headers, body = answer
        response = connection.respond(HTTPStatus(status), "")
        response.body = body
        del response.headers["Content-Length"]
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            response.headers[name] = value
        return response

    async with serve(talk, "127.0.0.1", 0, process_request=look) as serving:
        host, port = next(iter(serving.sockets)).getsockname()
        server.url = f"ws://{host}:{port}/v1/speak"
        yield server


async def say_nothing(connection: ServerConnection) -> None:
    pass


@asynccontextmanager
async def tcp(answer: bytes | None) -> AsyncGenerator[str]:
    """A server that answers with these bytes whatever it is asked, or never; gives its address."""
    connections: list[asyncio.StreamWriter] = []

    async def serve_bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        if answer is not None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

    server = await asyncio.start_server(serve_bytes, "127.0.0.1", 0)
    async with server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/speak"
        for writer in connections:
            writer.transport.abort()


async def refusal(service: DeepgramSpeech) -> str:
    """The sentence `connect` fails with."""
    with pytest.raises(SpeechError) as caught:
        await service.connect()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert KEY not in sentence
    return sentence


# --- a conversation ---------------------------------------------------------------------------


@pytest.mark.parametrize("faults", [(), ("odd-frames",), ("one-byte-frames",)])
async def test_text_and_sound_come_in_order(faults: Sequence[str]) -> None:
    async with (
        running(*faults, api_key=KEY) as url,
        connected(DeepgramSpeech(url, PARAMETERS, api_key=KEY)) as connection,
    ):
        for message in (Speak("Hello there."), Flush(), Speak("Bye."), Flush(), Close()):
            await connection.send(render(message))
        frames = await received(connection)

    kinds = [parse_server(frame) if isinstance(frame, str) else bytes for frame in frames]
    metadata = kinds.pop(0)
    assert isinstance(metadata, Metadata)
    assert metadata.request_id == connection.request_id != ""
    first = kinds.index(Flushed(0))
    assert set(kinds[:first]) == {bytes}
    assert set(kinds[first + 1 : -1]) == {bytes}
    assert kinds[-1] == Flushed(1)
    assert connection.closed() == (1000, "")


async def test_a_hang_up_tells_code_and_reason() -> None:
    async with (
        running("hang-up=4000") as url,
        connected(DeepgramSpeech(url, PARAMETERS)) as connection,
    ):
        await connection.send(render(Speak("Hello there.")))
        await connection.send(render(Flush()))
        frames = await received(connection)
    assert sum(len(frame) for frame in frames if isinstance(frame, bytes)) == 4000
    assert connection.closed() == (1011, "NET-0000")


async def test_a_reset_is_1006() -> None:
    async with (
        running("reset=4000") as url,
        connected(DeepgramSpeech(url, PARAMETERS)) as connection,
    ):
        await connection.send(render(Speak("Hello there.")))
        await connection.send(render(Flush()))
        await received(connection)
        assert connection.closed() == (1006, "")


async def test_what_is_sent_to_nobody_is_lost_in_silence() -> None:
    async with (
        running("reset=0") as url,
        connected(DeepgramSpeech(url, PARAMETERS)) as connection,
    ):
        await connection.send(render(Speak("Hello there.")))
        await connection.send(render(Flush()))
        await received(connection)
        await connection.send(render(Speak("Is anybody there?")))
        assert await received(connection) == []
        await connection.aclose()
        await connection.aclose()


async def test_frames_of_any_size_are_taken() -> None:
    """The service keeps under 1 MiB; a stand-in in its place may not."""
    big = os.urandom((1 << 20) + 1), os.urandom(5 << 20)

    async def talk(connection: ServerConnection) -> None:
        for frame in big:
            await connection.send(frame)
        await connection.send("x" * (2 << 20))

    async with (
        double(talk) as server,
        connected(DeepgramSpeech(server.url, PARAMETERS)) as connection,
    ):
        assert await received(connection) == [*big, "x" * (2 << 20)]


async def test_a_close_frame_of_any_kind_is_told() -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.close(1008, "DATA-0001")

    async with (
        double(talk) as server,
        connected(DeepgramSpeech(server.url, PARAMETERS)) as connection,
    ):
        assert await received(connection) == []
        assert connection.closed() == (1008, "DATA-0001")


async def test_closing_does_not_wait_for_a_service_that_does_not() -> None:
    """It never answers the close frame; the time for that is over at once here."""
    opened: asyncio.Queue[ServerConnection] = asyncio.Queue()

    async def talk(connection: ServerConnection) -> None:
        connection.transport.pause_reading()
        opened.put_nowait(connection)
        await connection.wait_closed()

    async with double(talk) as server:
        service = DeepgramSpeech(server.url, PARAMETERS, close_timeout_s=0.01)
        async with connected(service) as connection:
            deaf = await opened.get()
        assert connection.closed() == (1006, "")
        deaf.transport.abort()


async def test_it_may_be_closed_while_frames_are_awaited() -> None:
    async with (
        running() as url,
        connected(DeepgramSpeech(url, PARAMETERS)) as connection,
    ):
        frames = connection.frames()
        assert isinstance(await anext(frames), str)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(received(connection))
            group.create_task(connection.aclose())
        assert waiting.result() == []
        assert connection.closed()[0] == 1000


# --- the handshake ----------------------------------------------------------------------------


async def test_what_is_asked() -> None:
    async with double(say_nothing) as server:
        service = DeepgramSpeech(server.url, PARAMETERS, api_key=KEY)
        async with connected(service) as connection:
            assert connection.request_id == ""
    (request,) = server.requests
    assert request.headers["Authorization"] == f"Token {KEY}"
    assert "Sec-WebSocket-Extensions" not in request.headers, "compression costs dear on sound"
    assert KEY not in connection.url
    assert dict(parse_qsl(urlsplit(request.path).query)) == {
        "model": PARAMETERS.model,
        "encoding": "linear16",
        "sample_rate": "48000",
    }


async def test_no_key_is_no_header() -> None:
    async with double(say_nothing) as server, connected(DeepgramSpeech(server.url, PARAMETERS)):
        pass
    assert "Authorization" not in server.requests[0].headers


async def test_what_the_address_asks_for_wins() -> None:
    own = "model=aura-2-luna-en&tag=a&tag=b&empty=&mip_opt_out=true"
    async with double(say_nothing) as server:
        service = DeepgramSpeech(f"{server.url}?{own}", PARAMETERS)
        async with connected(service) as connection:
            pass
    parameters = parse_qsl(urlsplit(server.requests[0].path).query, keep_blank_values=True)
    assert sorted(parameters) == [
        ("empty", ""),
        ("encoding", "linear16"),
        ("mip_opt_out", "true"),
        ("model", "aura-2-luna-en"),
        ("sample_rate", "48000"),
        ("tag", "a"),
        ("tag", "b"),
    ]
    assert "model=aura-2-luna-en" in connection.url


async def test_the_shown_address_has_no_secrets() -> None:
    async with double(say_nothing) as server:
        url = (
            server.url.replace("ws://", f"ws://user:{KEY}@") + f"?access_token={KEY}&api_KEY={KEY}"
        )
        async with connected(DeepgramSpeech(url, PARAMETERS)) as connection:
            assert KEY not in connection.url
            assert "user" not in connection.url
            assert connection.url.startswith(server.url)


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (400, "No such model/language/tier combination found.); check --voice"),
        (401, "(401: Invalid credentials.); check DEEPGRAM_API_KEY."),
        (402, "the account is out of credit."),
        (403, "choose another with --voice."),
        (429, "(429: Too many requests. Please try again later); too many sessions"),
        (503, "try again later."),
    ],
)
async def test_a_refusal_tells_why(status: int, sentence: str) -> None:
    async with running(f"refuse={status}") as url:
        service = DeepgramSpeech(url, PARAMETERS, api_key=KEY)
        assert sentence in await refusal(service)
        with pytest.raises(HandshakeRefused) as caught:
            await service.connect()
    assert caught.value.status == status
    assert caught.value.dg_error
    assert caught.value.url.startswith(url)


def refused(body: object, **headers: str) -> Answer:
    text = body if isinstance(body, str) else json.dumps(body)
    return 401, headers, text.encode()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refused({"err_msg": "in the body"}), "(401: in the body)"),
        (refused({"message": "an older form"}), "(401: an older form)"),
        (refused({"err_msg": "body"}, **{"dg-error": "the header wins"}), "(401: the header wins)"),
        (refused({"err_msg": f"unknown key {KEY}"}), "(401: unknown key [key])"),
        (refused({"err_msg": "two\nlines"}), "(401: two lines)"),
        (refused({"err_msg": "long " * 1000}), "long long"),
        (refused("<html>Unauthorized</html>"), "(401);"),
        (refused([1]), "(401);"),
        (refused({}), "(401);"),
        (refused(""), "(401);"),
    ],
)
async def test_a_refusal_in_any_form(answer: Answer, reason: str) -> None:
    async with double(say_nothing, answer) as server:
        sentence = await refusal(DeepgramSpeech(server.url, PARAMETERS, api_key=KEY))
    assert reason in sentence
    assert len(sentence) < 500


@pytest.mark.parametrize("status", [200, 404, 426])
async def test_a_web_server_of_another_kind(status: int) -> None:
    async with double(say_nothing, (status, {}, b"<html>Welcome</html>")) as server:
        sentence = await refusal(DeepgramSpeech(server.url, PARAMETERS))
    host = urlsplit(server.url).netloc
    assert sentence == (
        f"What answers at {host} is not a speech service (HTTP {status}); check --speak-url."
    )


async def test_a_wrong_path_of_the_right_service() -> None:
    async with running() as url:
        sentence = await refusal(DeepgramSpeech(url.replace("speak", "sing"), PARAMETERS))
    assert "There is nothing at this path" in sentence


@pytest.mark.parametrize("answer", [b"", b"220 mail.example.com ESMTP\r\n\r\n", b"\x00" * 100])
async def test_no_web_server_at_all(answer: bytes) -> None:
    async with tcp(answer) as url:
        sentence = await refusal(DeepgramSpeech(url, PARAMETERS, api_key=KEY))
    assert sentence == (
        f"What answers at {urlsplit(url).netloc} is not a speech service; check --speak-url."
    )


async def test_a_server_that_never_answers() -> None:
    async with tcp(None) as url:
        service = DeepgramSpeech(url, PARAMETERS, api_key=KEY, open_timeout_s=0.05)
        assert await refusal(service) == (
            f"The speech service at {urlsplit(url).netloc} does not answer; "
            "check the network or --speak-url."
        )


async def test_a_wrong_handshake() -> None:
    answer = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: rubbish\r\n\r\n"
    )
    async with tcp(answer) as url:
        assert "is not a speech service" in await refusal(DeepgramSpeech(url, PARAMETERS))


async def test_nobody_at_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    sentence = await refusal(DeepgramSpeech(f"ws://127.0.0.1:{port}/v1/speak", PARAMETERS))
    assert sentence.startswith(f"The speech service at 127.0.0.1:{port} cannot be reached (")
    assert sentence.endswith("check the network or --speak-url.")


async def test_an_unknown_host() -> None:
    sentence = await refusal(DeepgramSpeech(f"wss://me:{KEY}@speech.invalid/v1", PARAMETERS))
    assert sentence.startswith("The speech service at speech.invalid cannot be reached (")


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", f"http://user:{KEY}@host/", "ws://", "ws://[::1", "ws://host:port", "ws:///"],
)
async def test_an_address_that_is_none(url: str) -> None:
    sentence = await refusal(DeepgramSpeech(url, PARAMETERS, api_key=KEY))
    assert "check --speak-url." in sentence


@pytest.mark.parametrize("key", [f"{KEY}\r\nEvil: 1", f"{KEY}é"])
async def test_a_key_that_is_none_is_not_sent(key: str) -> None:
    async with double(say_nothing) as server:
        sentence = await refusal(DeepgramSpeech(server.url, PARAMETERS, api_key=key))
    assert server.requests == []
    assert sentence.startswith("DEEPGRAM_API_KEY holds characters that no key has")


async def test_a_proxy_does_not_stand_before_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with running() as url, connected(DeepgramSpeech(url, PARAMETERS)) as connection:
        assert connection.request_id


@pytest.mark.parametrize(
    "proxy", [f"nonsense://me:{KEY}@host", "http://127.0.0.1:9", "socks5://127.0.0.1:9"]
)
async def test_a_proxy_that_is_of_no_use(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    sentence = await refusal(DeepgramSpeech("wss://speech.invalid/v1/speak", PARAMETERS))
    assert "speech.invalid" in sentence


async def test_a_redirect_elsewhere_takes_no_key_along() -> None:
    async with double(say_nothing) as elsewhere:
        moved: Any = (307, {"Location": elsewhere.url.replace("127.0.0.1", "localhost")}, b"")
        async with double(say_nothing, moved) as server:
            service = DeepgramSpeech(server.url, PARAMETERS, api_key=KEY)
            async with connected(service):
                pass
    assert "Authorization" in server.requests[0].headers
    assert "Authorization" not in elsewhere.requests[0].headers
