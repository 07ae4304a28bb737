"""The embedded language model: SmolLM2 behind the same client that talks to OpenAI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import cast

from gramophone.core.errors import EngineMissing
from gramophone.core.model_settings import ModelSettings
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.engine_process import EngineProcess
from gramophone.providers.llm.endpoint_memory import EndpointMemory
from gramophone.providers.llm.endpoint_options import EndpointOptions
from gramophone.providers.llm.llama_server import CONTEXT_TOKENS, PACKAGED_NAME
from gramophone.providers.llm.openai_chat import OpenAIChat

WHAT = "The embedded model"
READ_TIMEOUT_S = 300.0
"""A long prompt takes a busy machine minutes to read; the stream stays silent meanwhile."""


class LocalModel:
    """A `ports.LanguageModel` in a process of its own, started at the first use."""

    provider = "local"

    def __init__(
        self, *, model_file: str = "", max_tokens: int = 200, progress: Callable[[str], None]
    ) -> None:
        self.model = model_file or PACKAGED_NAME
        self._max_tokens = max_tokens
        arguments = ["--model", model_file] if model_file else []
        self._child = EngineProcess(
            WHAT, "gramophone.providers.llm.llama_server", arguments, progress
        )
        self._base_url = ""
        self._served = self.model
        self._memory = EndpointMemory()
        self._chats: dict[ModelSettings, OpenAIChat] = {}
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the process and wait until it can answer.

        Raises:
            EngineMissing: it is not installed or does not start.
        """
        async with self._starting:
            if self._base_url and self._child.alive:
                return
            self._base_url = ""
            await self._close_clients()
            ready = await self._child.start()
            if not (base_url := str(ready.get("base_url", ""))):
                # Without an address the client would take the question to OpenAI.
                await self._child.aclose()
                raise EngineMissing(f"{WHAT} did not say where it listens; reinstall it.")
            self._base_url, self._served = base_url, str(ready.get("model", self.model))
            self._client(ModelSettings())

    def load(self) -> None:
        """Import the client's SDK ahead of the first request."""
        for chat in tuple(self._chats.values()):
            chat.load()

    async def stream(
        self,
        messages: Sequence[Message],
        system_prompt: str,
        settings: ModelSettings = ModelSettings(),  # noqa: B008 (frozen)
    ) -> AsyncIterator[ModelChunk]:
        """Stream one answer; see `LanguageModel.stream`. The oldest turns are left out
        where the whole history would not fit the model's small context."""
        await self.start()
        stream = self._client(settings).stream(messages, system_prompt)
        async with aclosing(_generator(stream)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def aclose(self) -> None:
        """Close the clients and end the process."""
        await self._close_clients()
        await self._child.aclose()

    def _client(self, settings: ModelSettings) -> OpenAIChat:
        """The client with these settings: conversations share the process, not their settings."""
        if settings not in self._chats:
            self._chats[settings] = OpenAIChat(
                self._served,
                base_url=self._base_url,
                max_tokens=self._max_tokens,
                provider="local",
                read_timeout_s=READ_TIMEOUT_S,
                options=EndpointOptions(
                    settings=settings,
                    context_tokens=CONTEXT_TOKENS,
                    pictures=False,
                    memory=self._memory,
                ),
            )
        return self._chats[settings]

    async def _close_clients(self) -> None:
        chats, self._chats = self._chats, {}
        for chat in chats.values():
            await chat.aclose()


def _generator(stream: AsyncIterator[ModelChunk]) -> AsyncGenerator[ModelChunk]:
    return cast("AsyncGenerator[ModelChunk]", stream)
