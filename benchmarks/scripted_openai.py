"""A small server that answers OpenAI's Chat Completions with scripted texts, streamed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    b"Cache-Control: no-cache\r\nConnection: close\r\n\r\n"
)


@asynccontextmanager
async def scripted_openai(*answers: Sequence[str], rate_hz: float = 0.0) -> AsyncGenerator[str]:
    """Serve while the block runs; gives the base address.

    One answer after the other, the last for ever; `rate_hz` tokens a second at absolute instants,
    0 as fast as they are taken.
    """
    remaining = list(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _read_request(reader)
            writer.write(_HEAD)
            began_s = asyncio.get_running_loop().time()
            for number, token in enumerate(
                remaining.pop(0) if len(remaining) > 1 else remaining[0]
            ):
                writer.write(_event({"content": token}))
                await writer.drain()
                due_s = began_s + number / rate_hz if rate_hz else 0.0
                await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))
            writer.write(_event({}, finish_reason="stop") + b"data: [DONE]\n\n")
            await writer.drain()
        except ConnectionError:
            pass  # the client has heard enough
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/v1"


async def _read_request(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            await reader.readexactly(int(line.partition(b":")[2]))


def _event(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "scripted",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()
