"""Redaction: keys go, talk about keys stays."""

from __future__ import annotations

import pytest

from storage.redaction import Redactor
from tests.storage.recordings import SECRET


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"the key is {SECRET}.", "the key is ***."),
        (f"Authorization: Token {SECRET}", "Authorization: Token ***"),
        (f'{{"a": "{SECRET}"}}', '{"a": "***"}'),
        ("Authorization: Token 9876543210fedcba98", "Authorization: Token ***"),
        ("authorization: bearer eyJhbGciOiJIUzI1NiJ9.e30.x-_", "authorization: bearer ***"),
        ("Incorrect API key provided: sk-proj-abcdefghijklmnop1234.", None),
        ("wss://host/v1?api_key=abcdef123456&x=1", "wss://host/v1?api_key=***&x=1"),
        ('{"api_key": "abcdef123456"}', '{"api_key": "***"}'),
        ('{"raw": "{\\"api-key\\": \\"abcdef123456\\"}"}', '{"raw": "{\\"api-key\\": \\"***\\"}"}'),
    ],
)
def test_credentials_are_replaced(text: str, redacted: str | None) -> None:
    clean = Redactor([SECRET])(text)
    assert "***" in clean
    if redacted is not None:
        assert clean == redacted
    assert "abcdef123456" not in clean
    assert "sk-proj" not in clean


@pytest.mark.parametrize(
    "text",
    [
        "A token of appreciation; the bearer of good news.",
        "Bearer authentication-by-token is common.",
        "Token-ring networks, a task-oriented risk-averse desk-bound keyboard.",
        "The secret of a good access key is its length.",
        '{"usage": {"prompt_tokens": 120, "completion_tokens": 4096}}',
    ],
)
def test_ordinary_talk_is_left_alone(text: str) -> None:
    assert Redactor([SECRET])(text) == text


def test_a_secret_is_found_in_its_json_and_url_spelling() -> None:
    redact = Redactor(['pass"word/ü-1234'])
    assert redact('{"a": "pass\\"word/\\u00fc-1234"}') == '{"a": "***"}'
    assert redact("?k=pass%22word%2F%C3%BC-1234") == "?k=***"


def test_a_longer_secret_is_replaced_whole() -> None:
    assert Redactor(["abcdefgh", "abcdefghijkl"])("abcdefghijkl") == "***"


def test_plain_words_given_as_keys_for_local_servers_are_no_secrets() -> None:
    assert Redactor(["", "none", "ollama"])("none but ollama") == "none but ollama"


def test_a_function_is_applied_first_and_shapes_after_it() -> None:
    redact = Redactor.of(lambda text: text.replace("Ada", "A."))
    assert redact("Ada: Token 9876543210fedcba98") == "A.: Token ***"
    assert redact.may_change(["anything"])


def test_a_batch_without_a_mark_is_done_at_one_look() -> None:
    redact = Redactor([SECRET])
    assert not redact.may_change(["hello", "world"])
    assert redact.may_change(["hello", SECRET])
    assert Redactor.of(redact) is redact
