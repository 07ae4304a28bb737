"""Answers to requests that no route serves, in the form of the service whose client asks."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from gramophone.core.frozen import frozen
from gramophone.standin.server.client_service import ServiceName
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.wire.llm.errors import (
    ModelRefusal,
    anthropic_error,
    anthropic_refusal,
    body,
    openai_error,
    openai_refusal,
)

_JSON: Final = ("content-type", "application/json")


@frozen
class PlainAnswer:
    """An answer whose body is known."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def unserved(
    service: ServiceName, method: str, path: str, refusal: HttpRefusal, request_id: str
) -> PlainAnswer | None:
    """The answer to a request without a route; None where it is Deepgram's `refusal` itself.

    Only Deepgram has websockets here, so that to be sent to one is always its answer.
    """
    if refusal.status == HTTPStatus.UPGRADE_REQUIRED:
        return None
    own_id = id_in_own_form(request_id)
    match service:
        case "openai":
            error = _openai(method, path, refusal.status, refusal.message)
            return PlainAnswer(
                error.status, (_JSON, ("x-request-id", own_id)), body(openai_error(error))
            )
        case "anthropic":
            return anthropic_answer(_anthropic(refusal.status, refusal.message), own_id)
        case "deepgram":
            return None


def id_in_own_form(request_id: str) -> str:
    """The id of a request in the form of OpenAI and Anthropic, from a UUID."""
    return f"req_{request_id.replace('-', '')}"


def anthropic_answer(error: ModelRefusal, request_id: str) -> PlainAnswer:
    """The answer of Anthropic with an error."""
    text = body(anthropic_error(error, request_id))
    return PlainAnswer(error.status, (_JSON, ("request-id", request_id)), text)


def _openai(method: str, path: str, status: int, sentence: str) -> ModelRefusal:
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
        case 400 | 408 | 413 | 415 | 505:
            return ModelRefusal(status, sentence, kind)
        case _:
            return openai_refusal(status)


def _anthropic(status: int, sentence: str) -> ModelRefusal:
    match status:
        case 405:
            return ModelRefusal(status, "Method Not Allowed", "invalid_request_error")
        case 400 | 408 | 415 | 505:
            return ModelRefusal(status, sentence, "invalid_request_error")
        case _:
            return anthropic_refusal(status)
