"""One language model for several conversations: it answers one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import cast

from gramophone.core.model_settings import ModelSettings
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.llm.local import LocalModel

WAITING = "waiting for the local model, which answers another pane"


class SerializedModel:
    """A `ports.LanguageModel` in front of a shared one, which closing it leaves open.

    The server has one slot and would queue requests by itself; but then nobody could be told that
    an answer waits, and its read timeout would run meanwhile.
    """

    def __init__(
        self,
        shared: LocalModel,
        free: asyncio.Lock,
        progress: Callable[[str], None],
        settings: ModelSettings = ModelSettings(),  # noqa: B008 (frozen)
    ) -> None:
        self._shared = shared
        self._free = free
        self._progress = progress
        self._settings = settings

    @property
    def provider(self) -> str:
        return self._shared.provider

    @property
    def model(self) -> str:
        return self._shared.model

    async def start(self) -> None:
        """See `LocalModel.start`."""
        await self._shared.start()

    def load(self) -> None:
        """See `LocalModel.load`."""
        self._shared.load()

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        """Stream one answer when those before it are done; reports that it waits."""
        try:
            if self._free.locked():
                self._progress(WAITING)
            await self._free.acquire()
        finally:
            self._progress("")
        try:
            answer = self._shared.stream(messages, system_prompt, self._settings)
            stream = cast("AsyncGenerator[ModelChunk]", answer)
            async with aclosing(stream):
                async for chunk in stream:
                    yield chunk
        finally:
            self._free.release()

    async def aclose(self) -> None:
        """Do nothing: the shared model stays for the others."""
