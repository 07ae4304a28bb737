"""A key in pieces, through every adapter, proxy and stand-in, leaves none of them behind."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from gramophone.library.export_request import ExportRequest
from storage.library import StoredLibrary
from tests.support.deadlines import HANG_S
from tests.support.model_servers import (
    OPENAI_DONE,
    Reply,
    anthropic_event,
    anthropic_events,
    openai_chunks,
    openai_event,
    serving,
)
from tests.support.pieces_of_keys import KEY, cut, files_with_pieces, json_lines, leaks_across
from tests.support.plain_http import NO_TLS
from tests.support.programs import Gramophone, environment, standin

SAID = f"My key is {KEY}, and sk-{KEY} it is. "
SIZES = (1, 2, 3, 5, 8, 13, 20, 27, 28, 29, 30)
PIECES = [piece for size in SIZES for piece in cut(SAID, size)]


def openai_answer(pieces: Sequence[str]) -> Reply:
    """Thoughts, text and the arguments of a call in pieces."""
    deltas: list[dict[str, Any]] = [{"reasoning_content": piece} for piece in pieces]
    deltas += [{"content": piece} for piece in pieces]
    deltas += [
        {"tool_calls": [{"index": 0, "function": {"arguments": json.dumps(piece)[1:-1]}}]}
        for piece in pieces
    ]
    return Reply([*map(openai_event, openai_chunks(*deltas)), OPENAI_DONE])


def anthropic_answer(pieces: Sequence[str]) -> Reply:
    events = anthropic_events(*pieces, thinking=pieces[0])
    more = [{"type": "thinking_delta", "thinking": piece} for piece in pieces[1:]]
    start = next(i for i, e in enumerate(events) if e["type"] == "content_block_stop")
    events[start:start] = [{"type": "content_block_delta", "index": 0, "delta": d} for d in more]
    calls = [
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", **delta}}
        for delta in ({"partial_json": json.dumps(piece)[1:-1]} for piece in pieces)
    ]
    tool: dict[str, Any] = {"type": "tool_use", "id": "toolu_1", "name": "find", "input": {}}
    block: list[dict[str, Any]] = [
        {"type": "content_block_start", "index": 2, "content_block": tool},
        *calls,
        {"type": "content_block_stop", "index": 2},
    ]
    events[-2:-2] = block
    return Reply([anthropic_event(event) for event in events])


def responses_answer(pieces: Sequence[str]) -> Reply:
    def event(kind: str, **fields: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()

    events: list[bytes] = []
    for name in ("output_text", "reasoning_summary_text", "function_call_arguments"):
        kind = f"response.{name}.delta"
        events += [event(kind, output_index=0, content_index=0, delta=piece) for piece in pieces]
    ended: dict[str, Any] = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "output": [],
    }
    return Reply([*events, event("response.completed", response=ended)])


async def kept_and_exported(home: Path, out: Path) -> None:
    """Look at every session's events, as joined texts, and write all forms that have texts."""
    async with await StoredLibrary.open(home) as library:
        for session in await library.sessions():
            for form in ("jsonl", "json", "md", "cast", "bundle"):
                path = out / f"{session.id}.{form}"
                await library.export([session.id], ExportRequest(form, path))
            assert leaks_across(json_lines(out / f"{session.id}.jsonl")) == []
            cast = json_lines(out / f"{session.id}.cast")
            assert leaks_across([line[2].replace("\r\n", "") for line in cast[1:]]) == []


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "home"
    directory.mkdir(mode=0o700)
    return directory


@pytest.fixture
def out(tmp_path: Path) -> Path:
    directory = tmp_path / "out"
    directory.mkdir()
    return directory


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_an_answer_in_pieces(
    provider: str, home: Path, out: Path, speak_url: str, tmp_path: Path
) -> None:
    answer = openai_answer(PIECES) if provider == "openai" else anthropic_answer(PIECES)
    name = provider.upper()
    async with serving(answer) as server:
        path = "/v1" if provider == "openai" else ""
        env = {
            f"{name}_API_KEY": KEY,
            f"{name}_BASE_URL": server.origin + path,
            "GRAMOPHONE_SPEAK_URL": speak_url,
        }
        completed = await asyncio.to_thread(Gramophone(home), "ask", SAID, "--mute", env=env)
    # The answer ends with a call, and nothing runs it.
    assert (completed.returncode, "asked for the tool" in completed.stderr) == (1, True)
    await kept_and_exported(home, out)
    assert files_with_pieces(tmp_path) == []


