"""Guesses at tokens: what they grow with, and what they do not."""

from __future__ import annotations

from typing import Any

import pytest

from gramophone.wire.llm.answer import ModelAnswer, TextPiece, ThinkingPiece, ToolPiece
from gramophone.wire.llm.token_usage import (
    ATTACHMENT_TOKENS,
    TokenUsage,
    guessed_tokens,
    prompt_chars,
    usage_of,
)

BASE64 = "QUJD" * 50_000


def usage(*pieces: Any, counted: int = 0) -> TokenUsage:
    return usage_of(ModelAnswer(None, pieces, output_tokens=counted), 40, pieces)


def test_thoughts_have_their_share() -> None:
    thought, text = ThinkingPiece("So, so. ", "EqQB"), TextPiece("It is 4.")
    assert usage(thought, text) == TokenUsage(10, 4, 2)
    assert usage(thought, text, counted=100) == TokenUsage(10, 100, 50)
    assert usage(thought).reasoning_tokens == usage(thought).output_tokens == 2
    assert usage(text).reasoning_tokens == 0
    assert usage() == TokenUsage(10, 0, 0)


def test_calls_count_with_their_names() -> None:
    assert usage(ToolPiece(0, "call_a", "look", "")).output_tokens == 1


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BASE64}"}},
        {"type": "input_image", "image_url": f"data:image/png;base64,{BASE64}"},
        {"type": "input_audio", "input_audio": {"data": BASE64, "format": "wav"}},
        {"type": "file", "file": {"file_data": BASE64}},
        {"type": "input_file", "file_data": BASE64},
        {"type": "image", "source": {"type": "base64", "data": BASE64}},
        {"type": "document", "source": {"type": "base64", "data": BASE64}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    ],
)
def test_what_is_attached_counts_the_same_whatever_its_size(part: dict[str, Any]) -> None:
    messages = [{"role": "user", "content": [{"type": "tool_result", "content": [part, part]}]}]
    count = guessed_tokens(prompt_chars(messages))
    assert 2 * ATTACHMENT_TOKENS < count < 2 * ATTACHMENT_TOKENS + 100


def test_a_document_of_text_counts_by_its_text() -> None:
    part = {"type": "document", "source": {"type": "text", "data": "word " * 10_000}}
    assert prompt_chars([part]) > 50_000
