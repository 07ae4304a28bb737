"""Services that clients mean, by the path and the headers of their requests."""

# All services are at one port, and the clients of each read errors in its form alone: an SDK that
# finds another one reports "no message". What tells clients apart, in this order:
#
#   headers   Anthropic's clients send `anthropic-version`, Deepgram's the scheme `Token`, the SDKs
#             their names in `User-Agent`
#   path      what it begins with belongs to one service
#   key       `x-api-key` is Anthropic's, a bearer OpenAI's
#
# Who gives no sign gets Deepgram's form, which names the paths that there are.

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

ServiceName: TypeAlias = Literal["anthropic", "deepgram", "openai"]

HeaderOf: TypeAlias = Callable[[str], str]
"""Gives the value of a header of a request, empty when it is not there."""

_AGENTS: Final[tuple[tuple[str, ServiceName], ...]] = (
    ("anthropic", "anthropic"),
    ("openai", "openai"),
    ("deepgram", "deepgram"),
)
_PATHS: Final[tuple[tuple[str, ServiceName], ...]] = (
    ("/v1/messages", "anthropic"),
    ("/v1/complete", "anthropic"),
    ("/v1/chat", "openai"),
    ("/v1/completions", "openai"),
    ("/v1/responses", "openai"),
    ("/v1/embeddings", "openai"),
    ("/v1/audio", "openai"),
    ("/v1/realtime", "openai"),
    ("/v1/speak", "deepgram"),
    ("/v1/listen", "deepgram"),
    ("/v1/projects", "deepgram"),
    ("/v1/auth", "deepgram"),
    ("/v2/", "deepgram"),
)


def service_of(path: str, header: HeaderOf) -> ServiceName:
    """The service that a client means, by the path and the headers of its request."""
    scheme = header("authorization").strip().partition(" ")[0].lower()
    agent = header("user-agent").lower()
    if header("anthropic-version"):
        return "anthropic"
    if scheme == "token":
        return "deepgram"
    for word, service in _AGENTS:
        if word in agent:
            return service
    for beginning, service in _PATHS:
        if path.startswith(beginning):
            return service
    if header("x-api-key"):
        return "anthropic"
    return "openai" if scheme == "bearer" else "deepgram"


def means_deepgram(header: HeaderOf) -> bool:
    """Whether a request at a path of several services has a sign that it is for Deepgram."""
    has_sign = bool(header("authorization")) or "deepgram" in header("user-agent").lower()
    return has_sign and service_of("", header) == "deepgram"


def asked_headers(header: HeaderOf) -> list[str]:
    """The names of the headers that a preflight asks for, in lower case."""
    names = header("access-control-request-headers").lower().split(",")
    return [name.strip() for name in names if name.strip()]


def service_of_preflight(path: str, header: HeaderOf) -> ServiceName:
    """The service that a page means, by the path and the names of the headers to come.

    Where `Authorization` may be for OpenAI or Deepgram, OpenAI's answer lets the page go on; the
    answer to its request decides.
    """
    names = asked_headers(header)
    values = {name: "Bearer" if name == "authorization" else "true" for name in names}
    return service_of(path, lambda name: values.get(name, ""))
