"""Requests over HTTP led to their handlers: access, web pages, methods, and what is not served."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from uuid import uuid4

from gramophone.standin.server.access import AllowedClients
from gramophone.standin.server.body_encoding import ACCEPTED, plain_request
from gramophone.standin.server.client_service import (
    ServiceName,
    service_of,
    service_of_preflight,
)
from gramophone.standin.server.cors import (
    DEEPGRAM_HEADERS,
    NOT_SWITCHED,
    PageReply,
    is_switched,
    page_headers,
    preflight_headers,
)
from gramophone.standin.server.http import Reply, Request, WholeBody, answer_whole
from gramophone.standin.server.refusal import HttpRefusal, refuse
from gramophone.standin.server.routes import CONTROL_PATH, Routes
from gramophone.standin.server.unserved import anthropic_answer, id_in_own_form, unserved

_log = logging.getLogger(__name__)


class RequestRouter:
    """The way of a request to its handler, or to the refusal of the service that is meant."""

    def __init__(self, routes: Routes, guests: AllowedClients, most_bytes: int) -> None:
        """`most_bytes` is the size of the longest body of a request."""
        self._routes = routes
        self._most_bytes = most_bytes
        self._guests = guests

    async def handle(self, request: Request, reply: Reply) -> None:
        """Answer a request."""
        private = is_private(request.path)
        names = map(request.header, ("host", "origin", "sec-fetch-site"))
        if (stranger := self._guests.refusal(*names, private=private)) is not None:
            _log.warning("%s %s: %s", request.method, request.path, stranger.message)
            await refuse(reply, stranger, str(uuid4()))
        elif request.method == "OPTIONS":
            await self._show_methods(request, reply)
        elif request.header("origin") and not private:
            await self._handle_page(request, reply)
        else:
            await self._serve(request, self._readable(request, "deepgram", reply))

    async def _handle_page(self, request: Request, reply: Reply) -> None:
        service = service_of(request.path, request.header)
        if service == "anthropic" and not is_switched(request.header):
            answer = anthropic_answer(NOT_SWITCHED, id_in_own_form(str(uuid4())))
            await answer_whole(reply, answer.status, answer.headers, answer.body)
            return
        await self._serve(request, self._readable(request, service, reply))

    def _readable(self, request: Request, service: ServiceName, reply: Reply) -> Reply:
        """The reply with the fields by which a page may read it, if it may."""
        headers = self._page_headers(request, service)
        return PageReply(reply, headers) if headers else reply

    def _page_headers(self, request: Request, service: ServiceName) -> list[tuple[str, str]]:
        origin = request.header("origin")
        switched, named = is_switched(request.header), self._guests.names_page(origin)
        return page_headers(service, origin, switched=switched, named=named)

    async def _show_methods(self, request: Request, reply: Reply) -> None:
        """Answer OPTIONS: a preflight of a browser, or a question for the methods."""
        methods = self._routes.methods(request.path)
        if not methods:
            await self._refuse_unserved(request, reply)
            return
        preflight = bool(request.header("access-control-request-method"))
        meant = service_of_preflight if preflight else service_of
        service = meant(request.path, request.header)
        headers = [
            *preflight_headers(request.header, methods),
            *self._page_headers(request, service),
            *(DEEPGRAM_HEADERS if service == "deepgram" else ()),
        ]
        await answer_whole(reply, 200, headers, b"")

    async def _serve(self, request: Request, reply: Reply) -> None:
        handler = self._routes.handler(request.method, request.path)
        if handler is None:
            await self._refuse_unserved(request, reply)
            return
        plain = plain_request(request, self._most_bytes)
        if isinstance(plain, Request):
            await handler(plain, reply)
        else:
            headers = [("accept-encoding", ACCEPTED)] if plain.status == 415 else []
            await self._refuse(plain, request, reply, headers)

    async def _refuse_unserved(self, request: Request, reply: Reply) -> None:
        refusal, headers = self._unserved(request)
        await self._refuse(refusal, request, reply, headers)

    async def _refuse(
        self,
        refusal: HttpRefusal,
        request: Request,
        reply: Reply,
        headers: Sequence[tuple[str, str]],
    ) -> None:
        """Answer with a refusal in the form of the service that is meant."""
        _log.info("%s %s: %d", request.method, request.path, refusal.status)
        own, body = self._in_form(refusal, request)
        await answer_whole(reply, refusal.status, [*own, *headers], body)

    def refusal_of_unread(self, request: Request, status: int, sentence: str) -> WholeBody:
        """Write the refusal of a request whose body did not come."""
        code = "Payload Too Large" if status == 413 else HTTPStatus(status).phrase
        return self._in_form(HttpRefusal(status, code, sentence), request)

    def _in_form(self, refusal: HttpRefusal, request: Request) -> WholeBody:
        service = service_of(request.path, request.header)
        number = str(uuid4())
        own = unserved(service, request.method, request.path, refusal, number)
        if own is None:
            return refusal.headers(number), refusal.body(number)
        return own.headers, own.body

    def _unserved(self, request: Request) -> tuple[HttpRefusal, Sequence[tuple[str, str]]]:
        path = request.path
        # OpenAI's websocket of Responses has the path of its requests, and counts as one more way.
        upgrades = path in self._routes.endpoints and service_of(path, request.header) != "openai"
        if upgrades and request.method in ("GET", "HEAD"):
            sentence = f"{path} is a websocket; connect to it with a websocket client."
            return HttpRefusal(426, "UPGRADE_REQUIRED", sentence), [("upgrade", "websocket")]
        if allowed := ", ".join(self._routes.methods(path)):
            sentence = f"{path} takes {allowed}, not {request.method}."
            return HttpRefusal(405, "METHOD_NOT_ALLOWED", sentence), [("allow", allowed)]
        return nothing_at(self._routes), []


def is_private(path: str) -> bool:
    """Whether a path is for the user's own programs, and no page unless the user names it."""
    return path == CONTROL_PATH or path.startswith(f"{CONTROL_PATH}/")


def nothing_at(routes: Routes) -> HttpRefusal:
    """The refusal of a path at which there is nothing."""
    served = {*routes.endpoints, *(path for _, path in routes.handlers)}
    paths = " or ".join(sorted(served))
    return HttpRefusal(404, "NOT_FOUND", f"There is nothing at this path; try {paths}.")
