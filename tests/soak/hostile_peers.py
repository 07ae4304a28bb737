"""Hostile servers and clients on loopback against our clients, the stand-in and the proxy.

Each attack ends with a sentence (of a client) or with the program still answering (a server); no
process has a traceback, takes more than `MOST_MEMORY_MB`, ends by itself or is left behind. Known
attacks are in `tests.support.hostile_servers`; random ones cut, mix and repeat valid answers.
"""

from __future__ import annotations

import asyncio
import json
import random
import struct
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, TypeVar

from gramophone.wire.limits import MOST_EVENT_BYTES
from tests.soak.figures import Figures
from tests.support.hostile_clients import ATTACKS, Attack
from tests.support.hostile_servers import (
    BODIES,
    HANDSHAKES,
    MOST_MEMORY_MB,
    PINGS,
    SOCKETS,
    Body,
    HostileServer,
    anthropic_data,
    attacking,
    head,
    met,
    openai_data,
)
from tests.support.large_events import PROVIDERS, SHAPES, ask
from tests.support.large_events import answer as large_answer
from tests.support.programs import environment, standin

T = TypeVar("T")

_RANDOM_ANSWERS = 60
_RANDOM_CLIENTS = 200
_AT_ONCE = 12
_PATIENCE_S = 120.0
_ENDS = (b"\n", b"\r", b"\r\n")


def run(seed: int, effort: float) -> Figures:
    """Attack; `effort` scales the number of attacks, and from 1 on that of the random ones."""
    figures = Figures({"attacks": 0})
    before = _children()
    asyncio.run(_attack(random.Random(seed), effort, figures))
    remaining = _children() - before
    if remaining:
        figures.broken.append(f"processes are left: {sorted(remaining)}")
    return figures


async def _attack(chosen: random.Random, effort: float, figures: Figures) -> None:
    for client in ("openai", "anthropic"):
        answers = _some(chosen, BODIES, effort)
        answers |= _random_answers(chosen, round(effort * _RANDOM_ANSWERS))
        await _attack_client(client, answers, figures)
    await _attack_asks(chosen, effort, figures)
    await _attack_client("speech", _some(chosen, HANDSHAKES, effort), figures)
    await _attack_client("speech", _some(chosen, SOCKETS, effort), figures, accepts=True)
    with tempfile.TemporaryDirectory() as directory:
        stand_in = ("gramophone.standin", "--no-limits", "--speed", "0")
        async with _serving(*stand_in, home=Path(directory) / "home") as program:
            await _attack_server(program, chosen, effort, figures)
        await _attack_proxy(Path(directory), chosen, effort, figures)


def _some(chosen: random.Random, attacks: Mapping[str, T], effort: float) -> dict[str, T]:
    """All of them, or fewer where less effort is made; what takes a minute only at the full one."""
    names = [name for name in attacks if effort >= 1 or name != PINGS]
    return {name: attacks[name] for name in chosen.sample(names, _count(len(names), effort))}


def _count(all_of_them: int, effort: float) -> int:
    return max(1, min(all_of_them, round(effort * all_of_them)))


# --- clients ----------------------------------------------------------------------------------


def _random_answers(chosen: random.Random, count: int) -> dict[str, Body]:
    """Valid answers of which bytes were changed, cut out, doubled or replaced."""
    return {f"random answer {number}": _mutated(chosen.random()) for number in range(count)}


def _mutated(seed: float) -> Body:
    def answer() -> Iterator[bytes]:
        chosen = random.Random(seed)
        event = openai_data(content="Hello. ") + anthropic_data(type="text_delta", text="Hello. ")
        body = bytearray(head(content_type="text/event-stream") + event * chosen.randint(1, 40))
        for _ in range(chosen.randint(1, 30)):
            at = chosen.randrange(len(body))
            to = at + chosen.randint(1, 40)
            part = bytes(body[at:to])
            body[at:to] = chosen.choice(
                (b"", part * 3, chosen.randbytes(len(part)), b"\xef\xbb\xbf", *_ENDS)
            )
        if chosen.random() < 0.3:
            body = body.replace(b"\n", chosen.choice(_ENDS))
        size = chosen.choice((1, 7, 4096))
        yield from (bytes(body[start : start + size]) for start in range(0, len(body), size))

    return answer


