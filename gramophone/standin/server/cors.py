"""Cross-origin requests of web pages (CORS), answered as each service answers them.

Which pages are served at all is decided before, by `access`; here is what their browser lets them
read of an answer.
"""

# OpenAI     any page may read. A preflight allows the headers that it asks for: the SDKs send some
#            of their own, which other servers had to learn one by one (ollama#4388, #6910, #9237).
# Anthropic  a page may read if it sends `anthropic-dangerous-direct-browser-access: true`, which is
#            the SDK's option `dangerouslyAllowBrowser`; without it the answer is 401
#            (NextChat#5429), and with it all headers are exposed (open-pencil#436).
# Deepgram   only Deepgram's own pages may read, others need a proxy (deepgram's discussion 410); a
#            websocket is open to every page. The fields below come with every answer over HTTP
#            (recorded in December 2025 and June 2026).
#
# A page that the user named (`--allow-origin`) may read everything.

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from gramophone.standin.server.client_service import HeaderOf, ServiceName, asked_headers
from gramophone.standin.server.http import Reply
from gramophone.wire.llm.errors import ModelRefusal

Headers: TypeAlias = list[tuple[str, str]]

OPENAI_HEADERS: Final = (("access-control-expose-headers", "X-Request-ID"),)
"""Fields of every answer of OpenAI."""
DEEPGRAM_HEADERS: Final = (
    ("vary", "origin, access-control-request-method, access-control-request-headers"),
    ("access-control-allow-credentials", "true"),
    (
        "access-control-expose-headers",
        "dg-model-name,dg-model-uuid,dg-additional-model-uuids,dg-char-count,dg-request-id,"
        "dg-project-id,dg-error,dg-breaks-applied,dg-pronunciations-applied,"
        "dg-pronunciation-warnings",
    ),
)
"""Fields of every answer of Deepgram."""

_ALLOW_ORIGIN = "access-control-allow-origin"
_BROWSER_SWITCH = "anthropic-dangerous-direct-browser-access"


def page_headers(service: ServiceName, origin: str, *, switched: bool, named: bool) -> Headers:
    """The fields by which a page of this origin may read an answer; none if it may not.

    Args:
        service: that answers.
        origin: of the page; empty for a program, which needs none.
        switched: whether the request has Anthropic's switch for browsers.
        named: whether the user has named the origin.
    """
    if not origin:
        return []
    if named:
        return [(_ALLOW_ORIGIN, origin), ("access-control-expose-headers", "*")]
    match service:
        case "openai":
            return [(_ALLOW_ORIGIN, "*")]
        case "anthropic" if switched:
            return [(_ALLOW_ORIGIN, "*"), ("access-control-expose-headers", "*")]
        case _:
            return []


def is_switched(header: HeaderOf) -> bool:
    """Whether a request, or the one that a preflight asks for, has Anthropic's switch."""
    return header(_BROWSER_SWITCH).lower() == "true" or _BROWSER_SWITCH in asked_headers(header)


def preflight_headers(header: HeaderOf, methods: Sequence[str]) -> Headers:
    """The fields of the answer to OPTIONS, without those for the page."""
    allowed = ", ".join(dict.fromkeys([*methods, "OPTIONS"]))
    if not header("access-control-request-method"):
        return [("allow", allowed)]
    header_names = ", ".join(asked_headers(header))
    return [
        ("allow", allowed),
        ("access-control-allow-methods", allowed),
        *([("access-control-allow-headers", header_names)] if header_names else []),
    ]


NOT_SWITCHED: Final = ModelRefusal(
    401, f"CORS requests must set '{_BROWSER_SWITCH}' header", "authentication_error"
)
"""Anthropic's refusal of a page without the switch."""


class PageReply:
    """A reply to a page, with the fields by which its browser lets it read the answer."""

    def __init__(self, reply: Reply, headers: Headers) -> None:
        self._reply = reply
        self._headers = headers

    async def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        # The answer may have fields of its own: a proxy passes on those of the real service, and
        # two of the same name would be an error to the browser.
        own = {name.lower() for name, _ in self._headers}
        others = [(name, value) for name, value in headers if name.lower() not in own]
        await self._reply.start(status, [*others, *self._headers])

    async def send(self, data: bytes) -> None:
        await self._reply.send(data)

    async def end(self) -> None:
        await self._reply.end()

    async def spoil(self) -> None:
        await self._reply.spoil()

    def cut(self, *, reset: bool = False) -> None:
        self._reply.cut(reset=reset)
