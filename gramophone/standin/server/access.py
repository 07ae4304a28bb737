"""Access to a stand-in's port, by the names in a request: web pages only if they are allowed."""

# A page that the user visits can reach every port of this machine, send requests there and, with a
# websocket, read the answers. Three headers, which a page cannot set, give it away:
#
#   Origin           the page that asks. Browsers send it with every websocket and every request
#                    that is not a plain GET.
#   Sec-Fetch-Site   sent with plain requests as well: `cross-site` or `same-site` is another page.
#   Host             the name by which the machine was found. By DNS rebinding a page makes its own
#                    name lead here, and is then of the same origin; the name is what is left of it.
#
# Programs send the name they were given and no Origin, and pass. So does a page of a server on this
# machine, the user's own program in a browser, whose Origin names that server.

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final, Self
from urllib.parse import urlsplit

from gramophone.core.frozen import frozen
from gramophone.standin.server.refusal import HttpRefusal

ANY: Final = "*"
_LOOPBACK: Final = "localhost"
_FROM_ANOTHER_PAGE: Final = frozenset({"cross-site", "same-site"})


@frozen
class AllowedClients:
    """The host names that are answered, and the origins of pages that are.

    `addresses` allows every address in place of a name, which a page cannot choose. Pages of this
    machine (`http://localhost:3000`) are answered if `loopback_pages`, but not at a private path.
    """

    names: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    addresses: bool = False
    loopback_pages: bool = True

    @classmethod
    def of(
        cls,
        host: str,
        names: Iterable[str] = (),
        origins: Iterable[str] = (),
        *,
        loopback_pages: bool = True,
    ) -> Self:
        """The clients of a port that listens on `host`, and those that are named."""
        allowed = frozenset(name.lower().rstrip(".") for name in (host, *names) if name)
        pages = frozenset(origin.lower().rstrip("/") for origin in origins)
        return cls(allowed, pages, addresses=not is_loopback(host), loopback_pages=loopback_pages)

    def refusal(
        self, host: str, origin: str, fetch_site: str = "", *, private: bool = False
    ) -> HttpRefusal | None:
        """The refusal of a request by its `Host`, `Origin` and `Sec-Fetch-Site`; None if it may.

        `private` is a path for pages that were named, and no others.
        """
        if host and not self._knows(host):
            return HttpRefusal(
                403, "HOST_NOT_ALLOWED", f"Not served by this name; allow it: --allow-host {host}."
            )
        if origin:
            of_this_machine = self.loopback_pages and not private and _is_of_loopback(origin)
            allowed = of_this_machine or self.names_page(origin)
        else:
            allowed = fetch_site.lower() not in _FROM_ANOTHER_PAGE
        if allowed:
            return None
        page = origin or "ORIGIN"
        return HttpRefusal(
            403, "ORIGIN_NOT_ALLOWED", f"Not served to web pages; allow it: --allow-origin {page}."
        )

    def names_page(self, origin: str) -> bool:
        """Whether the user has named the origin of a page."""
        return ANY in self.origins or origin.lower().rstrip("/") in self.origins

    def _knows(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if ANY in self.names or name in self.names or is_loopback(name):
            return True
        return self.addresses and _is_address(name)


def is_loopback(host: str) -> bool:
    """Whether a name or an address is this machine's own for itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == _LOOPBACK


def _is_of_loopback(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        return parts.scheme in ("http", "https") and is_loopback(parts.hostname or "")
    except ValueError:
        return False


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
