"""Asks the server of a model for its context window, in the background of a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from gramophone.core.tasks import cancel, spawn
from gramophone.ports.language_model import Message
from gramophone.providers.llm.context_window import prompt_chars
from gramophone.providers.llm.endpoint_memory import EndpointMemory
from gramophone.wire.llm.context_windows import ContextWindow

AskWindow: TypeAlias = Callable[[], Awaitable[ContextWindow]]
"""Finds out the window of a model; raises nothing, and is empty where nobody tells it."""

LONGEST_WAIT_S: Final = 2.0
MOST_QUERIES: Final = 3
_SHORT_PROMPT_CHARS: Final = 4000
"""A prompt that fits every model, so that no request waits for the window."""


class WindowQuery:
    """One model's window: asked for once, and again while it is not certain.

    A server that loads a model at its first question knows the window only afterwards.
    """

    def __init__(self, ask: AskWindow | None, memory: EndpointMemory) -> None:
        """`ask` is None where the window is known otherwise; `memory` gets what is learnt."""
        self._ask = ask
        self._memory = memory
        self._queries = 0
        self._asking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Ask in the background, unless that makes no sense or is under way; call it on a loop."""
        if self._ask is None or self._memory.window.certain:
            return
        if self._asking is not None and not self._asking.done():
            return
        # A server that told nothing will tell nothing.
        if not self._queries or (self._memory.window.tokens and self._queries < MOST_QUERIES):
            self._queries += 1
            self._asking = spawn(self._query(self._ask), name="context window")

    async def before(self, messages: Sequence[Message]) -> None:
        """Prepare a request of these messages: a long one waits for the window, for two seconds.

        A single message cannot be shortened, so that nothing is asked for it.
        """
        if len(messages) < 2:
            return
        self.start()
        if self._asking is not None and prompt_chars(messages, "") > _SHORT_PROMPT_CHARS:
            await asyncio.wait({self._asking}, timeout=LONGEST_WAIT_S)

    async def aclose(self) -> None:
        """Ask no longer."""
        await cancel(self._asking)

    async def _query(self, ask: AskWindow) -> None:
        window = await ask()
        if window.tokens is not None:
            self._memory.window = window
