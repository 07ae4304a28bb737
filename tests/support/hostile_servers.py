"""Servers that send far more than anybody needs, on loopback, and a process that meets them.

Whoever is attacked is a process of its own, so that its memory can be measured: `met` gives its
lines of JSON. `bodies` are whole answers of HTTP, written until the other side hangs up.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import sys
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import chain, repeat
from typing import Any, TypeAlias

from gramophone.core.tasks import spawn

MOST_MEMORY_MB = 150
"""What a process may take up in all, whatever its peer sends."""

Body: TypeAlias = Callable[[], Iterator[bytes]]

_PIECE_BYTES = 2**16
_MANY_BYTES = 200 * 2**20


class HostileServer:
    """Answers every request with the same bytes; `sent_bytes` counts what the system took."""

    def __init__(self, answer: Body, *, accepts: bool = False) -> None:
        """With `accepts` the answer follows the handshake of a websocket."""
        self._answer = answer
        self._accepts = accepts
        self.sent_bytes = 0
        self.origin = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and hang up."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            lower_head = head.lower()
            # What is left unread would reset the connection when it is closed.
            _, named, rest = lower_head.partition(b"content-length:")
            await reader.readexactly(int(rest.split(b"\r\n")[0]) if named else 0)
            if self._accepts:
                writer.write(_accepted(head))
            for piece in self._answer():
                writer.write(piece)
                await writer.drain()
                self.sent_bytes += len(piece)
        writer.close()


@asynccontextmanager
async def attacking(answer: Body, *, accepts: bool = False) -> AsyncGenerator[HostileServer]:
    """A hostile server on a free port of loopback while the block runs."""
    hostile = HostileServer(answer, accepts=accepts)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = spawn(hostile.serve(reader, writer), name="hostile answer")
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        hostile.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield hostile
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def met(
    *arguments: str, program: str = "tests.support.hostile_program"
) -> list[dict[str, Any]]:
    """What a process of `python -m program arguments` said, as JSON line by line.

    Raises:
        AssertionError: it failed, or wrote a traceback.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", program, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0, err.decode()
    assert b"Traceback" not in err, err.decode()
    return [json.loads(line) for line in out.splitlines()]


