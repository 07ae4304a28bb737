"""Who may use the app's page: who has the address that the terminal shows, with its token.

Other users of this machine reach every port of it, so a name or an address proves nothing. The
token stands in the address's fragment, which a browser keeps to itself: it is in no request line,
log or referrer. The page hands it in once for a cookie.
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
        # A browser has one store for all ports of a host.
        self.cookie_name = f"gramophone-{port}"
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self.cookie = secrets.token_urlsafe(_TOKEN_BYTES)

    def is_token(self, handed_in: bytes) -> bool:
        """Whether this is the token."""
        return hmac.compare_digest(handed_in, self.token.encode())

    def knows(self, cookies: Mapping[str, str]) -> bool:
        """Whether a request with these cookies comes from a page that had the token."""
        given = cookies.get(self.cookie_name, "")
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.cookie.encode())


def enter_page() -> str:
    """The page that hands the token in."""
    return Path(__file__).with_name("page").joinpath("enter.html").read_text(encoding="utf-8")
