"""Refusals in Deepgram's form: a status, two headers and a JSON body."""

from __future__ import annotations

import json
from http import HTTPStatus

from gramophone.core.frozen import frozen


@frozen
class HttpRefusal:
    """A handshake or a request that ends in an HTTP error. `message` is the text of `dg-error`."""

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
        """The JSON body."""
        fields = {"err_code": self.code, "err_msg": self.message, "request_id": request_id}
        return json.dumps(fields).encode()


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
