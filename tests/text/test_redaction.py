"""Redaction: keys go, talk about keys stays."""

from __future__ import annotations

import pytest

from gramophone.text.redaction import MARK, Redactor, refusal
from tests.support.recordings import SECRET


def unmarked(text: str) -> str:
    """The text with every mark made short: which hash it has does not matter."""
    return MARK.sub("***", text)


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
    assert MARK.search(clean)
    if redacted is not None:
        assert unmarked(clean) == redacted
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
    mark = redact.mark('pass"word/ü-1234')
    assert redact('{"a": "pass\\"word/\\u00fc-1234"}') == f'{{"a": "{mark}"}}'
    assert redact("?k=pass%22word%2F%C3%BC-1234") == f"?k={mark}"


def test_a_secret_that_is_broken_over_lines_is_found() -> None:
    redact = Redactor([SECRET])
    broken = f"It is\n{SECRET[:9]}\n{SECRET[9:20]}\r\n{SECRET[20:]}\n."
    assert redact(broken) == f"It is\n{redact.mark(SECRET)}\n."
    assert redact("One\nline\nand another") == "One\nline\nand another"


def test_a_longer_secret_is_replaced_whole() -> None:
    redact = Redactor(["abcdefgh", "abcdefghijkl"])
    assert redact("abcdefghijkl") == redact.mark("abcdefghijkl")


def test_plain_words_given_as_keys_for_local_servers_are_no_secrets() -> None:
    assert Redactor(["", "none", "ollama"])("none but ollama") == "none but ollama"


def test_a_function_is_applied_first_and_shapes_after_it() -> None:
    redact = Redactor.of(lambda text: text.replace("Ada", "A."))
    assert unmarked(redact("Ada: Token 9876543210fedcba98")) == "A.: Token ***"
    assert redact.may_change(["anything"])


def test_a_batch_without_a_mark_is_done_at_one_look() -> None:
    redact = Redactor([SECRET])
    assert not redact.may_change(["hello", "world"])
    assert redact.may_change(["hello", SECRET])
    assert Redactor.of(redact) is redact


# --- marks ----------------------------------------------------------------------------------------


def test_equal_secrets_have_equal_marks_and_others_do_not() -> None:
    redact = Redactor([SECRET, "another-secret"], key=b"k")
    first, again, other = redact(f"{SECRET} {SECRET} another-secret").split()
    assert first == again != other
    assert redact(f"Bearer {SECRET}") == f"Bearer {first}"
    assert MARK.fullmatch(first)


def test_a_mark_cannot_be_tried_out_without_the_key() -> None:
    assert Redactor(key=b"a").mark("0123") != Redactor(key=b"b").mark("0123")
    assert Redactor(key=b"a").mark("0123") == Redactor([SECRET], key=b"a").mark("0123")


def test_what_was_redacted_is_not_redacted_again() -> None:
    redact = Redactor([SECRET], patterns=[r"[0-9a-f]{4,}", r"\*+", "api"], key=b"k")
    once = redact(f"the key is {SECRET}, api_key=abcdef123456, Bearer {SECRET}; beef")
    assert once.count("***") % 2 == 0
    assert redact(once) == once
    assert Redactor([SECRET], key=b"other")(once) == once


def test_a_pattern_of_the_users_hides_all_it_finds() -> None:
    redact = Redactor(patterns=[r"\b\d{4} \d{4}\b", "(?i)smith"], key=b"k")
    clean = redact("Mrs Smith, SMITH & Co, 1234 5678, 1234 5678")
    assert unmarked(clean) == "Mrs ***, *** & Co, ***, ***"
    *_, first, second = clean.split(", ")
    assert first == second
    assert redact.may_change(["nothing", "agent smith"])
    assert not redact.may_change(["nothing", "at all"])


def test_a_pattern_may_hold_to_the_ends_of_a_text() -> None:
    redact = Redactor(patterns=[r"^\d+$"])
    assert redact.may_change(["a", "12", "b"])
    assert unmarked(redact("12")) == "***"
    assert redact("a 12") == "a 12"


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "(?P<x", "[z-a]", "*"])
def test_a_pattern_that_is_none_is_told(pattern: str) -> None:
    assert refusal(pattern).startswith("is not a valid regular expression (")


@pytest.mark.parametrize("pattern", ["", "x*", "^", "a|"])
def test_a_pattern_that_fits_everywhere_is_told(pattern: str) -> None:
    assert refusal(pattern) == "matches the empty text"


def test_a_good_pattern_is_not_refused() -> None:
    assert refusal(r"\b\d+\b") == ""
