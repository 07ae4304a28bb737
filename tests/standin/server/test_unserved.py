"""Requests without a route are refused in the form of the service whose client asks."""

from __future__ import annotations

import json

import pytest

from gramophone.standin.server.client_service import service_of
from gramophone.standin.server.refusal import HttpRefusal
from gramophone.standin.server.unserved import unserved

NOTHING = HttpRefusal(404, "NOT_FOUND", "There is nothing.")
OTHER_METHOD = HttpRefusal(405, "METHOD_NOT_ALLOWED", "Another method.")


@pytest.mark.parametrize(
    ("path", "headers", "service"),
    [
        ("/v1/chat/nothing", {"anthropic-version": "2023-06-01"}, "anthropic"),
        ("/nothing", {"user-agent": "AsyncOpenAI/Python 3.52.0"}, "openai"),
        ("/v1/listen/it", {"user-agent": "OpenAI/JS 7.1.0"}, "openai"),
        ("/nothing", {"user-agent": "Anthropic/Python 2.11.0"}, "anthropic"),
        ("/v1/models", {"authorization": "Token key"}, "deepgram"),
        ("/v1/projects", {"authorization": "Bearer key"}, "deepgram"),
        ("/v1/embeddings", {}, "openai"),
        ("/v1/messages/batches", {}, "anthropic"),
        ("/nothing", {"x-api-key": "key"}, "anthropic"),
        ("/nothing", {"authorization": "Bearer key"}, "openai"),
        ("/nothing", {}, "deepgram"),
    ],
)
def test_whose_client_asks(path: str, headers: dict[str, str], service: str) -> None:
    assert service_of(path, lambda name: headers.get(name, "")) == service


def test_openai() -> None:
    answer = unserved("openai", "POST", "/v1/none", NOTHING, "7")
    assert answer is not None
    assert (answer.status, dict(answer.headers)["x-request-id"]) == (404, "req_7")
    error = json.loads(answer.body)["error"]
    assert (error["type"], error["message"]) == (
        "invalid_request_error",
        "Invalid URL (POST /v1/none)",
    )
    answer = unserved("openai", "GET", "/v1/responses", OTHER_METHOD, "8")
    assert answer is not None
    assert json.loads(answer.body)["error"]["code"] == "method_not_supported"


@pytest.mark.parametrize(
    ("refusal", "kind"), [(NOTHING, "not_found_error"), (OTHER_METHOD, "invalid_request_error")]
)
def test_anthropic(refusal: HttpRefusal, kind: str) -> None:
    answer = unserved("anthropic", "GET", "/v1/none", refusal, "7")
    assert answer is not None
    error = json.loads(answer.body)
    assert (answer.status, error["type"], error["request_id"]) == (refusal.status, "error", "req_7")
    assert error["error"]["type"] == kind


def test_deepgrams_is_the_refusal_itself() -> None:
    assert unserved("deepgram", "GET", "/v1/none", NOTHING, "7") is None
    upgrade = HttpRefusal(426, "UPGRADE_REQUIRED", "A websocket.")
    assert unserved("openai", "GET", "/v1/listen", upgrade, "7") is None
