"""A session that ends in good order, however the program leaves it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from gramophone.app.session import Session, SessionOptions, open_session
from gramophone.config.config import Config
from gramophone.core.sinks import Sink
from gramophone.core.tasks import spawn


@asynccontextmanager
async def held_session(
    config: Config, sinks: Sequence[Sink], options: SessionOptions
) -> AsyncGenerator[Session]:
    """Run a session while the context is open; see `app.session.open_session`.

    The session has a task of its own, which is waited for through any number of cancellations: a
    cancelled program leaves a whole recording, too.

    Raises:
        GramophoneError: it cannot be opened.
    """
    opened: asyncio.Future[Session] = asyncio.get_running_loop().create_future()
    left = asyncio.Event()
    holding = spawn(_hold(config, sinks, options, opened, left), name="session")
    try:
        yield await opened
    finally:
        left.set()
        await _despite_cancellation(holding)


async def _hold(
    config: Config,
    sinks: Sequence[Sink],
    options: SessionOptions,
    opened: asyncio.Future[Session],
    left: asyncio.Event,
) -> None:
    try:
        async with open_session(config, sinks, options) as session:
            if not opened.done():
                opened.set_result(session)
            await left.wait()
    except Exception as error:
        if opened.done():
            raise
        opened.set_exception(error)


async def _despite_cancellation(task: asyncio.Task[None]) -> None:
    """Wait for the end of a task; a cancellation meanwhile is raised afterwards."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
