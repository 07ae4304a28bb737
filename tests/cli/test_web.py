"""`--web`: the page is served, the app draws through it, and nobody else gets in."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from gramophone.cli import web
from gramophone.errors import ConfigError
from tests.programs import Gramophone, apps_of, environment, web_server
from tests.sound_card import wait_until
from tests.support.deadlines import HANG_S


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Generator[int]:
    home = tmp_path_factory.mktemp("web") / "home"
    with web_server(environment(home), "--mute") as server:
        yield server.port


def page(port: int, host: str) -> tuple[int, str, str]:
    connection = HTTPConnection("localhost", port, timeout=HANG_S)
    connection.request("GET", "/", headers={"Host": host})
    answer = connection.getresponse()
    policy = answer.getheader("Content-Security-Policy", "")
    text = answer.read().decode()
    connection.close()
    return answer.status, policy, text


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_the_page_finds_its_socket_by_the_name_it_was_found_by(port: int, name: str) -> None:
    status, policy, text = page(port, f"{name}:{port}")
    assert status == 200
    assert f"ws://{name}:{port}/ws" in text
    assert "default-src 'self'" in policy


@asynccontextmanager
async def opened(port: int) -> AsyncGenerator[Page]:
    """What the page's script does, once the app has drawn itself."""
    address = f"ws://localhost:{port}/ws?width=80&height=24"
    async with (
        asyncio.timeout(HANG_S),
        connect(address, origin=f"http://localhost:{port}") as socket,  # pyright: ignore[reportArgumentType]
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


async def test_the_app_draws_and_hears_keys_through_the_page(port: int) -> None:
    async with opened(port) as page:
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
        async with opened(server.port) as page:
            assert apps_of(server)
            server.process.send_signal(ending)
            await page.closed()
            assert await asyncio.to_thread(server.ended) == ("", "", 0)
    assert not apps_of(server)


async def test_no_app_outlives_a_server_that_was_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with web_server(environment(home)) as server:
        async with opened(server.port):
            assert apps_of(server)
            server.process.kill()
            await asyncio.to_thread(wait_until, lambda: not apps_of(server), "the app has ended")
            server.ended()


async def test_no_other_page_gets_at_the_socket(port: int) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        await connect(f"ws://localhost:{port}/ws", origin="http://elsewhere.example")  # pyright: ignore[reportArgumentType]


def test_no_other_name_gets_the_page(port: int) -> None:
    assert page(port, "elsewhere.example")[0] == 403


def test_a_port_that_is_taken_is_named(port: int, gramophone: Gramophone) -> None:
    done = gramophone("--web", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken; choose another with --port." in done.stderr
    assert "Careful" not in done.stderr


def test_serving_others_is_warned_of(port: int, gramophone: Gramophone) -> None:
    done = gramophone("--web", "--host", "192.0.2.1", "--port", str(port))
    assert done.returncode == 1
    assert f"Careful: whoever can reach port {port} of 192.0.2.1" in done.stderr


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    with pytest.raises(ConfigError, match="needs the extra 'web'"):
        web.serve("true")


def test_a_page_runs_the_app_with_the_same_flags(gramophone: Gramophone) -> None:
    flags = {"provider": "local", "model": None, "mute": True, "sample_rate": 24000, "voice": "a b"}
    typed = shlex.split(web.app_command(web.arguments(dict(flags))))
    assert typed[0] == sys.executable
    assert typed[3:] == [
        *("chat", "--provider", "local", "--mute", "--sample-rate", "24000", "--voice", "a b")
    ]
    assert "belong to --web" in gramophone("--port", "8000").stderr
