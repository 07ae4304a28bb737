"""Answers to requests that no route serves, in the form of the service whose client asks."""

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
from http import HTTPStatus
from typing import Final, Literal, TypeAlias

from gramophone.core.frozen import frozen
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.wire.llm.errors import (
    ModelRefusal,
    anthropic_error,
    anthropic_refusal,
    body,
    openai_error,
    openai_refusal,
)

ServiceName: TypeAlias = Literal["anthropic", "deepgram", "openai"]

_JSON: Final = ("content-type", "application/json")
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


@frozen
class PlainAnswer:
    """An answer whose body is known."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def service_of(path: str, header: Callable[[str], str]) -> ServiceName:
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


def unserved(
    service: ServiceName, method: str, path: str, refusal: HttpRefusal, request_id: str
) -> PlainAnswer | None:
    """The answer to a request without a route; None where it is Deepgram's `refusal` itself.

    Only Deepgram has websockets here, so that to be sent to one is always its answer.
    """
    if refusal.status == HTTPStatus.UPGRADE_REQUIRED:
        return None
    own_id = f"req_{request_id.replace('-', '')}"
    match service:
        case "openai":
            error = _openai(method, path, refusal.status)
            return PlainAnswer(
                error.status, (_JSON, ("x-request-id", own_id)), body(openai_error(error))
            )
        case "anthropic":
            error = _anthropic(refusal.status)
            text = body(anthropic_error(error, own_id))
            return PlainAnswer(error.status, (_JSON, ("request-id", own_id)), text)
        case "deepgram":
            return None


def _openai(method: str, path: str, status: int) -> ModelRefusal:
    kind = "invalid_request_error"
    match status:
        case 404:
            return ModelRefusal(status, f"Invalid URL ({method} {path})", kind)
        case 405:
            sentence = (
                f"Not allowed to {method} on {path}. "
                "(HINT: Perhaps you meant to use a different HTTP method?)"
            )
            return ModelRefusal(status, sentence, kind, code="method_not_supported")
        case _:
            return openai_refusal(status)


def _anthropic(status: int) -> ModelRefusal:
    match status:
        case 405:
            return ModelRefusal(status, "Method Not Allowed", "invalid_request_error")
        case _:
            return anthropic_refusal(status)
