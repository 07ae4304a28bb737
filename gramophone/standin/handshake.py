"""Who is let in: the handshake of the stand-in, as pure functions on what the client sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from gramophone.wire.speak_messages import ParameterRefused, SpeakParameters

SPEAK_PATH = "/v1/speak"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A handshake that ends in an HTTP error. `message` is the text of `dg-error`."""

    status: int
    code: str
    message: str

    @property
    def reason(self) -> str:
        """The phrase of the status line."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "Refused"

    def body(self, request_id: str) -> bytes:
        """The JSON that goes with it."""
        said = {"err_code": self.code, "err_msg": self.message, "request_id": request_id}
        return json.dumps(said).encode()


_INVALID_AUTH = Refusal(401, "INVALID_AUTH", "Invalid credentials.")

_KNOWN = {
    400: Refusal(400, "Bad Request", "Bad Request: No such model/language/tier combination found."),
    401: _INVALID_AUTH,
    402: Refusal(402, "ASR_PAYMENT_REQUIRED", "Project does not have enough credits."),
    403: Refusal(
        403,
        "INSUFFICIENT_PERMISSIONS",
        "Project does not have access to the requested model.",
    ),
    429: Refusal(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later"),
}


def refusal_with(status: int) -> Refusal:
    """The refusal that the service would send with this status."""
    return _KNOWN.get(
        status, Refusal(status, "INTERNAL_SERVER_ERROR", "Something went wrong on our side.")
    )


def admit(
    path: str, authorization: str, subprotocols: Sequence[str], api_key: str | None
) -> SpeakParameters | Refusal:
    """What the connection asks for, or why it may not stand.

    Args:
        path: path and query of the request.
        authorization: the header, or empty.
        subprotocols: what was offered in `Sec-WebSocket-Protocol`, in order.
        api_key: the key that is let in; None lets everybody in.
    """
    parts = urlsplit(path)
    if parts.path != SPEAK_PATH:
        return Refusal(404, "NOT_FOUND", f"There is nothing at this path; try {SPEAK_PATH}.")
    if api_key is not None and not _may_enter(authorization, subprotocols, api_key):
        return _INVALID_AUTH
    try:
        return SpeakParameters.from_query(parts.query)
    except ParameterRefused as refused:
        return Refusal(400, "Bad Request", f"Bad Request: {refused}")


def _may_enter(authorization: str, subprotocols: Sequence[str], api_key: str) -> bool:
    scheme, _, credential = authorization.strip().partition(" ")
    if not scheme and len(subprotocols) >= 2:
        scheme, credential = subprotocols[:2]
    credential = credential.strip()
    match scheme.lower():
        case "token":
            return credential == api_key
        case "bearer":
            # Bearer is for short-lived tokens, which are JWTs; a key sent so is refused.
            return credential.count(".") == 2
        case _:
            return False
