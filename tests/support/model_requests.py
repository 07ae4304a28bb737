"""Requests to a language model, as each of its protocols wants them."""

from __future__ import annotations

from typing import Any

QUESTION = [{"role": "user", "content": "Hello?"}]
CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
VERSION = {"anthropic-version": "2023-06-01"}


def asking(path: str, **fields: Any) -> dict[str, Any]:
    question = {"messages": QUESTION} if path in (CHAT, MESSAGES) else {"input": "Hello?"}
    limit = {"max_tokens": 99} if path == MESSAGES else {}
    return {"model": "m", **question, **limit, **fields}
