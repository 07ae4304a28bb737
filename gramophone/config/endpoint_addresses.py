"""Checks of what leads a request to its endpoint: the base URL, and headers.

Each refusal is one sentence that says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from gramophone.core.errors import ConfigError
from gramophone.wire.loopback import host_of

_PATHS: Final = ("/chat/completions", "/completions", "/responses", "/messages", "/models")
"""Paths that the protocols add to a base URL themselves."""

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}\Z")
_OWN_HEADERS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_MOST_HEADER_CHARS: Final = 8000
_SHOWN_CHARS: Final = 120
_EXAMPLE: Final = "http://127.0.0.1:8080/v1"


def check_base_url(name: str, base_url: str, protocol: str = "chat") -> None:
    """Refuse an address that no request can be made to, or that is of one request only.

    `name` is where it was written.

    Raises:
        ConfigError: it is wrong; the sentence never quotes a password in it.
    """
    if not base_url.startswith(("http://", "https://")):
        raise ConfigError(
            f"{name} does not begin with http:// or https://; write it as "
            f"{_with_scheme(base_url)[:_SHOWN_CHARS]}."
        )
    try:
        parts = urlsplit(base_url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise ConfigError(
            f"{name} is not a valid address ({error}); write it as {_EXAMPLE}."
        ) from error
    if "@" in parts.netloc:
        clean = f"{parts.scheme}://{host_of(base_url)}{parts.path}"
        raise ConfigError(
            f"{name} holds a user name or a password, which would be stored with every session; "
            f"write {clean[:_SHOWN_CHARS]}, and put the key into the variable that key_env names."
        )
    if not host or not base_url.isascii() or not base_url.isprintable() or " " in base_url:
        raise ConfigError(
            f"{name} is {base_url[:_SHOWN_CHARS]!r}, which is not a valid address; write it as "
            f"{_EXAMPLE}."
        )
    if parts.query or parts.fragment:
        clean = f"{parts.scheme}://{parts.netloc}{parts.path}"
        raise ConfigError(
            f"{name} has a query or a fragment, behind which no path can be added; write "
            f"{clean[:_SHOWN_CHARS]}."
        )
    _check_path(name, f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/"), protocol)


def _check_path(name: str, origin: str, path: str, protocol: str) -> None:
    own = (*_PATHS, "/v1") if protocol == "messages" else _PATHS
    ending = next((ending for ending in own if path.endswith(ending)), "")
    if not ending:
        return
    base = path.removesuffix(ending)
    if protocol == "messages":
        base = base.removesuffix("/v1")
    raise ConfigError(
        f"{name} ends in {ending}, which is added for each request; write "
        f"{f'{origin}{base}'[:_SHOWN_CHARS]}."
    )


def _with_scheme(address: str) -> str:
    """An address without a scheme, or with a wrong one, as it should be written."""
    rest = address.partition("://")[2] or address
    rest = rest.rpartition("@")[2]
    host = rest.partition("/")[0].partition(":")[0]
    is_local = host == "localhost" or host.replace(".", "").isdecimal()
    return f"{'http' if is_local else 'https'}://{rest}"


def check_headers(table: str, headers: Mapping[str, str]) -> None:
    """Refuse headers that cannot be sent; no value stands in the sentence.

    Raises:
        ConfigError: a name or a value cannot stand in a request.
    """
    for name, value in headers.items():
        if not _HEADER_NAME.match(name):
            raise ConfigError(
                f"{table} headers: {name[:60]!r} cannot be the name of a header; it may have "
                "letters, digits and - only."
            )
        if name.lower() in _OWN_HEADERS:
            raise ConfigError(
                f"{table} headers: {name} belongs to the connection, and cannot be set; remove it."
            )
        sendable = value.isascii() and value.isprintable() and len(value) <= _MOST_HEADER_CHARS
        if not value or not sendable or value != value.strip():
            raise ConfigError(
                f"{table} headers: the value of {name} cannot be sent; it must be a text of one "
                "line, of ASCII characters, without blanks around it."
            )
