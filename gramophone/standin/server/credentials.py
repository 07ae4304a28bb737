"""Keys in requests of clients: finding them, and hiding them in all that is written."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from gramophone.text.redaction import Redact, Redactor

SECRET = "[secret]"
_SHORTEST_SECRET = 4

_SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-api-key", "api-key", "cookie"}
)
_SECRET_WORDS = ("key", "token", "secret", "password", "auth", "signature")
_SCHEMES = frozenset({"token", "bearer", "basic"})


def secrets_in(headers: Iterable[tuple[str, str]], query: str) -> list[str]:
    """The words that may be keys; names of headers are in lower case."""
    words = [value for name, value in parse_qsl(query) if _names_a_secret(name)]
    for name, value in headers:
        if name in _SECRET_HEADERS or _names_a_secret(name):
            words += value.split()
        if name == "sec-websocket-protocol":
            # Browsers cannot set headers: Deepgram takes `token, KEY` as two subprotocols.
            words += [word.strip() for word in value.split(",")][1:2]
    return [word for word in words if word.lower() not in _SCHEMES]


def bearer_in(authorization: str) -> str:
    """The credential of the scheme `Bearer`; empty for any other."""
    scheme, _, credential = authorization.strip().partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else ""


def without_secrets(query: str) -> str:
    """The query with a mark in the place of each key; as it is where there is none."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(_names_a_secret(name) for name, _ in pairs):
        return query
    return urlencode([(name, SECRET if _names_a_secret(name) else v) for name, v in pairs])


class Secrets:
    """Texts that a stand-in must not write: keys of its clients, and matches of `redact`."""

    def __init__(self, redact: Redact | None = None, key: str | None = None) -> None:
        """`key` is hidden from the start; those of clients are learned as they come."""
        # Marks hold a hash of what they hide. Its key is random and lost with the process, so that
        # guesses at the secret cannot be tried on a log.
        self.redactor = Redactor.of(redact or (), key=os.urandom(32))
        self._learnt: set[str] = set()
        self._keep([key or ""])

    def learn(self, headers: Iterable[tuple[str, str]], query: str) -> None:
        """Hide the keys in the head of a request from now on."""
        self._keep(secrets_in(headers, query))

    def hide(self, text: str) -> str:
        """The text without secrets."""
        return self.redactor(text)

    def hide_all(self, value: Any) -> Any:
        """A JSON value whose texts are without secrets."""
        match value:
            case str():
                return self.hide(value)
            case dict():
                fields = cast("dict[str, Any]", value)
                return {name: self.hide_all(field) for name, field in fields.items()}
            case list() | tuple():
                return [self.hide_all(element) for element in cast("list[Any]", value)]
            case _:
                return value

    def _keep(self, secrets: Iterable[str]) -> None:
        new = set(secrets) - self._learnt
        if new:
            self._learnt |= new
            self.redactor.learn(new, SECRET, _SHORTEST_SECRET)


def _names_a_secret(name: str) -> bool:
    lower = name.lower()
    # `Sec-WebSocket-Key` is a nonce of the handshake and no secret.
    return not lower.startswith("sec-") and any(word in lower for word in _SECRET_WORDS)
