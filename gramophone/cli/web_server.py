"""The web server for `--web`: textual-serve, with access control.

Imported when it is used: textual-serve and aiohttp are an extra.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

import textual_serve.server
from aiohttp import web
from aiohttp.web import Request, StreamResponse
from textual_serve.app_service import AppService

from gramophone.cli.output import note
from gramophone.cli.web_access import ENTER_PATH, LONGEST_TOKEN_BYTES, Access, enter_page

_Handler: TypeAlias = Callable[[Request], Awaitable[StreamResponse]]

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_PAGE: Final = Path(__file__).with_name("page")
# No other server learns of this page, and no other page may show it in a frame, where a visitor
# would click on it without knowing (clickjacking).
_CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self' 'unsafe-inline' data: blob:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    # The content of the address depends on the cookie.
    "Cache-Control": "no-store",
}
_FORBIDDEN: Final = "Open the whole address that the terminal shows."
_STATIC: Final = "/static"
_PIECE_BYTES: Final = 1 << 16


class PageApp(AppService):
    """The app behind one page, which has stopped when its process has ended.

    textual-serve's `stop` returns when it reads no more of the output. The process could then block
    in a write to a full pipe for ever, or outlive the event loop.
    """

    async def stop(self) -> None:
        await super().stop()
        if self._process is None:
            return
        assert self._process.stdout is not None
        while await self._process.stdout.read(_PIECE_BYTES):
            pass
        await self._process.wait()


class PageServer(textual_serve.server.Server):
    """Serves the app as a page to clients with the token, and not to other pages."""

    def __init__(self, command: str, host: str, port: int, *, loopback_only: bool) -> None:
        """Run `command` for each page; `loopback_only` allows names of this machine as the host."""
        super().__init__(command, host, port, title="Gramophone", templates_path=_PAGE)
        self._access = Access(port)
        self._loopback_only = loopback_only
        self._pages: set[asyncio.Task[Any]] = set()

    def initialize_logging(self) -> None:
        """Leave logging as it is: the terminal shows the notes of this command only."""

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing yet: no socket listens at this moment."""

    def serve(self, debug: bool = False) -> None:
        """Serve until SIGINT or SIGTERM; shows the address once it can be opened.

        textual-serve's own gives no word between the opening of the socket and the end.
        """
        self.debug = debug
        loop = asyncio.new_event_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.request_exit)
        web.run_app(
            self._make_app(),
            host=self.host,
            port=self.port,
            handle_signals=False,
            loop=loop,
            print=self._show_address,
        )

    def _show_address(self, *_: object) -> None:
        """Print the address in the place of aiohttp's banner, which comes when it listens."""
        url = f"{self.public_url}/#{self._access.token}"
        note(f"Open {url} in a browser on this machine; Ctrl+C ends it.")

    async def _make_app(self) -> web.Application:
        app: web.Application = await super()._make_app()
        app.middlewares.append(self._admit)
        app.router.add_post(ENTER_PATH, self._enter)
        return app

    @web.middleware
    async def _admit(self, request: Request, handler: _Handler) -> StreamResponse:
        """Answer a request without the cookie with the page that gets it, or not at all."""
        self._check(request)
        if request.path == ENTER_PATH or self._access.knows(request.cookies):
            # textual-serve would list its directories.
            if request.path.startswith(_STATIC) and self._is_directory(request.path):
                raise web.HTTPNotFound
            return await handler(request)
        if request.path != "/":
            raise web.HTTPForbidden(text=_FORBIDDEN)
        return web.Response(text=enter_page(), content_type="text/html", headers=_PAGE_HEADERS)

    async def _enter(self, request: Request) -> web.Response:
        """Exchange the token for the cookie."""
        self._check_origin(request)
        if not self._access.is_token(await request.content.read(LONGEST_TOKEN_BYTES)):
            raise web.HTTPForbidden(text=_FORBIDDEN)
        answer = web.Response(status=204)
        answer.set_cookie(
            self._access.cookie_name,
            self._access.cookie,
            httponly=True,
            samesite="Strict",
            path="/",
        )
        return answer

    async def handle_index(self, request: Request) -> Any:
        # The page opens its socket at this URL: the host must be the one that the browser used, as
        # the cookie belongs to it.
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
        """End the apps: open sockets of pages would delay the end of the server by a minute."""
        for page in self._pages:
            page.cancel()
        await asyncio.gather(*self._pages, return_exceptions=True)

    def _check(self, request: Request) -> None:
        """Refuse foreign host names on loopback, which only DNS rebinding makes arrive here."""
        name = urlsplit(f"//{request.host}").hostname or ""
        if self._loopback_only and name not in LOOPBACK_NAMES:
            raise web.HTTPForbidden(text="Open it by the address it is served on.")

    def _is_directory(self, path: str) -> bool:
        return (self.statics_path / path.removeprefix(_STATIC).lstrip("/")).is_dir()

    def _check_origin(self, request: Request) -> None:
        """Refuse requests of other web pages; a browser lets them open a WebSocket anywhere."""
        origin = request.headers.get("Origin", "")
        if origin and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="This is for its own page.")


# textual-serve looks up this name to make its services, and has no parameter for the class.
setattr(textual_serve.server, "AppService", PageApp)  # noqa: B010 - the name is not exported
