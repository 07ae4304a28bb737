"""`--web`: the page is served, the app draws through it, and nobody else gets in."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from http.client import HTTPConnection

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from gramophone.cli import web
from gramophone.errors import ConfigError
from tests.programs import TIMEOUT_S, Gramophone, environment


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Generator[int]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        number = free.getsockname()[1]
    home = tmp_path_factory.mktemp("web") / "home"
    command = [sys.executable, "-m", "gramophone.cli", "--web", "--port", str(number), "--mute"]
    process = subprocess.Popen(
        command, env=environment(home), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    assert f"http://localhost:{number} in a browser" in process.stderr.readline()
    # The sentence comes just before the socket listens.
    for _ in range(1000):
        with socket.socket() as probe:
            if probe.connect_ex(("localhost", number)) == 0:
                break
    yield number
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert (out, err, process.returncode) == ("", "", 0)


def page(port: int, host: str) -> tuple[int, str, str]:
    connection = HTTPConnection("localhost", port, timeout=TIMEOUT_S)
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


async def test_the_app_draws_and_hears_keys_through_the_page(port: int) -> None:
    address = f"ws://localhost:{port}/ws?width=80&height=24"
    async with (
        asyncio.timeout(TIMEOUT_S),
        connect(address, origin=f"http://localhost:{port}") as socket,  # pyright: ignore[reportArgumentType]
    ):
        drawn = ""

        async def until(words: str) -> None:
            nonlocal drawn
            while words not in drawn:
                frame = await socket.recv()
                drawn += frame if isinstance(frame, str) else frame.decode(errors="replace")

        await until("Nothing said yet")
        await socket.send(json.dumps(["stdin", "\x1bOP"]))
        await until("Everything is kept.")
        await socket.send(json.dumps(["resize", {"width": 40, "height": 12}]))
        # Quitting closes the page's socket.
        await socket.send(json.dumps(["stdin", "\x11"]))
        async for _ in socket:
            pass


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
