"""`--web`: the page is served, the app draws through it, and nobody else gets in."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from http.client import HTTPConnection, HTTPMessage
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from gramophone.cli import web
from gramophone.core.errors import ConfigError
from tests.support.deadlines import HANG_S
from tests.support.programs import (
    Gramophone,
    WebServer,
    apps_of,
    environment,
    free_port,
    page_server,
    web_server,
)
from tests.support.sound_card import wait_until


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[WebServer]:
    home = tmp_path_factory.mktemp("web") / "home"
    with web_server(environment(home), "--mute") as server:
        yield server


@pytest.fixture
def port(server: WebServer) -> int:
    return server.port


def request(
    port: int, path: str = "/", method: str = "GET", body: str = "", **headers: str
) -> tuple[int, HTTPMessage, str]:
    """The status, the headers and the body of the answer to a plain request."""
    connection = HTTPConnection("localhost", port, timeout=HANG_S)
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    text = answer.read().decode(errors="replace")
    connection.close()
    return answer.status, answer.headers, text


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_the_page_finds_its_socket_by_the_name_it_was_found_by(
    server: WebServer, name: str
) -> None:
    where = f"{name}:{server.port}"
    status, headers, text = request(server.port, Host=where, Cookie=server.cookie())
    assert status == 200
    assert f"ws://{where}/ws" in text
    assert "default-src 'self'" in headers["Content-Security-Policy"]


# --- who is let in --------------------------------------------------------------------------------


PATHS = ("/ws", "/download/x", "/static/js/textual.js", "/static", "/static/", "/static/js/")


@pytest.mark.parametrize("path", PATHS)
def test_without_the_cookie_there_is_nothing(port: int, path: str) -> None:
    for cookie in ("", f"gramophone-{port}=guessed", f"gramophone-{port}=", "é=é"):
        status, _, text = request(port, path, Cookie=cookie.encode().decode("latin-1"))
        assert (status, text) == (403, "Open the whole address that the terminal shows.")


def test_who_has_not_the_token_gets_a_page_that_asks_for_it(server: WebServer) -> None:
    status, headers, text = request(server.port)
    assert status == 200
    assert "Open the whole address" in text
    assert "/ws" not in text
    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers
    for token in ("", "guessed", server.token[:-1], server.token + "x", "x" * 100_000):
        status, headers, _ = request(server.port, "/enter", "POST", token)
        assert status == 403
        assert "Set-Cookie" not in headers
    assert request(server.port, f"/?{server.token}")[2] == text, "a query is in logs and referrers"


def test_the_token_is_exchanged_for_a_cookie_that_no_script_and_no_other_site_has(
    server: WebServer,
) -> None:
    status, headers, _ = request(server.port, "/enter", "POST", server.token)
    assert status == 204
    cookie = SimpleCookie(headers["Set-Cookie"])[f"gramophone-{server.port}"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert server.token not in cookie.value
    elsewhere = request(
        server.port, "/enter", "POST", server.token, Origin="http://elsewhere.example"
    )
    assert elsewhere[0] == 403


def test_directories_are_not_listed_to_anybody(server: WebServer) -> None:
    cookie = server.cookie()
    assert request(server.port, "/static/js/textual.js", Cookie=cookie)[0] == 200
    for path in ("/static", "/static/", "/static/js", "/static/js/", "/static//", "/static/./js/"):
        status, _, text = request(server.port, path, Cookie=cookie)
        assert status in (403, 404), path
        assert "textual.js" not in text


# --- the app --------------------------------------------------------------------------------------


@asynccontextmanager
async def opened(server: WebServer) -> AsyncGenerator[Page]:
    """What the page's script does, once the app has drawn itself."""
    address = f"ws://localhost:{server.port}/ws?width=80&height=24"
    headers = {"Cookie": await asyncio.to_thread(server.cookie)}
    async with (
        asyncio.timeout(HANG_S),
        connect(
            address, origin=Origin(f"http://localhost:{server.port}"), additional_headers=headers
        ) as socket,
    ):
        page = Page(socket)
        await page.until("Nothing said yet")
        yield page


