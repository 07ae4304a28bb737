"""`--web` as a person has it: a page in a browser, where one types, reads and copies."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.async_api import Page

from tests.browser.conftest import ELSEWHERE
from tests.support.chat_server import answering
from tests.support.deadlines import HANG_S
from tests.support.programs import Gramophone, WebServer, apps_of, environment, standin, web_server
from tests.support.shown import SPEAKING, all_stand_in
from tests.support.sound_card import SoundCard, wait_until
from tests.support.tmux import terminal

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SHORT = "Records turn. Needles listen."
LONG = "The sea is wide, and it is deep, and nobody has seen the whole of it yet. " * 40

# The terminal is drawn on a canvas. What is selected in it is what the copying of it gives.
_SELECTED = """() => {
    const into = new DataTransfer();
    const copying = new ClipboardEvent("copy", {clipboardData: into, bubbles: true});
    document.querySelector(".textual-terminal textarea").dispatchEvent(copying);
    return into.getData("text/plain");
}"""
# How many pixels of the canvas's part from `top` down differ from that part's first one.
_INKED = """([top, height]) => {
    const canvas = document.querySelector("canvas.xterm-text-layer");
    const rows = canvas.getContext("2d").getImageData(0, top, canvas.width, height);
    const pixels = new Uint32Array(rows.data.buffer);
    return pixels.filter((pixel) => pixel !== pixels[0]).length;
}"""
_CANVAS_IS_BELOW = """(height_px) =>
    document.querySelector("canvas.xterm-text-layer").height <= height_px"""
_SOCKET = """(address) => new Promise((done) => {
    const socket = new WebSocket(address);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
})"""


class Screen:
    """The terminal in the page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def text(self) -> str:
        """What stands on it, by selecting all of it as one does with the mouse."""
        box = await self._page.locator(".xterm-screen").bounding_box()
        assert box is not None
        mouse, keyboard = self._page.mouse, self._page.keyboard
        # With Shift the terminal selects, and the app does not hear of it.
        await keyboard.down("Shift")
        await mouse.move(box["x"] + 1, box["y"] + 1)
        await mouse.down()
        right, bottom = box["x"] + box["width"], box["y"] + box["height"]
        await mouse.move(right - 2, bottom - 2)
        await mouse.up()
        await keyboard.up("Shift")
        return await self._page.evaluate(_SELECTED)

    async def see(self, *words: str | re.Pattern[str]) -> str:
        """Wait until all of `words` stand on it, and give it; fails with what is there."""
        screen = ""
        try:
            async with asyncio.timeout(HANG_S):
                while not all_stand_in(screen, words):
                    # A process that draws has no other way to tell that it is done.
                    await self._page.wait_for_timeout(50)
                    screen = await self.text()
        except TimeoutError:
            pytest.fail(f"Never saw {words} in the page:\n{screen}")
        return screen

    async def inked_px(self, top_px: int, height_px: int) -> int:
        """How many pixels are drawn on in that part of it."""
        return await self._page.evaluate(_INKED, [top_px, height_px])


@contextmanager
def served(
    home: Path, *answers: str, env: Mapping[str, str] | None = None, card: bool = False
) -> Generator[WebServer]:
    """The app as a page, with a model that answers so; `card`: there is a sound card in `env`."""
    with standin("--no-limits") as speak_url, answering(*answers) as model_url:
        services = {"GRAMOPHONE_SPEAK_URL": speak_url, "OPENAI_BASE_URL": model_url}
        whole = environment(home, services | dict(env or {}))
        if card:
            Path(whole["XDG_CONFIG_HOME"], "gramophone", "config.toml").write_text("")
        with web_server(whole) as server:
            yield server


async def opened(page: Page, server: WebServer) -> Screen:
    """The app in the page, once it has drawn itself."""
    await page.goto(server.address)
    screen = Screen(page)
    await screen.see("Nothing said yet")
    return screen


def spoken_samples(home: Path) -> int:
    """How long the answer's sound is, once it was heard to its end; else 0."""
    with sqlite3.connect(f"file:{home / 'library.db'}?mode=ro", uri=True) as library:
        rows = library.execute(
            "SELECT samples FROM turn WHERE role = 'assistant' AND finish_reason = 'stop'"
        ).fetchall()
    library.close()
    return rows[0][0] if rows else 0


@pytest.mark.sound
async def test_a_prompt_is_typed_its_answer_drawn_here_and_heard_there(
    page: Page, tmp_path: Path, sound_card: SoundCard
) -> None:
    home = tmp_path / "home"
    with served(home, SHORT, env=sound_card.env, card=True) as server:
        screen = await opened(page, server)
        # Nothing was clicked: the keys are the app's at once.
        await page.keyboard.type("What do records do?")
        await screen.see("What do records do?")
        blank_px = await screen.inked_px(100, 50)
        await page.keyboard.press("Enter")
        await screen.see(SHORT, "F2 History")
        await page.wait_for_function(
            f"(part) => ({_INKED})(part) > {blank_px + 200}", arg=[100, 50]
        )
        # It is idle before it speaks, too: that the turn is over stands in the library alone.
        await asyncio.to_thread(wait_until, lambda: spoken_samples(home) > 0, "all is spoken")
        await screen.see(SHORT, "idle", "F2 History")
        half = spoken_samples(home) / 2
        await asyncio.to_thread(wait_until, lambda: len(sound_card.played()) > half, "sound")
        await page.set_viewport_size({"width": 700, "height": 400})
        await page.wait_for_function(_CANVAS_IS_BELOW, arg=400)
        await screen.see(SHORT, "F2 History")
    session = Gramophone(home).json("show", "last")
    assert session["turns"][1]["text"].strip() == SHORT
    assert Gramophone(home)("verify").returncode == 0


