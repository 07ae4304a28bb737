"""The recording proxy before a speech service, for the length of a block."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2

from gramophone.core.clock import SystemClock
from gramophone.core.timeline import Event
from gramophone.standin.proxy.proxy import RecordingProxy, upstream_of
from gramophone.standin.server.listener import listening
from gramophone.wire.deepgram.paths import SPEAK_PATH
from storage.recording.recorder import Recorder
from tests.support.deadlines import HANG_S
from tests.support.plain_http import NO_TLS

QUERY = "model=aura-2-thalia-en&sample_rate=48000"
KEY = "c4n4ry-0123456789abcdef-0123456789abcdef"


@dataclass
class Passing:
    """A proxy that runs, and what it told."""

    speak_url: str
    proxy: RecordingProxy
    events: list[Event] = field(default_factory=list[Event])

    def all(self, *kinds: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kinds)]


@asynccontextmanager
async def passing(upstream: str, recorder: Recorder | None = None) -> AsyncGenerator[Passing]:
    """A proxy before `upstream`; when the block is over the session has ended."""
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if recorder is not None:
            recorder.emit(event)

    def hide(secrets: Iterable[str]) -> None:
        if recorder is not None:
            recorder.hide(secrets)

    proxy = RecordingProxy(upstream_of(upstream), "5e551017a0000000", SystemClock(), emit, hide)
    async with listening(proxy.routes()) as address:
        yield Passing(address.websocket(SPEAK_PATH), proxy, events)
    proxy.end()


async def post(speak_url: str, text: str, **query: Any) -> httpx2.Response:
    url = f"{speak_url.replace('ws', 'http', 1)}?{urlencode(query)}"
    async with httpx2.AsyncClient(verify=NO_TLS, timeout=HANG_S) as http:
        return await http.post(url, json={"text": text}, headers={"authorization": f"Token {KEY}"})