async def _attack_client(
    client: str, answers: Mapping[str, Body], figures: Figures, *, accepts: bool = False
) -> None:
    named = list(answers.items())
    for start in range(0, len(named), _AT_ONCE):
        some = dict(named[start : start + _AT_ONCE])
        async with AsyncExitStack() as servers:
            attacks = [
                await servers.enter_async_context(attacking(answer, accepts=accepts))
                for answer in some.values()
            ]
            try:
                async with asyncio.timeout(_PATIENCE_S * len(some)):
                    lines = await met(client, *(attack.origin for attack in attacks))
            except (AssertionError, TimeoutError) as error:
                figures.broken.append(f"{client}, one of {list(some)}: {error!r:.600}")
                continue
        for name, line in zip(some, lines, strict=True):
            _judge(f"{client}, {name}", line, figures, may_answer=name.startswith("random"))


async def _attack_asks(chosen: random.Random, effort: float, figures: Figures) -> None:
    """The largest events that are taken, to a whole `ask` and not to the client alone."""
    with standin("--no-limits") as speak_url:
        for provider in PROVIDERS:
            for name, shape in _some(chosen, SHAPES, effort).items():
                body = large_answer(shape, provider, MOST_EVENT_BYTES)
                async with attacking(body) as server:
                    with tempfile.TemporaryDirectory() as directory:
                        used_mb, stderr = await ask(
                            server.origin, provider, speak_url, Path(directory)
                        )
                figures.counts["attacks"] += 1
                largest = figures.counts.get("MB of ask at most", 0)
                figures.counts["MB of ask at most"] = max(used_mb, largest)
                if used_mb > MOST_MEMORY_MB or "Traceback" in stderr:
                    figures.broken.append(f"ask {provider}, {name}: {used_mb} MB, {stderr!r:.200}")


def _judge(attack: str, line: Mapping[str, Any], figures: Figures, *, may_answer: bool) -> None:
    figures.counts["attacks"] += 1
    sentence, memory_mb = str(line["sentence"]), int(line["memory_mb"])
    _remember_memory(memory_mb, figures)
    if memory_mb > MOST_MEMORY_MB:
        figures.broken.append(f"{attack}: {memory_mb} MB")
    if (not sentence and not may_answer) or "\n" in sentence or len(sentence) > 500:
        figures.broken.append(f"{attack}: says {sentence!r:.200}")


def _remember_memory(memory_mb: int, figures: Figures) -> None:
    figures.counts["MB at most"] = max(memory_mb, figures.counts.get("MB at most", 0))


# --- servers ----------------------------------------------------------------------------------


class _Program:
    """A server of ours in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, ready: Mapping[str, str]) -> None:
        self.process = process
        self.ready = ready
        host, _, port = str(ready["openai_base_url"]).split("/")[2].rpartition(":")
        self.address = host, int(port)

    def memory_mb(self) -> int:
        """The most memory that it has had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) // 1024


