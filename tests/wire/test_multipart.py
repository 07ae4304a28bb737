"""Forms with files: what real clients send, and what nobody should."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gramophone.wire.multipart import MOST_PARTS, FormError, FormPart, parse_form

KIND = "multipart/form-data; boundary=edge"
SOUND = b"RIFF\r\n--edge-not\r\n\0\xff"


def form(*parts: bytes, end: bytes = b"--edge--\r\n") -> bytes:
    return b"".join(b"--edge\r\n" + part + b"\r\n" for part in parts) + end


def field(name: str, value: bytes = b"value") -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value


def test_the_form_of_a_real_client() -> None:
    request = httpx2.Request(
        "POST",
        "http://localhost/",
        data={"model": "whisper-1", "include[]": ["one", "zwei ü"]},
        files={"file": ("größe.wav", SOUND, "audio/wav")},
    )
    parts = parse_form(request.headers["content-type"], request.read())
    assert [(part.name, part.text) for part in parts[:-1]] == [
        ("model", "whisper-1"),
        ("include[]", "one"),
        ("include[]", "zwei ü"),
    ]
    assert parts[-1] == FormPart("file", SOUND, "größe.wav", "audio/wav")


def test_what_the_grammar_allows() -> None:
    body = b"preamble\r\n--edge \t\r\n" + field("a", b"") + b"\r\n--edge--and an epilogue"
    assert [(part.name, part.data) for part in parse_form(KIND, body)] == [("a", b"")]
    assert parse_form(KIND, form()) == ()
    quoted = 'multipart/form-data; charset=utf-8; boundary="edge"'
    assert len(parse_form(quoted, form(field("a"), field("a")))) == 2


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("", form()),
        ("application/json", form()),
        ("multipart/form-data", form()),
        ("multipart/form-data; boundary=" + 71 * "b", form()),
        (KIND, b""),
        (KIND, form(field("a"), end=b"")),
        (KIND, form(field("a"), end=b"--edge\r\n")),
        (KIND, form(b"Content-Type: text/plain\r\n\r\nvalue")),
        (KIND, form(field(""))),
        (KIND, form(b'Content-Disposition: form-data; name="a"')),
        (KIND, form(b"X: " + 9_000 * b"x" + b"\r\n" + field("a"))),
        (KIND, b"--edge junk\r\n" + field("a") + b"\r\n--edge--"),
        (KIND, form(*[field("a")] * MOST_PARTS)),
    ],
)
def test_what_is_no_form(content_type: str, body: bytes) -> None:
    with pytest.raises(FormError):
        parse_form(content_type, body)


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_are_a_form_or_are_refused(body: bytes, content_type: str) -> None:
    for kind in (KIND, content_type):
        try:
            parse_form(kind, b"--edge" + body + b"--edge--")
        except FormError:
            pass