@contextmanager
def running(home: Path, *arguments: str, errors: Path) -> Generator[dict[str, str]]:
    """`fixture …`, a process that knows no key, until the block ends."""
    command = [sys.executable, "-m", "gramophone.cli", "fixture", *arguments]
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment(home)
        ) as process,
    ):
        assert process.stdout is not None
        first = process.stdout.readline()
        try:
            yield json.loads(first)
        finally:
            process.send_signal(signal.SIGTERM)
            errors.with_suffix(".stdout").write_text(first + process.stdout.read())


async def say_in_pieces(ready: dict[str, str]) -> None:
    """Speak the key over each websocket, a message a piece."""
    headers = {"authorization": f"Token {KEY}"}
    for path, query in (
        ("speak_url", "model=aura-2-thalia-en&sample_rate=48000&encoding=linear16"),
        ("speak_v2_url", "model=flux-haley-en&sample_rate=48000&encoding=linear16"),
    ):
        with suppress(ConnectionClosed):
            async with connect(f"{ready[path]}?{query}", additional_headers=headers) as speech:
                for piece in PIECES[: len(SAID) + 40]:
                    await speech.send(json.dumps({"type": "Speak", "text": piece}))
                await speech.send('{"type":"Flush"}')
                await speech.send('{"type":"Close"}')
                async for _ in speech:
                    pass


async def ask_for_pieces(ready: dict[str, str]) -> None:
    """Ask in each protocol; the question comes in parts."""
    parts = [{"type": "text", "text": piece} for piece in cut(SAID, 9)]
    asking = {"model": "m", "stream": True, "messages": [{"role": "user", "content": parts}]}
    async with httpx2.AsyncClient(
        verify=NO_TLS, headers={"authorization": f"Bearer {KEY}"}, timeout=HANG_S
    ) as http:
        for base, path, body in (
            ("openai_base_url", "/chat/completions", asking),
            ("anthropic_base_url", "/v1/messages", asking | {"max_tokens": 9}),
            ("openai_base_url", "/responses", {"model": "m", "stream": True, "input": SAID}),
        ):
            headers = {"anthropic-version": "2023-06-01"}
            with suppress(httpx2.RemoteProtocolError):
                await http.post(ready[base] + path, json=body, headers=headers)


async def test_what_a_proxy_keeps_of_pieces(home: Path, out: Path, tmp_path: Path) -> None:
    answers = (openai_answer(PIECES), anthropic_answer(PIECES), responses_answer(PIECES))
    with ExitStack() as closing:
        real = closing.enter_context(standin("--no-limits"))
        async with serving(*answers) as models:
            proxy = running(
                home,
                *("record", "--upstream", real.removesuffix("/v1/speak")),
                *("--openai", f"{models.origin}/v1", "--anthropic", models.origin),
                errors=out / "stderr",
            )
            with proxy as ready:
                await ask_for_pieces(ready)
                await say_in_pieces(ready)
            assert len(models.requests) == 3
    await kept_and_exported(home, out)
    assert files_with_pieces(tmp_path) == []


@pytest.mark.parametrize("options", [(), ("--strict",), ("--by-message",)])
async def test_what_a_stand_in_writes_of_pieces(
    home: Path, out: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    source = tmp_path / "source.toml"
    source.write_text('[[say]]\ntext = "Something else."\n[[answer]]\ntext = "Yes."\n')
    log = out / "log"
    serve = running(
        home,
        *("serve", str(source), "--speed", "0", "--log", str(log), *options),
        errors=out / "stderr",
    )
    with serve as ready:
        await ask_for_pieces(ready)
        await say_in_pieces(ready)
    assert files_with_pieces(tmp_path) == []
    assert leaks_across(json_lines(log)) == []
    assert '"event":"in"' in log.read_text()
    summary = json_lines(out / "stderr.stdout")[-1]
    assert leaks_across(summary["differences"]) == []
