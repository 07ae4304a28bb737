"""Access to the app's page: a token in the address that the terminal shows, then a cookie.

Other users of this machine reach every port of it, so the name or the address of a client proves
nothing. The token stands in the fragment of the URL, which a browser does not send (RFC 3986, 3.5):
it appears in no request line, log or referrer. The page posts it once and gets a cookie.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ENTER_PATH: Final = "/enter"
LONGEST_TOKEN_BYTES: Final = 256
_TOKEN_BYTES = 24


class Access:
    """The token and the cookie of one run of the server."""

    def __init__(self, port: int) -> None:
        # Cookies are shared by all ports of a host (RFC 6265, 8.5): the name tells servers apart.
        self.cookie_name = f"gramophone-{port}"
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.cookie = secrets.token_urlsafe(_TOKEN_BYTES)

    def is_token(self, candidate: bytes) -> bool:
        """Whether this is the token."""
        # In constant time: a comparison that ends early would reveal a prefix by its duration.
        return hmac.compare_digest(candidate, self.token.encode())

    def knows(self, cookies: Mapping[str, str]) -> bool:
        """Whether a request with these cookies comes from a page that had the token."""
        cookie = cookies.get(self.cookie_name, "")
        return hmac.compare_digest(cookie.encode("utf-8", "replace"), self.cookie.encode())


def enter_page() -> str:
    """The page that posts the token."""
    return Path(__file__).with_name("page").joinpath("enter.html").read_text(encoding="utf-8")
