"""Who may use a stand-in's port, by the names in the request: no web page, unless it is allowed.

A page that the user visits can reach every port of this machine. It gives itself away: a browser
says which page asks (`Origin`), and by which name it found the machine (`Host`). Where a page had a
name of its own lead here (DNS rebinding), that is it. Pure.
"""

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
    """The names by which the port may be asked, and the origins of pages that may ask.

    `addresses` allows every address in the place of a name: a page cannot choose that.
    """

    names: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    addresses: bool = False

    @classmethod
    def of(cls, host: str, names: Iterable[str] = (), origins: Iterable[str] = ()) -> Self:
        """Whoever may ask a port that listens on `host`, besides those that are named."""
        allowed = frozenset(name.lower().rstrip(".") for name in (host, *names) if name)
        pages = frozenset(origin.lower().rstrip("/") for origin in origins)
        return cls(allowed, pages, addresses=not is_loopback(host))

    def refusal(self, host: str, origin: str, fetch_site: str = "") -> HttpRefusal | None:
        """Why a request with these headers is refused (`Host`, `Origin`, `Sec-Fetch-Site`)."""
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