async def test_what_is_copied_is_in_the_browser(page: Page, tmp_path: Path) -> None:
    """Also when the server was started inside tmux, which the page is not in."""
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tmux = tmp_path / "tmux"
    env = {"TMUX": f"{tmux},1,0", "DISPLAY": "", "WAYLAND_DISPLAY": "", "TERM": "dumb"}
    with (
        terminal(tmux, ["cat"], os.environ, (80, 24)),
        served(tmp_path / "home", SHORT, env=env) as server,
    ):
        screen = await opened(page, server)
        await page.keyboard.type("Hi.")
        await page.keyboard.press("Enter")
        await screen.see(SHORT, "idle")
        await page.keyboard.type("/copy")
        await page.keyboard.press("Enter")
        assert "tmux" not in await screen.see("Copied")
        copied = await page.evaluate("navigator.clipboard.readText()")
        assert copied.strip() == SHORT


async def test_a_page_that_is_closed_ends_its_app_and_what_was_heard_is_kept(
    page: Page, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with served(home, LONG) as server:
        screen = await opened(page, server)
        await page.keyboard.type("Tell me about the sea.")
        await page.keyboard.press("Enter")
        await screen.see(SPEAKING)
        assert apps_of(server)
        await page.close()
        await asyncio.to_thread(wait_until, lambda: not apps_of(server), "the app has ended")
    answer = Gramophone(home).json("show", "last")["turns"][1]
    # All text that came is kept, and beside it how far it was heard.
    assert LONG.startswith(answer["text"].strip())
    assert 0 < answer["heard_characters"] < len(answer["text"].strip())


async def test_what_was_quit_can_be_opened_again(page: Page, tmp_path: Path) -> None:
    with served(tmp_path / "home", SHORT) as server:
        screen = await opened(page, server)
        await page.keyboard.press("Control+q")
        await page.get_by_text("Gramophone has ended here.").wait_for()
        # The button has the keys.
        await page.keyboard.press("Enter")
        await page.locator("body.-first-byte:not(.-closed)").wait_for()
        await screen.see("Nothing said yet")


async def test_another_site_gets_neither_socket_nor_frame(page: Page, tmp_path: Path) -> None:
    with served(tmp_path / "home", SHORT) as server, another_site(server.address) as site:
        # The browser has the cookie, which it sends to every port of this machine.
        await opened(page, server)
        await page.keyboard.press("Control+q")
        await page.get_by_text("Gramophone has ended here.").wait_for()
        await asyncio.to_thread(wait_until, lambda: not apps_of(server), "the app has ended")
        await page.goto(site)
        assert await page.evaluate(_SOCKET, f"ws://localhost:{server.port}/ws") == "refused"
        assert await page.evaluate(_SOCKET, f"ws://127.0.0.1:{server.port}/ws") == "refused"
        framed = page.frame_locator("iframe").locator(".textual-terminal")
        assert await framed.count() == 0
        # By a name that the site's owner has led to this machine.
        answer = await page.goto(f"http://{ELSEWHERE}:{server.port}/")
        assert answer is not None
        assert answer.status == 403
        assert not apps_of(server)
        # The same question from its own page is answered.
        await opened(page, server)
        assert await page.evaluate(_SOCKET, f"ws://localhost:{server.port}/ws") == "open"


async def test_nobody_gets_in_without_the_token(page: Page, tmp_path: Path) -> None:
    with served(tmp_path / "home", SHORT) as server:
        bare = f"http://localhost:{server.port}/"
        await page.goto(bare)
        await page.get_by_text("Open the whole address").wait_for()
        assert await page.evaluate(_SOCKET, f"ws://localhost:{server.port}/ws") == "refused"
        await page.goto(f"{bare}#guessed")
        await page.wait_for_function("() => window.location.hash === ''")
        await page.get_by_text("Open the whole address").wait_for()
        assert not apps_of(server)
        # Pasted behind it, where the page is open already.
        await page.goto(server.address)
        screen = Screen(page)
        await screen.see("Nothing said yet")
        assert page.url == bare, "whoever looks on does not see the token"
        assert await page.evaluate("() => document.cookie") == ""
        (cookie,) = await page.context.cookies()
        assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
        await page.reload()
        await screen.see("Nothing said yet")


@contextmanager
def another_site(framed: str) -> Generator[str]:
    """A page of another origin that holds `framed` in a frame."""
    html = f'<!DOCTYPE html><title>Elsewhere</title><iframe src="{framed}"></iframe>'.encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="another site")
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
