"""Language models for tests: HTTP servers on loopback that play OpenAI's and Anthropic's part.

A server answers each request with the next `Reply` it was given. A reply is a list of steps, so
that a test decides what happens when, and no test has to wait by the clock.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

JSON = "application/json"
EVENT_STREAM = "text/event-stream; charset=utf-8"


class Step(Enum):
    """What a reply may do besides sending bytes and waiting for an event."""

    CUT = auto()
    """Drop the connection, the body unfinished."""
    HANG = auto()
    """Send nothing more until the client goes away."""


Steps = Sequence[bytes | asyncio.Event | Step]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. The headers follow at once, unless `silent`; each piece in a chunk of its own.

    `begun` is set when its request has come.
    """

    steps: Steps = ()
    status: int = 200
    content_type: str = EVENT_STREAM
    headers: tuple[tuple[str, str], ...] = ()
    silent: bool = False
    begun: asyncio.Event | None = None


@dataclass(slots=True)
class Request:
    """What came, and whether the client has gone since."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class ModelServer:
    """Answers with `replies`, in order; whatever came stands in `requests`.

    An event stream answers no GET: a client that asks for a list of models gets 404 where no reply
    is meant for it, and stands in `refused`.
    """

    def __init__(self, replies: Sequence[Reply]) -> None:
        self.replies = deque(replies)
        self.requests: list[Request] = []
        self.refused: list[Request] = []
        self.origin = ""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _request(reader)) is not None:
                reply = self._reply_to(request)
                async with asyncio.TaskGroup() as group:
                    answering = group.create_task(_answer(reply, writer))
                    # Nobody sends a second request before the first is answered.
                    watching = group.create_task(_watch(reader, request, answering))
                    answering.add_done_callback(lambda _, watching=watching: watching.cancel())
                if request.gone.is_set() or writer.is_closing():
                    break
        finally:
            writer.close()

    def _reply_to(self, request: Request) -> Reply:
        is_list = request.method == "GET" and request.path.partition("?")[0].endswith("/models")
        if is_list and (not self.replies or self.replies[0].content_type == EVENT_STREAM):
            self.refused.append(request)
            return Reply(status=404)
        self.requests.append(request)
        return self.replies.popleft()


async def _request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = head[0].split(" ")
    pairs = (line.partition(": ") for line in head[1:] if line)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, json.loads(body or b"{}"))


async def _answer(reply: Reply, writer: asyncio.StreamWriter) -> None:
    if reply.begun is not None:
        reply.begun.set()
    if not reply.silent:
        headers = {"content-type": reply.content_type, "transfer-encoding": "chunked"}
        lines = [f"HTTP/1.1 {reply.status} Told", *map(": ".join, headers.items())]
        lines += [": ".join(pair) for pair in reply.headers]
        writer.write("\r\n".join([*lines, "", ""]).encode())
    for step in reply.steps:
        match step:
            case bytes():
                writer.write(b"%x\r\n%b\r\n" % (len(step), step))
                await writer.drain()
            case asyncio.Event():
                await step.wait()
            case Step.CUT:
                writer.transport.abort()
                return
            case Step.HANG:
                await asyncio.Event().wait()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _watch(
    reader: asyncio.StreamReader, request: Request, answering: asyncio.Task[None]
) -> None:
    try:
        await reader.read(1)
    except ConnectionError:
        pass
    request.gone.set()
    answering.cancel()


@asynccontextmanager
async def serving(*replies: Reply) -> AsyncGenerator[ModelServer]:
    """A server on a free loopback port while the block runs."""
    model = ModelServer(replies)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await model._serve(reader, writer)  # pyright: ignore[reportPrivateUsage]
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        model.origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield model
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await server.wait_closed()


# --- OpenAI -----------------------------------------------------------------------------------


def openai_chunks(
    *deltas: dict[str, Any],
    finish_reason: str | None = "stop",
    usage: tuple[int, int] | None = (9, 4),
) -> list[dict[str, Any]]:
    """The chunks of one answer as the service words them, padding included."""

    def chunk(choices: list[Any], **more: Any) -> dict[str, Any]:
        return {
            "id": "chatcmpl-7Qx",
            "object": "chat.completion.chunk",
            "created": 1_795_000_000,
            "model": "gpt-5-mini-2026-08-07",
            "service_tier": "default",
            "system_fingerprint": None,
            "choices": choices,
            "obfuscation": "rQ4z",
            **more,
        }

    def choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}

    chunks = [chunk([choice({"role": "assistant", "content": "", "refusal": None})], usage=None)]
    chunks += [chunk([choice(delta)], usage=None) for delta in deltas]
    if finish_reason is not None:
        chunks.append(chunk([choice({}, finish_reason)], usage=None))
    if usage is not None:
        prompt_tokens, completion_tokens = usage
        counted = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        }
        chunks.append(chunk([], usage=counted))
    return chunks


def openai_event(data: object) -> bytes:
    """A chunk on the wire."""
    return f"data: {json.dumps(data)}\n\n".encode()


OPENAI_DONE = b"data: [DONE]\n\n"


# --- Anthropic --------------------------------------------------------------------------------


def anthropic_events(
    *texts: str,
    thinking: str = "",
    stop_reason: str | None = "end_turn",
    usage: tuple[int, int] = (9, 4),
) -> list[dict[str, Any]]:
    """The events of one answer as the service words them, pings and thoughts included."""
    input_tokens, output_tokens = usage
    message: dict[str, Any] = {
        "id": "msg_01Qx",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": input_tokens, "output_tokens": 1},
    }
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if thinking:
        deltas = [
            {"type": "thinking_delta", "thinking": thinking},
            {"type": "signature_delta", "signature": "EqQB"},
        ]
        blocks.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
    blocks.append(
        ({"type": "text", "text": ""}, [{"type": "text_delta", "text": text} for text in texts])
    )
    for index, (block, deltas) in enumerate(blocks):
        events.append({"type": "content_block_start", "index": index, "content_block": block})
        events.append({"type": "ping"})
        events += [
            {"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas
        ]
        events.append({"type": "content_block_stop", "index": index})
    if stop_reason is not None:
        events.append(
            {
                "type": "message_delta",
                "delta": {"stop_reason": stop_reason, "stop_sequence": None},
                "usage": {"output_tokens": output_tokens},
            }
        )
        events.append({"type": "message_stop"})
    return events


def anthropic_event(data: dict[str, Any]) -> bytes:
    """An event on the wire."""
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


# --- Responses --------------------------------------------------------------------------------


def responses_events(*texts: str, usage: tuple[int, int] = (9, 4)) -> list[dict[str, Any]]:
    """The events of one answer as the service words them."""
    input_tokens, output_tokens = usage
    response: dict[str, Any] = {"id": "resp_01", "object": "response", "output": []}
    item: dict[str, Any] = {"id": "msg_01", "type": "message", "role": "assistant"}
    part = {"item_id": "msg_01", "output_index": 0, "content_index": 0}
    content: list[dict[str, Any]] = [
        {"type": "output_text", "text": "".join(texts), "annotations": []}
    ]
    counted = {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    }
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**response, "status": "in_progress"}},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress", "content": []},
        },
        *({"type": "response.output_text.delta", **part, "delta": text} for text in texts),
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": {**item, "status": "completed", "content": content},
        },
        {
            "type": "response.completed",
            "response": {**response, "status": "completed", "usage": counted},
        },
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def responses_event(data: dict[str, Any]) -> bytes:
    """An event on the wire."""
    name = f"event: {data['type']}\n" if "type" in data else ""
    return f"{name}data: {json.dumps(data)}\n\n".encode()
