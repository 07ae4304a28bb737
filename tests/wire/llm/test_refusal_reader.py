"""Refusals as servers send them: the reason, its kind, the numbers, and when to ask again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gramophone.wire.llm.refusal_reader import (
    MOST_REASON_CHARS,
    ServerRefusal,
    read_refusal,
    refused_pictures,
    unsupported_parameter,
)

LLAMA_CONTEXT = {
    "error": {
        "code": 400,
        "message": "request (9031 tokens) exceeds the available context size (4096 tokens)",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 9031,
        "n_ctx": 4096,
    }
}


def refusal(status: int, body: object, **headers: str) -> ServerRefusal:
    text = body if isinstance(body, str) else json.dumps(body)
    return read_refusal(status, text, {name.replace("_", "-"): v for name, v in headers.items()})


def openai(message: str, **rest: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", **rest}}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (openai("no"), "no"),
        ({"type": "error", "error": {"type": "not_found_error", "message": "no"}}, "no"),
        ({"error": "model 'x' not found"}, "model 'x' not found"),
        ({"message": "no"}, "no"),
        ({"detail": "Not Found"}, "Not Found"),
        (
            {"detail": [{"loc": ["body", "temperature"], "msg": "Input should be a number"}]},
            "temperature: Input should be a number",
        ),
        (
            {"detail": [{"loc": ["body", "messages", 0, "role"], "msg": "a"}, {"msg": "b"}]},
            "messages.0.role: a; b",
        ),
        ("404 page not found\n", "404 page not found"),
        ("<html><head><title>502 Bad Gateway</title>", "a web page, '502 Bad Gateway'"),
        ("<html>", "a web page"),
        ("", ""),
        ([1], "[1]"),
        ({"error": {"message": 7}}, ""),
    ],
)
def test_the_reason_is_the_servers_own(body: object, reason: str) -> None:
    assert refusal(400, body).reason == reason


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, LLAMA_CONTEXT, "context"),
        (400, openai("x", code="context_length_exceeded"), "context"),
        (400, openai("prompt is too long: 213000 tokens > 200000 maximum"), "context"),
        (400, openai("Your credit balance is too low to access the API."), "credit"),
        (402, openai("Insufficient Balance"), "credit"),
        (429, openai("You exceeded your current quota", type="insufficient_quota"), "credit"),
        (429, openai("Rate limit reached"), "overloaded"),
        (529, openai("Overloaded"), "overloaded"),
        (503, openai("Loading model", type="unavailable_error"), "loading"),
        (503, "Service Unavailable", "other"),
        (404, openai("The model 'x' does not exist"), "model"),
        (404, {"error": "model 'x' not found, try pulling it first"}, "model"),
        (404, "404 page not found", "path"),
        (404, {"detail": "Not Found"}, "path"),
        (404, openai("Invalid URL (POST /chat/completions)"), "other"),
        (405, {"detail": "Method Not Allowed"}, "path"),
        (401, openai("no key"), "other"),
    ],
)
def test_its_kind(status: int, body: object, kind: str) -> None:
    assert refusal(status, body).kind == kind


@pytest.mark.parametrize(
    ("body", "prompt_tokens", "context_tokens"),
    [
        (LLAMA_CONTEXT, 9031, 4096),
        (openai(LLAMA_CONTEXT["error"]["message"]), 9031, 4096),  # pyright: ignore[reportArgumentType]
        (openai("prompt is too long: 213000 tokens > 200000 maximum"), 213000, 200000),
        (
            openai(
                "This model's maximum context length is 4096 tokens. However, your messages "
                "resulted in 5000 tokens."
            ),
            5000,
            4096,
        ),
        (
            openai(
                "The input token count (1200000) exceeds the maximum number of tokens allowed "
                "(1048576)."
            ),
            1200000,
            1048576,
        ),
        (
            openai(
                "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000, "
                "decrease input length"
            ),
            None,
            200000,
        ),
        (openai("Please reduce the length of the messages."), None, None),
        (openai("n", n_ctx=True, n_prompt_tokens=2**70), None, None),
    ],
)
def test_the_numbers_of_a_full_context(
    body: object, prompt_tokens: int | None, context_tokens: int | None
) -> None:
    seen = refusal(400, body)
    assert (seen.prompt_tokens, seen.context_tokens) == (prompt_tokens, context_tokens)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry_after": "20"}, 20),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "1500", "retry_after": "20"}, 1.5),
        (
            {
                "retry_after": "Mon, 30 Nov 2026 10:02:00 GMT",
                "date": "Mon, 30 Nov 2026 10:00:00 GMT",
            },
            120,
        ),
        (
            {
                "retry_after": "Mon, 30 Nov 2026 09:00:00 GMT",
                "date": "Mon, 30 Nov 2026 10:00:00 GMT",
            },
            0,
        ),
        ({"retry_after": "Mon, 30 Nov 2026 10:02:00 GMT"}, None),
        ({"retry_after": "-5"}, None),
        ({"retry_after": "9" * 5000}, None),
        ({"retry_after": "999999999"}, 10**7),
        ({"retry_after": "soon"}, None),
    ],
    ids=str,
)
def test_when_to_ask_again(headers: dict[str, str], seconds: float | None) -> None:
    assert refusal(429, {}, **headers).retry_after_s == seconds


SENT = frozenset({"reasoning", "temperature", "max_tokens", "stream_options", "system", "seed"})


@pytest.mark.parametrize(
    ("status", "body", "parameter"),
    [
        (400, openai("Unsupported value", param="temperature"), "temperature"),
        (400, openai("Unsupported value", param="reasoning.effort"), "reasoning"),
        (
            400,
            openai(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                "'max_completion_tokens' instead.",
                param="max_tokens",
            ),
            "max_tokens",
        ),
        (400, openai("Unrecognized request argument supplied: stream_options"), "stream_options"),
        (
            422,
            {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]},
            "seed",
        ),
        (400, {"error": "System role not supported"}, "system"),
        (500, openai("Jinja Exception: System role not supported"), "system"),
        (400, openai("`temperature` is deprecated for this model"), "temperature"),
        (400, openai("unknown system error"), ""),
        (400, openai("Unsupported parameter: 'tools'"), ""),
        (400, openai("temperature is nice"), ""),
        (401, openai("Unsupported", param="temperature"), ""),
        (400, LLAMA_CONTEXT, ""),
    ],
)
def test_which_parameter_it_does_not_take(status: int, body: object, parameter: str) -> None:
    assert unsupported_parameter(refusal(status, body), SENT) == parameter


def test_long_texts_are_cut_before_they_are_searched() -> None:
    seen = refusal(400, openai("context length is " * 100_000))
    assert len(seen.reason) == MOST_REASON_CHARS
    assert refusal(400, "<title" * 100_000).reason == "a web page"


@pytest.mark.parametrize(
    ("status", "message", "about"),
    [
        (400, "Invalid content type. image_url is only supported by certain models.", "model"),
        (404, "No endpoints found that support image input", "model"),
        (500, "image input is not supported - hint: you may need to provide the mmproj", "model"),
        (400, "Model does not support images. Please use a model that does.", "model"),
        (400, "At most 0 image(s) may be provided in one request.", "model"),
        (422, "messages[0]: unknown variant `image_url`, expected `text`", "model"),
        (400, "'messages.0' : content must be a string", "model"),
        (400, "You uploaded an unsupported image.", "picture"),
        (400, "Could not process image", "picture"),
        (400, "image exceeds 5 MB maximum: 6000000 bytes > 5242880 bytes", "picture"),
        (413, "Request exceeds the maximum size", "picture"),
        (400, "Unsupported parameter: 'temperature'", ""),
        (401, "Incorrect API key for this image model", ""),
        (402, "No credit for images", ""),
    ],
)
def test_a_refusal_of_pictures_is_told_from_others(status: int, message: str, about: str) -> None:
    assert refused_pictures(refusal(status, openai(message))) == about
