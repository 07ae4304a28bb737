"""The recording proxy before a language model, for the length of a block."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from gramophone.core.clock import SystemClock
from gramophone.core.timeline import Event
from gramophone.standin.proxy.proxy import RecordingProxy, upstream_of
from gramophone.standin.server.listener import listening
from gramophone.standin.server.routes import Address
from gramophone.wire.llm.answer import ModelAnswer, TextPiece
from tests.support.deadlines import HANG_S
from tests.support.model_requests import MESSAGES, VERSION, asking
from tests.support.plain_http import NO_TLS

SAID = ModelAnswer(
    "Hello?", tuple(map(TextPiece, ("Good ", "day."))), input_tokens=7, output_tokens=3
)
KEY = "c4n4ry-0123456789abcdef-0123456789abcdef"
OPENAI = {"authorization": f"Bearer {KEY}"}
KEYED = VERSION | {"authorization": f"Bearer {KEY}", "x-api-key": KEY}


@dataclass
class Passing:
    """A proxy that runs, and what it told."""

    address: Address
    proxy: RecordingProxy
    events: list[Event] = field(default_factory=list[Event])

    def all(self, *kinds: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kinds)]


@asynccontextmanager
async def passing(
    upstream: str, models: Mapping[str, str] | None = None
) -> AsyncGenerator[Passing]:
    events: list[Event] = []
    proxy = RecordingProxy(
        upstream_of(upstream),
        "5e551017a0000000",
        SystemClock(),
        events.append,
        lambda _: None,
        models,
    )
    async with listening(proxy.routes()) as address:
        yield Passing(address, proxy, events)
    proxy.end()


async def post(address: Address, path: str, **fields: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
        return await http.post(
            address.http(path),
            json=asking(path, **fields),
            headers=KEYED if path == MESSAGES else OPENAI,
        )
