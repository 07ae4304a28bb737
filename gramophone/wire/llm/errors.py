"""Errors of OpenAI and Anthropic: the names and sentences of each status, and their JSON.

OpenAI: `{"error": {message, type, param, code}}` (error-codes guide; openai 3.52). Anthropic:
`{"type": "error", "error": {type, message}, "request_id"}` (anthropic 2.11, types/shared).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gramophone.core.frozen import frozen
from gramophone.wire.lenient_json import compact, encoded
from gramophone.wire.llm.answer import WORDLESS, AnswerFailure
from gramophone.wire.refusal_details import USUAL, RefusalDetails

RETRY_AFTER_S = 1
"""Seconds of the `retry-after` header of a 429."""
OPENAI_REQUESTS = 5_000
"""The limit of requests a minute that a 429 of OpenAI names."""


@frozen
class ModelRefusal:
    """A request that is answered with an error status.

    `kind`, `code` and `param` are the provider's names; an empty kind follows from the status.
    `error_code` is Anthropic's name of what a client can mend by itself.
    `details` take the place of the provider's headers and body.
    """

    status: int
    message: str
    kind: str = ""
    code: str | None = None
    param: str | None = None
    error_code: str = ""
    details: RefusalDetails = USUAL

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """The headers that go with it, beside those of the body."""
        return (("retry-after", str(RETRY_AFTER_S)),) if self.status == 429 else ()


class RequestRefused(Exception):
    """A request that is refused, with `refusal`."""

    def __init__(self, refusal: ModelRefusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.message)


NOT_JSON = (
    "We could not parse the JSON body of your request. "
    "The API expects a JSON payload, but what was sent was not valid JSON."
)


def _rate_limit_reached(retry_after_s: int) -> str:
    # Programs read the time from this sentence; it is the service's, but for model and account.
    return (
        "Rate limit reached for this model on requests per min (RPM): "
        f"Limit {OPENAI_REQUESTS}, Used {OPENAI_REQUESTS}, Requested 1. "
        f"Please try again in {retry_after_s}s. "
        "Visit https://platform.openai.com/account/rate-limits to learn more."
    )


_OVERLOADED = ModelRefusal(
    503,
    "The engine is currently overloaded.",
    "service_unavailable_error",
    code="server_is_overloaded",
)
_OPENAI = {
    400: ModelRefusal(400, "The request is not valid.", "invalid_request_error"),
    401: ModelRefusal(
        401, "Incorrect API key provided.", "invalid_request_error", code="invalid_api_key"
    ),
    402: ModelRefusal(
        402, "Your account is not active.", "billing_error", code="billing_not_active"
    ),
    403: ModelRefusal(
        403,
        "The project does not have access to this model.",
        "invalid_request_error",
        code="model_not_found",
    ),
    404: ModelRefusal(
        404,
        "The model does not exist or you do not have access to it.",
        "invalid_request_error",
        code="model_not_found",
    ),
    408: ModelRefusal(408, "The request timed out.", "timeout"),
    429: ModelRefusal(
        429, _rate_limit_reached(RETRY_AFTER_S), "requests", code="rate_limit_exceeded"
    ),
    500: ModelRefusal(
        500, "The server had an error while processing your request. Sorry!", "server_error"
    ),
    503: _OVERLOADED,
    # OpenAI has no such status; a scenario may ask for it, and means the same.
    529: replace(_OVERLOADED, status=529),
}

_ANTHROPIC = {
    400: ModelRefusal(400, "The request is not valid.", "invalid_request_error"),
    401: ModelRefusal(401, "invalid x-api-key", "authentication_error"),
    402: ModelRefusal(402, "Your credit balance is too low.", "billing_error"),
    403: ModelRefusal(403, "Your API key may not use this resource.", "permission_error"),
    404: ModelRefusal(404, "Not found", "not_found_error"),
    413: ModelRefusal(413, "Request exceeds the maximum size", "request_too_large"),
    429: ModelRefusal(429, "This request would exceed your rate limit.", "rate_limit_error"),
    500: ModelRefusal(500, "Internal server error", "api_error"),
    504: ModelRefusal(504, "The request timed out.", "timeout_error"),
    529: ModelRefusal(529, "Overloaded", "overloaded_error"),
}

_STATUS_OF_KIND = {refusal.kind: status for status, refusal in reversed(_ANTHROPIC.items())}


def openai_refusal(status: int) -> ModelRefusal:
    """The refusal that OpenAI would send with this status."""
    return _OPENAI.get(status) or _like(status, _OPENAI)


def anthropic_refusal(status: int) -> ModelRefusal:
    """The refusal that Anthropic would send with this status."""
    return _ANTHROPIC.get(status) or _like(status, _ANTHROPIC)


def detailed(usual: ModelRefusal, message: str, details: RefusalDetails) -> ModelRefusal:
    """The usual refusal with these details and, unless it is empty, this message."""
    wait_s = details.wait_s
    if not message and wait_s is not None and usual == _OPENAI[429]:
        message = _rate_limit_reached(wait_s)
    return replace(usual, message=message or usual.message, details=details)


def _like(status: int, statuses: dict[int, ModelRefusal]) -> ModelRefusal:
    like = statuses[500 if status >= 500 else 400]
    return ModelRefusal(status, like.message, like.kind)


def refusal_of(failure: AnswerFailure, *, anthropic: bool) -> ModelRefusal:
    """The refusal of a request by this provider that corresponds to a failure."""
    named = "" if failure.kind in WORDLESS else failure.kind
    status = failure.status if failure.status >= 400 else _STATUS_OF_KIND.get(named, 500)
    usual = anthropic_refusal(status) if anthropic else openai_refusal(status)
    # A recording of one provider may be played in the protocol of the other: an error name that
    # the other does not have becomes the usual one of the status.
    statuses = named in _STATUS_OF_KIND
    kind = named if named and statuses == anthropic else usual.kind
    code = usual.code if kind == usual.kind else None
    refusal = detailed(usual, failure.message, failure.details)
    return replace(refusal, kind=kind, code=code)


def openai_error(refusal: ModelRefusal) -> dict[str, Any]:
    """A refusal as OpenAI writes it, in a body or inside a stream."""
    error = {
        "message": refusal.message,
        "type": refusal.kind or openai_refusal(refusal.status).kind,
        "param": refusal.param,
        "code": refusal.code,
    }
    return {"error": error}


def anthropic_error(refusal: ModelRefusal, request_id: str) -> dict[str, Any]:
    """A refusal as Anthropic writes it, in a body or inside a stream."""
    kind = refusal.kind or anthropic_refusal(refusal.status).kind
    error: dict[str, Any] = {"type": kind, "message": refusal.message}
    if refusal.error_code:
        error["details"] = {"error_code": refusal.error_code}
    return {"type": "error", "error": error, "request_id": request_id}


def body(value: object) -> bytes:
    """A JSON body."""
    return encoded(compact(value))
