"""The server of pages for `--web`: textual-serve with our rules of who is let in.

Imported when it is asked for: textual-serve and aiohttp are an extra.
"""

from __future__ import annotations

import asyncio
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


class PageApp(AppService):
    """The app behind one page, over when its process is.

    The library's is over when nobody reads it any more; its process could then stand before a full
    pipe for ever, or end after the event loop.
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
    """Serves the app as a page, to nobody who has not the token or comes from another page."""

    def __init__(self, command: str, host: str, port: int, *, loopback_only: bool) -> None:
        """Serve `command` to pages; with `loopback_only` under the names of this machine alone."""
        super().__init__(command, host, port, title="Gramophone", templates_path=_PAGE)
        self._access = Access(port)
        self._loopback_only = loopback_only
        self._pages: set[asyncio.Task[Any]] = set()

    def initialize_logging(self) -> None:
        """Nothing on the terminal but what `note` says."""

    async def on_startup(self, app: web.Application) -> None:
        where = f"{self.public_url}/#{self._access.token}"
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
        if request.path == ENTER_PATH or self._access.knows(request.cookies):
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
        if not self._access.is_token(await request.content.read(LONGEST_TOKEN_BYTES)):
            raise web.HTTPForbidden(text=_NOT_ADMITTED)
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
        if self._loopback_only and name not in LOOPBACK_NAMES:
            raise web.HTTPForbidden(text="Open it by the address it is served on.")

    def _is_directory(self, path: str) -> bool:
        return (self.statics_path / path.removeprefix(_STATIC).lstrip("/")).is_dir()

    def _check_origin(self, request: Request) -> None:
        origin = request.headers.get("Origin", "")
        if origin and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="This is for its own page.")


# textual-serve makes its services by this name and takes no other class.
setattr(textual_serve.server, "AppService", PageApp)  # noqa: B010 - the name is not exported
