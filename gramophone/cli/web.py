"""`--web`: the app in a browser, through textual-serve; each page is an app of its own.

Whoever has the page can talk on the user's account and read what was kept. So it is on loopback
unless told otherwise; who asks must have the address with its token, because other users of the
machine reach loopback, too; and only a page that came from here may open the socket: else any web
site that the user visits could.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import shlex
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeAlias
from urllib.parse import urlsplit

from gramophone.cli.output import note
from gramophone.cli.web_access import ENTER_PATH, LONGEST_TOKEN_BYTES, Access, enter_page
from gramophone.core.errors import ConfigError

if TYPE_CHECKING:
    from aiohttp.web import Request, StreamResponse

    _Handler: TypeAlias = Callable[[Request], Awaitable[StreamResponse]]

LOOPBACK: Final = "localhost"
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_NOT_INSTALLED: Final = (
    "--web needs the extra 'web', which is not installed; "
    "install Gramophone again with it, for example: pip install '.[web]'"
)
_PAGE: Final = Path(__file__).with_name("page")
# Nobody else need know of this talk, and no other page may hold this one in a frame, where its
# visitor would click on it unknowingly.
_ONLY_FROM_HERE: Final = (
    "default-src 'self' 'unsafe-inline' data: blob:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": _ONLY_FROM_HERE,
    "Referrer-Policy": "no-referrer",
    # What is at the address depends on the cookie.
    "Cache-Control": "no-store",
}
_NOT_ADMITTED: Final = "Open the whole address that the terminal shows."
_STATIC: Final = "/static"
_PIECE_BYTES: Final = 1 << 16
# They tell of the terminal that the server was started in.
_OF_THE_TERMINAL: Final = ("TMUX", "TMUX_PANE", "STY")


def in_web_page() -> bool:
    """Whether this process draws into a page and not on a terminal."""
    return os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")


def end_with_the_server() -> None:
    """In a page's app: end when the server is gone without a word, because nobody could see or
    end this app any more. Its standard input is the server's, and Textual overlooks its end."""

    def watch() -> None:
        hung_up = select.poll()
        hung_up.register(sys.__stdin__.fileno() if sys.__stdin__ else 0, 0)
        hung_up.poll()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="end with the server", daemon=True).start()


def app_command(flags: Sequence[str]) -> str:
    """What a page runs."""
    return shlex.join([sys.executable, "-m", "gramophone.cli", "chat", *flags])


def serve(command: str, host: str = "", port: int = 8000) -> int:
    """Serve until Ctrl+C.

    Raises:
        ConfigError: textual-serve is not installed, or the port cannot be had.
    """
    try:
        import textual_serve.server
        from aiohttp import web
        from textual_serve.app_service import AppService
    except ImportError as error:
        raise ConfigError(_NOT_INSTALLED) from error

    asked_for_loopback = not host or host in _LOOPBACK_NAMES
    access = Access(port)

    class App(AppService):
        """Is over when its process is: the library's is over when nobody reads it any more. Its
        process could then stand before a full pipe for ever, or end after the event loop."""

        async def stop(self) -> None:
            await super().stop()
            if self._process is None:
                return
            assert self._process.stdout is not None
            while await self._process.stdout.read(_PIECE_BYTES):
                pass
            await self._process.wait()

    # The library has no other place for it.
    setattr(textual_serve.server, "AppService", App)  # noqa: B010 - the name is not exported

    class Server(textual_serve.server.Server):
        """Says where it is in our words, and lets nobody in by a side door."""

        _pages: ClassVar[set[asyncio.Task[Any]]] = set()

        def initialize_logging(self) -> None:
            """Nothing on the terminal but what `note` says."""

        async def on_startup(self, app: web.Application) -> None:
            where = f"{self.public_url}/#{access.token}"
            note(f"Open {where} in a browser on this machine; Ctrl+C ends it.")

        async def _make_app(self) -> web.Application:
            app: web.Application = await super()._make_app()
            app.middlewares.append(self._admit)
            app.router.add_post(ENTER_PATH, self._enter)
            return app

        @web.middleware
        async def _admit(self, request: Request, handler: _Handler) -> StreamResponse:
            """Nothing for who has not the cookie, but the page on which it is to be had."""
            self._check(request)
            if request.path == ENTER_PATH or access.knows(request.cookies):
                # The library would list its directories.
                if request.path.startswith(_STATIC) and self._is_directory(request.path):
                    raise web.HTTPNotFound
                return await handler(request)
            if request.path != "/":
                raise web.HTTPForbidden(text=_NOT_ADMITTED)
            return web.Response(text=enter_page(), content_type="text/html", headers=_PAGE_HEADERS)

        async def _enter(self, request: Request) -> web.Response:
            """The token for a cookie."""
            self._check_origin(request)
            if not access.is_token(await request.content.read(LONGEST_TOKEN_BYTES)):
                raise web.HTTPForbidden(text=_NOT_ADMITTED)
            answer = web.Response(status=204)
            answer.set_cookie(
                access.cookie_name, access.cookie, httponly=True, samesite="Strict", path="/"
            )
            return answer

        async def handle_index(self, request: Request) -> Any:
            # The page must find its socket by the name it was itself found by.
            self.public_url = f"{request.scheme}://{request.host}"
            page: Any = await super().handle_index(request)
            page.headers.update(_PAGE_HEADERS)
            return page

        async def handle_websocket(self, request: Request) -> web.WebSocketResponse:
            self._check_origin(request)
            page = asyncio.current_task()
            assert page is not None
            self._pages.add(page)
            try:
                return await super().handle_websocket(request)
            finally:
                self._pages.discard(page)

        async def on_shutdown(self, app: web.Application) -> None:
            """End the apps: left alone, their pages would hold the server for a minute."""
            for page in self._pages:
                page.cancel()
            await asyncio.gather(*self._pages, return_exceptions=True)

        def _check(self, request: Request) -> None:
            """On loopback a foreign name can only be a trick (DNS rebinding)."""
            name = urlsplit(f"//{request.host}").hostname or ""
            if asked_for_loopback and name not in _LOOPBACK_NAMES:
                raise web.HTTPForbidden(text="Open it by the address it is served on.")

        def _is_directory(self, path: str) -> bool:
            return (self.statics_path / path.removeprefix(_STATIC).lstrip("/")).is_dir()

        def _check_origin(self, request: Request) -> None:
            origin = request.headers.get("Origin", "")
            if origin and urlsplit(origin).netloc != request.host:
                raise web.HTTPForbidden(text="This is for its own page.")

    if not asked_for_loopback:
        note(
            f"Careful: what goes to port {port} of {host} is not encrypted; whoever listens on the "
            "way can get in, talk on your account, hear what was kept and change your settings."
        )
    _be_no_terminal()
    server = Server(command, host or LOOPBACK, port, title="Gramophone", templates_path=_PAGE)
    try:
        server.serve()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is taken" if taken else f"cannot be opened ({error.strerror})"
        raise ConfigError(f"Port {port} {why}; choose another with --port.") from error
    return 0


def _be_no_terminal() -> None:
    """Pages inherit this environment, and the page is the terminal there: what is copied must go
    to the browser, and not to a tmux that it does not run in."""
    for name in _OF_THE_TERMINAL:
        os.environ.pop(name, None)
    os.environ["TERM"] = "xterm-256color"


def arguments(flags: dict[str, object]) -> list[str]:
    """The flags of the app as they are typed, for the process of a page."""
    typed: list[str] = []
    for name, value in flags.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            typed.append(option)
        elif value not in (None, False):
            typed += [option, str(value)]
    return typed
