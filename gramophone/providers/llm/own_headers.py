"""Headers of requests to an endpoint: its own, and nothing that the environment adds.

The SDKs read keys, organisations and headers of their services from the environment by themselves
(OPENAI_API_KEY, OPENAI_ORG_ID, OPENAI_CUSTOM_HEADERS, ANTHROPIC_AUTH_TOKEN …), also for a client of
another server. What is sent is therefore decided here, after the SDK has made its request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from gramophone.core.frozen import frozen

if TYPE_CHECKING:
    import httpx2

_OFFICIAL_HOSTS: Final = frozenset({"api.openai.com", "api.anthropic.com"})
_PLAIN: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "anthropic-beta",
        "anthropic-version",
        "connection",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
        "user-agent",
    }
)
_PLAIN_PREFIX: Final = "x-stainless-"
"""The SDKs' own headers about themselves."""


@frozen(kw_only=True)
class HeaderPolicy:
    """Decides about the headers of requests to one endpoint.

    Attributes:
        base_url: whatever goes to another origin, by a redirect, gets plain headers alone.
        key: sent as `Authorization: Bearer`; no such header without it.
        headers: sent besides, over all others of these names.
    """

    base_url: str
    key: str
    headers: Mapping[str, str]

    def hook(self) -> Callable[[httpx2.Request], Awaitable[None]]:
        """Make a hook of an HTTP client; it is called for each request, also after a redirect."""
        import httpx2

        own_origin = _origin(httpx2.URL(self.base_url))

        async def apply(request: httpx2.Request) -> None:
            self._apply(request.headers, own_origin, request.url)

        return apply

    def _apply(
        self, headers: httpx2.Headers, own_origin: tuple[object, ...], url: httpx2.URL
    ) -> None:
        official = url.host in _OFFICIAL_HOSTS and url.scheme == "https"
        is_own = _origin(url) == own_origin
        for name in list(headers):
            plain = name.lower() in _PLAIN or name.lower().startswith(_PLAIN_PREFIX)
            if not plain and not (official and is_own):
                del headers[name]
        if not is_own:
            return
        headers.pop("authorization", None)
        if self.key:
            headers["authorization"] = f"Bearer {self.key}"
        for name, value in self.headers.items():
            headers[name] = value


def _origin(url: httpx2.URL) -> tuple[object, ...]:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, port
