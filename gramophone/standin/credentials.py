"""Keys in what clients send: where they stand, and a query without them."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

SECRET = "[secret]"

_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"}
)
_SECRET_WORDS = ("key", "token", "secret", "password", "auth", "signature")
_SCHEMES = frozenset({"token", "bearer", "basic"})


def secrets_in(headers: Iterable[tuple[str, str]], query: str) -> list[str]:
    """Every word that may be a key; names of headers are lower-case."""
    said = [value for name, value in parse_qsl(query) if _names_a_secret(name)]
    for name, value in headers:
        if name in _SECRET_HEADERS or _names_a_secret(name):
            said += value.split()
        if name == "sec-websocket-protocol":
            # The second of what is offered is the key itself.
            said += [word.strip() for word in value.split(",")][1:2]
    return [word for word in said if word.lower() not in _SCHEMES]


def without_secrets(query: str) -> str:
    """The query with a mark in the place of each key; as it is where there is none."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(_names_a_secret(name) for name, _ in pairs):
        return query
    return urlencode([(name, SECRET if _names_a_secret(name) else v) for name, v in pairs])


def _names_a_secret(name: str) -> bool:
    lower = name.lower()
    # Of the handshake's own keys none is secret.
    return not lower.startswith("sec-") and any(word in lower for word in _SECRET_WORDS)