class Page:
    """An app's screen as it comes over the socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._drawn = ""

    async def until(self, words: str) -> None:
        while words not in self._drawn:
            frame = await self._socket.recv()
            self._drawn += frame if isinstance(frame, str) else frame.decode(errors="replace")

    async def send(self, *message: object) -> None:
        await self._socket.send(json.dumps(message))

    async def closed(self) -> None:
        async for _ in self._socket:
            pass


async def test_the_app_draws_and_hears_keys_through_the_page(server: WebServer) -> None:
    async with opened(server) as page:
        await page.send("stdin", "\x1bOP")
        await page.until("Everything is kept.")
        await page.send("resize", {"width": 40, "height": 12})
        # Quitting closes the page's socket.
        await page.send("stdin", "\x11")
        await page.closed()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_the_server_ends_at_once_with_pages_open(tmp_path: Path, ending: int) -> None:
    home = tmp_path / "home"
    with web_server(environment(home)) as server:
        async with opened(server) as page:
            assert apps_of(server)
            server.process.send_signal(ending)
            await page.closed()
            assert await asyncio.to_thread(server.ended) == ("", "", 0)
    assert not apps_of(server)


async def test_no_app_outlives_a_server_that_was_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with web_server(environment(home)) as server:
        async with opened(server):
            assert apps_of(server)
            server.process.kill()
            await asyncio.to_thread(wait_until, lambda: not apps_of(server), "the app has ended")
            server.ended()


async def test_the_server_waits_for_an_app_that_takes_its_time_to_end(tmp_path: Path) -> None:
    """An app is not over when it draws no more: what it still writes down must not be cut off."""
    marker = tmp_path / "done"
    app = "\n".join(
        (
            "import os",
            r"os.write(1, b'__GANGLION__\n' + b'D\0\0\0\5drawn')",
            "while b'quit' not in os.read(0, 99): pass",
            "os.close(1), os.close(2)",
            "sum(range(20_000_000))",
            f"open({str(marker)!r}, 'x').close()",
        )
    )
    command, port = shlex.join([sys.executable, "-c", app]), free_port()
    serve = f"from gramophone.cli import web; web.serve({command!r}, port={port})"
    with page_server([sys.executable, "-c", serve], port, environment(tmp_path)) as server:
        cookie = {"Cookie": server.cookie()}
        page = await connect(f"ws://localhost:{port}/ws", additional_headers=cookie)
        assert await page.recv() == b"drawn"
        await page.close()
    assert marker.exists()


async def test_no_other_page_gets_at_the_socket(server: WebServer) -> None:
    headers = {"Cookie": server.cookie()}
    with pytest.raises(InvalidStatus, match="403"):
        await connect(
            f"ws://localhost:{server.port}/ws",
            origin=Origin("http://elsewhere.example"),
            additional_headers=headers,
        )


def test_no_other_name_gets_the_page(server: WebServer) -> None:
    for path in ("/", "/static/js/textual.js"):
        headers = {"Host": "elsewhere.example", "Cookie": server.cookie()}
        assert request(server.port, path, **headers)[0] == 403


def test_a_port_that_is_taken_is_named(port: int, gramophone: Gramophone) -> None:
    completed = gramophone("--web", "--port", str(port))
    assert completed.returncode == 1
    assert f"Port {port} is taken; choose another with --port." in completed.stderr
    assert "Careful" not in completed.stderr
    assert "Open" not in completed.stderr


def test_serving_others_is_warned_of(port: int, gramophone: Gramophone) -> None:
    completed = gramophone("--web", "--host", "192.0.2.1", "--port", str(port))
    assert completed.returncode == 1
    assert f"Careful: what goes to port {port} of 192.0.2.1 is not encrypted" in completed.stderr


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    with pytest.raises(ConfigError, match="needs the extra 'web'"):
        web.serve("true")


def test_a_page_runs_the_app_with_the_same_flags(gramophone: Gramophone) -> None:
    flags: dict[str, object] = {"provider": "local", "model": None, "mute": True}
    flags |= {"settings": ("temperature=0", "seed=7"), "sample_rate": 24000, "voice": "a b"}
    typed = shlex.split(web.app_command(web.command_arguments(dict(flags))))
    assert typed[0] == sys.executable
    assert typed[3:] == [
        *("chat", "--provider", "local", "--mute", "--set", "temperature=0", "--set", "seed=7"),
        *("--sample-rate", "24000", "--voice", "a b"),
    ]
    assert "belong to --web" in gramophone("--port", "8000").stderr
