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
# Programs send the name they were given and no Origin, and pass.

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

    `addresses` allows every address in place of a name, which a page cannot choose.
    """

    names: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    addresses: bool = False

    @classmethod
    def of(cls, host: str, names: Iterable[str] = (), origins: Iterable[str] = ()) -> Self:
        """The clients of a port that listens on `host`, and those that are named."""
        allowed = frozenset(name.lower().rstrip(".") for name in (host, *names) if name)
        pages = frozenset(origin.lower().rstrip("/") for origin in origins)
        return cls(allowed, pages, addresses=not is_loopback(host))

    def refusal(self, host: str, origin: str, fetch_site: str = "") -> HttpRefusal | None:
        """The refusal of a request by its `Host`, `Origin` and `Sec-Fetch-Site`; None if it may."""
        if host and not self._knows(host):
            return HttpRefusal(
                403, "HOST_NOT_ALLOWED", f"Not served by this name; allow it: --allow-host {host}."
            )
        if origin:
            allowed = ANY in self.origins or origin.lower().rstrip("/") in self.origins
        else:
            allowed = fetch_site.lower() not in _FROM_ANOTHER_PAGE
        if allowed:
            return None
        page = origin or "ORIGIN"
        return HttpRefusal(
            403, "ORIGIN_NOT_ALLOWED", f"Not served to web pages; allow it: --allow-origin {page}."
        )

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


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
