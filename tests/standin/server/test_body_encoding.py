"""Compressed bodies are unpacked within bounds, or refused in the service's form."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from gramophone.standin.server.body_encoding import plain_request
from gramophone.standin.server.http import Request
from gramophone.standin.server.refusal import HttpRefusal
from tests.support.http_client import line
from tests.support.model_requests import CHAT, MESSAGES, VERSION, asking
from tests.support.model_standin import standing_in

BODY = b"A gramophone plays records. " * 9
GZIPPED = gzip.compress(BODY, mtime=0)


def coded(coding: str, body: bytes) -> Request:
    headers = (("content-encoding", coding), ("content-length", "1"), ("x-own", "kept"))
    return Request("POST", "/", "", headers, body)


@pytest.mark.parametrize(
    ("coding", "body"), [("gzip", GZIPPED), ("X-Gzip", GZIPPED), ("deflate", zlib.compress(BODY))]
)
def test_a_body_is_unpacked(coding: str, body: bytes) -> None:
    plain = plain_request(coded(coding, body), len(BODY))
    assert plain == Request("POST", "/", "", (("x-own", "kept"),), BODY)


@pytest.mark.parametrize("coding", ["", "identity"])
def test_a_plain_body_stays_as_it_is(coding: str) -> None:
    request = coded(coding, BODY)
    assert plain_request(request, 1) is request


@pytest.mark.parametrize(
    ("coding", "body", "most_bytes", "status"),
    [
        ("zstd", b"", 999, 415),
        ("gzip, gzip", GZIPPED, 999, 415),
        ("gzip", BODY, 999, 400),
        ("gzip", b"", 999, 400),
        ("gzip", GZIPPED[:-1], 999, 400),
        ("gzip", GZIPPED, len(BODY) - 1, 413),
        ("gzip", gzip.compress(bytes(10**7), mtime=0), 999, 413),
    ],
)
def test_a_body_is_refused(coding: str, body: bytes, most_bytes: int, status: int) -> None:
    refusal = plain_request(coded(coding, body), most_bytes)
    assert isinstance(refusal, HttpRefusal)
    assert refusal.status == status


async def test_on_the_wire_in_the_form_of_the_service() -> None:
    sent = gzip.compress(json.dumps(asking(CHAT)).encode())
    async with standing_in() as address, line(address.port) as http:
        unpacked = await http.ask("POST", CHAT, sent, {"content-encoding": "gzip"})
        broken = await http.ask("POST", CHAT, b"{}", {"content-encoding": "gzip"})
        other = await http.ask("POST", MESSAGES, sent, VERSION | {"content-encoding": "br"})
    assert [answer.status for answer in (unpacked, broken, other)] == [200, 400, 415]
    assert json.loads(broken.body)["error"]["message"] == "The body is not gzip."
    assert json.loads(other.body)["error"]["type"] == "invalid_request_error"
    assert other.headers["accept-encoding"] == "gzip, deflate"
