"""What a hostile client writes to a server of HTTP and websockets, from its first byte on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

from tests.support.hostile_servers import filled

Attack: TypeAlias = Callable[[], Iterator[bytes]]

_MANY_BYTES = 200 * 2**20
_CHAT = (
    "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
)
_UPGRADE = (
    b"GET /v1/speak HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def _posted(body: bytes, path: str = "") -> Iterator[bytes]:
    head = _CHAT.replace("/v1/chat/completions", path) if path else _CHAT
    yield f"{head}content-length: {len(body)}\r\n\r\n".encode()
    yield body


def _question(content: str) -> bytes:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": content}]}).encode()


def _frame(opcode: int, size_bytes: int, *, final: bool = True) -> bytes:
    """The head of a masked frame, with a mask that changes nothing."""
    first = bytes([opcode | (0x80 if final else 0)])
    return first + b"\xff" + size_bytes.to_bytes(8) + bytes(4)


ATTACKS: dict[str, Attack] = {
    "nothing": lambda: iter([b""]),
    "half a request": lambda: iter([b"POST /v1/mess"]),
    "a line without end": partial(filled, b"GET /", b"x"),
    "headers without end": partial(filled, b"GET / HTTP/1.1\r\nhost: localhost\r\nx: ", b"x"),
    "many headers without end": partial(
        filled, b"GET / HTTP/1.1\r\nhost: localhost\r\n", b"x: y\r\n"
    ),
    "a body of 200 MB": partial(
        filled, f"{_CHAT}content-length: {_MANY_BYTES}\r\n\r\n".encode(), b" "
    ),
    "a body of more than there is": partial(
        filled, f"{_CHAT}content-length: {10**18}\r\n\r\n".encode(), b" "
    ),
    "a length of 10,000 digits": lambda: iter(
        [f"{_CHAT}content-length: {'9' * 10_000}\r\n\r\n".encode()]
    ),
    "chunks without end": partial(
        filled, f"{_CHAT}transfer-encoding: chunked\r\n\r\n".encode(), b"1\r\n \r\n", 2**25
    ),
    "a chunk without end": partial(
        filled, f"{_CHAT}transfer-encoding: chunked\r\n\r\nffffffffff\r\n".encode(), b" "
    ),
    "two lengths": lambda: iter(
        [f"{_CHAT}content-length: 1\r\ncontent-length: 2\r\n\r\n".encode()]
    ),
    "JSON too deep": lambda: _posted(b"[" * 1_000_000),
    "JSON too wide": lambda: _posted(b'{"messages": [' + b"{}," * 5_000_000 + b"{}]}"),
    "JSON too wide to speak": lambda: _posted(b'{"text": [' + b"[]," * 5_000_000, "/v1/speak"),
    "a question of 20 MB": lambda: _posted(_question("word " * 4_000_000)),
    "half of a pair": lambda: _posted(_question("\ud800")),
    "many requests at once": lambda: iter([b"".join(_posted(_question("Who?"))) * 200]),
    "a frame of 200 MB": lambda: filled(_UPGRADE + _frame(2, _MANY_BYTES), b"\0"),
    "a text of 200 MB": lambda: filled(_UPGRADE + _frame(1, _MANY_BYTES), b" "),
    "fragments without end": lambda: filled(
        _UPGRADE + _frame(1, 1000, final=False) + bytes(1000),
        _frame(0, 1000, final=False) + bytes(1000),
        2**25,
    ),
    "empty fragments without end": lambda: filled(
        _UPGRADE + _frame(1, 0, final=False), _frame(0, 0, final=False), 2**22
    ),
    "pings without end": lambda: filled(_UPGRADE, b"\x89\x80\0\0\0\0", 2**20),
    "a text that is none": lambda: iter([_UPGRADE + b"\x81\x83\0\0\0\0\xff\xfe\xfd"]),
    "an opcode that is none": lambda: iter([_UPGRADE + b"\x8b\x80\0\0\0\0"]),
    "a frame without a mask": lambda: iter([_UPGRADE + b"\x81\x01x"]),
    "JSON too wide on a websocket": lambda: iter(
        [_UPGRADE + _frame(1, 900_000) + b"[]," * 300_000]
    ),
    "another protocol": lambda: iter([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50]),
    "random bytes": lambda: iter([bytes(range(256)) * 100]),
}
"""By name; what is sent in pieces, until the server hangs up."""
