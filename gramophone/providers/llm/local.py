"""The embedded language model: SmolLM2 behind the same client that talks to OpenAI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import cast

from gramophone.core.errors import EngineMissing
from gramophone.ports.language_model import Message, ModelChunk
from gramophone.providers.engine_process import EngineProcess
from gramophone.providers.llm.llama_server import CONTEXT_TOKENS, PACKAGED_NAME
from gramophone.providers.llm.openai_chat import OpenAIChat

WHAT = "The embedded model"
READ_TIMEOUT_S = 300.0
"""A long prompt takes a busy machine minutes to read; the stream stays silent meanwhile."""
CHARS_PER_TOKEN = 3
"""A cautious guess for English text; the engine refuses what does not fit in the end."""


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
        self._chat: OpenAIChat | None = None
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the process and wait until it can answer.

        Raises:
            EngineMissing: it is not installed or does not start.
        """
        async with self._starting:
            if self._chat is not None and self._child.alive:
                return
            if self._chat is not None:
                chat, self._chat = self._chat, None
                await chat.aclose()
            ready = await self._child.start()
            if not (base_url := str(ready.get("base_url", ""))):
                # Without an address the client would take the question to OpenAI.
                await self._child.aclose()
                raise EngineMissing(f"{WHAT} did not say where it listens; reinstall it.")
            self._chat = OpenAIChat(
                str(ready.get("model", self.model)),
                base_url=base_url,
                max_tokens=self._max_tokens,
                provider="local",
                read_timeout_s=READ_TIMEOUT_S,
            )

    def load(self) -> None:
        """Import the client's SDK ahead of the first request."""
        if self._chat is not None:
            self._chat.load()

    async def stream(
        self, messages: Sequence[Message], system_prompt: str
    ) -> AsyncIterator[ModelChunk]:
        """Stream one answer; see `LanguageModel.stream`. The oldest turns are left out
        where the whole history would not fit the model's small context."""
        await self.start()
        assert self._chat is not None
        room_chars = (CONTEXT_TOKENS - self._max_tokens) * CHARS_PER_TOKEN - len(system_prompt)
        fitting = newest_that_fit(messages, room_chars)
        async with aclosing(_generator(self._chat.stream(fitting, system_prompt))) as stream:
            async for chunk in stream:
                yield chunk

    async def aclose(self) -> None:
        """Close the client and end the process."""
        if self._chat is not None:
            await self._chat.aclose()
        await self._child.aclose()


def _generator(stream: AsyncIterator[ModelChunk]) -> AsyncGenerator[ModelChunk]:
    return cast("AsyncGenerator[ModelChunk]", stream)


def newest_that_fit(messages: Sequence[Message], room_chars: int) -> Sequence[Message]:
    """The newest messages of at most `room_chars`, beginning with a user's; the last one always."""
    fitting: list[Message] = []
    for message in reversed(messages):
        room_chars -= len(message.text)
        if fitting and room_chars < 0:
            break
        fitting.insert(0, message)
    # Chat templates expect the user to begin.
    while len(fitting) > 1 and fitting[0].role != "user":
        fitting.pop(0)
    return fitting
