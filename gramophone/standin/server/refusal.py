"""Refusals in Deepgram's form: a status, two headers and a JSON body."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from http import HTTPStatus

from gramophone.core.frozen import frozen
from gramophone.standin.faults import Fault, refusal_at
from gramophone.standin.server.cors import DEEPGRAM_HEADERS
from gramophone.standin.server.http import Reply, answer_whole
from gramophone.wire.refusal_details import USUAL, RefusalDetails


@frozen
class HttpRefusal:
    """A handshake or a request that ends in an HTTP error.

    `message` is the text of `dg-error`; `details` take the place of the usual headers and body.
    """

    status: int
    code: str
    message: str
    details: RefusalDetails = USUAL

    @property
    def reason(self) -> str:
        """The phrase of the status line."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "Refused"

    def body(self, request_id: str) -> bytes:
        """The body: JSON, unless the details have another."""
        fields = {"err_code": self.code, "err_msg": self.message, "request_id": request_id}
        return self.details.body_over(json.dumps(fields).encode())

    def headers(self, request_id: str) -> list[tuple[str, str]]:
        """The headers, without the length of the body."""
        usual = [
            ("content-type", "application/json"),
            ("dg-request-id", request_id),
            ("dg-error", self.message),
            *DEEPGRAM_HEADERS,
        ]
        return self.details.headers_over(usual)


INVALID_AUTH = HttpRefusal(401, "INVALID_AUTH", "Invalid credentials.")

_KNOWN = {
    400: HttpRefusal(
        400, "Bad Request", "Bad Request: No such model/language/tier combination found."
    ),
    401: INVALID_AUTH,
    402: HttpRefusal(402, "ASR_PAYMENT_REQUIRED", "Project does not have enough credits."),
    403: HttpRefusal(
        403,
        "INSUFFICIENT_PERMISSIONS",
        "Project does not have access to the requested model.",
    ),
    429: HttpRefusal(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later"),
}


def refusal_with(status: int) -> HttpRefusal:
    """The refusal that the service would send with this status."""
    return _KNOWN.get(
        status, HttpRefusal(status, "INTERNAL_SERVER_ERROR", "Something went wrong on our side.")
    )


def refusal_by_fault(faults: Sequence[Fault], connection: int, path: str) -> HttpRefusal | None:
    """The refusal of this connection at this path by a fault; None if there is none."""
    fault = refusal_at(faults, connection, path)
    if fault is None:
        return None
    usual = refusal_with(fault.value)
    return replace(usual, message=fault.text or usual.message, details=fault.details)


async def refuse(
    reply: Reply,
    refusal: HttpRefusal,
    request_id: str,
    headers: Sequence[tuple[str, str]] = (),
) -> None:
    """Answer a request with a refusal."""
    text = [*refusal.headers(request_id), *headers]
    await answer_whole(reply, refusal.status, text, refusal.body(request_id))
