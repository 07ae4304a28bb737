"""When a model's server is asked for the context window, and what waits for it."""

from __future__ import annotations

import asyncio
from collections import deque

from gramophone.ports.language_model import Message
from gramophone.providers.llm.endpoint_memory import EndpointMemory
from gramophone.providers.llm.window_query import MOST_QUERIES, WindowQuery
from gramophone.wire.llm.context_windows import NO_WINDOW, ContextWindow

CERTAIN = ContextWindow(4096, certain=True)
LOADING = ContextWindow(131_072)
SHORT = [Message("user", "One."), Message("assistant", "Two."), Message("user", "Three.")]
LONG = [*SHORT, Message("user", "word " * 1000)]


class Server:
    """Tells these windows one after another, and counts."""

    def __init__(self, *windows: ContextWindow) -> None:
        self.windows = deque(windows)
        self.queries = 0

    async def ask(self) -> ContextWindow:
        self.queries += 1
        return self.windows.popleft()


async def test_a_long_request_waits_for_it() -> None:
    server, memory = Server(CERTAIN), EndpointMemory()
    query = WindowQuery(server.ask, memory)
    await query.before(LONG)
    assert memory.window == CERTAIN
    await query.before(LONG)
    assert server.queries == 1


async def test_a_short_one_does_not() -> None:
    memory, answered = EndpointMemory(), asyncio.Event()

    async def ask() -> ContextWindow:
        await answered.wait()
        return CERTAIN

    query = WindowQuery(ask, memory)
    await query.before(SHORT)
    assert memory.window == NO_WINDOW
    answered.set()
    await query.before(LONG)
    assert memory.window == CERTAIN


async def test_a_single_message_asks_nothing() -> None:
    server = Server()
    await WindowQuery(server.ask, EndpointMemory()).before(LONG[-1:])
    assert server.queries == 0


async def test_it_is_asked_again_while_it_is_not_certain() -> None:
    server, memory = Server(LOADING, CERTAIN), EndpointMemory()
    query = WindowQuery(server.ask, memory)
    await query.before(LONG)
    assert memory.window == LOADING
    await query.before(LONG)
    assert memory.window == CERTAIN


async def test_but_not_for_ever() -> None:
    server = Server(*[LOADING] * 9)
    query = WindowQuery(server.ask, EndpointMemory())
    for _ in range(9):
        await query.before(LONG)
    assert server.queries == MOST_QUERIES


async def test_a_server_that_told_nothing_is_not_asked_again() -> None:
    server = Server(NO_WINDOW)
    query = WindowQuery(server.ask, EndpointMemory())
    await query.before(LONG)
    await query.before(LONG)
    assert server.queries == 1


async def test_closing_ends_the_query() -> None:
    memory = EndpointMemory()

    async def ask() -> ContextWindow:
        await asyncio.Event().wait()
        return CERTAIN

    query = WindowQuery(ask, memory)
    query.start()
    await query.aclose()
    assert memory.window == NO_WINDOW