def forget_memory() -> None:
    """Let `memory_mb` begin again with what is taken up now."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as marks:
        marks.write("5")


def memory_mb() -> int:
    """The most memory that this process has had in RAM since `forget_memory`."""
    with open("/proc/self/status", encoding="utf-8") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


# --- answers ----------------------------------------------------------------------------------


def head(status: int = 200, **headers: str) -> bytes:
    """The head of an answer whose end is that of the connection."""
    lines = [f"HTTP/1.1 {status} Told", "connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


_STREAM = head(content_type="text/event-stream")
_JSON = "application/json"


def filled(opening: bytes, filling: bytes, size_bytes: int = _MANY_BYTES) -> Iterator[bytes]:
    """`opening`, and then `filling` until there are so many bytes."""
    piece = filling * (_PIECE_BYTES // len(filling) or 1)
    return chain([opening], repeat(piece, size_bytes // len(piece)))


def packed(opening: bytes, filling: bytes, times: int) -> Iterator[bytes]:
    """A gzip bomb: `filling` times a mebibyte, in a thousandth of that."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    yield opening + packer.compress(b"")
    block = filling * (2**20 // len(filling))
    for _ in range(times):
        yield packer.compress(block)
    yield packer.flush()


def openai_data(**delta: object) -> bytes:
    """An event of Chat Completions."""
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return event({"object": "chat.completion.chunk", "choices": [choice]})


def anthropic_data(**delta: object) -> bytes:
    """An event of Messages."""
    return event({"type": "content_block_delta", "index": 0, "delta": delta}, "content_block_delta")


def responses_data(kind: str, **fields: object) -> bytes:
    """An event of Responses."""
    return event({"type": f"response.{kind}", **fields}, f"response.{kind}")


def event(data: object, name: str = "message") -> bytes:
    """An event on the wire; text stands for itself."""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n".encode()


_WORDS = "word " * 4000
_CALL = {"index": 0, "function": {"arguments": "1" * 30_000}}
_DEEP = '{"type": "content_block_delta", "choices": ' + "[" * 100_000 + "]" * 100_000 + "}"
_WIDE = '{"type": "content_block_delta", "choices": [' + "{}," * 3_000_000 + "{}]}"
_TYPE = "content_block_delta"
_START = "content_block_start"
_DETAILS: list[dict[str, list[dict[str, str]]]] = [{"data": [{}] * 5_000}]
_REDACTED = {"type": "redacted_thinking", "data": "x" * 30_000}
_ENCRYPTED = {"type": "reasoning", "encrypted_content": "x" * 30_000}

PINGS = "pings without end"
"""Takes a minute until it is enough: for a campaign alone."""

BODIES: dict[str, Body] = {
    # Of all of them this takes most: it comes before what the others leave behind.
    "a number without end": lambda: iter([_STREAM, event('{"usage": ' + "9" * 9_000_000 + "}")]),
    "an error of 200 MB": partial(filled, head(400, content_type=_JSON), b"x"),
    "an error that is a gzip bomb": partial(
        packed, head(500, content_encoding="gzip", retry_after="0"), b"x", 2000
    ),
    "a redirection of 200 MB": partial(filled, head(302, content_type=_JSON), b"x"),
    "a gzip bomb": partial(
        packed, head(content_type="text/event-stream", content_encoding="gzip"), b"data: x", 2000
    ),
    "a deflate bomb of comments": partial(
        packed, head(content_type="text/event-stream", content_encoding="gzip"), b":\n", 2000
    ),
    "an encoding nobody asked for": lambda: iter(
        [head(content_encoding="br", content_type="text/event-stream"), b"\x8b\x02\x80"]
    ),
    "bytes that are no gzip": lambda: iter([head(content_encoding="gzip"), b"no" * 1000]),
    "a line without end": partial(filled, _STREAM + b"data: ", b"x"),
    "an event without end": partial(filled, _STREAM, b"data: x\n"),
    "an event of empty lines without end": partial(filled, _STREAM, b"data:\n"),
    "comments without end": partial(filled, _STREAM, b": x\n"),
    PINGS: partial(filled, _STREAM, b"event: ping\ndata: {}\n\n"),
    "JSON too deep": lambda: iter([_STREAM, event(_DEEP, _TYPE)]),
    "JSON too wide": lambda: iter([_STREAM, event(_WIDE, _TYPE)]),
    "headers without end": partial(filled, b"HTTP/1.1 200 Told\r\nx: ", b"x"),
    "many headers without end": partial(filled, b"HTTP/1.1 200 Told\r\n", b"x: y\r\n"),
    "a chunk without end": partial(
        filled,
        head(transfer_encoding="chunked", content_type="text/event-stream") + b"ffffff",
        b"f",
    ),
    "calls of tools without end": lambda: filled(
        _STREAM,
        openai_data(tool_calls=[_CALL])
        + anthropic_data(type="input_json_delta", partial_json="1" * 30_000),
    ),
    "text without end": lambda: filled(
        _STREAM,
        openai_data(content=_WORDS)
        + anthropic_data(type="text_delta", text=_WORDS)
        + responses_data("output_text.delta", delta=_WORDS),
    ),
    "a JSON body without end": partial(filled, head(content_type=_JSON) + b'{"a": "', b"x"),
    "thoughts without end": lambda: filled(
        _STREAM,
        openai_data(reasoning_content=_WORDS)
        + anthropic_data(type="thinking_delta", thinking=_WORDS)
        + responses_data("reasoning_text.delta", delta=_WORDS),
    ),
    "many details of thoughts": lambda: chain(
        filled(_STREAM, openai_data(reasoning_details=_DETAILS), 12 * 2**20),
        [event("{")],
    ),
    "items to give back without end": lambda: filled(
        _STREAM,
        event({"type": "content_block_start", "index": 0, "content_block": _REDACTED}, _START)
        + responses_data("output_item.done", item=_ENCRYPTED),
    ),
    "random bytes": lambda: iter([gzip.compress(b"no answer" * 9), b"\0" * 1000]),
}
"""Answers that no model gives, to clients of all protocols alike."""

READ_ALIKE = (
    "thoughts without end",
    "many details of thoughts",
    "items to give back without end",
    "text without end",
)
"""Those that a client has to read; the others are up to what all clients have in common."""


# --- websockets -------------------------------------------------------------------------------

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def _accepted(head: bytes) -> bytes:
    """The head that lets a websocket in (RFC 6455, 4.2.2)."""
    line = next(
        line for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:")
    )
    key = base64.b64encode(hashlib.sha1(line.partition(b":")[2].strip() + _GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        b"sec-websocket-accept: " + key + b"\r\n\r\n"
    )


def frame_head(opcode: int, size_bytes: int, *, final: bool = True) -> bytes:
    """The head of an unmasked frame."""
    first = bytes([opcode | (0x80 if final else 0)])
    if size_bytes < 126:
        return first + bytes([size_bytes])
    return first + b"\x7f" + size_bytes.to_bytes(8)


_BINARY, _TEXT, _CONTINUED = 2, 1, 0
_FRAME = frame_head(_BINARY, 9600) + bytes(9600)

SOCKETS: dict[str, Body] = {
    "a frame of 200 MB": lambda: filled(frame_head(_BINARY, _MANY_BYTES), b"\0"),
    "a text of 200 MB": lambda: filled(frame_head(_TEXT, _MANY_BYTES), b" "),
    "a frame of all bytes": lambda: filled(frame_head(_BINARY, 2**63 - 1), b"\0"),
    "fragments without end": lambda: filled(
        frame_head(_BINARY, 1000, final=False) + bytes(1000),
        frame_head(_CONTINUED, 1000, final=False) + bytes(1000),
    ),
    "empty fragments without end": lambda: filled(
        frame_head(_TEXT, 0, final=False), frame_head(_CONTINUED, 0, final=False), 2**23
    ),
    "JSON too wide": lambda: iter(
        [frame_head(_TEXT, 1_500_001) + b"[" + b"{}," * 500_000, frame_head(8, 0)]
    ),
    "a text that is none": lambda: iter([frame_head(_TEXT, 3) + b"\xff\xfe\xfd"]),
    "an opcode that is none": lambda: iter([frame_head(11, 0)]),
    "a frame that is masked": lambda: iter([b"\x82\x81\0\0\0\0\0"]),
    "random bytes": lambda: iter([bytes(range(256)) * 100]),
    "nothing but an end": lambda: iter(()),
}
"""What follows the handshake of a websocket."""

HANDSHAKES: dict[str, Body] = {
    "a refusal of 200 MB": partial(filled, b"HTTP/1.1 400 Told\r\n\r\n", b"x"),
    "headers without end": partial(filled, b"HTTP/1.1 101 Told\r\nx: ", b"x"),
    "many headers without end": partial(filled, b"HTTP/1.1 101 Told\r\n", b"x: y\r\n"),
    "random bytes": lambda: iter([bytes(range(256)) * 100]),
    "JSON too wide": lambda: iter([b"HTTP/1.1 400 Told\r\n\r\n{", b'"":{},' * 160_000]),
    "a name of 1 MB": lambda: iter(
        [b"HTTP/1.1 400 Told\r\n\r\n", json.dumps({"err_msg": "x" * 2**20}).encode()[: 2**20]]
    ),
}
"""Answers to a websocket's handshake; nothing is let in."""