@asynccontextmanager
async def _serving(module: str, *arguments: str, home: Path) -> AsyncGenerator[_Program]:
    """A server while the block runs; that it ends badly is an error of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", module, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home),
    )
    assert process.stdout is not None
    try:
        yield _Program(process, json.loads(await process.stdout.readline()))
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(_PATIENCE_S):
            _, err = await process.communicate()
        assert process.returncode == 0, err.decode(errors="replace")[-2000:]
        assert b"Traceback" not in err, err.decode(errors="replace")[-2000:]


async def _attack_server(
    program: _Program, chosen: random.Random, effort: float, figures: Figures
) -> None:
    count = round(effort * _RANDOM_CLIENTS)
    attacks: list[tuple[str, Attack]] = list(_some(chosen, ATTACKS, effort).items())
    attacks += [(f"random bytes {n}", _random_client(chosen.random())) for n in range(count)]
    for name, attack in attacks:
        figures.counts["attacks"] += 1
        with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await _send(program.address, attack)
        if program.process.returncode is not None or not await _answers(program):
            figures.broken.append(f"{name}: the server does not answer any more")
            return
        _remember_memory(program.memory_mb(), figures)
        if program.memory_mb() > MOST_MEMORY_MB:
            figures.broken.append(f"{name}: the server took {program.memory_mb()} MB")
            return


async def _send(address: tuple[str, int], attack: Attack) -> None:
    reader, writer = await asyncio.open_connection(*address)
    try:
        for piece in attack():
            writer.write(piece)
            await writer.drain()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(2**16)
    finally:
        # A reset, not a farewell.
        writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()


def _random_client(seed: float) -> Attack:
    def attack() -> Iterator[bytes]:
        chosen = random.Random(seed)
        _, body = chosen.choice(list(ATTACKS.items()))
        opening = bytearray(next(iter(body()))[:2000])
        for _ in range(chosen.randint(0, 8)):
            at = chosen.randint(0, len(opening))
            opening[at : at + chosen.randint(0, 9)] = chosen.randbytes(chosen.randint(0, 9))
        yield bytes(opening)
        yield chosen.randbytes(chosen.randint(0, 5000))

    return attack


async def _answers(program: _Program) -> bool:
    """Whether a list of models is given, or the upstream's refusal of it."""
    request = b"GET /v1/models HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    async with asyncio.timeout(_PATIENCE_S):
        reader, writer = await asyncio.open_connection(*program.address)
        writer.write(request)
        status = await reader.readline()
        writer.close()
    return status.startswith(b"HTTP/1.1 ")


# --- the proxy --------------------------------------------------------------------------------


async def _attack_proxy(
    directory: Path, chosen: random.Random, effort: float, figures: Figures
) -> None:
    """Between a hostile service and our own clients, and between it and hostile clients."""
    bodies = list(_some(chosen, BODIES, effort).items())
    number = 0

    def answer() -> Iterator[bytes]:
        return bodies[number % len(bodies)][1]()

    async with attacking(answer) as upstream:
        arguments = ("fixture", "record", "--upstream", upstream.origin)
        async with _serving("gramophone.cli", *arguments, home=directory / "recorded") as program:
            origin = str(program.ready["openai_base_url"]).removesuffix("/v1")
            for number in range(len(bodies)):
                name = f"through the proxy, {bodies[number][0]}"
                await _ask_through(name, origin, program, figures)
            await _attack_server(program, chosen, effort / 4, figures)
    await _attack_socket_proxy(directory, _some(chosen, SOCKETS, effort), figures)


async def _ask_through(name: str, origin: str, program: _Program, figures: Figures) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            (line,) = await met("openai", origin)
    except (AssertionError, TimeoutError) as error:
        figures.broken.append(f"{name}: {error!r:.600}")
        return
    _judge(name, line, figures, may_answer=False)
    _remember_memory(program.memory_mb(), figures)
    if program.memory_mb() > MOST_MEMORY_MB:
        figures.broken.append(f"{name}: the proxy took {program.memory_mb()} MB")


async def _attack_socket_proxy(
    directory: Path, attacks: Mapping[str, Body], figures: Figures
) -> None:
    for name, answer in attacks.items():
        upstream: HostileServer
        async with attacking(answer, accepts=True) as upstream:
            arguments = ("fixture", "record", "--upstream", upstream.origin.replace("http", "ws"))
            async with _serving(
                "gramophone.cli", *arguments, home=directory / "sockets"
            ) as program:
                url = str(program.ready["speak_url"]).replace("ws", "http", 1)
                async with asyncio.timeout(_PATIENCE_S):
                    lines: Sequence[Mapping[str, Any]] = await met("speech", url)
                _judge(f"through the proxy, {name}", lines[0], figures, may_answer=True)
                if program.memory_mb() > MOST_MEMORY_MB:
                    figures.broken.append(f"{name}: the proxy took {program.memory_mb()} MB")


def _children() -> set[int]:
    """The ids of this process's children that have not ended."""
    process_ids: set[int] = set()
    for children in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            process_ids |= set(map(int, children.read_text(encoding="ascii").split()))
    return process_ids
